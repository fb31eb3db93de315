"""Buckets and tables compared: everything amiss is found, both ways, repaired once, and nothing else is touched."""

from __future__ import annotations

import secrets
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from lambdas.uploads.event import object_events
from service.database import orm
from service.media.processing_results import is_newer
from service.media.reconciliation.diff import (
    Deadlines,
    FileRow,
    ListedObject,
    Problem,
    RenditionRow,
    Repair,
    diff_rendition,
    diff_upload,
)
from service.media.reconciliation.listings import HeadedObject, ListingUnordered, RowReader, merged
from service.media.reconciliation.repair import created_event, next_sequencer
from service.media.reconciliation.service import Outcome
from service.settings import Settings
from tests.catalogue import add_movie
from tests.media.world import LATER, NOW, World, rendition
from tests.object_storage import ObjectStorage


def told(outcomes: Sequence[Outcome]) -> set[tuple[str, str, str, bool]]:
    return {(o.finding.problem.value, o.finding.repair.value, o.finding.key, o.is_repaired) for o in outcomes}


@pytest.fixture
def world(objects: ObjectStorage, settings: Settings, database: asyncpg.Connection) -> World:
    return World(objects, settings, database)


async def whole(world: World) -> str:
    """Adds a READY file with all of its objects."""
    key = f"uploads/poster/{secrets.token_hex(16)}"
    await world.add("ready", key, etag=world.put(key))
    world.render(rendition(key, "a.jpg"), rendition(key, "b.webp"))
    return key


async def test_what_agrees_is_no_finding(world: World) -> None:
    await whole(world)
    for state in ("expired", "rejected", "deleted"):
        await world.add(state)
    world.put(await world.add("deleted"))
    assert await world.reconcile(fix=False) == []


async def test_everything_amiss_is_told_and_left_by_default(world: World) -> None:
    await whole(world)
    expected = await damage(world)
    before = world.stored(world.uploads), world.stored(world.renditions)
    for _ in range(2):
        found = await world.reconcile(fix=False)
        assert told(found) == {(*finding, False) for finding in expected}
    assert (world.stored(world.uploads), world.stored(world.renditions)) == before
    assert world.events.sent == []


async def test_everything_amiss_is_repaired_and_nothing_else_changes(world: World) -> None:
    kept = await whole(world)
    expected = await damage(world)
    by_problem = {(problem, repair): key for problem, repair, key in expected}
    found = await world.reconcile(fix=True)
    # Its picture is gone whole, so that there is nothing to make its renditions from.
    assert told(found) == {(*finding, True) for finding in expected}
    assert await world.state(by_problem["row_without_object", "forget"]) == "deleted"
    assert await world.state(by_problem["row_without_object", "expire"]) == "expired"
    assert await world.state(by_problem["form_ended", "expire"]) == "expired"
    left = world.stored(world.uploads)
    assert by_problem["object_without_row", "remove"] not in left
    assert by_problem["rejected_object", "remove"] not in left
    assert by_problem["stray_rendition", "remove"] not in world.stored(world.renditions)
    processed = [key for _, repair, key in expected if repair == "process"]
    uploads = {key if key.startswith("uploads/") else f"uploads/{key.rpartition('/')[0]}" for key in processed}
    assert sorted(key for key, _ in world.events.sent) == sorted(uploads), "one event makes all renditions of a file"
    assert (await world.state(kept), kept in left) == ("ready", True)

    again = await world.reconcile(fix=True)
    assert {outcome.finding.repair for outcome in again} == {Repair.PROCESS}, "all but what the function has to do"


async def damage(world: World) -> set[tuple[str, str, str]]:
    """Brings about one of everything, and returns what is to be found."""
    stranger = "uploads/poster/stranger é \U0001f600"
    world.put(stranger)
    arrived, late, working, again, rejected = [
        await world.add(state, etag="before" if state in {"ready", "rejected"} else "")
        for state in ("pending", "expired", "processing", "ready", "rejected")
    ]
    for key in (arrived, late, working, again):
        world.put(key)
    world.render(rendition(again, "a.jpg"), rendition(again, "b.webp"))
    refused = await world.add("rejected", "uploads/poster/refused", etag=world.put("uploads/poster/refused"))
    world.put(rejected, b"another picture")
    unsent, stuck = await world.add("pending"), await world.add("processing")
    gone = await world.add("ready")
    world.render(rendition(gone, "a.jpg"), rendition(gone, "b.webp"))
    half = await whole(world)
    for name in ("a.jpg", "b.webp"):
        world.s3.delete_object(Bucket=world.renditions, Key=rendition(half, name))
    stray = rendition(half, "old.jpg")
    world.render(stray)
    # Its objects wait for it to list them again.
    bare = await whole(world)
    await world.database.execute(
        "DELETE FROM file_renditions WHERE file_id = (SELECT id FROM files WHERE key = $1)", bare
    )
    return {
        ("object_without_row", "remove", stranger),
        ("event_lost", "process", arrived),
        ("event_lost", "process", late),
        ("stuck_processing", "process", working),
        ("event_lost", "process", again),
        ("event_lost", "process", rejected),
        ("rejected_object", "remove", refused),
        ("form_ended", "expire", unsent),
        ("row_without_object", "expire", stuck),
        ("row_without_object", "forget", gone),
        ("missing_rendition", "process", rendition(half, "a.jpg")),
        ("missing_rendition", "process", rendition(half, "b.webp")),
        ("stray_rendition", "remove", stray),
        ("missing_rendition", "process", bare),
    }


async def test_work_that_may_be_under_way_is_left_alone(world: World) -> None:
    await damage(world)
    # What agrees by its age alone: nothing was made that long ago.
    assert await world.reconcile(fix=True, deadlines=Deadlines(datetime.now(UTC))) == []


