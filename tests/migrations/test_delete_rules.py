"""Delete rules: cascade, set to NULL or refuse when a referenced row is deleted."""

from __future__ import annotations

import asyncpg
import pytest

from tests.migrations.rows import arrange, valid, write

RULES = {
    "RESTRICT": {
        "movies.country_id": "countries",
        "persons.country_id": "countries",
        "movie_genres.genre_id": "genres",
        "movie_characters.character_id": "characters",
    },
    "SET NULL": {
        "users.avatar_id": "files",
        "persons.primary_photo_id": "files",
        "movies.poster_id": "files",
        "movies.backdrop_id": "files",
        "movies.director_id": "persons",
        "movie_characters.person_id": "persons",
        "files.uploader_id": "users",
        "files.movie_id": "movies",
        "files.person_id": "persons",
    },
    "CASCADE": {
        "file_renditions.file_id": "files",
        "sessions.user_id": "users",
        "user_profiles.user_id": "users",
        "movie_characters.movie_id": "movies",
        "movie_genres.movie_id": "movies",
        "genre_counts.genre_id": "genres",
        "movie_stats.movie_id": "movies",
        "person_photos.file_id": "files",
        "person_photos.person_id": "persons",
        "favorite_movies.movie_id": "movies",
        "favorite_movies.user_id": "users",
        "movie_ratings.movie_id": "movies",
        "movie_ratings.user_id": "users",
        "watchlist_items.movie_id": "movies",
        "watchlist_items.user_id": "users",
        "user_activities.user_id": "users",
        "dismissed_recommendations.movie_id": "movies",
        "dismissed_recommendations.user_id": "users",
        "movie_neighbors.model_id": "recommendation_models",
        "movie_neighbors.movie_id": "movies",
    },
}


async def test_every_reference_is_listed_here(database: asyncpg.Connection) -> None:
    references = await database.fetch(
        "SELECT conrelid::regclass || '.' || attname, confrelid::regclass::text FROM pg_constraint"
        " JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] WHERE contype = 'f'"
    )
    expected = {reference: parent for rules in RULES.values() for reference, parent in rules.items()}
    assert dict(map(tuple, references)) == expected


@pytest.mark.parametrize("rule", RULES)
async def test_the_rule_holds(database: asyncpg.Connection, rule: str) -> None:
    ids = await arrange(database)
    for reference, parent in RULES[rule].items():
        table, column = reference.split(".")
        transaction = database.transaction()
        await transaction.start()
        await write(database, table, valid(table, ids) | {column: ids[parent]})
        count = f"SELECT count(*) FROM {table} WHERE {column}"  # noqa: S608 - names from this file
        assert await database.fetchval(f"{count} = '{ids[parent]}'") >= 1, reference
        nulls = await database.fetchval(f"{count} IS NULL")
        delete = f"DELETE FROM {parent} WHERE id = '{ids[parent]}'"  # noqa: S608 - as above
        if rule == "RESTRICT":
            with pytest.raises(asyncpg.RestrictViolationError):
                await database.execute(delete)
        else:
            await database.execute(delete)
            assert await database.fetchval(f"{count} = '{ids[parent]}'") == 0, reference
            assert await database.fetchval(f"{count} IS NULL") == nulls + (rule == "SET NULL"), reference
        await transaction.rollback()


async def test_the_audit_trail_outlives_its_actor(database: asyncpg.Connection) -> None:
    ids = await arrange(database)
    await database.execute(
        "INSERT INTO audit_log (actor_user_id, action, resource, outcome) VALUES ($1, 'x', 'y', 'ok')", ids["users"]
    )
    await database.execute("DELETE FROM users")
    assert await database.fetchval("SELECT actor_user_id FROM audit_log") == ids["users"]
