"""The viewer of a movie: the state of the caller only."""

from __future__ import annotations

import asyncpg
from marquee.catalog.v1 import movie_pb2, movies_pb2

from tests.catalogue import add_movie
from tests.client import Client

LIST = movies_pb2.ListMoviesRequest(order_by="id")


async def keep(database: asyncpg.Connection, user: Client, movie_ids: list[int]) -> None:
    """Marks the first movie as a favorite, adds the second to the watchlist, and rates the third."""
    favorite, watched, rated = movie_ids
    await database.execute("INSERT INTO favorite_movies (user_id, movie_id) VALUES ($1, $2)", user.user_id, favorite)
    await database.execute("INSERT INTO watchlist_items (user_id, movie_id) VALUES ($1, $2)", user.user_id, watched)
    await database.execute(
        "INSERT INTO movie_ratings (user_id, movie_id, rating) VALUES ($1, $2, 4)", user.user_id, rated
    )


async def test_each_caller_sees_their_own_state(client: Client, database: asyncpg.Connection) -> None:
    ids = [await add_movie(database) for _ in range(4)]
    ada, bob, eve = [await client.registered() for _ in range(3)]
    await keep(database, ada, ids[:3])
    await keep(database, bob, [ids[3]] * 3)
    fav, seen, rated = (
        movie_pb2.MovieViewer(is_favorite=True),
        movie_pb2.MovieViewer(in_watchlist=True),
        movie_pb2.MovieViewer(my_rating=4),
    )
    nothing = movie_pb2.MovieViewer()
    everything = movie_pb2.MovieViewer(is_favorite=True, in_watchlist=True, my_rating=4)
    wanted = {
        ada: [fav, seen, rated, nothing],
        bob: [nothing, nothing, nothing, everything],
        eve: [nothing] * 4,
    }
    for user, viewers in wanted.items():
        listed = (await user.catalog.ListMovies(LIST)).movies
        assert [movie.viewer for movie in listed] == viewers
        assert all(movie.HasField("viewer") for movie in listed)
        got = [(await user.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))).movie for movie_id in ids]
        assert [movie.viewer for movie in got] == viewers


async def test_anonymous_callers_and_services_have_no_viewer(client: Client, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database)
    user = await client.registered()
    await keep(database, user, [movie_id] * 3)
    for caller in (client, client.as_service("media.register")):
        got = (await caller.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id))).movie
        (listed,) = (await caller.catalog.ListMovies(LIST)).movies
        assert not got.HasField("viewer")
        assert not listed.HasField("viewer")
