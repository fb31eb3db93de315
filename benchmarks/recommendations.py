"""Cost of a personal page: RecommendMovies with a long history compared with a hot GetMovie."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import asyncpg
import grpc
from marquee.catalog.v1 import movies_pb2
from marquee.recommendations.v1 import recommendations_pb2, recommendations_pb2_grpc

from benchmarks.figure import MS, Figure, MeasurementFailed, RunOptions, alternate
from benchmarks.load import LoadClient, Round, encoded, load_client
from benchmarks.stack import FIRST_USER, WORKERS, Stack

MOVIES = 10_000
HISTORY = 200
PAGE_SIZE = 20
CONNECTIONS = 16
SECONDS = 1.0
REPEATS = 12
PER_SECOND = 100
"""Low enough that no call waits for another."""
READY_TIMEOUT = 60.0
# Without triggers, like the generated catalogue: this benchmark does not read the tables that they update.
FILL = (
    "SET LOCAL session_replication_role = replica",
    f"""
    INSERT INTO movies (title, description, release_date, original_language, vote_average, vote_count, popularity)
    SELECT 'Recommended film ' || n, repeat('What happens in it. ', 20), date '1950-01-01' + n % 27000, 'en',
        n % 100 / 10.0, n % 10000, n % 997 / 1000.0
    FROM generate_series(1, {MOVIES}) AS n
    """,  # noqa: S608 - a number of ours
    """
    INSERT INTO movie_genres (movie_id, genre_id, popularity)
    SELECT m.id, (SELECT array_agg(id) FROM genres)[1 + (m.id + step) % (SELECT count(*) FROM genres)], m.popularity
    FROM movies AS m, unnest(ARRAY[0, 1]) AS step WHERE m.title LIKE 'Recommended film %'
    """,
    f"""
    INSERT INTO movie_ratings (user_id, movie_id, rating)
    SELECT u.id, m.id, 1 + m.id % 5 FROM users AS u, LATERAL (
        SELECT id FROM movies WHERE title LIKE 'Recommended film %' ORDER BY id % 101, id LIMIT {HISTORY}
    ) AS m WHERE u.username = '{FIRST_USER}'
    """,  # noqa: S608 - a name of ours
    f"""
    INSERT INTO user_activities (user_id, ratings_version) SELECT id, {HISTORY} FROM users
    WHERE username = '{FIRST_USER}' ON CONFLICT DO NOTHING
    """,  # noqa: S608 - a name of ours
    """
    INSERT INTO recommendation_models (algorithm, is_active, completed_at) VALUES ('generated', true, now())
    """,
    # As many links as a trained model has, spread by primes.
    """
    WITH films AS (SELECT array_agg(id ORDER BY id) AS ids FROM movies)
    INSERT INTO movie_neighbors (model_id, movie_id, neighbor_ids, weights)
    SELECT r.id, m.id,
        ARRAY(SELECT ids[1 + (m.id * 7919 + k * 104729) % cardinality(ids)] FROM generate_series(1, 200) AS k),
        ARRAY(SELECT (CASE k % 4 WHEN 0 THEN -1 ELSE 1 END / k::real)::real FROM generate_series(1, 200) AS k)
    FROM films, movies AS m, recommendation_models AS r WHERE r.is_active
    """,
)


def measure(stack: Stack, options: RunOptions) -> Iterator[Figure]:
    """Measures a page of 20 among 10,000 movies, for a user with 200 ratings."""
    asyncio.run(_fill(stack.database_url))
    wanted = recommendations_pb2.RecommendMoviesRequest(page_size=PAGE_SIZE)
    _wait_for_model(stack, wanted)
    recommend = Round(
        method="/marquee.recommendations.v1.RecommendationsService/RecommendMovies",
        requests=encoded([wanted]),
        seconds=options.seconds(SECONDS),
        per_second=PER_SECOND,
        tokens=[stack.token],
    )
    get_movie = replace(
        recommend,
        method="/marquee.catalog.v1.CatalogService/GetMovie",
        requests=encoded([movies_pb2.GetMovieRequest(id=movie_id) for movie_id in stack.movie_ids]),
        tokens=(),
    )
    rounds = (("hot GetMovie", get_movie), ("hot GetMovie with a token", replace(get_movie, tokens=[stack.token])))
    with load_client(stack.address, connections=CONNECTIONS) as client:
        for name, other in rounds:
            for warm_up in (recommend, other):
                _latency(client, warm_up)
            pairs = alternate(
                lambda: _latency(client, recommend),
                lambda other=other: _latency(client, other),  # type: ignore[misc] # bound in this iteration
                repeats=options.repeats(REPEATS),
            )
            yield Figure(f"RecommendMovies of {PAGE_SIZE}, median latency: it / {name}", pairs, "ms", "<= 3")


def _latency(client: LoadClient, calls: Round) -> float:
    return statistics.median(client.run(calls).require("OK").seconds) * MS


def _wait_for_model(stack: Stack, wanted: recommendations_pb2.RecommendMoviesRequest) -> None:
    """Waits until every worker uses the model; raises MeasurementFailed."""
    deadline = time.monotonic() + READY_TIMEOUT
    in_a_row = 0
    while in_a_row < 10 * WORKERS:
        if time.monotonic() > deadline:
            raise MeasurementFailed("the workers do not load the model")
        # A new connection reaches a random worker.
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(stack.address, options=options) as channel:
            stub = cast("Any", recommendations_pb2_grpc.RecommendationsServiceStub(channel))
            answer = stub.RecommendMovies(wanted, metadata=(("authorization", f"Bearer {stack.token}"),), timeout=10)
        first = answer.recommendations[0].reason.WhichOneof("reason")
        in_a_row = in_a_row + 1 if first == "rated" else 0


async def _fill(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            for statement in FILL:
                await connection.execute(statement)
            await connection.execute("SELECT pg_notify('marquee_recommendation_models', '')")
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()
