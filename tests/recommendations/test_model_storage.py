"""Models in the database: trained beside writers, activated in one step, loaded by workers, removed when old."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import numpy as np
import pytest
from marquee.recommendations.v1 import recommendations_pb2

from service.database.listener import Listener
from service.recommendations.model.errors import InteractionsMissing, RecommendationModelNotFound
from service.recommendations.model.loading import load_model
from service.recommendations.model.reading import read_dataset
from service.recommendations.model.retraining import Limits, Retraining, retrain
from service.recommendations.model.serving import ActiveModel
from service.recommendations.model.storage import activate_model, list_versions, prune_models, store_model
from service.recommendations.model.training import Hyperparameters, Trained, train
from service.settings import Settings
from tests.catalogue import add_genre, add_movie
from tests.client import Client
from tests.processes import run, variables_of
from tests.recommendations.models import until

PARAMETERS = Hyperparameters(regularization=1.0, least_interactions=1)
LIMITS = Limits(most_movies=100, threads=1, kept=2)
ADD_USER = (
    "INSERT INTO users (username, email_encrypted, email_hash, password_hash) VALUES ($1, '', $2, '') RETURNING id"
)


async def add_tastes(database: asyncpg.Connection) -> list[int]:
    """Inserts six movies; three users like the first three, three the others. Returns the movies' ids."""
    movies = [await add_movie(database, f"Film {number}", release_date=None) for number in range(6)]
    await add_genre(database, "Drama", *movies[:2])
    for number in range(6):
        user = await database.fetchval(ADD_USER, f"taster{number}", bytes([number] * 32))
        for movie_id in movies[:3] if number < 3 else movies[3:]:
            await database.execute(
                "INSERT INTO movie_ratings (user_id, movie_id, rating) VALUES ($1, $2, 4)", user, movie_id
            )
        await database.execute("INSERT INTO favorite_movies (user_id, movie_id) VALUES ($1, $2)", user, movies[0])
    return movies


