"""Models in the database: trained during writes, activated in one step, loaded by workers, removed when old."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import numpy as np
import pytest
from marquee.recommendations.v1 import recommendations_pb2

from service.database.listener import Listener
from service.recommendations.errors import InteractionsMissing, RecommendationModelNotFound
from service.recommendations.model.active_model import ActiveModel, load_model
from service.recommendations.model.retraining import Limits, Retraining, read_dataset, retrain
from service.recommendations.model.storage import activate_model, list_versions, prune_models, store_model
from service.recommendations.model.training import Hyperparameters, TrainedModel, train
from service.settings import Settings
from tests.catalogue import add_genre, add_movie
from tests.client import Client
from tests.processes import run, variables_of
from tests.recommendations.models import wait_until

PARAMETERS = Hyperparameters(regularization=1.0, least_interactions=1)
LIMITS = Limits(most_movies=100, threads=1, inactive_models=2)
ADD_USER = (
    "INSERT INTO users (username, email_encrypted, email_hash, password_hash) VALUES ($1, '', $2, '') RETURNING id"
)


async def add_interactions(database: asyncpg.Connection) -> list[int]:
    """Inserts six movies: three users like the first three, three users the others. Returns the ids of the movies."""
    movies = [await add_movie(database, f"Film {number}", release_date=None) for number in range(6)]
    await add_genre(database, "Drama", *movies[:2])
    for number in range(6):
        user = await database.fetchval(ADD_USER, f"user{number}", bytes([number] * 32))
        for movie_id in movies[:3] if number < 3 else movies[3:]:
            await database.execute(
                "INSERT INTO movie_ratings (user_id, movie_id, rating) VALUES ($1, $2, 4)", user, movie_id
            )
        await database.execute("INSERT INTO favorite_movies (user_id, movie_id) VALUES ($1, $2)", user, movies[0])
    return movies


@asynccontextmanager
async def second_connection(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """Yields another connection, which fails if it waits for a lock."""
    connection = await asyncpg.connect(
        settings.database_url.get_secret_value(), server_settings={"lock_timeout": "500ms"}
    )
    try:
        yield connection
    finally:
        await connection.close()


async def retrained(database: asyncpg.Connection, *, activate: bool = True) -> Retraining:
    return await retrain(database, parameters=PARAMETERS, limits=LIMITS, activate=activate, progress=lambda *_: None)


async def trained(database: asyncpg.Connection) -> TrainedModel:
    return train(await read_dataset(database), PARAMETERS, most_movies=100, progress=lambda *_: None)


async def stored(database: asyncpg.Connection, model: TrainedModel) -> int:
    return await store_model(database, model, parameters=PARAMETERS, metrics={}, progress=lambda *_: None)


async def test_the_model_learns_from_favorites_and_ratings(database: asyncpg.Connection) -> None:
    movies = await add_interactions(database)
    dataset = await read_dataset(database)
    assert dataset.movie_ids.tolist() == movies
    assert dataset.interaction_counts.tolist() == [6, 3, 3, 3, 3, 3]
    first = dataset.interactions.toarray()[0]
    np.testing.assert_allclose(first, [1, 0.8, 0.8, 0, 0, 0])
    done = await retrained(database)
    model = await load_model(database, done.version)
    ids, scores = model.movie_ids, model.contributions({movies[1]: 1.0}).scores()
    assert ids.tolist() == movies
    assert scores[2] > scores[3:].max()
    assert model.contributions({movies[1]: 1.0, movies[4]: 1.0}).reasons(movies[2:4], least=0.8) == [
        movies[1],
        movies[4],
    ]
    assert model.similar(movies[5], 1)[0][0] in movies[3:5]


async def test_a_loaded_model_equals_the_trained_one(database: asyncpg.Connection) -> None:
    movies = await add_interactions(database)
    model = await trained(database)
    loaded = await load_model(database, await stored(database, model))
    assert loaded.movie_ids.tolist() == model.movie_ids.tolist()
    # Rows of the trained model are targets, rows of the serving model are sources.
    weights = model.weights.transposed(len(movies))
    for one, other in ((loaded.weights, weights), (loaded.similar_movies, model.similar_movies)):
        assert one.starts.tolist() == other.starts.tolist()
        assert one.targets.tolist() == other.targets.tolist()
        assert one.values.tolist() == other.values.tolist()


async def test_a_training_does_not_block_writers_while_it_reads(
    database: asyncpg.Connection, settings: Settings
) -> None:
    movies = await add_interactions(database)
    async with second_connection(settings) as writer, database.transaction(isolation="repeatable_read"):
        before = await read_dataset(database)
        await writer.execute("UPDATE movie_ratings SET rating = 1")
        await writer.execute("DELETE FROM movies WHERE id = $1", movies[5])
        assert await writer.fetchval("SELECT count(*) FROM movie_ratings") == 15
        after = await read_dataset(database)
        assert after.interactions.toarray().tolist() == before.interactions.toarray().tolist()


async def test_a_training_does_not_block_writers_while_it_writes_the_model(
    database: asyncpg.Connection, settings: Settings
) -> None:
    movies = await add_interactions(database)
    model = await trained(database)
    async with second_connection(settings) as writer, database.transaction():
        await stored(database, model)
        await writer.execute("UPDATE movie_ratings SET rating = 1")
        await writer.execute("UPDATE movies SET title = 'Renamed' WHERE id = $1", movies[0])
        await add_movie(writer, "New")
        assert await writer.fetchval("SELECT title FROM movies WHERE id = $1", movies[0]) == "Renamed"


async def test_a_movie_deleted_after_the_training_is_left_out(database: asyncpg.Connection) -> None:
    movies = await add_interactions(database)
    model = await trained(database)
    await database.execute("DELETE FROM movies WHERE id = $1", movies[2])
    version = await stored(database, model)
    await database.execute("DELETE FROM movies WHERE id = $1", movies[1])
    loaded = await load_model(database, version)
    assert loaded.movie_ids.tolist() == [movies[0], *movies[3:]]
    assert set(loaded.weights.targets.tolist()) <= set(range(4))
    assert movies[2] not in dict(loaded.similar(movies[0], 10))


async def test_the_active_and_the_newest_models_are_not_removed(database: asyncpg.Connection) -> None:
    await add_interactions(database)
    versions = [(await retrained(database)).version]
    versions += [(await retrained(database, activate=False)).version for _ in range(4)]
    remaining = [(each.version, each.is_active) for each in await list_versions(database)]
    assert remaining == [(versions[4], False), (versions[3], False), (versions[0], True)]


async def test_an_incomplete_model_is_removed_after_a_day_and_never_active(database: asyncpg.Connection) -> None:
    versions: Sequence[int] = [
        await database.fetchval(
            "INSERT INTO recommendation_models (algorithm, created_at)"
            " VALUES ('edlae', now() - $1::int * interval '1 hour') RETURNING id",
            hours,
        )
        for hours in (1, 25)
    ]
    assert await prune_models(database, inactive_models=1) == 1
    assert [each.version for each in await list_versions(database)] == [versions[0]]
    with pytest.raises(RecommendationModelNotFound):
        await activate_model(database, versions[0])
    with pytest.raises(RecommendationModelNotFound):
        await load_model(database, versions[0])


async def test_training_on_an_empty_database_is_refused(database: asyncpg.Connection) -> None:
    with pytest.raises(InteractionsMissing):
        await retrained(database)
    assert await list_versions(database) == []


async def test_a_worker_loads_each_activated_model_also_after_a_lost_connection(
    database: asyncpg.Connection, settings: Settings, listener: Listener
) -> None:
    await add_interactions(database)
    active = ActiveModel(settings, listener=listener)
    active.start()
    try:
        assert active.current() is None

        async def wait_until_active(version: int) -> None:
            async def is_current() -> bool:
                model = active.current()
                return model is not None and model.version == version

            await wait_until(is_current)

        first, second = [(await retrained(database, activate=False)).version for _ in range(2)]
        await activate_model(database, first)
        await wait_until_active(first)
        previous = active.current()
        await database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await activate_model(database, second)
        await wait_until_active(second)
        assert previous is not None
        assert previous.version == first
        assert len(previous.movie_ids) == 6
    finally:
        await active.close()


async def test_operators_train_and_activate_models_while_the_server_runs(
    client: Client, database: asyncpg.Connection, settings: Settings
) -> None:
    variables = variables_of(settings)
    result = run("recommend", "train", **variables)
    assert result.returncode == 1
    assert result.stderr == "marquee: 0 movies have 2 favorites or ratings each; a model needs 2\n"
    movies = await add_interactions(database)
    result = run("recommend", "train", "--regularization", "1", **variables)
    assert (result.returncode, result.stderr) == (0, "")
    assert "21 interactions of 6 users; 6 of 6 movies are linked by them" in result.stdout

    async def first_similar() -> int:
        request = recommendations_pb2.ListSimilarMoviesRequest(movie_id=movies[0])
        page = await client.recommendations.ListSimilarMovies(request)
        return page.movies[0].movie.id if page.movies else 0

    async def is_trained() -> bool:
        return await first_similar() == movies[1]

    await wait_until(is_trained)
    await retrained(database, activate=False)
    listed = run("recommend", "status", **variables).stdout.splitlines()
    assert [line.split()[1] for line in listed] == ["state", "complete", "active"]
    newest = listed[1].split()[0]
    await database.execute(
        "UPDATE movie_neighbors SET similar_ids = $2, similarities = '{1}' WHERE model_id = $1",
        int(newest),
        [movies[5]],
    )
    assert run("recommend", "activate", newest, **variables).stdout == f"model {newest} is active\n"

    async def is_switched() -> bool:
        return await first_similar() == movies[5]

    await wait_until(is_switched)
    actions = await database.fetch("SELECT resource FROM audit_log WHERE action = 'recommendations.activate'")
    assert [row["resource"] for row in actions][-1] == f"recommendation_models/{newest}"
