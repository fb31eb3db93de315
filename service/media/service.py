"""Uploads as they begin, and pictures as other slices show them."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from tortoise.exceptions import IntegrityError

from service.auth.principal import AccessDenied, AccountGone, Principal, UserId
from service.database.orm import connection, transaction, violated_constraint
from service.errors import NotFound
from service.media.delivery import Addresses
from service.media.image_sql import read_picture
from service.media.models import File, FileKind, FileRendition, FileState, ImageFormat
from service.media.quotas import UploadQuotas
from service.media.storage import UploadForm, UploadStorage
from service.media.values import FileId, FileRecord, Image, Rendition, Upload

OWN_AVATAR = """
SELECT id FROM files WHERE id = $1 AND uploader_id = $2 AND kind = 'avatar' AND state = 'ready' FOR KEY SHARE
"""
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

    async def detach(self, file_id: FileId) -> None:
        """Takes the file from whoever has it, within the caller's transaction."""
        ...


class Media:
    """Uploads as they begin, and pictures as other slices show them."""

    def __init__(
        self,
        *,
        storage: UploadStorage,
        addresses: Addresses,
        quotas: UploadQuotas,
        owners: Mapping[FileKind, FileOwner],
    ) -> None:
        """`owners` has an entry for every kind."""
        self._storage = storage
        self._addresses = addresses
        self._quotas = quotas
        self._owners = owners

    async def create_upload(self, upload: Upload, *, principal: Principal) -> tuple[FileRecord, UploadForm]:
        """Makes a PENDING file and the form to upload it through.

        Raises AccessDenied when a user uploads what only staff may, UploadQuotaExceeded, TooManyUploadsPending,
        AccountGone, and the owner's own NotFound.
        """
        uploader_id = principal.require_user()
        if upload.kind is not FileKind.AVATAR and not principal.is_staff:
            raise AccessDenied("only staff upload pictures of movies and people")
        key, form = await self._form(upload)
        async with transaction():
            await self._quotas.take(uploader_id, size_bytes=upload.size_bytes, is_staff=principal.is_staff)
            return await self._create(upload, key=key, form=form, uploader_id=uploader_id)

    async def open_upload(self, upload: Upload, *, uploader_id: UserId | None) -> tuple[FileRecord, UploadForm]:
        """Makes a PENDING file and its form for a caller who may, outside of all quotas; an import has no uploader.

        Raises AccountGone and the owner's own NotFound.
        """
        key, form = await self._form(upload)
        return await self._create(upload, key=key, form=form, uploader_id=uploader_id)

    async def _form(self, upload: Upload) -> tuple[str, UploadForm]:
        key = f"{UPLOAD_PREFIX}{upload.kind}/{secrets.token_hex(16)}"
        form = await self._storage.upload_form(
            key, content_type=upload.content_type, max_bytes=upload.size_bytes, sha256=upload.sha256
        )
        return key, form

    async def _create(
        self, upload: Upload, *, key: str, form: UploadForm, uploader_id: UserId | None
    ) -> tuple[FileRecord, UploadForm]:
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

    async def is_ready_avatar(self, file_id: FileId, *, uploader_id: UserId) -> bool:
        """Tells whether a file is a picture that this user uploaded as their avatar.

        Locks it within the caller's transaction as a reference does, so that it is not deleted before that is made.
        """
        return bool(await connection().execute_query_dict(OWN_AVATAR, [file_id, uploader_id]))

    async def uploads_of(self, user_id: UserId, *, after: int, limit: int) -> list[FileRecord]:
        """Returns what a user uploaded, by ascending id from behind `after` on, at most `limit` of it."""
        files = await File.filter(uploader_id=user_id, id__gt=after).order_by("id").limit(limit)
        return await self.records(files)

    async def records(self, files: Sequence[File]) -> list[FileRecord]:
        """Returns files with their pictures, in two queries at most."""
        ready = [file.id for file in files if file.state is FileState.READY]
        images = await self.get_images(ready)
        return [FileRecord(file, images.get(file.id)) for file in files]

    async def find_upload(self, file: File) -> bytes | None:
        """Returns the bytes as they were uploaded, None when storage has none. Raises StorageUnavailable."""
        return await self._storage.find_upload(file.bucket, file.key)

    def image_from(self, picture: str | None) -> Image | None:
        """Returns the picture that a column of `picture_sql` holds."""
        return read_picture(picture, url_of=self._addresses.url)

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
                url = self._addresses.url(key)
                renditions[file_id].append(Rendition(ImageFormat(image_format), width, height, size_bytes, url))
        return {file.id: _image(file, renditions[file.id]) for file in files}


def _image(file: File, renditions: Sequence[Rendition]) -> Image:
    return Image(
        file_id=FileId(file.id),
        width=file.width or 0,
        height=file.height or 0,
        thumbhash=bytes(file.thumbhash or b""),
        dominant_color=file.dominant_color,
        renditions=tuple(renditions),
    )
