"""Complete rows of each table, for tests that break rules of the schema."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import asyncpg

Row = Mapping[str, Any]
HASH = bytes(32)
LATER = datetime(2040, 1, 1, tzinfo=UTC)
ONE_ID = "00000000-0000-0000-0000-000000000001"


def valid(table: str, ids: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a row that the table accepts. `ids` are those of `arrange`."""
    pair = {"user_id": ids["users"], "movie_id": ids["movies"]}
    rows: dict[str, dict[str, Any]] = {
        "files": {
            "kind": "poster",
            "file_name": "a.png",
            "mime_type": "image/png",
            "bucket": "uploads",
            "key": "another",
            "size_bytes": 1,
            "expires_at": LATER,
        },
        "file_renditions": {
            "file_id": ids["files"],
            "format": "webp",
            "width": 1,
            "height": 1,
            "size_bytes": 1,
            "sha256": HASH,
            "key": "rendition",
        },
        "users": {"username": "another", "email_encrypted": b"", "email_hash": b"x" * 32, "password_hash": ""},
        "user_profiles": {"user_id": ids["users"]},
        "sessions": {
            "id": ONE_ID,
            "user_id": ids["users"],
            "peer_hash": HASH,
            "token_sha256": HASH,
            "expires_at": LATER,
        },
        "service_tokens": {"id": ONE_ID, "service": "x", "scopes": "[]", "kid": "k", "expires_at": LATER},
        "revocations": {"subject": "user:1", "epoch": 1, "expires_at": LATER},
        "countries": {"name": "Elsewhere"},
        "genres": {"name": "Another"},
        "persons": {"first_name": "Another"},
        "person_photos": {"person_id": ids["persons"], "file_id": ids["files"]},
        "movies": {"title": "Another"},
        "movie_genres": {"movie_id": ids["movies"], "genre_id": ids["genres"]},
        "genre_counts": {"genre_id": ids["genres"], "movies": 0},
        "characters": {"name": "Another"},
        "movie_characters": {"movie_id": ids["movies"], "character_id": ids["characters"]},
        "movie_stats": {"movie_id": ids["movies"]},
        "favorite_movies": pair,
        "watchlist_items": pair,
        "movie_ratings": {**pair, "rating": 3},
        "user_activities": {"user_id": ids["users"]},
        "dismissed_recommendations": pair,
        "recommendation_models": {"algorithm": "knn"},
        "movie_neighbors": {
            "model_id": ids["recommendation_models"],
            "movie_id": ids["movies"],
            "neighbor_ids": [1],
            "weights": [1.0],
        },
        "catalog_changes": {"entity": "movie", "entity_id": 1, "kind": "created"},
        "idempotency_keys": {
            "caller": "user:1",
            "method": "/x",
            "request_id": ONE_ID,
            "request_sha256": HASH,
        },
    }
    return rows[table]


async def arrange(database: asyncpg.Connection) -> dict[str, Any]:
    """Inserts one row of each table that others refer to. Returns their ids by table."""
    rows: dict[str, dict[str, Any]] = {
        "users": {"username": "Ada", "email_encrypted": b"", "email_hash": HASH, "password_hash": ""},
        "files": {"kind": "avatar", "file_name": "", "mime_type": "", "bucket": "uploads", "key": "one",
                  "size_bytes": 1, "expires_at": LATER},
        "countries": {"name": "Somewhere", "iso_3166_1": "SW"},
        "genres": {"name": "Drama", "tmdb_id": 1},
        "persons": {"first_name": "Someone", "tmdb_id": 1, "imdb_id": "nm0000001"},
        "movies": {"title": "A Film", "tmdb_id": 1, "imdb_id": "tt0000001"},
        "characters": {"name": "Hero"},
        "recommendation_models": {"algorithm": "knn", "is_active": True, "completed_at": LATER},
    }  # fmt: skip
    ids = {}
    for table, row in rows.items():
        await write(database, table, row)
        ids[table] = await database.fetchval(f"SELECT id FROM {table} ORDER BY id DESC")  # noqa: S608 - our own names
    return ids


async def write(database: asyncpg.Connection, table: str, row: Row) -> None:
    """Inserts a row."""
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    names = ", ".join(row)
    await database.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())  # noqa: S608 - as above
