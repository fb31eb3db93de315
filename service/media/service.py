"""Files from the upload form to the picture, and the pictures as other slices show them."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from tortoise.exceptions import IntegrityError

from service.auth.principal import AccessDenied, AccountGone, Principal, UserId
from service.db import transaction, violated_constraint
from service.errors import FieldsInvalid, FieldViolation, NotFound
from service.media.errors import FileNotFound
from service.media.models import File, FileKind, FileRendition, FileState, ImageFormat
from service.media.storage import UploadForm, UploadStorage
from service.media.values import (
    FileId,
    FileRecord,
    Image,
    ObjectVersion,
    Rendition,
    StoredRendition,
    Upload,
    VerifiedPicture,
)

RENDITION_COLUMNS = ("file_id", "format", "width", "height", "size_bytes", "key")
UPLOAD_PREFIX = "uploads/"
"""What the keys of uploads begin with; a rendition's key is the rest, a slash and a name."""


class FileOwner(Protocol):
    """What a kind of file belongs to; each slice brings its own."""

    def not_found(self, owner_id: int) -> NotFound:
        """Returns the error for an owner that does not exist."""
        ...

    async def attach(self, owner_id: int, file_id: FileId) -> None:
        """Makes the file the owner's, within the caller's transaction; a vanished owner is no error."""
        ...


