"""Each CHECK and unique rule is broken once. A rule that is missing here fails a test."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from tests.migrations.rows import HASH, LATER, arrange, valid, write

FILE = {"file_name": "a.png", "mime_type": "image/png", "size_bytes": 1, "expires_at": LATER}

# By CHECK: the values that make it refuse an otherwise valid row.
CHECKS: dict[str, dict[str, Any]] = {
    "ck_files_kind": {"kind": "selfie"},
    "ck_files_state": {"state": "lost"},
    "ck_files_size_bytes": {"size_bytes": 0},
    "ck_files_declared_sha256": {"declared_sha256": b"short"},
    "ck_files_sha256": {"sha256": b"short"},
    "ck_files_dimensions": {"width": 0},
    "ck_files_ready_is_whole": {"state": "ready"},
    "ck_files_rejected_has_reason": {"state": "rejected"},
    "ck_file_renditions_format": {"format": "gif"},
    "ck_file_renditions_dimensions": {"height": 0},
    "ck_file_renditions_size_bytes": {"size_bytes": 0},
    "ck_file_renditions_sha256": {"sha256": b""},
    "ck_users_username": {"username": ""},
    "ck_users_email_hash": {"email_hash": b""},
    "ck_user_profiles_favorite_genres": {"favorite_genres": "{}"},
    "ck_user_profiles_notification_preferences": {"notification_preferences": "[]"},
    "ck_sessions_peer_hash": {"peer_hash": b"127.0.0.1"},
    "ck_sessions_token_sha256": {"token_sha256": b""},
    "ck_revocations_epoch": {"subject": "session:1"},
    "ck_service_tokens_service": {"service": ""},
    "ck_service_tokens_scopes": {"scopes": "{}"},
    "ck_countries_name": {"name": ""},
    "ck_countries_iso_3166_1": {"iso_3166_1": "xx"},
    "ck_genres_name": {"name": ""},
    "ck_persons_first_name": {"first_name": ""},
    "ck_persons_gender": {"gender": "Female"},
    "ck_persons_imdb_id": {"imdb_id": "tt0000009"},
    "ck_movies_title": {"title": ""},
    "ck_movies_imdb_id": {"imdb_id": "nm0000009"},
    "ck_movies_budget": {"budget": -1},
    "ck_movies_revenue": {"revenue": -1},
    "ck_movies_duration": {"duration": 0},
    "ck_movies_vote_average": {"vote_average": 10.1},
    "ck_movies_vote_count": {"vote_count": -1},
    "ck_movies_popularity": {"popularity": float("nan")},
    "ck_movies_media_type": {"media_type": "game"},
    "ck_movies_status": {"status": "Released"},
    "ck_movies_production_companies": {"production_companies": "{}"},
    "ck_movies_production_countries": {"production_countries": "{}"},
    "ck_movies_spoken_languages": {"spoken_languages": '"en"'},
    "ck_characters_name": {"name": ""},
    "ck_characters_role": {"role": "extra"},
    "ck_movie_characters_role": {"role": "extra"},
    "ck_movie_characters_billing_order": {"billing_order": -1},
    "ck_movie_ratings_rating": {"rating": 6},
    "ck_movie_stats_counts": {"rating_1": -1, "rating_count": -1, "rating_sum": -1},
    "ck_movie_stats_rating_count": {"rating_count": 1},
    "ck_movie_stats_rating_sum": {"rating_sum": 1},
    "ck_movie_neighbors_length": {"weights": []},
    "ck_movie_neighbors_similar": {"similar_ids": [1]},
    "ck_recommendation_models_active": {"is_active": True},
    "ck_catalog_changes_entity": {"entity": "genre"},
    "ck_catalog_changes_kind": {"kind": "renamed"},
}  # fmt: skip

# By unique rule: the table, and the values of the rows of which it refuses the last.
UNIQUE: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "uid_files_bucket_f1607c": ("files", [{}, {}]),
    "file_renditions_key_key": ("file_renditions", [{}, {"width": 2}]),
    "uid_file_rendit_file_id_a7e2ec": ("file_renditions", [{}, {"key": "other"}]),
    "uq_users_username_ci": ("users", [{"username": "ADA"}]),
    "uq_users_email_hash": ("users", [{"email_hash": HASH}]),
    "user_profiles_user_id_key": ("user_profiles", [{}, {}]),
    "uq_users_username_skeleton": ("users", [{"username": "A.d-a"}]),
    "countries_name_key": ("countries", [{}, {}]),
    "countries_iso_3166_1_key": ("countries", [{"iso_3166_1": "SW"}]),
    "uq_genres_name_ci": ("genres", [{"name": "DRAMA"}]),
    "genres_tmdb_id_key": ("genres", [{"tmdb_id": 1}]),
    "persons_tmdb_id_key": ("persons", [{"tmdb_id": 1}]),
    "persons_imdb_id_key": ("persons", [{"imdb_id": "nm0000001"}]),
    "uid_person_phot_person__129ba1": ("person_photos", [{}, {}]),
    "movies_tmdb_id_key": ("movies", [{"tmdb_id": 1}]),
    "movies_imdb_id_key": ("movies", [{"imdb_id": "tt0000001"}]),
    "uid_movie_genre_movie_i_ae3021": ("movie_genres", [{}, {}]),
    "uq_movie_characters": ("movie_characters", [{"person_id": None}, {"person_id": None}]),
    "uid_favorite_mo_user_id_8620b0": ("favorite_movies", [{}, {}]),
    "uid_watchlist_i_user_id_d48f5a": ("watchlist_items", [{}, {}]),
    "uid_movie_ratin_user_id_e056d0": ("movie_ratings", [{}, {"rating": 4}]),
    "uid_dismissed_r_user_id_137eea": ("dismissed_recommendations", [{}, {}]),
    "uq_recommendation_models_active": ("recommendation_models", [{"is_active": True, "completed_at": LATER}]),
    "uid_movie_neigh_model_i_dd3d9f": ("movie_neighbors", [{}, {}]),
    "uid_idempotency_caller_4f9f9f": ("idempotency_keys", [{}, {}]),
}  # fmt: skip


async def test_every_check_refuses_a_wrong_value(database: asyncpg.Connection) -> None:
    ids = await arrange(database)
    checks = await database.fetch(
        "SELECT conname, conrelid::regclass::text FROM pg_constraint"
        " WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    )
    assert {name for name, _ in checks} == CHECKS.keys()
    for name, table in checks:
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await write(database, table, valid(table, ids) | CHECKS[name])
        assert getattr(refused.value, "constraint_name", "") == name


@pytest.mark.parametrize("table", ["files", "users", "movies", "persons", "movie_characters", "movie_neighbors"])
async def test_valid_rows_are_accepted(database: asyncpg.Connection, table: str) -> None:
    await write(database, table, valid(table, await arrange(database)))


async def test_every_unique_rule_refuses_a_duplicate(database: asyncpg.Connection) -> None:
    ids = await arrange(database)
    indexes = await database.fetch(
        "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indrelid"
        " WHERE indisunique AND NOT indisprimary AND relnamespace = 'public'::regnamespace"
    )
    assert {name for (name,) in indexes} == UNIQUE.keys()
    for name, (table, rows) in UNIQUE.items():
        transaction = database.transaction()
        await transaction.start()
        for row in rows[:-1]:
            await write(database, table, valid(table, ids) | row)
        with pytest.raises(asyncpg.UniqueViolationError) as refused:
            await write(database, table, valid(table, ids) | rows[-1])
        assert getattr(refused.value, "constraint_name", "") == name
        await transaction.rollback()


@pytest.mark.parametrize(("table", "column"), [("movies", "tmdb_id"), ("persons", "imdb_id"), ("genres", "tmdb_id")])
async def test_external_ids_may_be_missing_in_many_rows(database: asyncpg.Connection, table: str, column: str) -> None:
    ids = await arrange(database)
    for number in range(2):
        name = {"movies": "title", "persons": "first_name", "genres": "name"}[table]
        await write(database, table, valid(table, ids) | {column: None, name: f"Number {number}"})
