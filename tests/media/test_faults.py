"""Faults between bucket and table, done to the function's own handler: events doubled, disordered, late or lost.

The local AWS neither doubles nor reorders; what a deployed function goes through stands in `test_deployed_faults`.
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
from tests.media.scene import EXPIRED, PROCESSING, READY, Scene, scene
from tests.object_storage import RENDITIONS, ObjectStorage

pytestmark = pytest.mark.timeout(240)
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
    await quiet.form_again(file, images.encoded(images.quartered(80, 90)))
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
