"""Reading tables of data files: CSV, plain or compressed, a row at a time and in bounded memory."""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from service.importers.bad_rows import BadRow, BadRows

MAX_LINE = 4 * 1024 * 1024
"""Characters of a line; what is longer is skipped without being held."""
MAX_FIELD = 1024 * 1024
"""Characters of a field, which may span lines."""
SUFFIXES = ("", ".gz", ".xz", ".zip")
BROKEN = (EOFError, OSError, lzma.LZMAError, zlib.error, zipfile.BadZipFile)

Advanced = Callable[[int, int], None]
"""Told how many of how many bytes of a file are read."""


class FileUnusable(ValueError):
    """A file cannot be read or is not the table it should be; the message names it."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table."""

    line: int
    """Where it begins, the header being line 1."""
    values: dict[str, str]


class _LineTooLong(Exception):
    """A line was skipped."""


class _Lines:
    """The lines of a text; goes on after one that is too long."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self.count = 0
        """How many there were so far, skipped ones too."""

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(MAX_LINE)
        if not line:
            raise StopIteration
        self.count += 1
        if len(line) < MAX_LINE or line.endswith("\n"):
            return line
        while (rest := self._text.readline(MAX_LINE)) and not rest.endswith("\n"):
            pass
        raise _LineTooLong


def find_table(folder: Path, name: str) -> Path:
    """Returns the file of a table, plain or compressed; raises FileUnusable where a folder has none."""
    for suffix in SUFFIXES:
        path = folder / f"{name}.csv{suffix}"
        if path.is_file():
            return path
    raise FileUnusable(f"{folder} has no {name}.csv, plain, .gz, .xz or .zip")


def read_rows(path: Path, columns: Sequence[str], *, kind: str, bad: BadRows, advanced: Advanced) -> Iterator[Row]:
    """Yields the rows of a table that has at least these columns; what is no row is counted as bad, of that kind.

    Bytes that are not UTF-8 come as lone surrogates, for the row's own check to refuse. Raises FileUnusable for a
    file that is away, cut short, broken, or another table.
    """
    csv.field_size_limit(MAX_FIELD)
    with _opened(path) as (raw, text):
        size = path.stat().st_size
        lines = _Lines(text)
        reader = csv.reader(lines, strict=True)
        header = _header(path, reader, columns)
        while True:
            line = lines.count + 1
            try:
                fields = next(reader, None)
            except (csv.Error, _LineTooLong) as error:
                reason = str(error) or f"line longer than {MAX_LINE} characters"
                bad.add(BadRow(path.name, line, kind, reason))
                continue
            except BROKEN as error:
                raise _unusable(path, error) from error
            advanced(raw.tell(), size)
            if fields is None:
                return
            if len(fields) == len(header):
                yield Row(line, dict(zip(header, fields, strict=True)))
            elif fields:
                bad.add(BadRow(path.name, line, kind, f"{len(fields)} fields, not {len(header)}"))


def _header(path: Path, reader: Iterator[list[str]], columns: Sequence[str]) -> list[str]:
    try:
        header = next(reader, [])
    except (csv.Error, _LineTooLong) as error:
        raise FileUnusable(f"{path} is no CSV table") from error
    except BROKEN as error:
        raise _unusable(path, error) from error
    missing = [column for column in columns if column not in header]
    if missing:
        raise FileUnusable(f"{path} lacks the columns {', '.join(missing)}")
    return header


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], IO[str]]]:
    """Gives a file as it is, whose position tells how far it is read, and its text."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise _unusable(path, error) from error
    with raw:
        try:
            content = _decompressed(raw, path.suffix)
        except BROKEN as error:
            raise _unusable(path, error) from error
        with io.TextIOWrapper(content, "utf-8-sig", errors="surrogateescape", newline="") as text:
            yield raw, text


def _decompressed(raw: IO[bytes], suffix: str) -> IO[bytes]:
    match suffix:
        case ".gz":
            return cast("IO[bytes]", gzip.open(raw))
        case ".xz":
            return cast("IO[bytes]", lzma.open(raw))
        case ".zip":
            archive = zipfile.ZipFile(raw)
            names = [name for name in archive.namelist() if name.endswith(".csv")]
            if len(names) != 1:
                raise zipfile.BadZipFile(f"holds {len(names)} .csv files, not one")
            return archive.open(names[0])
    return raw


def _unusable(path: Path, error: BaseException) -> FileUnusable:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return FileUnusable(f"{path} cannot be read: {reason}")
