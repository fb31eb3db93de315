"""Verdicts of the Lambda functions: in whatever order and however often they come, the newest event's holds.

Each is applied under the row's lock, and only when its event is newer than the last one applied, a removal included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.database.orm import transaction
from service.errors import FieldsInvalid, FieldViolation
from service.media.errors import FileNotFound
from service.media.models import File, FileKind, FileRendition, FileState
from service.media.service import UPLOAD_PREFIX, FileOwner, Media
from service.media.values import FileId, FileRecord, ObjectVersion, StoredRendition, VerifiedPicture

BEGINNINGS = frozenset({FileState.PENDING, FileState.EXPIRED, FileState.REJECTED})
"""States that work on an object ends; a READY picture is shown until its successor is there."""
USELESS = frozenset({FileState.REJECTED, FileState.EXPIRED})
"""States that need no object."""


class Verdicts:
    """What becomes of uploaded objects."""

    def __init__(self, *, media: Media, owners: Mapping[FileKind, FileOwner]) -> None:
        """`owners` has an entry for every kind."""
        self._media = media
        self._owners = owners

    async def begin_file(self, version: ObjectVersion) -> tuple[FileRecord, bool]:
        """Makes a file PROCESSING, and tells whether a verdict on this object would still be taken.

        Where it would not, nothing is changed. Raises FileNotFound.
        """
        async with transaction():
            file = await self._locked(version)
            proceeds = _applies(version, file)
            if proceeds and file.state in BEGINNINGS:
                file.state = FileState.PROCESSING
                file.rejection_reason = ""
                file.rejection_detail = ""
                await _save(file)
            return await self._record(file), proceeds

    async def register_file(self, version: ObjectVersion, picture: VerifiedPicture) -> FileRecord:
        """Makes a file READY and its owner's, in one transaction.

        The object that it is READY with, registered once more, changes nothing for its owner, who may show another.
        An event that was applied already, or that a newer one overtook, changes nothing. Raises FileNotFound, and
        FieldsInvalid for renditions that stand elsewhere than below the file's own prefix.
        """
        async with transaction():
            file = await self._locked(version)
            _require_own_keys(file, picture.renditions)
            if _applies(version, file):
                is_known = _is_ready_with(version, file)
                await _store_picture(file, version, picture)
                owner_id = file.uploader_id if file.kind is FileKind.AVATAR else file.movie_id or file.person_id
                if owner_id is not None and not is_known:
                    await self._owners[file.kind].attach(owner_id, FileId(file.id))
            return await self._record(file)

    async def reject_file(self, version: ObjectVersion, *, reason: str, detail: str) -> FileRecord:
        """Makes a file REJECTED; idempotent and ordered as register_file is. Raises FileNotFound."""
        async with transaction():
            file = await self._locked(version)
            if _applies(version, file):
                await FileRendition.filter(file_id=file.id).delete()
                _apply_version(file, version)
                file.state = FileState.REJECTED
                file.rejection_reason = reason
                file.rejection_detail = detail
                await _save(file)
            return await self._record(file)

    async def forget_file(self, version: ObjectVersion) -> FileRecord:
        """Makes a file DELETED whose object was removed, and takes it from its owner, in one transaction.

        One that needs no object stays as it is. Either way older events change nothing any more. Idempotent and
        ordered as register_file is. Raises FileNotFound.
        """
        async with transaction():
            file = await self._locked(version, to_delete=True)
            if is_newer(version.sequencer, than=file.sequencer):
                _apply_version(file, version)
                if file.state in USELESS:
                    await _save(file)
                else:
                    await self._delete(file)
            return await self._record(file)

    async def delete_file(self, file: File) -> None:
        """Makes a file DELETED and takes it from its owner, within the transaction in which the caller locked it."""
        if file.state is not FileState.DELETED:
            await self._delete(file)

    async def _delete(self, file: File) -> None:
        file.state = FileState.DELETED
        file.rejection_reason = ""
        file.rejection_detail = ""
        await _save(file)
        await FileRendition.filter(file_id=file.id).delete()
        await self._owners[file.kind].detach(FileId(file.id))

    async def _record(self, file: File) -> FileRecord:
        (record,) = await self._media.records([file])
        return record

    async def _locked(self, version: ObjectVersion, *, to_delete: bool = False) -> File:
        # The weaker lock lets others go on to refer to the file.
        locked = File.filter(bucket=version.bucket, key=version.key).select_for_update(no_key=not to_delete)
        file = await locked.first()
        if file is None:
            raise FileNotFound(f"{version.bucket}/{version.key}")
        return file


def _applies(version: ObjectVersion, file: File) -> bool:
    return file.state is not FileState.DELETED and is_newer(version.sequencer, than=file.sequencer)


def _is_ready_with(version: ObjectVersion, file: File) -> bool:
    return file.state is FileState.READY and (file.etag, file.version_id) == (version.etag, version.version_id)


async def _store_picture(file: File, version: ObjectVersion, picture: VerifiedPicture) -> None:
    _apply_version(file, version)
    file.state = FileState.READY
    file.mime_type = picture.mime_type
    file.size_bytes = picture.size_bytes
    file.width = picture.width
    file.height = picture.height
    file.sha256 = picture.sha256
    file.thumbhash = picture.thumbhash
    file.dominant_color = picture.dominant_color
    file.is_animated = picture.is_animated
    file.rejection_reason = ""
    file.rejection_detail = ""
    await _save(file)
    await FileRendition.filter(file_id=file.id).delete()
    await FileRendition.bulk_create(
        FileRendition(
            file_id=file.id,
            format=stored.format,
            width=stored.width,
            height=stored.height,
            size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            key=stored.key,
        )
        for stored in picture.renditions
    )


def is_newer(sequencer: str, *, than: str) -> bool:
    """Compares two sequencers of one key: hexadecimal of varying width, padded on the right; any is newer than none.

    Source: "Event message structure" in the Amazon S3 user guide.
    """
    if not than:
        return True
    width = max(len(sequencer), len(than))
    return sequencer.lower().ljust(width, "0") > than.lower().ljust(width, "0")


def _require_own_keys(file: File, renditions: Sequence[StoredRendition]) -> None:
    """Raises FieldsInvalid when a rendition's key is not the upload's with a name behind it."""
    prefix = f"{file.key.removeprefix(UPLOAD_PREFIX)}/"
    strange = [index for index, stored in enumerate(renditions) if not stored.key.startswith(prefix)]
    if strange:
        description = f"must begin with {prefix}"
        raise FieldsInvalid([FieldViolation(f"renditions[{i}].key", "rendition.own_key", description) for i in strange])


def _apply_version(file: File, version: ObjectVersion) -> None:
    file.sequencer = version.sequencer
    file.etag = version.etag
    file.version_id = version.version_id


async def _save(file: File) -> None:
    await file.save()
    # Set by trigger, so the object does not know it yet.
    await file.refresh_from_db(fields=["updated_at"])
