"""Test records, written directly to the database."""

from __future__ import annotations

import asyncpg


async def add_movie(database: asyncpg.Connection, title: str = "A Film", **columns: object) -> int:
    """Inserts a movie with the given columns and returns its id."""
    return await _insert(database, "movies", {"title": title, **columns})


async def add_person(database: asyncpg.Connection, first_name: str = "Someone", **columns: object) -> int:
    """Inserts a person with the given columns and returns their id."""
    return await _insert(database, "persons", {"first_name": first_name, **columns})


async def add_genre(database: asyncpg.Connection, name: str, *movie_ids: int) -> int:
    """Inserts a genre, gives it to the movies and returns its id."""
    genre_id = await _insert(database, "genres", {"name": name})
    for movie_id in movie_ids:
        await _insert(database, "movie_genres", {"movie_id": movie_id, "genre_id": genre_id})
    return genre_id


async def add_country(database: asyncpg.Connection, name: str, code: str | None = None) -> int:
    """Inserts a country and returns its id."""
    return await _insert(database, "countries", {"name": name, "iso_3166_1": code})


async def add_character(database: asyncpg.Connection, name: str = "Hero", **columns: object) -> int:
    """Inserts a character with the given columns and returns its id."""
    return await _insert(database, "characters", {"name": name, **columns})


async def add_cast(
    database: asyncpg.Connection, movie_id: int, character_id: int, person_id: int | None = None, **columns: object
) -> int:
    """Inserts an appearance with the given columns and returns its id."""
    pair = {"movie_id": movie_id, "character_id": character_id, "person_id": person_id}
    return await _insert(database, "movie_characters", pair | columns)


async def _insert(database: asyncpg.Connection, table: str, columns: dict[str, object]) -> int:
    names = ", ".join(columns)
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    statement = f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING id"  # noqa: S608 - names are the tests' own
    row_id: int = await database.fetchval(statement, *columns.values())
    return row_id
