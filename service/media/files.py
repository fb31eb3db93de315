"""Files, for their uploaders and staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tortoise.queryset import QuerySet

from service import audit
from service.api.pagination import Page, PageTokens, page_size
from service.auth.principal import AccessDenied, Principal, UserId
from service.database.orm import transaction
from service.media.enums import FileKind, FileState
from service.media.errors import FileNotFound
from service.media.models import File
from service.media.processing_results import ProcessingResults
from service.media.service import Media
from service.media.values import FileId, FileRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFilter:
    """Conditions on files; None admits all."""

    kind: FileKind | None = None
    state: FileState | None = None
    uploader_id: UserId | None = None
    movie_id: int | None = None
    person_id: int | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None


class Files:
    """Files that the caller may see: their own; for staff, all."""

    def __init__(self, *, media: Media, results: ProcessingResults, page_tokens: PageTokens) -> None:
        self._media = media
        self._results = results
        self._page_tokens = page_tokens

    async def get_file(self, file_id: FileId, *, principal: Principal) -> FileRecord:
        """Returns a file; raises FileNotFound if it does not exist or the caller may not see it."""
        records, _ = await self.batch_get_files([file_id], principal=principal)
        if not records:
            raise FileNotFound(file_id)
        return records[0]

    async def batch_get_files(
        self, file_ids: Sequence[int], *, principal: Principal
    ) -> tuple[list[FileRecord], list[int]]:
        """Returns the files in the requested order, and the ids of files that are missing or hidden from the caller."""
        found = {file.id: file for file in await _visible_to(principal).filter(id__in=file_ids)}
        records = await self._media.records([found[file_id] for file_id in file_ids if file_id in found])
        return records, [file_id for file_id in file_ids if file_id not in found]

    async def list_files(
        self, wanted: FileFilter, *, principal: Principal, size: int, page_token: str
    ) -> Page[FileRecord]:
        """Returns a page of the files that a filter admits, the newest first.

        Raises PageTokenInvalid, and AccessDenied if a user requests the files of another.
        """
        user_id = principal.require_user()
        if wanted.uploader_id not in {None, user_id} and not principal.is_staff:
            raise AccessDenied("only staff may list the files of other users")
        binding = ("ListFiles", wanted, "" if principal.is_staff else user_id)
        position = self._page_tokens.read(page_token, binding=binding)
        limit = page_size(size)
        rows = await page_query(wanted, principal=principal, before=position[0] if position else None, limit=limit + 1)
        more = len(rows) > limit
        records = await self._media.records(rows[:limit])
        return Page(records, self._page_tokens.make([rows[limit - 1].id], binding=binding) if more else "")

    async def delete_file(self, file_id: FileId, *, principal: Principal) -> None:
        """Makes a file DELETED and removes its owner's reference; a repeat changes nothing. Raises FileNotFound."""
        async with transaction():
            file = await _visible_to(principal).filter(id=file_id).select_for_update().first()
            if file is None:
                raise FileNotFound(file_id)
            if file.state is not FileState.DELETED:
                await self._results.delete_file(file)
                await audit.record(
                    "files.delete", resource=f"files/{file_id}", actor_user_id=principal.require_user(), kind=file.kind
                )


def page_query(wanted: FileFilter, *, principal: Principal, before: int | None, limit: int) -> QuerySet[File]:
    """Returns the query of a page: visible files that a filter admits with ids below `before`, newest first."""
    files = _admitted(_visible_to(principal), wanted)
    if before is not None:
        files = files.filter(id__lt=before)
    return files.order_by("-id").limit(limit)


def _visible_to(principal: Principal) -> QuerySet[File]:
    user_id = principal.require_user()
    return File.all() if principal.is_staff else File.filter(uploader_id=user_id)


def _admitted(files: QuerySet[File], wanted: FileFilter) -> QuerySet[File]:
    conditions = {
        "kind": wanted.kind,
        "state": wanted.state,
        "uploader_id": wanted.uploader_id,
        "movie_id": wanted.movie_id,
        "person_id": wanted.person_id,
        "created_at__gte": wanted.created_from,
        "created_at__lt": wanted.created_before,
    }
    return files.filter(**{name: value for name, value in conditions.items() if value is not None})
