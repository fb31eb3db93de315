"""New uploads, and the images that other domains show."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from tortoise.exceptions import IntegrityError

from service.auth.principal import AccessDenied, AccountGone, Principal, UserId
from service.database.orm import connection, transaction, violated_constraint
from service.errors import NotFound
from service.media.delivery import RenditionUrls
from service.media.enums import FileKind, FileState, ImageFormat
from service.media.image_sql import read_image
from service.media.models import File, FileRendition
from service.media.quotas import UploadQuotas
from service.media.storage import UploadForm, UploadStorage
from service.media.values import FileId, FileRecord, Image, Rendition, Upload

OWN_AVATAR = """
SELECT id FROM files WHERE id = $1 AND uploader_id = $2 AND kind = 'avatar' AND state = 'ready' FOR KEY SHARE
"""
RENDITION_COLUMNS = ("file_id", "format", "width", "height", "size_bytes", "key")
UPLOAD_PREFIX = "uploads/"
"""Prefix of upload keys; a rendition's key is the rest of the upload's key, a slash and a name."""


class FileOwner(Protocol):
    """Owner of a kind of file; each domain provides its own."""

    def not_found(self, owner_id: int) -> NotFound:
        """Returns the error for an owner that does not exist."""
        ...

    async def attach(self, owner_id: int, file_id: FileId) -> None:
        """Sets the owner's reference to the file, in the caller's transaction; a missing owner is no error."""
        ...

    async def detach(self, file_id: FileId) -> None:
        """Removes all references to the file, in the caller's transaction."""
        ...


class Media:
    """New uploads, and the images that other domains show."""

    def __init__(
        self,
        *,
        storage: UploadStorage,
        rendition_urls: RenditionUrls,
        quotas: UploadQuotas,
        owners: Mapping[FileKind, FileOwner],
    ) -> None:
        """`owners` has an entry for every kind."""
        self._storage = storage
        self._rendition_urls = rendition_urls
        self._quotas = quotas
        self._owners = owners

    async def create_upload(self, upload: Upload, *, principal: Principal) -> tuple[FileRecord, UploadForm]:
        """Creates a PENDING file and its upload form.

        Raises AccessDenied if a user uploads a kind that only staff may, UploadQuotaExceeded, TooManyUploadsPending,
        AccountGone, and the owner's own NotFound.
        """
        uploader_id = principal.require_user()
        if upload.kind is not FileKind.AVATAR and not principal.is_staff:
            raise AccessDenied("only staff may upload images of movies and people")
        key, form = await self._form(upload)
        async with transaction():
            await self._quotas.charge(uploader_id, size_bytes=upload.size_bytes, is_staff=principal.is_staff)
            return await self._create(upload, key=key, form=form, uploader_id=uploader_id)

    async def open_upload(self, upload: Upload, *, uploader_id: UserId | None) -> tuple[FileRecord, UploadForm]:
        """Creates a PENDING file and its form without quotas, for imports and other trusted callers.

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
        """Returns whether a file is a READY avatar of this uploader.

        Locks it in the caller's transaction as a reference does, so that it is not deleted before the reference exists.
        """
        return bool(await connection().execute_query_dict(OWN_AVATAR, [file_id, uploader_id]))

    async def uploads_of(self, user_id: UserId, *, after: int, limit: int) -> list[FileRecord]:
        """Returns at most `limit` uploads of a user with ids above `after`, by ascending id."""
        files = await File.filter(uploader_id=user_id, id__gt=after).order_by("id").limit(limit)
        return await self.records(files)

    async def records(self, files: Sequence[File]) -> list[FileRecord]:
        """Returns files with their images, in at most two queries."""
        ready = [file.id for file in files if file.state is FileState.READY]
        images = await self.get_images(ready)
        return [FileRecord(file, images.get(file.id)) for file in files]

    async def find_upload(self, file: File) -> bytes | None:
        """Returns the uploaded bytes; None if storage has none. Raises StorageUnavailable."""
        return await self._storage.find_upload(file.bucket, file.key)

    def image_from(self, column: str | None) -> Image | None:
        """Returns the image in a column of `image_sql`."""
        return read_image(column, url_of=self._rendition_urls.url)

    async def get_images(self, file_ids: Collection[int]) -> dict[int, Image]:
        """Returns the images of the READY files, by file id, in two queries."""
        if not file_ids:
            return {}
        files = await File.filter(id__in=set(file_ids), state=FileState.READY)
        renditions = defaultdict(list)
        if files:
            # Plain values, because models of the hundreds of renditions of a page cost more than the query.
            rows = FileRendition.filter(file_id__in=[file.id for file in files]).order_by("width", "format")
            async for file_id, image_format, width, height, size_bytes, key in rows.values_list(*RENDITION_COLUMNS):
                url = self._rendition_urls.url(key)
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
