"""Faults between bucket and table: events doubled, disordered, late or lost, functions and servers that go away.

What the local AWS never does (it neither doubles nor reorders) is done to the function's own handler; the rest happens
to a deployed function behind a real queue.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from marquee.media.v1 import media_pb2

from lambdas.register_image import handler
from lambdas.register_image.pipeline import Pipeline
from lambdas.register_image.register import MediaService
from lambdas.register_image.storage import S3Store
from lambdas.uploads.service import MediaConnection
from lambdas.uploads.settings import FunctionSettings
from service.auth import keys as signing_keys
from service.auth.keys import KeyRing
from service.auth.tokens import TokenIssuer
from service.composition import compose_reconciliation
from service.local.deploy import DeployedStack, StackParameters, deploy
from service.media.dead_letters import DeadLetters
from service.media.models import File
from service.media.queues import QueuePair
from service.media.reconciliation.judging import Patience
from service.media.reconciliation.repairs import created_event
from service.media.reconciliation.service import Outcome
from service.media.reconciliation.streams import HeadedObject
from service.media.removal import FileRemoval
from service.media.sweeping import Sweep
from service.media.verdicts import Verdicts
from service.ports import free_port
from service.settings import Settings
from tests.client import Client
from tests.conftest import SettingsFactory
from tests.lambdas import pictures
from tests.media.uploads import upload
from tests.object_storage import RENDITIONS, ROOT, UPLOADS, ObjectStorage, object_storage
from tests.outage import seconds_until, served
from tests.processes import run, variables_of

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

pytestmark = pytest.mark.timeout(240)
PICTURE = pictures.encoded(pictures.quartered(64, 64))
PENDING, PROCESSING = media_pb2.FILE_STATE_PENDING, media_pb2.FILE_STATE_PROCESSING
READY = media_pb2.FILE_STATE_READY
EXPIRED, DELETED = media_pb2.FILE_STATE_EXPIRED, media_pb2.FILE_STATE_DELETED
HIDDEN = 4
"""Seconds until a message is delivered again: longer than the function takes on a machine with other work."""
DELIVERIES = 50
"""So many that none is given up by accident."""
PATIENCE = 60.0
"""Seconds; a function's cold start takes many on a machine with other work."""
NO_MEDIA: Any = None
VERDICTS = Verdicts(media=NO_MEDIA, owners={})
SUCCESS: dict[str, list[dict[str, str]]] = {"batchItemFailures": []}


class KilledHalfWay(BaseException):
    """Ends the function as no exception that it catches would."""


class FrailStore(S3Store):
    """Storage under which the function is killed after so many renditions."""

    def __init__(self, *, client: Any) -> None:
        super().__init__(client=client)
        self.puts_left = 1000

    def put(self, bucket: str, key: str, data: bytes, *, content_type: str) -> None:
        if not self.puts_left:
            raise KilledHalfWay
        self.puts_left -= 1
        super().put(bucket, key, data, content_type=content_type)


