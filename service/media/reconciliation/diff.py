"""What an object and a row that share a key tell together: nothing amiss, or a finding and how to mend it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.media.models import FileState
from service.media.removal import LATE
from service.media.service import UPLOAD_PREFIX

PATIENCE = timedelta(hours=1)
"""Longer than an event is under way: five deliveries, each hidden for six minutes, and the work itself."""
GRACE = timedelta(days=1)
"""Age of an object that belongs to nothing, before it is removed."""


class Problem(enum.StrEnum):
    """What does not agree."""

    OBJECT_WITHOUT_ROW = "object_without_row"
    ROW_WITHOUT_OBJECT = "row_without_object"
    EVENT_LOST = "event_lost"
    STUCK_PROCESSING = "stuck_processing"
    FORM_ENDED = "form_ended"
    REJECTED_OBJECT = "rejected_object"
    MISSING_RENDITION = "missing_rendition"
    STRAY_RENDITION = "stray_rendition"


class Repair(enum.StrEnum):
    """How it is mended."""

    PROCESS = "process"
    """The function gets an event that the object was created."""
    EXPIRE = "expire"
    """The row becomes EXPIRED."""
    FORGET = "forget"
    """The row becomes DELETED, and nothing shows its picture any more."""
    REMOVE = "remove"
    """The object goes, for good."""


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as a listing has it."""

    key: str
    etag: str
    """Without quotes."""
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class FileRow:
    """What of a file's row is compared."""

    key: str
    file_id: int
    state: FileState
    etag: str
    expires_at: datetime
    updated_at: datetime
    has_renditions: bool
    """Whether the table lists any; their objects are another matter."""


@dataclass(frozen=True, slots=True)
class RenditionRow:
    """What of a rendition's row is compared."""

    key: str
    file_id: int
    upload_key: str
    updated_at: datetime
    """When the file's row changed last."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A key at which bucket and table do not agree."""

    problem: Problem
    repair: Repair
    key: str
    """Of the upload or rendition that it is about."""
    upload_key: str
    file_id: int | None
    since: datetime
    """The newest moment that it can have begun at."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what is not yet in step is taken for work under way."""

    now: datetime
    work: timedelta = PATIENCE
    grace: timedelta = GRACE

    def is_over(self, moment: datetime) -> bool:
        """Tells whether work that was begun then must have ended."""
        return moment < self.now - self.work

    def is_stray(self, found: ListedObject) -> bool:
        """Tells whether an object is too old to be waiting for its row."""
        return found.modified_at < self.now - self.grace

    def has_ended(self, row: FileRow) -> bool:
        """Tells whether nothing can arrive through a file's form any more."""
        return row.expires_at < self.now - LATE


def judge_upload(found: ListedObject | None, row: FileRow | None, patience: Patience) -> Finding | None:
    """Compares an upload with its row, one of which may be missing; a DELETED file's object is the sweep's."""
    if row is None:
        if found is None or not patience.is_stray(found):
            return None
        return Finding(
            Problem.OBJECT_WITHOUT_ROW, Repair.REMOVE, found.key, found.key, file_id=None, since=found.modified_at
        )
    verdict = _judge_row(row, patience) if found is None else _judge_both(found, row, patience)
    if verdict is None:
        return None
    since = row.updated_at if found is None else max(found.modified_at, row.updated_at)
    return Finding(*verdict, row.key, row.key, file_id=row.file_id, since=since)


def _judge_row(row: FileRow, patience: Patience) -> tuple[Problem, Repair] | None:
    match row.state:
        case FileState.PENDING if patience.has_ended(row):
            return Problem.FORM_ENDED, Repair.EXPIRE
        case FileState.PROCESSING if patience.is_over(row.updated_at) and patience.has_ended(row):
            return Problem.ROW_WITHOUT_OBJECT, Repair.EXPIRE
        case FileState.READY if patience.is_over(row.updated_at):
            return Problem.ROW_WITHOUT_OBJECT, Repair.FORGET
    return None


def _judge_both(found: ListedObject, row: FileRow, patience: Patience) -> tuple[Problem, Repair] | None:
    if not patience.is_over(max(found.modified_at, row.updated_at)):
        return None
    unfinished = _unfinished(found, row)
    if unfinished is not None:
        return unfinished, Repair.PROCESS
    if row.state is FileState.REJECTED and patience.has_ended(row):
        return Problem.REJECTED_OBJECT, Repair.REMOVE
    return None


def _unfinished(found: ListedObject, row: FileRow) -> Problem | None:
    """Tells what of the function's work is not done."""
    match row.state:
        case FileState.PENDING | FileState.EXPIRED:
            return Problem.EVENT_LOST
        case FileState.PROCESSING:
            return Problem.STUCK_PROCESSING
        # Sent again through the same form.
        case FileState.READY | FileState.REJECTED if row.etag and row.etag != found.etag:
            return Problem.EVENT_LOST
        case FileState.READY if not row.has_renditions:
            return Problem.MISSING_RENDITION
    return None


def judge_rendition(found: ListedObject | None, row: RenditionRow | None, patience: Patience) -> Finding | None:
    """Compares a rendition with its row, one of which may be missing; rows are those of READY files."""
    if found is None and row is not None and patience.is_over(row.updated_at):
        return Finding(
            Problem.MISSING_RENDITION,
            Repair.PROCESS,
            row.key,
            row.upload_key,
            file_id=row.file_id,
            since=row.updated_at,
        )
    if row is None and found is not None and patience.is_stray(found):
        upload_key = UPLOAD_PREFIX + found.key.rpartition("/")[0]
        return Finding(
            Problem.STRAY_RENDITION, Repair.REMOVE, found.key, upload_key, file_id=None, since=found.modified_at
        )
    return None
