"""A user's export as a zip file: a JSON file a kind of record, and the pictures that they uploaded."""

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

from service.media.models import File
from service.media.values import FileRecord
from service.users.convert_export import to_exported_record
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
    """Gives a file to write that appears under its name once it is whole, readable by its owner alone.

    Raises FileExistsError rather than replace what is there.
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
    """Writes the records, one in memory at a time, then the pictures behind them."""
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
            picture = await find_upload(file)
            if picture is not None:
                name = f"images/{file.id}.{file.mime_type.removeprefix('image/')}"
                archive.writestr(name, picture, compress_type=ZIP_STORED)


class _Lists:
    """A JSON list a kind, written as its items come; the kinds come one after another."""

    def __init__(self, archive: ZipFile) -> None:
        self._archive = archive
        self._left = dict(LISTS)
        self._kind = ""
        self._entry: IO[bytes] | None = None

    def add(self, kind: str, value: Mapping[str, Any]) -> None:
        if self._entry is None or kind != self._kind:
            self._finish()
            self._kind = kind
            self._entry = self._archive.open(_compressed(f"{self._left.pop(kind)}.json"), "w")
            self._entry.write(b"[\n")
        else:
            self._entry.write(b",\n")
        self._entry.write(indent(_indented(value), "  ").encode())

    def close(self) -> None:
        """Ends the list under way; a kind that never came gets an empty one."""
        self._finish()
        for name in self._left.values():
            self._archive.writestr(f"{name}.json", "[]\n")

    def _finish(self) -> None:
        if self._entry is not None:
            self._entry.write(b"\n]\n")
            self._entry.close()


def _compressed(name: str) -> ZipInfo:
    # Opened by its name alone, an entry would be compressed as well, but date from 1980.
    info = ZipInfo(name, date_time=time.localtime()[:6])
    info.compress_type = ZIP_DEFLATED
    return info


def _require_absent(path: Path) -> None:
    if path.exists():
        raise FileExistsError(f"{path} is there already")


def _as_json(record: Exported) -> tuple[str, Mapping[str, Any]]:
    """Returns the kind of a record and what its message says, as in the contract's JSON."""
    message = to_exported_record(record)
    kind = message.WhichOneof("record") or ""
    value = MessageToDict(
        getattr(message, kind), preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    return kind, value


def _indented(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
