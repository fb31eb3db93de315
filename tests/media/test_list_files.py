"""GetFile, BatchGetFiles and ListFiles: users read their own files, staff those of all users."""

from __future__ import annotations

import asyncpg
import grpc
import pytest
from marquee.media.v1 import media_pb2

from tests.catalogue import add_movie, add_person
from tests.client import Client, refused
from tests.media.uploads import register, reject, renditions, uploaded
from tests.queries import QueryCount

List, Batch, Get = media_pb2.ListFilesRequest, media_pb2.BatchGetFilesRequest, media_pb2.GetFileRequest
SIZES = ((154, 231), (342, 513), (780, 1170))


@pytest.fixture
def service(client: Client) -> Client:
    return client.as_service("media.register")


@pytest.fixture
async def ada(client: Client) -> Client:
    return await client.registered()


@pytest.fixture
async def staff(client: Client) -> Client:
    return client.as_staff((await client.registered()).user_id)


async def ids(caller: Client, **request: object) -> list[int]:
    """Returns the ids of the files on a caller's first page."""
    return [file.id for file in (await caller.media.ListFiles(List(**request))).files]  # type: ignore[arg-type] # fields are passed by name


async def test_a_user_lists_their_own_files_and_staff_all(client: Client, ada: Client, staff: Client) -> None:
    bob = await client.registered()
    mine, theirs, further = [(await uploaded(user)).id for user in (ada, bob, ada)]
    assert await ids(ada) == [further, mine]
    assert await ids(ada, uploader_id=ada.user_id) == [further, mine]
    assert await ids(bob) == [theirs]
    assert await ids(staff) == [further, theirs, mine]
    assert await ids(staff, uploader_id=bob.user_id) == [theirs]
    refusal = await refused(ada.media.ListFiles(List(uploader_id=bob.user_id)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED")


async def test_each_filter_and_all_filters_together(
    ada: Client, staff: Client, service: Client, database: asyncpg.Connection
) -> None:
    movie_id, person_id = await add_movie(database), await add_person(database)
    poster = await uploaded(staff, "POSTER", movie_id=movie_id)
    backdrop = await uploaded(staff, "BACKDROP", movie_id=movie_id)
    photo = await uploaded(staff, "PERSON_PHOTO", person_id=person_id)
    avatar = await uploaded(ada)
    await service.media.RegisterFile(register(poster.key))
    await service.media.RejectFile(reject(photo.key))
    assert await ids(staff, kind="FILE_KIND_POSTER") == [poster.id]
    assert await ids(staff, state="FILE_STATE_PENDING") == [avatar.id, backdrop.id]
    assert await ids(staff, movie_id=movie_id) == [backdrop.id, poster.id]
    assert await ids(staff, person_id=person_id) == [photo.id]
    assert await ids(staff, created_from=backdrop.create_time) == [avatar.id, photo.id, backdrop.id]
    assert await ids(staff, created_before=backdrop.create_time) == [poster.id]
    together = {"kind": "FILE_KIND_POSTER", "state": "FILE_STATE_READY", "movie_id": movie_id}
    assert await ids(staff, uploader_id=staff.user_id, **together) == [poster.id]
    assert await ids(staff, uploader_id=ada.user_id, **together) == []
    (shown,) = (await staff.media.ListFiles(List(person_id=person_id))).files
    assert (shown.uploader_id, shown.movie_id, shown.person_id) == (staff.user_id, 0, person_id)


async def test_pages_neither_repeat_nor_miss_a_file_during_inserts(ada: Client) -> None:
    made = [(await uploaded(ada)).id for _ in range(7)]
    seen: list[int] = []
    token = ""
    while True:
        page = await ada.media.ListFiles(List(page_size=3, page_token=token))
        seen += [file.id for file in page.files]
        token = page.next_page_token
        if not token:
            break
        await uploaded(ada)
    assert seen == made[::-1]


async def test_a_page_token_is_valid_only_for_its_own_list(client: Client, ada: Client, staff: Client) -> None:
    bob = await client.registered()
    for user in (ada, ada, bob, bob, staff):
        await uploaded(user)
    token = (await ada.media.ListFiles(List(page_size=1))).next_page_token
    assert token
    attempts = (
        bob.media.ListFiles(List(page_token=token)),
        staff.media.ListFiles(List(page_token=token)),
        ada.media.ListFiles(List(page_token=token, kind=media_pb2.FILE_KIND_AVATAR)),
        ada.media.ListFiles(List(page_token=token[:-1])),
        ada.media.ListFiles(List(page_token="made up")),
    )
    for attempt in attempts:
        assert (await refused(attempt)).reason == "PAGE_TOKEN_INVALID"


async def test_times_out_of_range_are_refused(ada: Client) -> None:
    request = List()
    request.created_from.seconds = 1 << 60
    assert (await refused(ada.media.ListFiles(request))).code is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_batch_is_returned_in_the_requested_order(client: Client, ada: Client, staff: Client) -> None:
    bob = await client.registered()
    first, hidden, second = [(await uploaded(user)).id for user in (ada, bob, ada)]
    asked = [second, hidden, first, 2_000_000_000]
    answer = await ada.media.BatchGetFiles(Batch(ids=asked))
    assert ([file.id for file in answer.files], list(answer.missing_ids)) == ([second, first], [hidden, 2_000_000_000])
    answer = await staff.media.BatchGetFiles(Batch(ids=asked))
    assert ([file.id for file in answer.files], list(answer.missing_ids)) == ([second, hidden, first], [2_000_000_000])
    for wrong in ([], [1, 1], [0], list(range(1, 102))):
        assert (await refused(ada.media.BatchGetFiles(Batch(ids=wrong)))).code is grpc.StatusCode.INVALID_ARGUMENT


async def test_pages_of_any_size_need_the_same_number_of_queries(
    ada: Client, service: Client, queries: QueryCount
) -> None:
    files = [await uploaded(ada) for _ in range(5)]
    for file in files:
        await service.media.RegisterFile(register(file.key))
    counts = []
    for size in (1, 5):
        with queries.counted() as counted:
            page = await ada.media.ListFiles(List(page_size=size))
        assert [len(file.image.renditions) for file in page.files] == [4] * size
        with queries.counted() as batched:
            await ada.media.BatchGetFiles(Batch(ids=[file.id for file in files[:size]]))
        counts.append((counted.total, batched.total))
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 4


async def test_the_url_has_the_preferred_width(ada: Client, service: Client) -> None:
    file = await uploaded(ada)
    registered = (await service.media.RegisterFile(register(file.key, renditions=renditions(file.key, SIZES)))).file
    jpegs = {r.width: r.url for r in registered.image.renditions if r.format == media_pb2.IMAGE_FORMAT_JPEG}
    for asked, width in ((0, 780), (1, 154), (154, 154), (155, 342), (342, 342), (780, 780), (781, 780), (65535, 780)):
        got = (await ada.media.GetFile(Get(id=file.id, preferred_width=asked))).file
        (batched,) = (await ada.media.BatchGetFiles(Batch(ids=[file.id], preferred_width=asked))).files
        (listed,) = (await ada.media.ListFiles(List(preferred_width=asked))).files
        assert (
            {f.url for f in (got, batched, listed)} == {f.image.url for f in (got, batched, listed)} == {jpegs[width]}
        )
    for wrong in (-1, 65536):
        refusal = await refused(ada.media.GetFile(Get(id=file.id, preferred_width=wrong)))
        assert refusal.fields.keys() == {"preferred_width"}
