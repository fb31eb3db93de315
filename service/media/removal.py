"""Removing pictures for good: the record at once, the objects as soon as storage lets them go."""

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
from service.media.models import File, FileKind, FileRendition, FileState
from service.media.service import UPLOAD_PREFIX
from service.media.storage import StorageUnavailable, UploadStorage

log: structlog.stdlib.BoundLogger = structlog.get_logger()
BATCH = 20
REPLACED_FOR = timedelta(days=1)
"""How long a picture that was replaced can still be fetched, by pages that show it."""
RELEASED = """
SELECT file_id FROM released_files WHERE released_at < $1 ORDER BY released_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
# Files that are gone have no row to lock, and need no second look either.
LOCKED = """
SELECT id AS file_id FROM (SELECT id FROM files WHERE id = ANY ($1) FOR UPDATE SKIP LOCKED) AS locked
UNION ALL
SELECT noted FROM unnest($1::int[]) AS noted WHERE NOT EXISTS (SELECT FROM files WHERE id = noted)
"""
COLLECT = """
UPDATE files SET state = 'deleted' WHERE id = ANY ($1) AND state = 'ready' AND NOT file_in_use(id) RETURNING id
"""
LATE = timedelta(minutes=15)
"""How long after its form's end an upload that began before may still arrive and be worked on."""
AT_ONCE = 5.0
"""Seconds that a caller waits for storage before the rest is left to the sweep."""


@dataclass(frozen=True, slots=True)
class StoredObjects:
    """Where a file's objects are."""

    bucket: str
    key: str


class FileRemoval:
    """Removes files. A DELETED row stays for as long as an object may stand, or may yet arrive, under its key."""

    def __init__(self, *, storage: UploadStorage) -> None:
        self._storage = storage

    async def avatars_of(self, user_id: UserId) -> list[StoredObjects]:
        """Returns where a user's avatars are, whatever became of them, and locks their rows."""
        avatars = _avatars(user_id).order_by("id").select_for_update(no_key=True)
        return [StoredObjects(file.bucket, file.key) for file in await avatars]

    async def erase_uploader(self, user_id: UserId) -> None:
        """Takes a user out of what they uploaded, within the caller's transaction.

        Their avatars become DELETED, with nothing left but where the objects are. Pictures of movies and people
        stay, without an uploader.
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
        """Makes what was uploaded as a person's photos DELETED, or that one file, within the caller's transaction.

        `sweep` removes the objects: only then is it certain that the transaction, be it a dry run, came to stay.
        """
        photos = File.filter(person_id=person_id, kind=FileKind.PERSON_PHOTO)
        if file_id is not None:
            photos = photos.filter(id=file_id)
        await _discard(photos)

    async def discard_movie_pictures(self, movie_id: int) -> None:
        """Makes what was uploaded as a movie's posters and backdrops DELETED; as `discard_photos` in all else."""
        await _discard(File.filter(movie_id=movie_id))

    async def remove(self, files: Iterable[StoredObjects]) -> None:
        """Removes objects after the commit, within a few seconds; what fails is logged and left to `sweep`."""
        try:
            async with asyncio.timeout(AT_ONCE):
                for file in files:
                    await self._remove_objects(file)
        except (TimeoutError, StorageUnavailable) as error:
            log.warning("removal.postponed", exc_info=error)

    async def collect_replaced(self) -> int:
        """Makes some READY files DELETED that nobody has shown for a while, and never one that somebody shows.

        Triggers note each file that an owner lets go of, and each that became READY and may have found no owner.
        Returns how many were looked at; those that others write to wait for the next time.
        """
        async with transaction():
            noted = await connection().execute_query_dict(RELEASED, [datetime.now(UTC) - REPLACED_FOR, BATCH])
            # Locked first and asked in a second statement, which sees every reference that was made before the lock:
            # whoever makes one later waits for it.
            locked = await connection().execute_query_dict(LOCKED, [[row["file_id"] for row in noted]])
            if not locked:
                return 0
            looked_at = [row["file_id"] for row in locked]
            collected = await connection().execute_query_dict(COLLECT, [looked_at])
            await FileRendition.filter(file_id__in=[row["id"] for row in collected]).delete()
            await connection().execute_query("DELETE FROM released_files WHERE file_id = ANY ($1)", [looked_at])
        return len(looked_at)

    async def sweep(self) -> int:
        """Removes the objects of some DELETED files, and the rows where nothing can arrive any more.

        Returns how many rows went. Raises StorageUnavailable, once the others had their turn.
        """
        ended = File.filter(state=FileState.DELETED, expires_at__lt=datetime.now(UTC) - LATE)
        removed: list[int] = []
        failure: StorageUnavailable | None = None
        for file in await ended.order_by("updated_at").limit(BATCH):
            try:
                await self._remove_objects(StoredObjects(file.bucket, file.key))
                removed.append(file.id)
            except StorageUnavailable as error:
                failure = error
                # To the end of the queue: one that cannot be removed must not keep others from it.
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
    # The state first: the renditions of a DELETED file are nobody's picture any more, and no change of one.
    await files.update(state=FileState.DELETED, rejection_reason="", rejection_detail="")
    await FileRendition.filter(file_id__in=Subquery(files.values("id"))).delete()


def _avatars(user_id: UserId) -> QuerySet[File]:
    return File.filter(uploader_id=user_id, kind=FileKind.AVATAR)