@dataclass
class Scene:
    """A server, its storage and a user who uploads."""

    user: Client
    objects: ObjectStorage
    settings: Settings
    events: list[dict[str, Any]] = field(default_factory=list)
    """What a reconciliation sent."""

    async def upload(self, data: bytes = PICTURE) -> media_pb2.File:
        """Uploads an avatar as a client does."""
        request = upload(content_type="image/png", size_bytes=len(data))
        answer: media_pb2.CreateUploadResponse = await self.user.media.CreateUpload(request)
        await asyncio.to_thread(self.objects.upload, answer, data)
        return answer.file

    async def form_again(self, file: media_pb2.File, data: bytes) -> None:
        """Puts another picture under the same key, as the same form would."""
        put = self.objects.s3.put_object
        await asyncio.to_thread(lambda: put(Bucket=UPLOADS, Key=file.key, Body=data, ContentType="image/png"))

    async def end_form(self, file: media_pb2.File) -> None:
        """Has the file's form end long ago, and sweeps."""
        await File.filter(id=file.id).update(expires_at=datetime.now(UTC) - timedelta(days=1))
        assert (await Sweep(removal=FileRemoval(storage=self.objects.storage)).sweep()).expired == 1

    async def get(self, file: media_pb2.File) -> media_pb2.File:
        answer: media_pb2.GetFileResponse = await self.user.media.GetFile(media_pb2.GetFileRequest(id=file.id))
        return answer.file

    async def until(self, file: media_pb2.File, state: int) -> media_pb2.File:
        async def is_so() -> bool:
            return (await self.get(file)).state == state

        await seconds_until(is_so, patience=PATIENCE)
        return await self.get(file)

    def event(self, file: media_pb2.File, sequencer: str) -> dict[str, Any]:
        """Returns what S3 sends of an upload."""
        head = self.objects.s3.head_object(Bucket=UPLOADS, Key=file.key)
        found = HeadedObject(head["ETag"].strip('"'), head["VersionId"], head["ContentLength"], head["LastModified"])
        return created_event(UPLOADS, file.key, found, sequencer=sequencer)

    async def reconcile(self, *, fix: bool) -> list[Outcome]:
        """Compares, when all that is known is old already."""
        with self.objects.credentials():
            reconciliation = await compose_reconciliation(
                self.settings, verdicts=VERDICTS, storage=self.objects.storage, fix=fix, most_removals=100, events=self
            )
        patience = Patience(datetime.now(UTC) + timedelta(days=2))
        return [outcome async for outcome in reconciliation.reconcile(patience, fix=fix)]

    async def problems(self, *keys: str) -> set[str]:
        """Returns what is amiss with these files, without mending it."""
        found = await self.reconcile(fix=False)
        return {outcome.finding.problem.value for outcome in found if outcome.finding.upload_key in keys}

    async def send_created(self, bucket: str, key: str, found: HeadedObject, *, sequencer: str) -> None:
        """Keeps what a reconciliation sends."""
        self.events.append(created_event(bucket, key, found, sequencer=sequencer))


@asynccontextmanager
async def scene(objects: ObjectStorage, settings: Settings) -> AsyncIterator[Scene]:
    """Gives a server on the storage, with a user."""
    own = settings.model_copy(update={"s3_endpoint_url": objects.aws.endpoint_url})
    async with served(own, objects.storage) as server:
        yield Scene(await server.client.registered(), objects, own)


class Function:
    """The function in this process, its store frail."""

    def __init__(self, objects: ObjectStorage, settings: FunctionSettings) -> None:
        self.store = FrailStore(client=objects.s3)
        self._connection = MediaConnection(settings)
        registry = MediaService(self._connection)
        self._pipeline = Pipeline(store=self.store, registry=registry, rendition_bucket=RENDITIONS)

    async def __call__(self, event: Mapping[str, Any]) -> None:
        """Handles one event, in a thread, since the service that it calls runs on this loop."""
        answer = await asyncio.to_thread(handler.handle, event, request_id="r", pipeline=self._pipeline)
        assert answer == SUCCESS

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
async def quiet(objects: ObjectStorage, settings: Settings) -> AsyncIterator[Scene]:
    """A scene whose storage sends no events."""
    async with scene(objects, settings.model_copy(update={"port": free_port()})) as made:
        yield made


@pytest.fixture
def function(quiet: Scene) -> Iterator[Function]:
    made = Function(quiet.objects, function_settings(quiet.user, f"127.0.0.1:{quiet.settings.port}"))
    yield made
    made.close()


def function_settings(client: Client, address: str) -> FunctionSettings:
    token = client.as_service("media.register").token or ""
    return FunctionSettings(service_address=address, service_token=token, service_tls=False)


async def test_doubled_and_disordered_events_end_in_the_newest_upload(quiet: Scene, function: Function) -> None:
    file = await quiet.upload()
    first = quiet.event(file, "0A")
    await quiet.form_again(file, pictures.encoded(pictures.quartered(80, 90)))
    second = quiet.event(file, "0B")
    for event in (second, first, second, second, first):
        await function(event)
        ready = await quiet.get(file)
        assert (ready.state, ready.image.width, ready.image.height) == (READY, 80, 90)
    assert await quiet.problems(file.key) == set()


