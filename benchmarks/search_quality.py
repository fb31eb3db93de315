"""Measures the quality and speed of searches: 45,000 real titles, and queries made from them by rules.

Run it with the checkout's interpreter after `.venv/bin/uv pip install --require-hashes -r requirements/bench.txt`;
MARQUEE_DATA_DIR names the folder with the-movies-dataset and tmdb-5000. `--generated 955000` adds as many titles made
of the real ones' words, `--misses` prints the queries whose movie was not the first result.

A result is correct if it has the same title as the movie of the query (the same letters and digits in the same order;
case and accents do not matter), or if its title equals the query: "Mask" means "Mask" as well as "The Mask". The column
"strict" counts only the first condition. With a year, only the movie itself is correct. People are compared by name.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import lzma
import math
import os
import random
import re
import statistics
import sys
import tempfile
import time
import unicodedata
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
from cryptography.fernet import Fernet
from pydantic import SecretStr

from service.catalog.search import ranking, tiers
from service.catalog.search.tiers import SearchPosition
from service.database import migrations, orm
from service.local.postgres import EmbeddedPostgres
from service.settings import Profile, Settings

SEED = 20261121
"""Seed of the generated titles, and of the queries that the ranking was tuned with."""
HELD_OUT = 314159
"""Seed of the measured queries; none of them was used for tuning."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SHORTEST = 6
BILLED = 20
Find = Callable[[str], Awaitable[list[int]]]


@dataclass(frozen=True)
class Item:
    """A movie or person to find."""

    id: int
    name: str
    year: int | None = None


@dataclass
class Kind:
    """Queries made by one rule."""

    name: str
    items: Sequence[Item]
    make: Callable[[Item], str]
    find: Find
    by_id: bool = False
    found: list[int] = field(default_factory=list)
    strict: list[int] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)


def main() -> None:
    """Loads the data, runs the queries and prints the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=300, help="number of queries of each kind")
    parser.add_argument("--generated", type=int, default=0, help="number of titles to add")
    parser.add_argument("--seed", type=int, default=HELD_OUT, help="seed of the queries")
    parser.add_argument("--misses", action="store_true")
    arguments = parser.parse_args()
    data = Path(os.environ.get("MARQUEE_DATA_DIR", "../shared/data"))
    if not (data / "the-movies-dataset" / "movies_metadata.parquet").is_file():
        sys.exit(f"There are no data sets in {data}: set MARQUEE_DATA_DIR to the folder that holds the-movies-dataset.")
    with tempfile.TemporaryDirectory() as folder:
        postgres = EmbeddedPostgres(Path(folder) / "data", log_file=Path(folder) / "log", parameters={"fsync": "off"})
        postgres.start()
        try:
            postgres.ensure_database("search")
            asyncio.run(measure(settings(postgres.url("search"), Path(folder)), data, arguments))
        finally:
            postgres.stop()


def settings(url: str, folder: Path) -> Settings:
    """Returns the settings of a server on this database."""
    return Settings(
        profile=Profile.DEVELOPMENT,
        database_url=SecretStr(url),
        keys_dir=folder,
        data_keys=SecretStr(Fernet.generate_key().decode()),
        index_key=SecretStr("i" * 32),
        page_token_key=SecretStr("p" * 32),
    )


async def measure(own: Settings, data: Path, arguments: argparse.Namespace) -> None:
    """Loads the data, runs the queries of every kind and prints one line for each kind."""
    await migrations.up(own)
    database = await asyncpg.connect(own.database_url.get_secret_value())
    await load(database, data, arguments.generated)
    await database.execute("VACUUM ANALYZE")
    chance = random.Random(arguments.seed)  # noqa: S311 - the same queries each time
    movies, people = await read_movies(database), await read_people(database)
    kinds = make_kinds(movies, people, chance)
    named: dict[Find, dict[str, set[int]]] = {find_movies: by_name(movies), find_people: by_name(people)}
    print(f"{'kind':<18}{'S@1':>7}{'MRR':>7}{'strict':>8}{'strict MRR':>12}{'median ms':>11}{'p95 ms':>8}")
    async with orm.connected(own):
        for kind in kinds:
            await ask(kind, named[kind.find], arguments.queries, chance, misses=arguments.misses)
            print(line(kind.name, [kind]))
    print(line("all", kinds))
    await database.close()


async def load(database: asyncpg.Connection[Any], data: Path, generated: int) -> None:
    """Fills the tables like an import, and prints the seconds of each."""
    known = {int(row["id"]): row for row in csv_rows(data / "tmdb-5000" / "tmdb_5000_movies.csv.xz")}
    movies = list(movie_rows(data / "the-movies-dataset" / "movies_metadata.parquet", known))
    columns = ["tmdb_id", "title", "original_title", "release_date", "popularity"]
    await timed(f"{len(movies)} movies", database.copy_records_to_table("movies", columns=columns, records=movies))
    ids = dict(map(tuple, await database.fetch("SELECT tmdb_id, id FROM movies")))
    people: dict[int, str] = {}
    parts: set[tuple[int, int]] = set()
    directors: dict[int, int] = {}
    for row in csv_rows(data / "tmdb-5000" / "tmdb_5000_credits.csv.xz"):
        movie_id = ids.get(int(row["movie_id"]))
        if movie_id is None:
            continue
        for part in json.loads(row["cast"])[:BILLED]:
            people[part["id"]] = part["name"]
            parts.add((movie_id, part["id"]))
        for part in json.loads(row["crew"]):
            if part["job"] == "Director":
                people[part["id"]] = part["name"]
                directors[movie_id] = part["id"]
    names = [(tmdb_id, *split(name)) for tmdb_id, name in people.items()]
    columns = ["tmdb_id", "first_name", "last_name"]
    await timed(f"{len(names)} people", database.copy_records_to_table("persons", columns=columns, records=names))
    persons = dict(map(tuple, await database.fetch("SELECT tmdb_id, id FROM persons")))
    character_id = await database.fetchval("INSERT INTO characters (name) VALUES ('Somebody') RETURNING id")
    cast = [(movie_id, character_id, persons[person]) for movie_id, person in sorted(parts)]
    columns = ["movie_id", "character_id", "person_id"]
    await timed(f"{len(cast)} parts", database.copy_records_to_table("movie_characters", columns=columns, records=cast))
    direct = "UPDATE movies SET director_id = d.p FROM unnest($1::int[], $2::int[]) AS d (m, p) WHERE id = d.m"
    people_ids = [persons[person] for person in directors.values()]
    await timed(f"{len(directors)} directors", database.execute(direct, list(directors), people_ids))
    if generated:
        made = list(generated_titles([row[1] for row in movies], generated))
        copy = database.copy_records_to_table("movies", columns=["title", "release_date", "popularity"], records=made)
        await timed(f"{generated} generated movies", copy)


async def timed(what: str, work: Awaitable[object]) -> None:
    """Prints how long something took."""
    began = time.perf_counter()
    await work
    print(f"{what}: {time.perf_counter() - began:.1f} s", flush=True)


def csv_rows(path: Path) -> Iterable[dict[str, str]]:
    """Reads a compressed CSV file."""
    csv.field_size_limit(10**9)
    with lzma.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def movie_rows(path: Path, known: dict[int, dict[str, str]]) -> Iterable[tuple[Any, ...]]:
    """Reads the titles; popularity is TMDB's where it is known, else made of the revenue."""
    try:
        from pyarrow import parquet  # noqa: PLC0415 - not among the server's requirements
    except ImportError:
        sys.exit("pyarrow is missing: .venv/bin/uv pip install --require-hashes -r requirements/bench.txt")
    rows = {row["id"]: row for row in parquet.read_table(path).to_pylist() if row["title"]}
    for tmdb_id, row in rows.items():
        try:
            released = date.fromisoformat(row["release_date"])
        except (TypeError, ValueError):
            released = None
        source = known.get(int(tmdb_id)) if tmdb_id.isdigit() else None
        popularity = float(source["popularity"]) if source else math.log1p(row["revenue"] or 0) / 2
        original = source["original_title"] if source else None
        yield int(tmdb_id) if tmdb_id.isdigit() else None, row["title"], original, released, popularity


