"""Reader of CSV files, plain or compressed. It reads row by row in bounded memory."""

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
from typing import IO, TypeVar, cast

from service.importers.cleaning import BadValue
from service.importers.report import BadRow, BadRows

MAX_LINE = 4 * 1024 * 1024
"""In characters. The reader skips a longer line without holding it in memory."""
MAX_FIELD = 1024 * 1024
"""In characters. A field may span several lines."""
SUFFIXES = ("", ".gz", ".xz", ".zip")
READ_ERRORS = (EOFError, OSError, lzma.LZMAError, zlib.error, zipfile.BadZipFile)

Progress = Callable[[int, int], None]
"""Called with the number of bytes read and the size of the file."""
T = TypeVar("T")


class FileUnusable(ValueError):
    """A file cannot be read or lacks a column; the message names the file."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a CSV file."""

    line: int
    """First line of the row; the header is line 1."""
    values: dict[str, str]


class _LineTooLong(Exception):
    """A line was skipped."""


class _Lines:
    """Lines of a text. Iteration can continue after a line that is too long."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self.count = 0
        """Number of lines so far, with the skipped ones."""

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


def find_csv(folder: Path, name: str) -> Path:
    """Returns the path of `name`.csv in a folder, plain or compressed; raises FileUnusable if there is none."""
    for suffix in SUFFIXES:
        path = folder / f"{name}.csv{suffix}"
        if path.is_file():
            return path
    raise FileUnusable(f"{folder} has no {name}.csv, plain, .gz, .xz or .zip")


def clean_rows(
    path: Path, columns: Sequence[str], clean: Callable[[Row], T], *, kind: str, bad: BadRows, progress: Progress
) -> Iterator[T]:
    """Yields the result of `clean` for each row; a row for which it raises BadValue counts as bad."""
    for row in read_rows(path, columns, kind=kind, bad=bad, progress=progress):
        try:
            cleaned = clean(row)
        except BadValue as error:
            bad.add(BadRow(path.name, row.line, kind, str(error)))
        else:
            yield cleaned


def read_rows(path: Path, columns: Sequence[str], *, kind: str, bad: BadRows, progress: Progress) -> Iterator[Row]:
    """Yields the rows of a file that has at least these columns.

    A line that is no CSV, too long, or has another number of fields than the header counts as a bad row of `kind`.
    Bytes that are not UTF-8 become lone surrogates, which `clean_text` refuses. Raises FileUnusable for a file that
    does not exist, is truncated or damaged, or lacks a column.
    """
    csv.field_size_limit(MAX_FIELD)
    with _opened(path) as (raw, text):
        size = path.stat().st_size
        lines = _Lines(text)
        reader = csv.reader(lines, strict=True)
        header = _read_header(path, reader, columns)
        while True:
            line = lines.count + 1
            try:
                fields = next(reader, None)
            except (csv.Error, _LineTooLong) as error:
                reason = str(error) or f"line longer than {MAX_LINE} characters"
                bad.add(BadRow(path.name, line, kind, reason))
                continue
            except READ_ERRORS as error:
                raise _unusable(path, error) from error
            progress(raw.tell(), size)
            if fields is None:
                return
            if len(fields) == len(header):
                yield Row(line, dict(zip(header, fields, strict=True)))
            elif fields:
                bad.add(BadRow(path.name, line, kind, f"{len(fields)} fields, not {len(header)}"))


def _read_header(path: Path, reader: Iterator[list[str]], columns: Sequence[str]) -> list[str]:
    try:
        header = next(reader, [])
    except (csv.Error, _LineTooLong) as error:
        raise FileUnusable(f"{path} is no CSV file") from error
    except READ_ERRORS as error:
        raise _unusable(path, error) from error
    missing = [column for column in columns if column not in header]
    if missing:
        raise FileUnusable(f"{path} lacks the columns {', '.join(missing)}")
    return header


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], IO[str]]]:
    """Yields the file as it is, for the progress, and its decompressed text."""
    try:
        raw = path.open("rb")
    except OSError as error:
        raise _unusable(path, error) from error
    with raw:
        try:
            content = _decompressed(raw, path.suffix)
        except READ_ERRORS as error:
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
