"""Processing results of the Lambda functions, which may arrive repeatedly and in any order.

Each is applied under the row lock, and only if its event is newer than the last applied one, removals included.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.database.orm import transaction
from service.errors import FieldsInvalid, FieldViolation
from service.media.enums import FileKind, FileState
from service.media.errors import FileNotFound
from service.media.models import File, FileRendition
from service.media.service import UPLOAD_PREFIX, FileOwner, Media
from service.media.values import FileId, FileRecord, ObjectVersion, StoredRendition, VerifiedImage

STARTABLE_STATES = frozenset({FileState.PENDING, FileState.EXPIRED, FileState.REJECTED})
"""States that change to PROCESSING; a READY image is shown until its successor is READY."""
OBJECTLESS_STATES = frozenset({FileState.REJECTED, FileState.EXPIRED})
"""States of files that need no object."""


class ProcessingResults:
    """Applies processing results to files."""

    def __init__(self, *, media: Media, owners: Mapping[FileKind, FileOwner]) -> None:
        """`owners` has an entry for every kind."""
        self._media = media
        self._owners = owners

    async def begin_file(self, version: ObjectVersion) -> tuple[FileRecord, bool]:
        """Makes a file PROCESSING; returns it, and whether a result for this object version would be applied.

        If not, nothing changes. Raises FileNotFound.
        """
        async with transaction():
            file = await self._locked(version)
            proceeds = _applies(version, file)
            if proceeds and file.state in STARTABLE_STATES:
                file.state = FileState.PROCESSING
                file.rejection_reason = ""
                file.rejection_detail = ""
                await _save(file)
            return await self._record(file), proceeds

    async def register_file(self, version: ObjectVersion, image: VerifiedImage) -> FileRecord:
        """Makes a file READY and sets its owner's reference, in one transaction.

        Registering the same object version again does not change the owner, who may show another file by then. An
        event that was applied already, or that is older than an applied one, changes nothing. Raises FileNotFound,
        and FieldsInvalid for renditions outside the prefix of the file.
        """
        async with transaction():
            file = await self._locked(version)
            _require_own_keys(file, image.renditions)
            if _applies(version, file):
                is_known = _is_ready_with(version, file)
                await _store_image(file, version, image)
                owner_id = file.uploader_id if file.kind is FileKind.AVATAR else file.movie_id or file.person_id
                if owner_id is not None and not is_known:
                    await self._owners[file.kind].attach(owner_id, FileId(file.id))
            return await self._record(file)

    async def reject_file(self, version: ObjectVersion, *, reason: str, detail: str) -> FileRecord:
        """Makes a file REJECTED; idempotent and ordered like register_file. Raises FileNotFound."""
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
        """Makes a file DELETED whose object was removed, and removes its owner's reference, in one transaction.

        A file that needs no object keeps its state. Older events are ignored from then on. Idempotent and ordered
        like register_file. Raises FileNotFound.
        """
        async with transaction():
            file = await self._locked(version, to_delete=True)
            if is_newer(version.sequencer, than=file.sequencer):
                _apply_version(file, version)
                if file.state in OBJECTLESS_STATES:
                    await _save(file)
                else:
                    await self._delete(file)
            return await self._record(file)

    async def delete_file(self, file: File) -> None:
        """Makes a file DELETED and removes its owner's reference, in the transaction in which the caller locked it."""
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
        # The weaker lock admits concurrent references to the file.
        locked = File.filter(bucket=version.bucket, key=version.key).select_for_update(no_key=not to_delete)
        file = await locked.first()
        if file is None:
            raise FileNotFound(f"{version.bucket}/{version.key}")
        return file


def _applies(version: ObjectVersion, file: File) -> bool:
    return file.state is not FileState.DELETED and is_newer(version.sequencer, than=file.sequencer)


def _is_ready_with(version: ObjectVersion, file: File) -> bool:
    return file.state is FileState.READY and (file.etag, file.version_id) == (version.etag, version.version_id)


async def _store_image(file: File, version: ObjectVersion, image: VerifiedImage) -> None:
    _apply_version(file, version)
    file.state = FileState.READY
    file.mime_type = image.mime_type
    file.size_bytes = image.size_bytes
    file.width = image.width
    file.height = image.height
    file.sha256 = image.sha256
    file.thumbhash = image.thumbhash
    file.dominant_color = image.dominant_color
    file.is_animated = image.is_animated
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
        for stored in image.renditions
    )


def is_newer(sequencer: str, *, than: str) -> bool:
    """Returns whether a sequencer is newer than another of the same key; any is newer than the empty one.

    Sequencers are hexadecimal numbers of different widths, padded on the right.

    Source: "Event message structure" in the Amazon S3 user guide.
    """
    if not than:
        return True
    width = max(len(sequencer), len(than))
    return sequencer.lower().ljust(width, "0") > than.lower().ljust(width, "0")


def _require_own_keys(file: File, renditions: Sequence[StoredRendition]) -> None:
    """Raises FieldsInvalid if the key of a rendition is not in the prefix of the upload."""
    prefix = f"{file.key.removeprefix(UPLOAD_PREFIX)}/"
    foreign = [index for index, stored in enumerate(renditions) if not stored.key.startswith(prefix)]
    if foreign:
        description = f"must begin with {prefix}"
        raise FieldsInvalid([FieldViolation(f"renditions[{i}].key", "rendition.own_key", description) for i in foreign])


def _apply_version(file: File, version: ObjectVersion) -> None:
    file.sequencer = version.sequencer
    file.etag = version.etag
    file.version_id = version.version_id


async def _save(file: File) -> None:
    await file.save()
    # A trigger sets it, so the object does not have the new value yet.
    await file.refresh_from_db(fields=["updated_at"])