def generated_titles(titles: Sequence[str], count: int) -> Iterable[tuple[str, date, float]]:
    """Yields titles with the words and lengths of real titles."""
    chance = random.Random(SEED)  # noqa: S311 - as above
    words = [word for title in titles for word in title.split()]
    for _ in range(count):
        length = len(chance.choice(titles).split())
        yield " ".join(chance.choices(words, k=length)), date(chance.randint(1920, 2026), 1, 1), chance.random()


def split(name: str) -> tuple[str, str]:
    """Returns first and last name."""
    first, _, last = name.rpartition(" ")
    return (first, last) if first else (last, "")


async def read_movies(database: asyncpg.Connection[Any]) -> list[Item]:
    """Returns the real movies."""
    rows = await database.fetch(
        "SELECT id, title, extract(year FROM release_date)::int AS year FROM movies"
        " WHERE tmdb_id IS NOT NULL ORDER BY tmdb_id"
    )
    return [Item(*row) for row in rows]


async def read_people(database: asyncpg.Connection[Any]) -> list[Item]:
    """Returns the people."""
    rows = await database.fetch("SELECT id, trim(first_name || ' ' || last_name) FROM persons ORDER BY tmdb_id")
    return [Item(*row) for row in rows if len(row[1]) >= SHORTEST]