@asynccontextmanager
async def another(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """Gives a further connection, which waits for no lock."""
    connection = await asyncpg.connect(
        settings.database_url.get_secret_value(), server_settings={"lock_timeout": "500ms"}
    )
    try:
        yield connection
    finally:
        await connection.close()


async def retrained(database: asyncpg.Connection, *, activate: bool = True) -> Retraining:
    return await retrain(database, parameters=PARAMETERS, limits=LIMITS, activate=activate, progress=lambda *_: None)


async def trained(database: asyncpg.Connection) -> Trained:
    return train(await read_dataset(database), PARAMETERS, most_movies=100, progress=lambda *_: None)


async def stored(database: asyncpg.Connection, model: Trained) -> int:
    return await store_model(database, model, parameters=PARAMETERS, metrics={}, progress=lambda *_: None)


async def test_favorites_and_ratings_are_learned_from(database: asyncpg.Connection) -> None:
    movies = await add_tastes(database)
    dataset = await read_dataset(database)
    assert dataset.movie_ids.tolist() == movies
    assert dataset.counts.tolist() == [6, 3, 3, 3, 3, 3]
    first = dataset.interactions.toarray()[0]
    np.testing.assert_allclose(first, [1, 0.8, 0.8, 0, 0, 0])
    done = await retrained(database)
    model = await load_model(database, done.version)
    ids, scores = model.movie_ids, model.voices({movies[1]: 1.0}).scores()
    assert ids.tolist() == movies
    assert scores[2] > scores[3:].max()
    assert model.voices({movies[1]: 1.0, movies[4]: 1.0}).reasons(movies[2:4], least=0.8) == [movies[1], movies[4]]
    assert model.similar(movies[5], 1)[0][0] in movies[3:5]


async def test_what_is_loaded_is_what_was_trained(database: asyncpg.Connection) -> None:
    movies = await add_tastes(database)
    model = await trained(database)
    loaded = await load_model(database, await stored(database, model))
    assert loaded.movie_ids.tolist() == model.movie_ids.tolist()
    # Stored by the movie that is spoken for, served by the movie that speaks.
    weights = model.weights.transposed(len(movies))
    for one, other in ((loaded.weights, weights), (loaded.similar_movies, model.similar_movies)):
        assert one.starts.tolist() == other.starts.tolist()
        assert one.targets.tolist() == other.targets.tolist()
        assert one.values.tolist() == other.values.tolist()


async def test_writers_go_on_while_a_training_reads(database: asyncpg.Connection, settings: Settings) -> None:
    movies = await add_tastes(database)
    async with another(settings) as writer, database.transaction(isolation="repeatable_read"):
        before = await read_dataset(database)
        await writer.execute("UPDATE movie_ratings SET rating = 1")
        await writer.execute("DELETE FROM movies WHERE id = $1", movies[5])
        assert await writer.fetchval("SELECT count(*) FROM movie_ratings") == 15
        after = await read_dataset(database)
        assert after.interactions.toarray().tolist() == before.interactions.toarray().tolist()


async def test_writers_go_on_while_a_model_is_written(database: asyncpg.Connection, settings: Settings) -> None:
    movies = await add_tastes(database)
    model = await trained(database)
    async with another(settings) as writer, database.transaction():
        await stored(database, model)
        await writer.execute("UPDATE movie_ratings SET rating = 1")
        await writer.execute("UPDATE movies SET title = 'Renamed' WHERE id = $1", movies[0])
        await add_movie(writer, "New")
        assert await writer.fetchval("SELECT title FROM movies WHERE id = $1", movies[0]) == "Renamed"


async def test_a_movie_deleted_since_the_training_is_left_out(database: asyncpg.Connection) -> None:
    movies = await add_tastes(database)
    model = await trained(database)
    await database.execute("DELETE FROM movies WHERE id = $1", movies[2])
    version = await stored(database, model)
    await database.execute("DELETE FROM movies WHERE id = $1", movies[1])
    loaded = await load_model(database, version)
    assert loaded.movie_ids.tolist() == [movies[0], *movies[3:]]
    assert set(loaded.weights.targets.tolist()) <= set(range(4))
    assert movies[2] not in dict(loaded.similar(movies[0], 10))


async def test_the_active_model_and_the_newest_are_kept(database: asyncpg.Connection) -> None:
    await add_tastes(database)
    versions = [(await retrained(database)).version]
    versions += [(await retrained(database, activate=False)).version for _ in range(4)]
    kept = [(each.version, each.is_active) for each in await list_versions(database)]
    assert kept == [(versions[4], False), (versions[3], False), (versions[0], True)]


async def test_what_was_given_up_is_removed_a_day_later_and_never_active(database: asyncpg.Connection) -> None:
    made: Sequence[int] = [
        await database.fetchval(
            "INSERT INTO recommendation_models (algorithm, created_at)"
            " VALUES ('edlae', now() - $1::int * interval '1 hour') RETURNING id",
            hours,
        )
        for hours in (1, 25)
    ]
    assert await prune_models(database, kept=1) == 1
    assert [each.version for each in await list_versions(database)] == [made[0]]
    with pytest.raises(RecommendationModelNotFound):
        await activate_model(database, made[0])
    with pytest.raises(RecommendationModelNotFound):
        await load_model(database, made[0])


async def test_an_empty_database_is_refused_and_leaves_nothing(database: asyncpg.Connection) -> None:
    with pytest.raises(InteractionsMissing):
        await retrained(database)
    assert await list_versions(database) == []


async def test_a_worker_takes_each_activated_model_and_outlives_its_connection(
    database: asyncpg.Connection, settings: Settings, listener: Listener
) -> None:
    await add_tastes(database)
    active = ActiveModel(settings, listener=listener)
    active.start()
    try:
        assert active.current() is None

        async def serves(version: int) -> None:
            async def is_current() -> bool:
                model = active.current()
                return model is not None and model.version == version

            await until(is_current)

        first, second = [(await retrained(database, activate=False)).version for _ in range(2)]
        await activate_model(database, first)
        await serves(first)
        held = active.current()
        await database.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await activate_model(database, second)
        await serves(second)
        assert held is not None
        assert held.version == first
        assert len(held.movie_ids) == 6
    finally:
        await active.close()


async def test_operators_train_and_switch_while_the_server_runs(
    client: Client, database: asyncpg.Connection, settings: Settings
) -> None:
    variables = variables_of(settings)
    told = run("recommend", "train", **variables)
    assert told.returncode == 1
    assert told.stderr == "marquee: 0 movies have 2 favorites or ratings each; a model needs 2\n"
    movies = await add_tastes(database)
    told = run("recommend", "train", "--regularization", "1", **variables)
    assert (told.returncode, told.stderr) == (0, "")
    assert "21 interactions of 6 users; 6 of 6 movies are linked by them" in told.stdout

    async def first_similar() -> int:
        request = recommendations_pb2.ListSimilarMoviesRequest(movie_id=movies[0])
        page = await client.recommendations.ListSimilarMovies(request)
        return page.movies[0].movie.id if page.movies else 0

    async def is_trained() -> bool:
        return await first_similar() == movies[1]

    await until(is_trained)
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

    await until(is_switched)
    actions = await database.fetch("SELECT resource FROM audit_log WHERE action = 'recommendations.activate'")
    assert [row["resource"] for row in actions][-1] == f"recommendation_models/{newest}"
