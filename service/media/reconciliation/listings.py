"""Listings of buckets and tables in the same order, and their merge, with only a few batches in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import asyncpg
from botocore.exceptions import ClientError

from service.database.pool import CONNECT_ERRORS, unreachable
from service.media.aws import call_storage
from service.media.enums import FileState
from service.media.reconciliation.diff import FileRow, ListedObject, RenditionRow
from service.media.storage import GONE, s3_client
from service.settings import Pooler, Settings

PAGE = 1000
"""Maximum number of keys that S3 lists at once; rows are fetched in the same number."""
# Byte order, independent of the database locale: the order of ListObjectsV2 in general purpose buckets.
FILES = """
SELECT key, id, state, etag, expires_at, updated_at,
    EXISTS (SELECT FROM file_renditions WHERE file_id = files.id) AS has_renditions
FROM files WHERE bucket = $1 ORDER BY key COLLATE "C"
"""
RENDITIONS = """
SELECT r.key, r.file_id, f.key AS upload_key, f.updated_at FROM file_renditions AS r JOIN files AS f ON f.id = r.file_id
WHERE f.state = 'ready' ORDER BY r.key COLLATE "C"
"""


class ListingUnordered(RuntimeError):
    """A listing is not in byte order, for example of an S3 directory bucket, and cannot be compared."""


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


Left = TypeVar("Left", bound=_Keyed)
Right = TypeVar("Right", bound=_Keyed)


@dataclass(frozen=True, slots=True)
class HeadedObject:
    """The newest version of an object."""

    etag: str
    """Without quotes."""
    version_id: str
    size_bytes: int
    modified_at: datetime


class ObjectLister(Protocol):
    """Lists and finds objects of buckets."""

    def listed(self, bucket: str, prefix: str) -> AsyncIterator[ListedObject]:
        """Yields the objects with the prefix, in byte order of their keys. Raises StorageUnavailable."""
        ...

    async def find_object(self, bucket: str, key: str) -> HeadedObject | None:
        """Returns an object; None if it does not exist. Raises StorageUnavailable."""
        ...


class S3Lister:
    """Lists with ListObjectsV2 and finds with HeadObject."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    def from_settings(cls, settings: Settings) -> S3Lister:
        """Returns a lister with a new client."""
        return cls(s3_client(settings))

    async def listed(self, bucket: str, prefix: str) -> AsyncIterator[ListedObject]:
        """Lists page by page; see ObjectLister."""
        pages = iter(self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix))
        while (page := await call_storage(lambda: next(pages, None))) is not None:
            for entry in page.get("Contents", ()):
                yield ListedObject(entry["Key"], entry["ETag"].strip('"'), entry["LastModified"].astimezone(UTC))

    async def find_object(self, bucket: str, key: str) -> HeadedObject | None:
        """Finds the newest version; see ObjectLister."""
        answer = await call_storage(lambda: self._head(bucket, key))
        if answer is None:
            return None
        return HeadedObject(
            answer["ETag"].strip('"'),
            answer.get("VersionId", ""),
            answer["ContentLength"],
            answer["LastModified"].astimezone(UTC),
        )

    def _head(self, bucket: str, key: str) -> Mapping[str, Any] | None:
        try:
            answer: Mapping[str, Any] = self._client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return None
            raise
        return answer


class RowReader:
    """Reads rows through cursors, on a connection of its own: the pool's callers wait for moments, not for minutes."""

    def __init__(self, settings: Settings) -> None:
        self._database_url = settings.database_url.get_secret_value()
        self._options: dict[str, Any] = {"timeout": settings.database_connect_timeout}
        if settings.database_pooler is Pooler.TRANSACTION:
            self._options["statement_cache_size"] = 0

    async def files(self, bucket: str) -> AsyncIterator[FileRow]:
        """Yields the files of a bucket by the bytes of their keys, as they were at the beginning."""
        async with self._cursor(FILES, bucket) as rows:
            async for row in rows:
                yield FileRow(
                    row["key"],
                    row["id"],
                    FileState(row["state"]),
                    row["etag"],
                    row["expires_at"],
                    row["updated_at"],
                    has_renditions=row["has_renditions"],
                )

    async def renditions(self) -> AsyncIterator[RenditionRow]:
        """Yields the renditions of READY files by the bytes of their keys, as they were at the beginning."""
        async with self._cursor(RENDITIONS) as rows:
            async for row in rows:
                yield RenditionRow(row["key"], row["file_id"], row["upload_key"], row["updated_at"])

    @asynccontextmanager
    async def _cursor(self, query: str, *arguments: object) -> AsyncIterator[AsyncIterator[asyncpg.Record]]:
        try:
            database = await asyncpg.connect(self._database_url, **self._options)
        except CONNECT_ERRORS as error:
            raise unreachable() from error
        try:
            async with database.transaction(isolation="repeatable_read", readonly=True):
                # The bucket is listed between two fetches, and the first fetch sorts all rows.
                await database.execute(
                    "SELECT set_config('idle_in_transaction_session_timeout', '0', true),"
                    " set_config('statement_timeout', '0', true), set_config('jit', 'off', true)"
                )
                yield database.cursor(query, *arguments, prefetch=PAGE).__aiter__()
        finally:
            database.terminate()


async def merged(
    left: AsyncIterator[Left], right: AsyncIterator[Right]
) -> AsyncIterator[tuple[Left | None, Right | None]]:
    """Yields the two entries of each key, None for a missing one; raises ListingUnordered."""
    left, right = _ordered(left), _ordered(right)
    one, other = await anext(left, None), await anext(right, None)
    while one is not None or other is not None:
        # Python compares code points, which have the same order as their UTF-8 bytes.
        if other is None or (one is not None and one.key < other.key):
            yield one, None
            one = await anext(left, None)
        elif one is None or other.key < one.key:
            yield None, other
            other = await anext(right, None)
        else:
            yield one, other
            one, other = await anext(left, None), await anext(right, None)


async def _ordered(stream: AsyncIterator[Left]) -> AsyncIterator[Left]:
    last = ""
    async for entry in stream:
        if entry.key <= last:
            raise ListingUnordered(f"{entry.key!r} is listed after {last!r}")
        last = entry.key
        yield entry
