"""Faults between bucket and table: the handler of the function gets duplicate, reordered, late or no events.

The local AWS neither duplicates nor reorders events. `test_deployed_faults` tests a deployed function.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest

from lambdas.register_image import handler
from lambdas.register_image.pipeline import Pipeline
from lambdas.register_image.registry import MediaService
from lambdas.register_image.storage import S3Store
from lambdas.uploads.service import MediaConnection
from lambdas.uploads.settings import FunctionSettings
from service.settings import Settings
from service.supervisor.ports import free_port
from tests.client import Client
from tests.lambdas import images
from tests.media.upload_system import EXPIRED, PROCESSING, READY, UploadSystem, upload_system
from tests.object_storage import RENDITIONS, ObjectStorage

pytestmark = pytest.mark.timeout(240)
SUCCESS: dict[str, list[dict[str, str]]] = {"batchItemFailures": []}


class FunctionKilled(BaseException):
    """Ends the function; the function catches no exception of this type."""


class FailingStore(S3Store):
    """Storage that kills the function after a number of renditions."""

    def __init__(self, *, client: Any) -> None:
        super().__init__(client=client)
        self.puts_left = 1000

    def put(self, bucket: str, key: str, data: bytes, *, content_type: str) -> None:
        if not self.puts_left:
            raise FunctionKilled
        self.puts_left -= 1
        super().put(bucket, key, data, content_type=content_type)


class Function:
    """The function in this process, with failing storage."""

    def __init__(self, objects: ObjectStorage, settings: FunctionSettings) -> None:
        self.store = FailingStore(client=objects.s3)
        self._connection = MediaConnection(settings)
        registry = MediaService(self._connection)
        self._pipeline = Pipeline(store=self.store, registry=registry, rendition_bucket=RENDITIONS)

    async def __call__(self, event: Mapping[str, Any]) -> None:
        """Handles one event in a thread, because the service that it calls runs on this event loop."""
        answer = await asyncio.to_thread(handler.handle, event, request_id="r", pipeline=self._pipeline)
        assert answer == SUCCESS

    def close(self) -> None:
        self._connection.close()


@pytest.fixture
async def system(objects: ObjectStorage, settings: Settings) -> AsyncIterator[UploadSystem]:
    """An upload system whose storage sends no events."""
    async with upload_system(objects, settings.model_copy(update={"port": free_port()})) as made:
        yield made


@pytest.fixture
def function(system: UploadSystem) -> Iterator[Function]:
    made = Function(system.objects, function_settings(system.user, f"127.0.0.1:{system.settings.port}"))
    yield made
    made.close()


def function_settings(client: Client, address: str) -> FunctionSettings:
    token = client.as_service("media.register").token or ""
    return FunctionSettings(service_address=address, service_token=token, service_tls=False)


async def test_after_duplicate_and_reordered_events_the_newest_upload_wins(
    system: UploadSystem, function: Function
) -> None:
    file = await system.upload()
    first = system.event(file, "0A")
    await system.reuse_form(file, images.encoded(images.quartered(80, 90)))
    second = system.event(file, "0B")
    for event in (second, first, second, second, first):
        await function(event)
        ready = await system.get(file)
        assert (ready.state, ready.image.width, ready.image.height) == (READY, 80, 90)
    assert await system.problems(file.key) == set()


async def test_an_event_after_the_expiry_is_processed(system: UploadSystem, function: Function) -> None:
    file = await system.upload()
    event = system.event(file, "0A")
    await system.expire_form(file)
    assert (await system.get(file)).state == EXPIRED
    assert await system.problems(file.key) == {"event_lost"}
    await function(event)
    assert (await system.get(file)).state == READY
    assert await system.problems(file.key) == set()


@pytest.mark.parametrize("swept", [False, True], ids=["pending", "expired"])
async def test_a_lost_event_is_repaired_by_a_reconciliation(
    system: UploadSystem,
    function: Function,
    swept: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    file = await system.upload()
    if swept:
        await system.expire_form(file)
    for _ in range(2):
        await system.reconcile(fix=True)
    own = [event for event in system.events if event["Records"][0]["s3"]["object"]["key"] == file.key]
    assert len(own) == 2, "sent again as long as nothing came of it"
    for event in [*own, system.event(file, "0A")]:
        await function(event)
        assert (await system.get(file)).state == READY
    assert await system.problems(file.key) == set()


async def test_the_next_delivery_completes_the_work_of_a_killed_function(
    system: UploadSystem, function: Function
) -> None:
    file = await system.upload()
    event = system.event(file, "0A")
    function.store.puts_left = 2
    with pytest.raises(FunctionKilled):
        await function(event)
    assert (await system.get(file)).state == PROCESSING
    function.store.puts_left = 1000
    await function(event)
    assert (await system.get(file)).state == READY
    assert await system.problems(file.key) == set()


async def test_the_work_of_a_function_killed_on_every_delivery_is_repaired(
    system: UploadSystem, function: Function
) -> None:
    file = await system.upload()
    function.store.puts_left = 2
    with pytest.raises(FunctionKilled):
        await function(system.event(file, "0A"))
    function.store.puts_left = 1000
    assert await system.problems(file.key) == {"stuck_processing"}, "its renditions may be in the making"
    await system.reconcile(fix=True)
    for event in system.events:
        if event["Records"][0]["s3"]["object"]["key"] == file.key:
            await function(event)
    assert (await system.get(file)).state == READY
    assert await system.problems(file.key) == set()
