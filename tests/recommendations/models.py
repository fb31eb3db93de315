"""Models of taste to test with, written straight into the database, and waiting until the server has them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import asyncpg

from service.database.listener import Channel

Links = Mapping[int, Mapping[int, float]]
DEADLINE = 20.0


async def activate(database: asyncpg.Connection, links: Links, *, similar: Links | None = None) -> int:
    """Makes a model the active one and announces it; `links` are weights from a movie of a history to others."""
    similar = similar or {}
    movies = {*links, *similar, *(to for row in (*links.values(), *similar.values()) for to in row)}
    async with database.transaction():
        await database.execute("UPDATE recommendation_models SET is_active = false")
        version: int = await database.fetchval(
            "INSERT INTO recommendation_models (algorithm, completed_at) VALUES ('edlae', now()) RETURNING id"
        )
        for movie_id in movies:
            weights = {source: row[movie_id] for source, row in links.items() if movie_id in row}
            alike = similar.get(movie_id, {})
            await database.execute(
                "INSERT INTO movie_neighbors (model_id, movie_id, neighbor_ids, weights, similar_ids, similarities)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                version,
                movie_id,
                *(list(weights), list(weights.values())),
                *(list(alike), list(alike.values())),
            )
        await database.execute("UPDATE recommendation_models SET is_active = true WHERE id = $1", version)
        await database.execute("SELECT pg_notify($1, $2)", Channel.RECOMMENDATION_MODELS.value, str(version))
    return version


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Waits until something holds; a server hears of a model soon after it was announced."""
    async with asyncio.timeout(DEADLINE):
        while not await holds():  # noqa: ASYNC110 - what is waited for happens in the server
            await asyncio.sleep(0.02)
