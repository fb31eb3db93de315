"""Query plans of file lists: a page reads only its own rows, in the order of an index, for any number of other rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from service.auth.principal import Principal, Role, UserId
from service.database import orm
from service.media.files import FileFilter, page_query
from service.settings import Settings

FILES = 6000
FILL = (
    """
    INSERT INTO users (id, username, email_encrypted, email_hash, password_hash)
    SELECT n, 'user' || n, '', sha256(n::text::bytea), '' FROM generate_series(1, 300) AS n
    """,
    "INSERT INTO movies (id, title) SELECT n, 'Film ' || n FROM generate_series(1, 300) AS n",
    "INSERT INTO persons (id, first_name, last_name) SELECT n, 'P', md5(n::text) FROM generate_series(1, 300) AS n",
    f"""
    INSERT INTO files
        (kind, file_name, mime_type, bucket, key, uploader_id, movie_id, person_id, size_bytes, expires_at)
    SELECT (ARRAY['avatar', 'poster', 'person_photo'])[1 + n % 3], '', 'image/png', 'b', n, 1 + n * 7919 % 300,
        CASE WHEN n % 3 = 1 THEN 1 + n * 7919 % 300 END, CASE WHEN n % 3 = 2 THEN 1 + n * 7919 % 300 END, 1, now()
    FROM generate_series(1, {FILES}) AS n
    """,  # noqa: S608 - a number from this file
    # A user with many files.
    "UPDATE files SET uploader_id = 1 WHERE id % 2 = 0",
    "VACUUM ANALYZE",
)
USER = Principal(subject="1", roles=frozenset({Role.USER}))
STAFF = Principal(subject="2", roles=frozenset({Role.USER, Role.STAFF}))
LIMIT = 21


@pytest.fixture
async def filled(database: asyncpg.Connection) -> asyncpg.Connection:
    for statement in FILL:
        await database.execute(statement)
    return database


@pytest.mark.parametrize(
    ("principal", "wanted", "index"),
    [
        (USER, FileFilter(), "ix_files_uploader"),
        (STAFF, FileFilter(), "files_pkey"),
        (STAFF, FileFilter(uploader_id=UserId(7)), "ix_files_uploader"),
        (STAFF, FileFilter(movie_id=2), "ix_files_movie"),
        (STAFF, FileFilter(person_id=3), "ix_files_person"),
    ],
    ids=["own", "all", "uploader", "movie", "person"],
)
async def test_a_page_is_read_from_its_index_only(
    filled: asyncpg.Connection, settings: Settings, principal: Principal, wanted: FileFilter, index: str
) -> None:
    async with orm.connected(settings):
        pages = [page_query(wanted, principal=principal, before=before, limit=LIMIT) for before in (None, FILES // 2)]
        statements = [page.sql(params_inline=True) for page in pages]
    for statement in statements:
        nodes = list(read(await filled.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")))
        assert {node["Index Name"] for node in nodes if "Index Name" in node} == {index}
        assert "Seq Scan" not in {node["Node Type"] for node in nodes}
        assert max(node["Actual Rows"] for node in nodes) <= LIMIT
        assert sum(node.get("Rows Removed by Filter", 0) for node in nodes) == 0


def read(plan: str) -> Iterator[dict[str, Any]]:
    """Yields the nodes of a plan."""
    nodes = [json.loads(plan)[0]["Plan"]]
    while nodes:
        node = nodes.pop()
        yield node
        nodes += node.get("Plans", ())
