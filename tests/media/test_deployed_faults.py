"""Faults of a deployed function behind a real queue: the function, the server or messages fail, and nothing is lost."""

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
from tests.media.upload_system import DELETED, PATIENCE, PENDING, PICTURE, PROCESSING, READY, upload_system
from tests.media.uploads import upload
from tests.object_storage import RENDITIONS, ROOT, UPLOADS, ObjectStorage, object_storage
from tests.outage import seconds_until, served
from tests.processes import run, variables_of

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.timeout(240)
HIDDEN = 4
"""Seconds until a message is delivered again: longer than the function runs on a busy machine."""
DELIVERIES = 50
"""High enough that no message becomes a dead letter by accident."""


@dataclass(frozen=True)
class Deployed:
    """The deployed template on a local AWS, with short timeouts of its queues."""

    objects: ObjectStorage
    stack: DeployedStack
    sqs: SQSClient
    port: int

    @property
    def letters(self) -> DeadLetters:
        pair = QueuePair("upload", self.stack.queue_url, self.stack.dead_letter_queue_url)
        return DeadLetters(self.sqs, queues=[pair], poll=0)

    def deliver(self, *, times: int, hidden: int) -> None:
        """Sets how often the queue delivers a message at most, and the seconds between deliveries."""
        known = self.sqs.get_queue_attributes(QueueUrl=self.stack.queue_url, AttributeNames=["RedrivePolicy"])
        policy = {**json.loads(known["Attributes"]["RedrivePolicy"]), "maxReceiveCount": times}
        self.sqs.set_queue_attributes(
            QueueUrl=self.stack.queue_url,
            Attributes={"VisibilityTimeout": str(hidden), "RedrivePolicy": json.dumps(policy)},
        )

    def send(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.stack.queue_url, MessageBody=body)

    def workers(self) -> list[psutil.Process]:
        """Returns the processes in which functions run."""
        assert self.objects.aws.pid is not None
        return psutil.Process(self.objects.aws.pid).children(recursive=True)

    async def wait_for_dead_letters(self, *named: Sequence[str]) -> None:
        """Waits until each of these lists of keys is in a dead letter."""

        async def all_arrived() -> bool:
            letters = [list(letter.keys) for letter in await self.letters.list_letters(limit=100)]
            return all(list(keys) in letters for keys in named)

        await seconds_until(all_arrived, within=PATIENCE)


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
def reachable_settings(deployed: Deployed, settings: Settings) -> Settings:
    """Settings of a server at the address that the deployed functions call."""
    return settings.model_copy(update={"port": deployed.port})


async def test_an_uploaded_image_becomes_ready_and_a_removed_one_is_forgotten(
    deployed: Deployed, reachable_settings: Settings
) -> None:
    async with upload_system(deployed.objects, reachable_settings) as system:
        file = await system.upload()
        await system.wait_for_state(file, READY)
        deployed.objects.s3.delete_object(Bucket=UPLOADS, Key=file.key)
        await system.wait_for_state(file, DELETED)


async def test_uploads_wait_in_the_queue_while_the_service_is_down(
    deployed: Deployed, reachable_settings: Settings
) -> None:
    async with upload_system(deployed.objects, reachable_settings) as system:
        request = upload(content_type="image/png", size_bytes=len(PICTURE))
        answers = [await system.user.media.CreateUpload(request) for _ in range(2)]
    for answer in answers:
        deployed.objects.upload(answer, PICTURE)
    # Long enough for a first delivery to fail.
    await asyncio.sleep(1)
    async with served(system.settings, deployed.objects.storage) as back:
        again = replace(system, user=back.client.with_token(system.user.token or ""))
        for answer in answers:
            await again.wait_for_state(answer.file, READY)


async def test_a_killed_function_is_replaced(deployed: Deployed, reachable_settings: Settings) -> None:
    async with upload_system(deployed.objects, reachable_settings) as system:
        # Large enough that the function is killed while it processes the image.
        file = await system.upload(images.encoded(images.quartered(4800, 4800), "PNG", compress_level=1))
        await system.wait_for_state(file, PROCESSING)
        for worker in deployed.workers():
            worker.kill()
        await system.wait_for_state(file, READY)
        assert await system.problems(file.key) == set()


async def test_dead_letters_are_redriven_and_unreadable_ones_purged(
    deployed: Deployed, reachable_settings: Settings, tmp_path: Path
) -> None:
    signing_keys.generate(tmp_path)
    deployed.deliver(times=2, hidden=1)
    # This server has another signing key, so it refuses every call of the function.
    async with upload_system(
        deployed.objects, reachable_settings.model_copy(update={"keys_dir": tmp_path})
    ) as refusing:
        file = await refusing.upload()
        deployed.send("no event at all")
        await deployed.wait_for_dead_letters([], [file.key])
        assert (await refusing.get(file)).state == PENDING
    deployed.deliver(times=DELIVERIES, hidden=HIDDEN)
    async with served(
        refusing.settings.model_copy(update={"keys_dir": reachable_settings.keys_dir}), refusing.objects.storage
    ) as back:
        system = replace(refusing, user=back.client.as_staff(refusing.user.user_id))
        first = await deployed.letters.redrive(limit=100)
        assert [file.key] in [list(letter.keys) for letter in first.sent]
        (poison,) = first.skipped
        await system.wait_for_state(file, READY)
        second = await deployed.letters.redrive(limit=100)
        assert ([*second.sent], [letter.message_id for letter in second.skipped]) == ([], [poison.message_id])
    await deployed.letters.purge(poison.message_id, limit=100)
    assert await deployed.letters.list_letters(limit=100) == []


async def test_a_reconciliation_repairs_through_the_queue(deployed: Deployed, reachable_settings: Settings) -> None:
    async with upload_system(deployed.objects, reachable_settings) as system:
        file, bare = [await system.upload() for _ in range(2)]
        ready, listed = [await system.wait_for_state(one, READY) for one in (file, bare)]
        lost = ready.image.renditions[0].url.removeprefix(f"{reachable_settings.media_base_url}/")
        deployed.objects.s3.delete_object(Bucket=RENDITIONS, Key=lost)
        await FileRendition.filter(file_id=bare.id).delete()
        for one in (file, bare):
            assert await system.problems(one.key) == {"missing_rendition"}
        with deployed.objects.credentials():
            command = partial(run, "media", "reconcile", "--patience", "0", **variables_of(system.settings))
            result = await asyncio.to_thread(command)
            repaired = await asyncio.to_thread(partial(command, "--fix"))
        assert (result.returncode, "missing_rendition" in result.stdout) == (1, True), result.stderr
        assert (repaired.returncode, "missing_rendition" in repaired.stdout) == (0, True), repaired.stderr

        async def is_consistent() -> bool:
            return await system.problems(file.key, bare.key) == set()

        await seconds_until(is_consistent, within=PATIENCE)
        assert [(await system.get(one)).image for one in (file, bare)] == [ready.image, listed.image]
