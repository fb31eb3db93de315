"""Fields of a movie in a response: views, and the metadata "x-field-mask"."""

from __future__ import annotations

import json
from collections.abc import Collection
from decimal import Decimal
from typing import Any

import asyncpg
import grpc
import pytest
from marquee.catalog.v1 import movie_pb2, movies_pb2
from marquee.favorites.v1 import favorites_pb2

from tests.catalogue import add_genre, add_movie, add_person
from tests.client import Client, refused

FULL_ALONE = {"tagline", "budget", "revenue", "production_companies", "production_countries", "spoken_languages"}
BASIC, FULL, UNSPECIFIED = movie_pb2.MOVIE_VIEW_BASIC, movie_pb2.MOVIE_VIEW_FULL, movie_pb2.MOVIE_VIEW_UNSPECIFIED
PLOT = "\u4e71 and \U0001f3ac. " * 60
Movie = movie_pb2.Movie


@pytest.fixture
async def movie_id(database: asyncpg.Connection) -> int:
    movie_id = await add_movie(
        database,
        "Ran",
        description=PLOT,
        tagline="War.",
        budget=Decimal(1),
        revenue=Decimal(2),
        director_id=await add_person(database, "Akira", last_name="Kurosawa"),
        production_companies=json.dumps([{"name": "Toho"}]),
        production_countries=json.dumps([{"iso_3166_1": "JP"}]),
        spoken_languages=json.dumps([{"iso_639_1": "ja"}]),
    )
    await add_genre(database, "Drama", movie_id)
    await add_genre(database, "War", movie_id)
    return movie_id


def names(movie: movie_pb2.Movie) -> set[str]:
    return {field.name for field, _ in movie.ListFields()}


async def read(client: Client, movie_id: int, *, view: Any = UNSPECIFIED, mask: str | None = None) -> dict[str, Any]:
    """Returns the movie from each rpc that returns movies."""
    options = {} if mask is None else {"metadata": (("x-field-mask", mask),)}
    got = await client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id, view=view), **options)
    batch = await client.catalog.BatchGetMovies(movies_pb2.BatchGetMoviesRequest(ids=[movie_id], view=view), **options)
    listed = await client.catalog.ListMovies(movies_pb2.ListMoviesRequest(view=view), **options)
    return {"GetMovie": got.movie, "BatchGetMovies": batch.movies[0], "ListMovies": listed.movies[0]}


async def test_one_movie_is_full_and_many_are_basic_by_default(client: Client, movie_id: int) -> None:
    unasked = await read(client, movie_id)
    full = await read(client, movie_id, view=FULL)
    basic = await read(client, movie_id, view=BASIC)
    assert unasked == {
        "GetMovie": full["GetMovie"],
        "BatchGetMovies": basic["BatchGetMovies"],
        "ListMovies": basic["ListMovies"],
    }
    for views in (full, basic):
        assert views["BatchGetMovies"] == views["ListMovies"] == views["GetMovie"]
    assert full["GetMovie"].description == PLOT
    assert basic["GetMovie"].description == PLOT[:300]
    assert names(full["GetMovie"]) - names(basic["GetMovie"]) == FULL_ALONE


async def test_an_unknown_view_is_refused(client: Client, movie_id: int) -> None:
    for call in (
        client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id, view=7)),  # type: ignore[arg-type] # no view
        client.catalog.BatchGetMovies(movies_pb2.BatchGetMoviesRequest(ids=[movie_id], view=7)),  # type: ignore[arg-type] # as above
        client.catalog.ListMovies(movies_pb2.ListMoviesRequest(view=7)),  # type: ignore[arg-type] # as above
    ):
        assert (await refused(call)).fields == {"view": "enum.defined_only"}


MASKS: dict[str, Collection[str]] = {
    "title": {"title"},
    " title , genres,title": {"title", "genres"},
    "viewer": {"viewer"},
    "id,viewer.is_favorite": {"id", "viewer"},
    "backdrop": set(),
}