async def test_an_event_that_comes_after_the_expiry_still_counts(quiet: Scene, function: Function) -> None:
    file = await quiet.upload()
    event = quiet.event(file, "0A")
    await quiet.end_form(file)
    assert (await quiet.get(file)).state == EXPIRED
    assert await quiet.problems(file.key) == {"event_lost"}
    await function(event)
    assert (await quiet.get(file)).state == READY
    assert await quiet.problems(file.key) == set()


@pytest.mark.parametrize("swept", [False, True], ids=["pending", "expired"])
async def test_a_lost_event_is_made_up_for(quiet: Scene, function: Function, swept: bool) -> None:  # noqa: FBT001
    file = await quiet.upload()
    if swept:
        await quiet.end_form(file)
    for _ in range(2):
        await quiet.reconcile(fix=True)
    own = [event for event in quiet.events if event["Records"][0]["s3"]["object"]["key"] == file.key]
    assert len(own) == 2, "sent again as long as nothing came of it"
    for event in [*own, quiet.event(file, "0A")]:
        await function(event)
        assert (await quiet.get(file)).state == READY
    assert await quiet.problems(file.key) == set()


async def test_a_function_killed_half_way_leaves_what_the_next_delivery_mends(quiet: Scene, function: Function) -> None:
    file = await quiet.upload()
    event = quiet.event(file, "0A")
    function.store.puts_left = 2
    with pytest.raises(KilledHalfWay):
        await function(event)
    assert (await quiet.get(file)).state == PROCESSING
    function.store.puts_left = 1000
    await function(event)
    assert (await quiet.get(file)).state == READY
    assert await quiet.problems(file.key) == set()


async def test_a_function_killed_for_good_is_made_up_for(quiet: Scene, function: Function) -> None:
    file = await quiet.upload()
    function.store.puts_left = 2
    with pytest.raises(KilledHalfWay):
        await function(quiet.event(file, "0A"))
    function.store.puts_left = 1000
    assert await quiet.problems(file.key) == {"stuck_processing"}, "its renditions may be in the making"
    await quiet.reconcile(fix=True)
    for event in quiet.events:
        if event["Records"][0]["s3"]["object"]["key"] == file.key:
            await function(event)
    assert (await quiet.get(file)).state == READY
    assert await quiet.problems(file.key) == set()


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

        await seconds_until(is_so, patience=PATIENCE)


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
        file = await seen.upload(pictures.encoded(pictures.quartered(4800, 4800), "PNG", compress_level=1))
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
        (poison,) = first.kept
        await seen.until(file, READY)
        second = await deployed.letters.redrive(limit=100)
        assert ([*second.sent], [letter.message_id for letter in second.kept]) == ([], [poison.message_id])
    await deployed.letters.purge(poison.message_id, limit=100)
    assert await deployed.letters.list_letters(limit=100) == []


async def test_a_reconciliation_mends_through_the_queue(deployed: Deployed, placed: Settings) -> None:
    async with scene(deployed.objects, placed) as seen:
        file = await seen.upload()
        ready = await seen.until(file, READY)
        lost = ready.image.renditions[0].url.removeprefix(f"{placed.media_base_url}/")
        deployed.objects.s3.delete_object(Bucket=RENDITIONS, Key=lost)
        assert await seen.problems(file.key) == {"missing_rendition"}
        with deployed.objects.credentials():
            command = partial(run, "media", "reconcile", "--patience", "0", **variables_of(seen.settings))
            told = await asyncio.to_thread(command)
            mended = await asyncio.to_thread(partial(command, "--fix"))
        assert (told.returncode, "missing_rendition" in told.stdout) == (1, True), told.stderr
        assert (mended.returncode, "missing_rendition" in mended.stdout) == (0, True), mended.stderr

        async def is_whole() -> bool:
            return await seen.problems(file.key) == set()

        await seconds_until(is_whole, patience=PATIENCE)
        assert (await seen.get(file)).image == ready.image
