"""Removal of images: the rows at once, the objects as soon as storage allows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from tortoise.expressions import Subquery
from tortoise.queryset import QuerySet

from service.auth.principal import UserId
from service.database.orm import connection, transaction
from service.media.aws import StorageUnavailable
from service.media.enums import FileKind, FileState
from service.media.models import File, FileRendition
from service.media.service import UPLOAD_PREFIX
from service.media.storage import UploadStorage

log: structlog.stdlib.BoundLogger = structlog.get_logger()
BATCH = 20
REPLACED_FOR = timedelta(days=1)
"""Time for which a replaced image can still be fetched, by pages that show it."""
RELEASED = """
SELECT file_id FROM released_files WHERE released_at < $1 ORDER BY released_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
# Deleted files have no row to lock, and need no check.
LOCKED = """
SELECT id AS file_id FROM (SELECT id FROM files WHERE id = ANY ($1) FOR UPDATE SKIP LOCKED) AS locked
UNION ALL
SELECT released FROM unnest($1::int[]) AS released WHERE NOT EXISTS (SELECT FROM files WHERE id = released)
"""
COLLECT = """
UPDATE files SET state = 'deleted' WHERE id = ANY ($1) AND state = 'ready' AND NOT file_in_use(id) RETURNING id
"""
LATE_ARRIVAL = timedelta(minutes=15)
"""Time after the expiry of its form in which an upload that began before may arrive and be processed."""
REMOVAL_TIMEOUT = 5.0
"""Seconds that a caller waits for storage; the sweep removes the rest."""


@dataclass(frozen=True, slots=True)
class StoredObjects:
    """Location of a file's objects."""

    bucket: str
    key: str


class FileRemoval:
    """Removes files. A DELETED row remains as long as an object with its key may exist or arrive."""

    def __init__(self, *, storage: UploadStorage) -> None:
        self._storage = storage

    async def avatars_of(self, user_id: UserId) -> list[StoredObjects]:
        """Returns the locations of all avatars of a user, in any state, and locks their rows."""
        avatars = _avatars(user_id).order_by("id").select_for_update(no_key=True)
        return [StoredObjects(file.bucket, file.key) for file in await avatars]

    async def erase_uploader(self, user_id: UserId) -> None:
        """Removes a user from their uploads, in the caller's transaction.

        Their avatars become DELETED and keep only the location of the objects. Images of movies and people remain,
        without an uploader.
        """
        avatars = _avatars(user_id)
        await FileRendition.filter(file_id__in=Subquery(avatars.values("id"))).delete()
        await avatars.update(
            state=FileState.DELETED,
            uploader_id=None,
            file_name="",
            declared_sha256=None,
            sha256=None,
            thumbhash=None,
            dominant_color="",
            rejection_reason="",
            rejection_detail="",
        )
        await File.filter(uploader_id=user_id).update(uploader_id=None)

    async def discard_photos(self, person_id: int, *, file_id: int | None = None) -> None:
        """Makes the photos of a person DELETED, or one of them, in the caller's transaction.

        `sweep` removes the objects later, because the transaction may still roll back.
        """
        photos = File.filter(person_id=person_id, kind=FileKind.PERSON_PHOTO)
        if file_id is not None:
            photos = photos.filter(id=file_id)
        await _discard(photos)

    async def discard_movie_images(self, movie_id: int) -> None:
        """Makes the posters and backdrops of a movie DELETED; otherwise like `discard_photos`."""
        await _discard(File.filter(movie_id=movie_id))

    async def remove(self, files: Iterable[StoredObjects]) -> None:
        """Removes objects after the commit, within a few seconds; failures are logged and left to `sweep`."""
        try:
            async with asyncio.timeout(REMOVAL_TIMEOUT):
                for file in files:
                    await self._remove_objects(file)
        except (TimeoutError, StorageUnavailable) as error:
            log.warning("removal.failed", exc_info=error)

    async def collect_replaced(self) -> int:
        """Makes a batch of READY files DELETED that have had no owner for REPLACED_FOR, never one in use.

        Triggers record each file that loses an owner, and each that becomes READY and may have no owner. Returns the
        number of checked files; locked ones are left for the next batch.
        """
        async with transaction():
            released = await connection().execute_query_dict(RELEASED, [datetime.now(UTC) - REPLACED_FOR, BATCH])
            # Locked first and checked in a second statement, which sees every reference that existed before the lock.
            # A transaction that adds one later waits for the lock.
            locked = await connection().execute_query_dict(LOCKED, [[row["file_id"] for row in released]])
            if not locked:
                return 0
            checked = [row["file_id"] for row in locked]
            collected = await connection().execute_query_dict(COLLECT, [checked])
            await FileRendition.filter(file_id__in=[row["id"] for row in collected]).delete()
            await connection().execute_query("DELETE FROM released_files WHERE file_id = ANY ($1)", [checked])
        return len(checked)

    async def sweep(self) -> int:
        """Removes the objects of a batch of DELETED files, and their rows if no object can arrive any more.

        Returns the number of deleted rows. Raises StorageUnavailable after it has tried all files.
        """
        ended = File.filter(state=FileState.DELETED, expires_at__lt=datetime.now(UTC) - LATE_ARRIVAL)
        removed: list[int] = []
        failure: StorageUnavailable | None = None
        for file in await ended.order_by("updated_at").limit(BATCH):
            try:
                await self._remove_objects(StoredObjects(file.bucket, file.key))
                removed.append(file.id)
            except StorageUnavailable as error:
                failure = error
                # To the end of the queue, so that a file that cannot be removed does not block the others.
                await File.filter(id=file.id).update(updated_at=datetime.now(UTC))
        await File.filter(id__in=removed).delete()
        if failure is not None:
            raise failure
        return len(removed)

    async def _remove_objects(self, file: StoredObjects) -> None:
        await self._storage.delete_upload(file.bucket, file.key)
        await self._storage.delete_renditions(f"{file.key.removeprefix(UPLOAD_PREFIX)}/")
        log.info("objects.removed", key=file.key)


async def _discard(files: QuerySet[File]) -> None:
    # The state first: then deleting the renditions does not count as a change of an image.
    await files.update(state=FileState.DELETED, rejection_reason="", rejection_detail="")
    await FileRendition.filter(file_id__in=Subquery(files.values("id"))).delete()


def _avatars(user_id: UserId) -> QuerySet[File]:
    return File.filter(uploader_id=user_id, kind=FileKind.AVATAR)
