"""Small files in the formats of TMDB and MovieLens."""

from __future__ import annotations

import csv
import gzip
import json
import lzma
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

MOVIE: dict[str, Any] = {
    "budget": "0",
    "genres": "[]",
    "homepage": "",
    "id": "1",
    "keywords": "[]",
    "original_language": "en",
    "original_title": "A Film",
    "overview": "",
    "popularity": "1.5",
    "production_companies": "[]",
    "production_countries": "[]",
    "release_date": "",
    "revenue": "0",
    "runtime": "",
    "spoken_languages": "[]",
    "status": "Released",
    "tagline": "",
    "title": "A Film",
    "vote_average": "0.0",
    "vote_count": "0",
}


def movie(tmdb_id: int, **values: Any) -> dict[str, str]:
    """Returns a row of a TMDB movies file, with lists as JSON."""
    row = MOVIE | {"id": str(tmdb_id)} | values
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in row.items()}


def credits_of(
    tmdb_id: int, cast: Iterable[Mapping[str, Any]] = (), crew: Iterable[Mapping[str, Any]] = ()
) -> dict[str, str]:
    """Returns a row of a TMDB credits file."""
    lists = {"cast": json.dumps(list(cast)), "crew": json.dumps(list(crew))}
    return {"movie_id": str(tmdb_id), "title": "A Film", **lists}


def played(person: int, name: str, character: str, order: int, gender: int = 0) -> dict[str, Any]:
    """Returns a cast entry."""
    return {"id": person, "name": name, "character": character, "order": order, "gender": gender}


def directed(person: int, name: str, job: str = "Director", gender: int = 0) -> dict[str, Any]:
    """Returns a crew entry."""
    return {"id": person, "name": name, "job": job, "gender": gender}


def write_table(path: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    """Writes rows as CSV, compressed according to the suffix of the path."""
    rows = list(rows)
    plain = path.with_name(path.name.partition(".csv")[0] + ".csv")
    with plain.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    content = plain.read_bytes()
    match path.suffix:
        case ".gz":
            path.write_bytes(gzip.compress(content))
        case ".xz":
            path.write_bytes(lzma.compress(content))
        case ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr(plain.name, content)
    if path != plain:
        plain.unlink()
    return path
