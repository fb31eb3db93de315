"""Models for tests, written directly into the database, and a wait for the server to load them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import asyncpg

from service.database.listener import Channel

Weights = Mapping[int, Mapping[int, float]]
DEADLINE = 20.0


async def activate(database: asyncpg.Connection, weights: Weights, *, similar: Weights | None = None) -> int:
    """Writes an active model and notifies the server; `weights` are from a movie of a history to other movies."""
    similar = similar or {}
    movies = {*weights, *similar, *(to for row in (*weights.values(), *similar.values()) for to in row)}
    async with database.transaction():
        await database.execute("UPDATE recommendation_models SET is_active = false")
        version: int = await database.fetchval(
            "INSERT INTO recommendation_models (algorithm, completed_at) VALUES ('edlae', now()) RETURNING id"
        )
        for movie_id in movies:
            neighbors = {source: row[movie_id] for source, row in weights.items() if movie_id in row}
            similarities = similar.get(movie_id, {})
            await database.execute(
                "INSERT INTO movie_neighbors (model_id, movie_id, neighbor_ids, weights, similar_ids, similarities)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                version,
                movie_id,
                *(list(neighbors), list(neighbors.values())),
                *(list(similarities), list(similarities.values())),
            )
        await database.execute("UPDATE recommendation_models SET is_active = true WHERE id = $1", version)
        await database.execute("SELECT pg_notify($1, $2)", Channel.RECOMMENDATION_MODELS.value, str(version))
    return version


async def wait_until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Waits until a condition is true: the server loads a model soon after the notification."""
    async with asyncio.timeout(DEADLINE):
        while not await condition():  # noqa: ASYNC110 - the server sends no event
            await asyncio.sleep(0.02)