def make_kinds(movies: Sequence[Item], people: Sequence[Item], chance: random.Random) -> list[Kind]:
    """Returns all kinds of queries."""
    long = [movie for movie in movies if len(movie.name) >= SHORTEST]
    with_article = [movie for movie in movies if re.match(r"(the|an?) \w", movie.name, re.IGNORECASE)]
    accented = [movie for movie in movies if plain(movie.name) != movie.name and plain(movie.name).isascii()]
    wordy = [movie for movie in movies if len(set(movie.name.split())) > 2]  # noqa: PLR2004 - three words
    return [
        Kind("exact", movies, lambda item: item.name, find_movies),
        Kind("title + year", [m for m in movies if m.year], lambda i: f"{i.name} {i.year}", find_movies, by_id=True),
        Kind("no article", with_article, lambda item: item.name.split(" ", 1)[1], find_movies),
        Kind("article moved", with_article, lambda i: "{1}, {0}".format(*i.name.split(" ", 1)), find_movies),
        Kind("no diacritics", accented, lambda item: plain(item.name), find_movies),
        Kind("word order", wordy, lambda item: shuffled(item.name, chance), find_movies),
        Kind("60 % prefix", long, lambda item: item.name[: math.ceil(len(item.name) * 0.6)], find_movies),
        Kind("one typo", long, lambda item: mistyped(item.name, chance), find_movies),
        Kind("two typos", long, lambda item: mistyped(mistyped(item.name, chance), chance), find_movies),
        Kind("person", people, lambda item: item.name, find_people),
        Kind("person typo", people, lambda item: mistyped(item.name, chance), find_people),
    ]


async def find_movies(text: str) -> list[int]:
    """Returns the ids on the first page of the service's search."""
    query = await ranking.find_query(text)
    return [hit.id for hit in (await tiers.search_movies(query, SearchPosition(), limit=21)).hits] if query else []


async def find_people(text: str) -> list[int]:
    """Returns the ids on the first page of the service's search for people."""
    query = await ranking.find_query(text)
    return [hit.id for hit in (await tiers.search_persons(query, SearchPosition(), limit=21)).hits] if query else []


async def ask(kind: Kind, ids: Mapping[str, set[int]], count: int, chance: random.Random, *, misses: bool) -> None:
    """Runs the queries of a kind and records the ranks; 0 means not found."""
    asked = chance.sample(kind.items, min(count, len(kind.items)))
    await kind.find(kind.make(asked[0]))
    for item in asked:
        text = kind.make(item)
        began = time.perf_counter()
        results = await kind.find(text)
        kind.milliseconds.append((time.perf_counter() - began) * 1000)
        meant = {item.id} if kind.by_id else ids[letters(item.name)]
        kind.strict.append(rank(results, meant))
        kind.found.append(rank(results, meant if kind.by_id else meant | ids.get(letters(text), set())))
        if misses and kind.found[-1] != 1:
            print(f"    {text!r} meant {item.name!r}: {kind.found[-1] or 'not found'}")


def by_name(items: Iterable[Item]) -> dict[str, set[int]]:
    """Returns the ids of each name."""
    ids = defaultdict(set)
    for item in items:
        ids[letters(item.name)].add(item.id)
    return ids


def rank(results: Sequence[int], meant: set[int]) -> int:
    """Returns the rank of the first correct result, or 0 if there is none."""
    return next((place for place, found in enumerate(results, 1) if found in meant), 0)


def line(name: str, kinds: Sequence[Kind]) -> str:
    """Returns one line of the table. All kinds have the same weight; the times are of all queries."""
    milliseconds = sorted(ms for kind in kinds for ms in kind.milliseconds)
    scores = [
        statistics.mean(score(ranks) for ranks in column)
        for column in ([kind.found for kind in kinds], [kind.strict for kind in kinds])
        for score in (success, reciprocal)
    ]
    p95 = milliseconds[int(len(milliseconds) * 0.95)]
    first, mrr, strict, strict_mrr = scores
    return (
        f"{name:<18}{first:>7.3f}{mrr:>7.3f}{strict:>8.3f}{strict_mrr:>12.3f}"
        f"{statistics.median(milliseconds):>11.2f}{p95:>8.2f}"
    )


def success(ranks: Sequence[int]) -> float:
    """Returns the share of queries whose first result was correct."""
    return statistics.mean(place == 1 for place in ranks)


def reciprocal(ranks: Sequence[int]) -> float:
    """Returns the mean of 1 / rank."""
    return statistics.mean(1 / place if place else 0.0 for place in ranks)


def plain(text: str) -> str:
    """Returns a text without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def letters(text: str) -> str:
    """Returns the words of a text without case, accents and punctuation."""
    return " ".join(re.findall(r"\w+", plain(text).lower().replace("'", "")))


def shuffled(text: str, chance: random.Random) -> str:
    """Returns the words in another order."""
    words = text.split()
    while (other := chance.sample(words, len(words))) == words:
        pass
    return " ".join(other)


def mistyped(text: str, chance: random.Random) -> str:
    """Returns a text with one letter removed, inserted, replaced or swapped with the next."""
    while True:
        at, letter = chance.randrange(len(text)), chance.choice(LETTERS)
        head, here, following, tail = text[:at], text[at], text[at + 1 : at + 2], text[at + 2 :]
        rest = following + tail
        other = chance.choice((head + rest, head + letter + here + rest, head + letter + rest,
                               head + following + here + tail))  # fmt: skip
        if other != text and other.strip():
            return other


if __name__ == "__main__":
    main()
