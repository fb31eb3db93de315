"""Differences between an object and the row with the same key, and the repair of each."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.media.enums import FileState
from service.media.removal import LATE_ARRIVAL
from service.media.service import UPLOAD_PREFIX

WORK_TIMEOUT = timedelta(hours=1)
"""Longer than an event can take: five deliveries, each hidden for six minutes, and the work itself."""
GRACE = timedelta(days=1)
"""Age at which an object without a row is removed."""


class Problem(enum.StrEnum):
    """Kinds of differences."""

    OBJECT_WITHOUT_ROW = "object_without_row"
    ROW_WITHOUT_OBJECT = "row_without_object"
    EVENT_LOST = "event_lost"
    STUCK_PROCESSING = "stuck_processing"
    FORM_ENDED = "form_ended"
    REJECTED_OBJECT = "rejected_object"
    MISSING_RENDITION = "missing_rendition"
    STRAY_RENDITION = "stray_rendition"


class Repair(enum.StrEnum):
    """Kinds of repairs."""

    PROCESS = "process"
    """Send the function an event that the object was created."""
    EXPIRE = "expire"
    """Make the row EXPIRED."""
    FORGET = "forget"
    """Make the row DELETED and remove the reference to its image."""
    REMOVE = "remove"
    """Delete the object permanently."""


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object in a listing."""

    key: str
    etag: str
    """Without quotes."""
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class FileRow:
    """Columns of a file that are compared."""

    key: str
    file_id: int
    state: FileState
    etag: str
    expires_at: datetime
    updated_at: datetime
    has_renditions: bool
    """True if the table has any; their objects are compared separately."""


@dataclass(frozen=True, slots=True)
class RenditionRow:
    """Columns of a rendition that are compared."""

    key: str
    file_id: int
    upload_key: str
    updated_at: datetime
    """Time of the last change of the file's row."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference between bucket and table at one key."""

    problem: Problem
    repair: Repair
    key: str
    """Key of the upload or rendition."""
    upload_key: str
    file_id: int | None
    since: datetime
    """Latest time at which the difference can have begun."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Ages up to which a difference counts as work in progress."""

    now: datetime
    work: timedelta = WORK_TIMEOUT
    grace: timedelta = GRACE

    def is_over(self, moment: datetime) -> bool:
        """Returns whether work that began at this moment must have ended."""
        return moment < self.now - self.work

    def is_stray(self, found: ListedObject) -> bool:
        """Returns whether an object without a row is too old to be new."""
        return found.modified_at < self.now - self.grace

    def has_ended(self, row: FileRow) -> bool:
        """Returns whether no object can arrive through a file's form any more."""
        return row.expires_at < self.now - LATE_ARRIVAL


def diff_upload(found: ListedObject | None, row: FileRow | None, deadlines: Deadlines) -> Finding | None:
    """Compares an upload with its row, one of which may be missing; the sweep handles objects of DELETED files."""
    if row is None:
        if found is None or not deadlines.is_stray(found):
            return None
        return Finding(
            Problem.OBJECT_WITHOUT_ROW, Repair.REMOVE, found.key, found.key, file_id=None, since=found.modified_at
        )
    difference = _diff_row(row, deadlines) if found is None else _diff_both(found, row, deadlines)
    if difference is None:
        return None
    since = row.updated_at if found is None else max(found.modified_at, row.updated_at)
    return Finding(*difference, row.key, row.key, file_id=row.file_id, since=since)


def _diff_row(row: FileRow, deadlines: Deadlines) -> tuple[Problem, Repair] | None:
    match row.state:
        case FileState.PENDING if deadlines.has_ended(row):
            return Problem.FORM_ENDED, Repair.EXPIRE
        case FileState.PROCESSING if deadlines.is_over(row.updated_at) and deadlines.has_ended(row):
            return Problem.ROW_WITHOUT_OBJECT, Repair.EXPIRE
        case FileState.READY if deadlines.is_over(row.updated_at):
            return Problem.ROW_WITHOUT_OBJECT, Repair.FORGET
    return None


def _diff_both(found: ListedObject, row: FileRow, deadlines: Deadlines) -> tuple[Problem, Repair] | None:
    if not deadlines.is_over(max(found.modified_at, row.updated_at)):
        return None
    unfinished = _unfinished(found, row)
    if unfinished is not None:
        return unfinished, Repair.PROCESS
    if row.state is FileState.REJECTED and deadlines.has_ended(row):
        return Problem.REJECTED_OBJECT, Repair.REMOVE
    return None


def _unfinished(found: ListedObject, row: FileRow) -> Problem | None:
    """Returns the unfinished part of the function's work; None if it is done."""
    match row.state:
        case FileState.PENDING | FileState.EXPIRED:
            return Problem.EVENT_LOST
        case FileState.PROCESSING:
            return Problem.STUCK_PROCESSING
        # Uploaded again through the same form.
        case FileState.READY | FileState.REJECTED if row.etag and row.etag != found.etag:
            return Problem.EVENT_LOST
        case FileState.READY if not row.has_renditions:
            return Problem.MISSING_RENDITION
    return None


def diff_rendition(found: ListedObject | None, row: RenditionRow | None, deadlines: Deadlines) -> Finding | None:
    """Compares a rendition with its row, one of which may be missing; rows are those of READY files."""
    if found is None and row is not None and deadlines.is_over(row.updated_at):
        return Finding(
            Problem.MISSING_RENDITION,
            Repair.PROCESS,
            row.key,
            row.upload_key,
            file_id=row.file_id,
            since=row.updated_at,
        )
    if row is None and found is not None and deadlines.is_stray(found):
        upload_key = UPLOAD_PREFIX + found.key.rpartition("/")[0]
        return Finding(
            Problem.STRAY_RENDITION, Repair.REMOVE, found.key, upload_key, file_id=None, since=found.modified_at
        )
    return None