async def test_a_mask_selects_the_returned_fields(client: Client, movie_id: int) -> None:
    user = await client.registered()
    whole = await read(user, movie_id)
    for mask, expected in MASKS.items():
        for rpc, movie in (await read(user, movie_id, mask=mask)).items():
            assert names(movie) == set(expected), (rpc, mask)
            for name in set(expected) - {"viewer"}:
                assert getattr(movie, name) == getattr(whole[rpc], name)


async def test_a_mask_names_parts_of_fields(client: Client, database: asyncpg.Connection, movie_id: int) -> None:
    user = await client.registered()
    await database.execute(
        "INSERT INTO movie_ratings (user_id, movie_id, rating) VALUES ($1, $2, 4)", user.user_id, movie_id
    )
    await user.favorites.AddFavorite(favorites_pb2.AddFavoriteRequest(movie_id=movie_id))
    mask = "director.last_name,genres.name,viewer.is_favorite,rating.count,rating"
    for movie in (await read(user, movie_id, mask=mask)).values():
        assert movie == movie_pb2.Movie(
            director=movie_pb2.PersonSummary(last_name="Kurosawa"),
            genres=[movie_pb2.GenreSummary(name=name) for name in ("Drama", "War")],
            viewer=movie_pb2.MovieViewer(is_favorite=True),
            rating=movie_pb2.RatingSummary(count=1, average=4),
        )


async def test_a_mask_does_not_widen_a_view(client: Client, movie_id: int) -> None:
    movies = await read(client, movie_id, mask="tagline,description")
    assert names(movies["GetMovie"]) == {"tagline", "description"}
    assert names(movies["ListMovies"]) == {"description"}


async def test_a_mask_applies_to_every_rpc_that_returns_movies(client: Client, movie_id: int) -> None:
    staff = await client.promoted(await client.registered())
    masked: Any = {"metadata": (("x-field-mask", "title"),)}
    favorite = favorites_pb2.AddFavoriteRequest(movie_id=movie_id)
    answer = (await staff.favorites.AddFavorite(favorite, **masked)).favorite
    assert (names(answer.movie), answer.HasField("create_time")) == ({"title"}, True)
    (listed,) = (await staff.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest(), **masked)).favorites
    assert listed == answer
    made = await staff.catalog.CreateMovie(movies_pb2.CreateMovieRequest(movie=Movie(title="Kagemusha")), **masked)
    assert made.movie == movie_pb2.Movie(title="Kagemusha")
    changed = await staff.catalog.UpdateMovie(
        movies_pb2.UpdateMovieRequest(id=movie_id, movie=Movie(title="Chaos", tagline="x")), **masked
    )
    assert changed.movie == movie_pb2.Movie(title="Chaos")


NO_MASKS = ["", ",", "*", "titel", "title,", "Title", "movie.title", "title.x", "viewer.", "viewer.x", ".title",
            "poster.renditions.url", "viewer.is_favorite.x", "genres.0", "title genres", "x" * 3000]  # fmt: skip


async def test_a_mask_that_names_no_field_is_refused(client: Client, movie_id: int) -> None:
    for mask in NO_MASKS:
        call = client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=movie_id), metadata=(("x-field-mask", mask),))
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID"), mask
        assert set(refusal.fields.items()) == {("x-field-mask", "field_mask.known")}


async def test_a_refused_mask_prevents_the_change(client: Client, database: asyncpg.Connection) -> None:
    staff = await client.promoted(await client.registered())
    call = staff.catalog.CreateMovie(
        movies_pb2.CreateMovieRequest(movie=Movie(title="x")), metadata=(("x-field-mask", "nonsense"),)
    )
    assert (await refused(call)).reason == "FIELDS_INVALID"
    assert await database.fetchval("SELECT count(*) FROM movies") == 0
