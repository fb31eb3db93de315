"""Reconciliation of buckets and tables: finds every difference, repairs each once, and changes nothing else."""

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
from tests.media.isolated_media import LATER, NOW, IsolatedMedia, rendition
from tests.object_storage import ObjectStorage


def as_tuples(outcomes: Sequence[Outcome]) -> set[tuple[str, str, str, bool]]:
    return {(o.finding.problem.value, o.finding.repair.value, o.finding.key, o.is_repaired) for o in outcomes}


@pytest.fixture
def media(objects: ObjectStorage, settings: Settings, database: asyncpg.Connection) -> IsolatedMedia:
    return IsolatedMedia(objects, settings, database)


async def add_complete_file(media: IsolatedMedia) -> str:
    """Adds a READY file with all of its objects."""
    key = f"uploads/poster/{secrets.token_hex(16)}"
    await media.add("ready", key, etag=media.put(key))
    media.render(rendition(key, "a.jpg"), rendition(key, "b.webp"))
    return key


async def test_consistent_files_cause_no_finding(media: IsolatedMedia) -> None:
    await add_complete_file(media)
    for state in ("expired", "rejected", "deleted"):
        await media.add(state)
    media.put(await media.add("deleted"))
    assert await media.reconcile(fix=False) == []


async def test_by_default_all_problems_are_reported_and_nothing_is_changed(media: IsolatedMedia) -> None:
    await add_complete_file(media)
    expected = await damage(media)
    before = media.stored(media.uploads), media.stored(media.renditions)
    for _ in range(2):
        found = await media.reconcile(fix=False)
        assert as_tuples(found) == {(*finding, False) for finding in expected}
    assert (media.stored(media.uploads), media.stored(media.renditions)) == before
    assert media.events.sent == []


async def test_with_fix_all_problems_are_repaired_and_nothing_else_changes(media: IsolatedMedia) -> None:
    intact = await add_complete_file(media)
    expected = await damage(media)
    by_problem = {(problem, repair): key for problem, repair, key in expected}
    found = await media.reconcile(fix=True)
    # The upload of this image is gone, so its renditions cannot be created again.
    assert as_tuples(found) == {(*finding, True) for finding in expected}
    assert await media.state(by_problem["row_without_object", "forget"]) == "deleted"
    assert await media.state(by_problem["row_without_object", "expire"]) == "expired"
    assert await media.state(by_problem["form_ended", "expire"]) == "expired"
    left = media.stored(media.uploads)
    assert by_problem["object_without_row", "remove"] not in left
    assert by_problem["rejected_object", "remove"] not in left
    assert by_problem["stray_rendition", "remove"] not in media.stored(media.renditions)
    processed = [key for _, repair, key in expected if repair == "process"]
    uploads = {key if key.startswith("uploads/") else f"uploads/{key.rpartition('/')[0]}" for key in processed}
    assert sorted(key for key, _ in media.events.sent) == sorted(uploads), "one event makes all renditions of a file"
    assert (await media.state(intact), intact in left) == ("ready", True)

    again = await media.reconcile(fix=True)
    assert {outcome.finding.repair for outcome in again} == {Repair.PROCESS}, "only the work of the function remains"