async def test_a_picture_that_is_shown_is_taken_from_its_owner_when_its_object_is_gone(world: World) -> None:
    movie = await add_movie(world.database)
    key = await world.add("ready")
    world.render(rendition(key, "a.jpg"), rendition(key, "b.webp"))
    await world.database.execute(
        "UPDATE movies SET poster_id = (SELECT id FROM files WHERE key = $2) WHERE id = $1", movie, key
    )
    (outcome,) = await world.reconcile(fix=True)
    assert (outcome.finding.repair, outcome.is_repaired) == (Repair.FORGET, True)
    assert await world.database.fetchval("SELECT poster_id FROM movies WHERE id = $1", movie) is None


async def test_removals_are_bounded(world: World) -> None:
    for _ in range(5):
        world.put(f"uploads/poster/{secrets.token_hex(16)}")
    found = await world.reconcile(fix=True, max_removals=2)
    assert sorted(outcome.is_repaired for outcome in found) == [False, False, False, True, True]
    assert len(world.stored(world.uploads)) == 3


async def test_what_changed_since_the_pass_is_not_repaired(world: World) -> None:
    key = await world.add("ready")
    world.render(rendition(key, "a.jpg"), rendition(key, "b.webp"))
    stranger = f"uploads/poster/{secrets.token_hex(16)}"
    world.put(stranger)
    async with world.reconciliation(fix=True, max_removals=10) as reconciliation:
        walk = reconciliation.reconcile(LATER, fix=False)
        findings = [outcome.finding async for outcome in walk]
        assert {finding.problem for finding in findings} == {Problem.ROW_WITHOUT_OBJECT, Problem.OBJECT_WITHOUT_ROW}
        world.put(key)
        await world.add("pending", stranger)
        repaired = [await reconciliation.repairer.repair(finding, LATER) for finding in findings]
    assert repaired == [False, False]
    assert (await world.state(key), world.stored(world.uploads)) == ("ready", {key, stranger})


async def test_a_listing_in_another_order_is_refused_and_nothing_repaired() -> None:
    async def of(*keys: str) -> AsyncIterator[ListedObject]:
        for key in keys:
            yield ListedObject(key, "", NOW)

    assert [
        (one and one.key, other and other.key)
        async for one, other in merged(of("B", "a", "é"), of("a", "z", "\U0001f600"))
    ] == [("B", None), ("a", "a"), (None, "z"), ("é", None), (None, "\U0001f600")]
    with pytest.raises(ListingUnordered, match="'B'"):
        _ = [pair async for pair in merged(of("a", "B"), of())]


async def test_a_long_walk_holds_a_few_batches_and_sees_the_bytes_order(
    world: World, database: asyncpg.Connection
) -> None:
    count = 12_000
    await database.execute(
        "INSERT INTO files (kind, file_name, mime_type, bucket, key, size_bytes, expires_at)"
        " SELECT 'poster', 'p', 'image/png', $1, 'uploads/poster/' || md5(n::text), 1, now()"
        " FROM generate_series(1, $2::int) AS n",
        world.uploads,
        count,
    )

    async def listed() -> AsyncIterator[ListedObject]:
        for row in await database.fetch("SELECT key FROM files"):
            keys.add(row["key"])
        for key in sorted(keys):
            yield ListedObject(key, "", NOW)

    keys: set[str] = {f"uploads/poster/{letter}" for letter in ("Z", "~", "é")}
    seen = peak = 0
    async with orm.connected(world.settings):
        async for one, row in merged(listed(), RowReader(world.settings).files(world.uploads)):
            if not tracemalloc.is_tracing():
                tracemalloc.start()
            seen += one is not None and row is not None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == count
    assert peak < 3_000_000


def test_a_repeated_event_is_newer_than_the_last_and_older_than_the_next() -> None:
    for known, coming in (("", "0"), ("0A", "0B"), ("0055AED6DCD90281E5", "0055AED6DCD90281E6"), ("F", "F1")):
        sent = next_sequencer(known)
        assert is_newer(sent, than=known)
        assert is_newer(next_sequencer(sent), than=sent)
        assert coming == "0" or is_newer(coming, than=sent)


def test_an_event_is_read_by_the_function_as_the_object_it_was_made_of() -> None:
    found = HeadedObject("e", "v1", 7, NOW)
    (upload,) = object_events(created_event("bucket", "uploads/a b+c/é", found, sequencer="0A"))
    assert (upload.bucket, upload.key, upload.etag, upload.version_id, upload.size, upload.sequencer) == (
        "bucket",
        "uploads/a b+c/é",
        "e",
        "v1",
        7,
        "0A",
    )


def test_the_moment_that_ends_patience_is_the_last_change_on_either_side() -> None:
    old, new = NOW - timedelta(days=3), NOW - timedelta(minutes=1)
    deadlines = Deadlines(NOW)

    def row(**changes: Any) -> FileRow:
        fields = {"key": "k", "file_id": 1, "state": "ready", "etag": "e", "expires_at": old, "updated_at": old}
        return FileRow(**{**fields, "has_renditions": True, **changes})

    for one, other in ((old, new), (new, old), (new, new)):
        assert diff_upload(ListedObject("k", "f", one), row(updated_at=other), deadlines) is None
        assert diff_upload(ListedObject("k", "e", one), row(updated_at=other, has_renditions=False), deadlines) is None
    assert diff_upload(ListedObject("k", "f", old), row(), deadlines) is not None
    assert diff_upload(ListedObject("k", "f", new), None, deadlines) is None
    assert diff_rendition(None, RenditionRow("k/a", 1, "k", new), deadlines) is None
    assert diff_rendition(None, RenditionRow("k/a", 1, "k", old), deadlines) is not None
