"""Zip archive of all data of a user: one JSON file per kind of record, and the uploaded images."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from textwrap import indent
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from google.protobuf.json_format import MessageToDict

from service.cli.error_messages import CommandFailed
from service.media.models import File
from service.media.values import FileRecord
from service.users.convert import to_exported_record
from service.users.exports import Exported

FindUpload = Callable[[File], Awaitable[bytes | None]]

SINGLE = {"user": "account", "profile": "profile"}
LISTS = {
    "session": "sessions",
    "file": "files",
    "favorite": "favorites",
    "watchlist_item": "watchlist",
    "rating": "ratings",
    "dismissed_recommendation": "dismissed_recommendations",
    "audit_event": "audit_events",
}


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Yields a file to write; it appears at `path` when it is complete, readable by its owner only.

    Raises CommandFailed if the path exists.
    """
    _require_absent(path)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as draft:
        yield draft
        draft.flush()
        os.fsync(draft.fileno())
        try:
            os.link(draft.name, path)
        except FileExistsError:
            _require_absent(path)


async def write_archive(stream: IO[bytes], records: AsyncIterator[Exported], *, find_upload: FindUpload) -> None:
    """Writes the records, then the uploaded images; only one record or image is in memory at a time."""
    uploads: list[File] = []
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        with closing(_Lists(archive)) as lists:
            async for record in records:
                if isinstance(record, FileRecord):
                    uploads.append(record.file)
                kind, value = _as_json(record)
                if kind in SINGLE:
                    archive.writestr(f"{SINGLE[kind]}.json", _indented(value) + "\n")
                else:
                    lists.add(kind, value)
        for file in uploads:
            image = await find_upload(file)
            if image is not None:
                name = f"images/{file.id}.{file.mime_type.removeprefix('image/')}"
                archive.writestr(name, image, compress_type=ZIP_STORED)


class _Lists:
    """One JSON list per kind, written item by item; all items of a kind must come together."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._unwritten = dict(LISTS)
        self._kind = ""
        self._entry: IO[bytes] | None = None

    def add(self, kind: str, value: Mapping[str, Any]) -> None:
        if self._entry is None or kind != self._kind:
            self._finish()
            self._kind = kind
            self._entry = self._archive.open(_compressed(f"{self._unwritten.pop(kind)}.json"), "w")
            self._entry.write(b"[\n")
        else:
            self._entry.write(b",\n")
        self._entry.write(indent(_indented(value), "  ").encode())

    def close(self) -> None:
        """Ends the current list and writes an empty list for every kind without items."""
        self._finish()
        for name in self._unwritten.values():
            self._archive.writestr(f"{name}.json", "[]\n")

    def _finish(self) -> None:
        if self._entry is not None:
            self._entry.write(b"\n]\n")
            self._entry.close()


def _compressed(name: str) -> ZipInfo:
    # An entry that is opened by its name only would have the date 1980-01-01.
    info = ZipInfo(name, date_time=time.localtime()[:6])
    info.compress_type = ZIP_DEFLATED
    return info


def _require_absent(path: Path) -> None:
    if path.exists():
        raise CommandFailed(f"{path} already exists")


def _as_json(record: Exported) -> tuple[str, Mapping[str, Any]]:
    """Returns the kind of a record and its JSON object, with the field names of the protos."""
    message = to_exported_record(record)
    kind = message.WhichOneof("record") or ""
    value = MessageToDict(
        getattr(message, kind), preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return kind, value


def _indented(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
