"""Faults around a deployed function behind a real queue: it, its server or its messages fail, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from service.auth import keys as signing_keys
from service.auth.keys import KeyRing
from service.auth.tokens import TokenIssuer
from service.local.deploy import DeployedStack, StackParameters, deploy
from service.media.dead_letters import DeadLetters
from service.media.models import FileRendition
from service.media.queues import QueuePair
from service.settings import Settings
from service.supervisor.ports import free_port
from tests.conftest import SettingsFactory
from tests.lambdas import images
from tests.media.scene import DELETED, PATIENCE, PENDING, PICTURE, PROCESSING, READY, scene
from tests.media.uploads import upload
from tests.object_storage import RENDITIONS, ROOT, UPLOADS, ObjectStorage, object_storage
from tests.outage import seconds_until, served
from tests.processes import run, variables_of

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.timeout(240)
HIDDEN = 4
"""Seconds until a message is delivered again: longer than the function takes on a machine with other work."""
DELIVERIES = 50
"""So many that none is given up by accident."""


@dataclass(frozen=True)
class Deployed:
    """The template on a local AWS, its queues impatient."""

    objects: ObjectStorage
    stack: DeployedStack
    sqs: SQSClient
    port: int

    @property
    def letters(self) -> DeadLetters:
        pair = QueuePair("upload", self.stack.queue_url, self.stack.dead_letter_queue_url)
        return DeadLetters(self.sqs, queues=[pair], poll=0)

    def deliver(self, *, times: int, hidden: int) -> None:
        """Has the queue deliver a message so often at most, so many seconds after one another."""
        known = self.sqs.get_queue_attributes(QueueUrl=self.stack.queue_url, AttributeNames=["RedrivePolicy"])
        policy = {**json.loads(known["Attributes"]["RedrivePolicy"]), "maxReceiveCount": times}
        self.sqs.set_queue_attributes(
            QueueUrl=self.stack.queue_url,
            Attributes={"VisibilityTimeout": str(hidden), "RedrivePolicy": json.dumps(policy)},
        )

    def send(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.stack.queue_url, MessageBody=body)

    def workers(self) -> list[psutil.Process]:
        """Returns the processes that functions run in."""
        assert self.objects.aws.pid is not None
        return psutil.Process(self.objects.aws.pid).children(recursive=True)

    async def dead(self, *named: Sequence[str]) -> None:
        """Waits until there is a dead letter that names these objects, for each of them."""

        async def is_so() -> bool:
            letters = [list(letter.keys) for letter in await self.letters.list_letters(limit=100)]
            return all(list(keys) in letters for keys in named)

        await seconds_until(is_so, within=PATIENCE)


@pytest.fixture(scope="module")
def deployed(
    tmp_path_factory: pytest.TempPathFactory, make_settings: SettingsFactory, functions_zip: Path
) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("faults")
    settings = make_settings()
    port = free_port()
    with object_storage(folder / "aws", settings) as objects:
        session, endpoint_url = objects.aws.session(), objects.aws.endpoint_url
        stack = deploy(
            StackParameters(
                service_address=f"127.0.0.1:{port}",
                service_token=issue_token(settings),
                service_tls=False,
                upload_bucket=UPLOADS,
                rendition_bucket=RENDITIONS,
                require_tls=False,
                architecture="x86_64",
            ),
            session=session,
            endpoint_url=endpoint_url,
            template=ROOT / "lambdas" / "template.yaml",
            code=functions_zip,
        )
        made = Deployed(objects, stack, session.client("sqs", endpoint_url=endpoint_url), port)
        made.deliver(times=DELIVERIES, hidden=HIDDEN)
        yield made


def issue_token(settings: Settings) -> str:
    issuer = TokenIssuer.from_settings(settings, KeyRing.load(settings.keys_dir))
    return issuer.issue_service("register-image", scopes=["media.register"], ttl=3600).token


@pytest.fixture
def placed(deployed: Deployed, settings: Settings) -> Settings:
    """Settings of a server where the deployed functions look for it."""
    return settings.model_copy(update={"port": deployed.port})


async def test_what_is_uploaded_ends_ready_and_what_is_removed_is_forgotten(
    deployed: Deployed, placed: Settings
) -> None:
    async with scene(deployed.objects, placed) as seen:
        file = await seen.upload()
        await seen.until(file, READY)
        deployed.objects.s3.delete_object(Bucket=UPLOADS, Key=file.key)
        await seen.until(file, DELETED)


async def test_uploads_wait_in_the_queue_while_the_service_is_down(deployed: Deployed, placed: Settings) -> None:
    async with scene(deployed.objects, placed) as seen:
        request = upload(content_type="image/png", size_bytes=len(PICTURE))
        answers = [await seen.user.media.CreateUpload(request) for _ in range(2)]
    for answer in answers:
        deployed.objects.upload(answer, PICTURE)
    # Long enough for a first delivery to have found nobody.
    await asyncio.sleep(1)
    async with served(seen.settings, deployed.objects.storage) as back:
        again = replace(seen, user=back.client.with_token(seen.user.token or ""))
        for answer in answers:
            await again.until(answer.file, READY)


async def test_a_killed_function_is_followed_by_another(deployed: Deployed, placed: Settings) -> None:
    async with scene(deployed.objects, placed) as seen:
        # Large enough to be met in the midst of its work.
        file = await seen.upload(images.encoded(images.quartered(4800, 4800), "PNG", compress_level=1))
        await seen.until(file, PROCESSING)
        for worker in deployed.workers():
            worker.kill()
        await seen.until(file, READY)
        assert await seen.problems(file.key) == set()


async def test_what_the_queue_gave_up_on_is_redriven_and_poison_purged(
    deployed: Deployed, placed: Settings, tmp_path: Path
) -> None:
    signing_keys.generate(tmp_path)
    deployed.deliver(times=2, hidden=1)
    # Signs with another key, and so refuses the function whatever it says.
    async with scene(deployed.objects, placed.model_copy(update={"keys_dir": tmp_path})) as stern:
        file = await stern.upload()
        deployed.send("no event at all")
        await deployed.dead([], [file.key])
        assert (await stern.get(file)).state == PENDING
    deployed.deliver(times=DELIVERIES, hidden=HIDDEN)
    async with served(stern.settings.model_copy(update={"keys_dir": placed.keys_dir}), stern.objects.storage) as back:
        seen = replace(stern, user=back.client.as_staff(stern.user.user_id))
        first = await deployed.letters.redrive(limit=100)
        assert [file.key] in [list(letter.keys) for letter in first.sent]
        (poison,) = first.skipped
        await seen.until(file, READY)
        second = await deployed.letters.redrive(limit=100)
        assert ([*second.sent], [letter.message_id for letter in second.skipped]) == ([], [poison.message_id])
    await deployed.letters.purge(poison.message_id, limit=100)
    assert await deployed.letters.list_letters(limit=100) == []


async def test_a_reconciliation_repairs_through_the_queue(deployed: Deployed, placed: Settings) -> None:
    async with scene(deployed.objects, placed) as seen:
        file, bare = [await seen.upload() for _ in range(2)]
        ready, listed = [await seen.until(one, READY) for one in (file, bare)]
        lost = ready.image.renditions[0].url.removeprefix(f"{placed.media_base_url}/")
        deployed.objects.s3.delete_object(Bucket=RENDITIONS, Key=lost)
        await FileRendition.filter(file_id=bare.id).delete()
        for one in (file, bare):
            assert await seen.problems(one.key) == {"missing_rendition"}
        with deployed.objects.credentials():
            command = partial(run, "media", "reconcile", "--patience", "0", **variables_of(seen.settings))
            told = await asyncio.to_thread(command)
            repaired = await asyncio.to_thread(partial(command, "--fix"))
        assert (told.returncode, "missing_rendition" in told.stdout) == (1, True), told.stderr
        assert (repaired.returncode, "missing_rendition" in repaired.stdout) == (0, True), repaired.stderr

        async def is_whole() -> bool:
            return await seen.problems(file.key, bare.key) == set()

        await seconds_until(is_whole, within=PATIENCE)
        assert [(await seen.get(one)).image for one in (file, bare)] == [ready.image, listed.image]