class Media:
    """The files of every user."""

    def __init__(self, *, storage: UploadStorage, base_url: str, owners: Mapping[FileKind, FileOwner]) -> None:
        """`base_url` is what rendition keys are appended to; `owners` has an entry for every kind."""
        self._storage = storage
        self._base_url = base_url.rstrip("/")
        self._owners = owners

    async def create_upload(self, upload: Upload, *, principal: Principal) -> tuple[FileRecord, UploadForm]:
        """Makes a PENDING file and the form to upload it through.

        Raises AccessDenied when a user uploads what only staff may, AccountGone, and the owner's own NotFound.
        """
        uploader_id = principal.require_user()
        if upload.kind is not FileKind.AVATAR and not principal.is_staff:
            raise AccessDenied("only staff upload pictures of movies and people")
        return await self.open_upload(upload, uploader_id=uploader_id)

    async def open_upload(self, upload: Upload, *, uploader_id: UserId | None) -> tuple[FileRecord, UploadForm]:
        """Makes a PENDING file and its form for a caller who may; an import has no uploader.

        Raises AccountGone and the owner's own NotFound.
        """
        key = f"{UPLOAD_PREFIX}{upload.kind}/{secrets.token_hex(16)}"
        form = await self._storage.upload_form(
            key, content_type=upload.content_type, max_bytes=upload.size_bytes, sha256=upload.sha256
        )
        try:
            file = await File.create(
                kind=upload.kind,
                file_name=upload.file_name,
                mime_type=upload.content_type,
                bucket=self._storage.bucket,
                key=key,
                uploader_id=uploader_id,
                movie_id=upload.movie_id,
                person_id=upload.person_id,
                size_bytes=upload.size_bytes,
                declared_sha256=upload.sha256,
                expires_at=form.expires_at,
            )
        except IntegrityError as error:
            match violated_constraint(error):
                case "fk_files_uploader":
                    raise AccountGone from error
                case "fk_files_movie" | "fk_files_person":
                    raise self._owners[upload.kind].not_found(upload.movie_id or upload.person_id or 0) from error
            raise
        return FileRecord(file, None), form

    async def get_file(self, file_id: FileId, *, principal: Principal) -> FileRecord:
        """Returns a file; raises FileNotFound, also for another user's unless the caller is staff."""
        file = await File.get_or_none(id=file_id)
        if file is None or not (principal.is_staff or file.uploader_id == principal.require_user()):
            raise FileNotFound(file_id)
        return await self._record(file)

    async def is_ready_avatar(self, file_id: FileId, *, uploader_id: UserId) -> bool:
        """Tells whether a file is a picture that this user uploaded as their avatar."""
        return await File.exists(id=file_id, kind=FileKind.AVATAR, state=FileState.READY, uploader_id=uploader_id)

    async def uploads_of(self, user_id: UserId, *, after: int, limit: int) -> list[FileRecord]:
        """Returns what a user uploaded, by ascending id from behind `after` on, at most `limit` of it."""
        files = await File.filter(uploader_id=user_id, id__gt=after).order_by("id").limit(limit)
        images = await self.get_images([file.id for file in files])
        return [FileRecord(file, images.get(file.id)) for file in files]

    async def find_upload(self, file: File) -> bytes | None:
        """Returns the bytes as they were uploaded, None when storage has none. Raises StorageUnavailable."""
        return await self._storage.find_upload(file.bucket, file.key)

    async def register_file(self, version: ObjectVersion, picture: VerifiedPicture) -> FileRecord:
        """Makes a file READY and its owner's, in one transaction.

        An event that was applied already, or that a newer one overtook, changes nothing. Raises FileNotFound, and
        FieldsInvalid for renditions that stand elsewhere than below the file's own prefix.
        """
        async with transaction():
            file = await self._locked(version)
            _require_own_keys(file, picture.renditions)
            if self._applies(version, file):
                await self._store_picture(file, version, picture)
                owner_id = file.uploader_id if file.kind is FileKind.AVATAR else file.movie_id or file.person_id
                if owner_id is not None:
                    await self._owners[file.kind].attach(owner_id, FileId(file.id))
            return await self._record(file)

    async def reject_file(self, version: ObjectVersion, *, reason: str, detail: str) -> FileRecord:
        """Makes a file REJECTED; idempotent and ordered as register_file is. Raises FileNotFound."""
        async with transaction():
            file = await self._locked(version)
            if self._applies(version, file):
                await FileRendition.filter(file_id=file.id).delete()
                _apply_version(file, version)
                file.state = FileState.REJECTED
                file.rejection_reason = reason
                file.rejection_detail = detail
                await _save(file)
            return await self._record(file)

    async def get_images(self, file_ids: Collection[int]) -> dict[int, Image]:
        """Returns the pictures of those files that are READY, by file id, in two queries."""
        if not file_ids:
            return {}
        files = await File.filter(id__in=set(file_ids), state=FileState.READY)
        renditions = defaultdict(list)
        if files:
            # Plain values: a page of movies has hundreds of renditions, and models of them cost more than the query.
            rows = FileRendition.filter(file_id__in=[file.id for file in files]).order_by("width", "format")
            async for file_id, image_format, width, height, size_bytes, key in rows.values_list(*RENDITION_COLUMNS):
                url = f"{self._base_url}/{key}"
                renditions[file_id].append(Rendition(ImageFormat(image_format), width, height, size_bytes, url))
        return {file.id: _image(file, renditions[file.id]) for file in files}

    async def _record(self, file: File) -> FileRecord:
        images = await self.get_images([file.id]) if file.state is FileState.READY else {}
        return FileRecord(file, images.get(file.id))

    async def _locked(self, version: ObjectVersion) -> File:
        file = await File.filter(bucket=version.bucket, key=version.key).select_for_update(no_key=True).first()
        if file is None:
            raise FileNotFound(f"{version.bucket}/{version.key}")
        return file

    @staticmethod
    def _applies(version: ObjectVersion, file: File) -> bool:
        return file.state is not FileState.DELETED and is_newer(version.sequencer, than=file.sequencer)

    @staticmethod
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


def _image(file: File, renditions: Sequence[Rendition]) -> Image:
    return Image(
        file_id=FileId(file.id),
        width=file.width or 0,
        height=file.height or 0,
        thumbhash=bytes(file.thumbhash or b""),
        dominant_color=file.dominant_color,
        renditions=tuple(renditions),
    )