async def damage(media: IsolatedMedia) -> set[tuple[str, str, str]]:
    """Creates each problem once and returns the expected findings."""
    stranger = "uploads/poster/stranger é \U0001f600"
    media.put(stranger)
    arrived, late, working, again, rejected = [
        await media.add(state, etag="before" if state in {"ready", "rejected"} else "")
        for state in ("pending", "expired", "processing", "ready", "rejected")
    ]
    for key in (arrived, late, working, again):
        media.put(key)
    media.render(rendition(again, "a.jpg"), rendition(again, "b.webp"))
    refused = await media.add("rejected", "uploads/poster/refused", etag=media.put("uploads/poster/refused"))
    media.put(rejected, b"another picture")
    unsent, stuck = await media.add("pending"), await media.add("processing")
    gone = await media.add("ready")
    media.render(rendition(gone, "a.jpg"), rendition(gone, "b.webp"))
    half = await add_complete_file(media)
    for name in ("a.jpg", "b.webp"):
        media.s3.delete_object(Bucket=media.renditions, Key=rendition(half, name))
    stray = rendition(half, "old.jpg")
    media.render(stray)
    # The rendition objects exist, but no row lists them.
    bare = await add_complete_file(media)
    await media.database.execute(
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


async def test_recent_differences_may_be_unfinished_work_and_are_not_reported(media: IsolatedMedia) -> None:
    await damage(media)
    # Nothing is old enough for these deadlines.
    assert await media.reconcile(fix=True, deadlines=Deadlines(datetime.now(UTC))) == []


async def test_an_image_without_its_object_is_detached_from_its_owner(media: IsolatedMedia) -> None:
    movie = await add_movie(media.database)
    key = await media.add("ready")
    media.render(rendition(key, "a.jpg"), rendition(key, "b.webp"))
    await media.database.execute(
        "UPDATE movies SET poster_id = (SELECT id FROM files WHERE key = $2) WHERE id = $1", movie, key
    )
    (outcome,) = await media.reconcile(fix=True)
    assert (outcome.finding.repair, outcome.is_repaired) == (Repair.FORGET, True)
    assert await media.database.fetchval("SELECT poster_id FROM movies WHERE id = $1", movie) is None


async def test_the_number_of_removals_is_limited(media: IsolatedMedia) -> None:
    for _ in range(5):
        media.put(f"uploads/poster/{secrets.token_hex(16)}")
    found = await media.reconcile(fix=True, max_removals=2)
    assert sorted(outcome.is_repaired for outcome in found) == [False, False, False, True, True]
    assert len(media.stored(media.uploads)) == 3


async def test_findings_that_no_longer_apply_are_not_repaired(media: IsolatedMedia) -> None:
    key = await media.add("ready")
    media.render(rendition(key, "a.jpg"), rendition(key, "b.webp"))
    stranger = f"uploads/poster/{secrets.token_hex(16)}"
    media.put(stranger)
    async with media.reconciliation(fix=True, max_removals=10) as reconciliation:
        walk = reconciliation.reconcile(LATER, fix=False)
        findings = [outcome.finding async for outcome in walk]
        assert {finding.problem for finding in findings} == {Problem.ROW_WITHOUT_OBJECT, Problem.OBJECT_WITHOUT_ROW}
        media.put(key)
        await media.add("pending", stranger)
        repaired = [await reconciliation.repairer.repair(finding, LATER) for finding in findings]
    assert repaired == [False, False]
    assert (await media.state(key), media.stored(media.uploads)) == ("ready", {key, stranger})


async def test_an_unordered_listing_is_refused() -> None:
    async def of(*keys: str) -> AsyncIterator[ListedObject]:
        for key in keys:
            yield ListedObject(key, "", NOW)

    assert [
        (one and one.key, other and other.key)
        async for one, other in merged(of("B", "a", "é"), of("a", "z", "\U0001f600"))
    ] == [("B", None), ("a", "a"), (None, "z"), ("é", None), (None, "\U0001f600")]
    with pytest.raises(ListingUnordered, match="'B'"):
        _ = [pair async for pair in merged(of("a", "B"), of())]


async def test_a_long_reconciliation_needs_little_memory_and_orders_keys_by_bytes(
    media: IsolatedMedia, database: asyncpg.Connection
) -> None:
    count = 12_000
    await database.execute(
        "INSERT INTO files (kind, file_name, mime_type, bucket, key, size_bytes, expires_at)"
        " SELECT 'poster', 'p', 'image/png', $1, 'uploads/poster/' || md5(n::text), 1, now()"
        " FROM generate_series(1, $2::int) AS n",
        media.uploads,
        count,
    )

    async def listed() -> AsyncIterator[ListedObject]:
        for row in await database.fetch("SELECT key FROM files"):
            keys.add(row["key"])
        for key in sorted(keys):
            yield ListedObject(key, "", NOW)

    keys: set[str] = {f"uploads/poster/{letter}" for letter in ("Z", "~", "é")}
    seen = peak = 0
    async with orm.connected(media.settings):
        async for one, row in merged(listed(), RowReader(media.settings).files(media.uploads)):
            if not tracemalloc.is_tracing():
                tracemalloc.start()
            seen += one is not None and row is not None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen == count
    assert peak < 3_000_000


def test_the_sequencer_of_a_repeated_event_is_between_the_last_and_the_next() -> None:
    for known, coming in (("", "0"), ("0A", "0B"), ("0055AED6DCD90281E5", "0055AED6DCD90281E6"), ("F", "F1")):
        sent = next_sequencer(known)
        assert is_newer(sent, than=known)
        assert is_newer(next_sequencer(sent), than=sent)
        assert coming == "0" or is_newer(coming, than=sent)


def test_the_function_reads_the_object_of_a_created_event() -> None:
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


def test_the_deadline_applies_to_the_last_change_of_row_and_object() -> None:
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
