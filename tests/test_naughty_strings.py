"""Naughty strings in every string field of every rpc: no server fault, and accepted strings are stored unchanged."""

from __future__ import annotations

import asyncio
import itertools
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import uuid4

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from marquee.catalog.v1 import (
    cast_pb2,
    changes_pb2,
    character_pb2,
    movie_pb2,
    movies_pb2,
    people_pb2,
    person_pb2,
    reference_pb2,
    references_pb2,
    search_pb2,
)
from marquee.favorites.v1 import favorites_pb2, rating_pb2, review_pb2, watchlist_pb2
from marquee.media.v1 import media_pb2
from marquee.recommendations.v1 import recommendations_pb2
from marquee.users.v1 import users_pb2

from service.auth.policy import MEDIA_REGISTER, rule_for
from service.auth.principal import Role
from service.server.application import full_methods, service_names
from service.users.convert import PROFILE_FIELDS
from service.users.rules import nfc
from tests.client import PASSWORD, Client
from tests.media.uploads import begin, forget, register, reject, upload, uploaded
from tests.naughty import FieldPath, naughty_strings, set_string, string_fields

LANES = 8
SHARE = 4
"""One string in `SHARE` is tried in fields that are not stored, other strings in each field. Stored fields get all."""
EXPECTED_CODES = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.FAILED_PRECONDITION,
}


@dataclass
class Lane:
    """A set of callers that make one call at a time, so that each call sees the changes of the last."""

    anonymous: Client
    user: Client
    superuser: Client
    service: Client
    upload_key: str
    password: str = PASSWORD
    """The user's current password."""

    def caller(self, method: str) -> Client:
        """Returns a client that may call an rpc."""
        match sorted(rule_for(method).roles):
            case []:
                return self.anonymous
            case [Role.SERVICE]:
                return self.service
            case [Role.USER]:
                return self.user
        return self.superuser


def _described(method: str) -> MethodDescriptor:
    service, _, name = method[1:].partition("/")
    return descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]


METHODS = {
    _described(method).name: method
    for method in full_methods()
    if method[1:].split("/")[0] in service_names()
    and any(string_fields(_described(method).input_type))
    # A stream does not end by itself.
    and not _described(method).server_streaming
}
# Valid requests, in which a test replaces one string. The number makes unique values unique.
VALID: Mapping[str, Callable[[Lane, int], Message]] = {
    "Register": lambda _, n: users_pb2.RegisterRequest(
        username=f"somebody{n}", email=f"{n}@example.org", password=PASSWORD
    ),
    "Login": lambda lane, _: users_pb2.LoginRequest(login=lane.user.username, password=PASSWORD),
    "RefreshTokens": lambda lane, _: users_pb2.RefreshTokensRequest(refresh_token=lane.user.refresh_token),
    "RevokeSession": lambda *_: users_pb2.RevokeSessionRequest(session_id=str(uuid4())),
    "ChangePassword": lambda lane, _: users_pb2.ChangePasswordRequest(
        current_password=lane.password, new_password=PASSWORD
    ),
    "UpdateProfile": lambda _, n: users_pb2.UpdateProfileRequest(email=f"{n}@example.org", current_password=PASSWORD),
    "ListUsers": lambda *_: users_pb2.ListUsersRequest(),
    "UpdateUser": lambda lane, _: users_pb2.UpdateUserRequest(
        user_id=lane.user.user_id, is_active=True, update_mask=FieldMask(paths=["is_active"])
    ),
    "DeleteAccount": lambda *_: users_pb2.DeleteAccountRequest(current_password=PASSWORD),
    "ListAuditEvents": lambda *_: users_pb2.ListAuditEventsRequest(),
    "GetMovie": lambda *_: movies_pb2.GetMovieRequest(),
    "ListMovies": lambda *_: movies_pb2.ListMoviesRequest(),
    "CreateMovie": lambda _, n: movies_pb2.CreateMovieRequest(movie=movie_pb2.Movie(title=f"Film {n}")),
    "UpdateMovie": lambda *_: movies_pb2.UpdateMovieRequest(id=1, movie=movie_pb2.Movie(duration=90)),
    "DeleteMovie": lambda *_: movies_pb2.DeleteMovieRequest(id=1, validate_only=True),
    "SearchMovies": lambda *_: search_pb2.SearchMoviesRequest(query="film"),
    "SearchPersons": lambda *_: search_pb2.SearchPersonsRequest(query="ada"),
    "SuggestTitles": lambda *_: search_pb2.SuggestTitlesRequest(prefix="f"),
    "ListMovieCast": lambda *_: cast_pb2.ListMovieCastRequest(movie_id=1),
    "AddCast": lambda *_: cast_pb2.AddCastRequest(movie_id=1, character_id=1, validate_only=True),
    "UpdateCast": lambda *_: cast_pb2.UpdateCastRequest(id=1, billing_order=1),
    "RemoveCast": lambda *_: cast_pb2.RemoveCastRequest(id=1),
    "ListPersons": lambda *_: people_pb2.ListPersonsRequest(),
    "CreatePerson": lambda *_: people_pb2.CreatePersonRequest(person=person_pb2.Person(first_name="Ada")),
    "UpdatePerson": lambda *_: people_pb2.UpdatePersonRequest(
        id=1, person=person_pb2.Person(gender=person_pb2.GENDER_FEMALE)
    ),
    "DeletePerson": lambda *_: people_pb2.DeletePersonRequest(id=1, validate_only=True),
    "ListPersonCredits": lambda *_: people_pb2.ListPersonCreditsRequest(person_id=1),
    "ListCharacters": lambda *_: cast_pb2.ListCharactersRequest(),
    "CreateCharacter": lambda *_: cast_pb2.CreateCharacterRequest(character=character_pb2.Character(name="Hero")),
    "UpdateCharacter": lambda *_: cast_pb2.UpdateCharacterRequest(
        id=1, character=character_pb2.Character(role=character_pb2.CHARACTER_ROLE_LEADING)
    ),
    "DeleteCharacter": lambda *_: cast_pb2.DeleteCharacterRequest(id=1, validate_only=True),
    "ListCharacterAppearances": lambda *_: cast_pb2.ListCharacterAppearancesRequest(character_id=1),
    "ListGenres": lambda *_: references_pb2.ListGenresRequest(),
    "CreateGenre": lambda _, n: references_pb2.CreateGenreRequest(genre=reference_pb2.Genre(name=f"Genre {n}")),
    "UpdateGenre": lambda *_: references_pb2.UpdateGenreRequest(id=1, genre=reference_pb2.Genre(tmdb_id=1)),
    "DeleteGenre": lambda *_: references_pb2.DeleteGenreRequest(id=1, validate_only=True),
    "ListCountries": lambda *_: references_pb2.ListCountriesRequest(),
    "CreateCountry": lambda _, n: references_pb2.CreateCountryRequest(
        country=reference_pb2.Country(name=f"Country {n}")
    ),
    "UpdateCountry": lambda *_: references_pb2.UpdateCountryRequest(
        id=1, country=reference_pb2.Country(name="Somewhere")
    ),
    "DeleteCountry": lambda *_: references_pb2.DeleteCountryRequest(id=1, validate_only=True),
    "ListChanges": lambda *_: changes_pb2.ListChangesRequest(),
    "ListFavorites": lambda *_: favorites_pb2.ListFavoritesRequest(),
    "ListWatchlist": lambda *_: watchlist_pb2.ListWatchlistRequest(),
    "RateMovie": lambda *_: rating_pb2.RateMovieRequest(movie_id=1, rating=5, validate_only=True),
    "UpdateRating": lambda *_: rating_pb2.UpdateRatingRequest(movie_id=1, rating=5, allow_missing=True),
    "DeleteRating": lambda *_: rating_pb2.DeleteRatingRequest(movie_id=1),
    "ListRatings": lambda *_: rating_pb2.ListRatingsRequest(),
    "ListMovieReviews": lambda *_: review_pb2.ListMovieReviewsRequest(movie_id=1),
    "RecommendMovies": lambda *_: recommendations_pb2.RecommendMoviesRequest(),
    "ListSimilarMovies": lambda *_: recommendations_pb2.ListSimilarMoviesRequest(movie_id=1),
    "ListTrendingMovies": lambda *_: recommendations_pb2.ListTrendingMoviesRequest(),
    "ListDismissedRecommendations": lambda *_: recommendations_pb2.ListDismissedRecommendationsRequest(),
    "CreateUpload": lambda *_: upload(),
    "RegisterFile": lambda lane, n: register(lane.upload_key, f"FFFF{n:08X}"),
    "RejectFile": lambda lane, n: reject(lane.upload_key, f"FFFF{n:08X}"),
    "BeginFile": lambda lane, n: begin(lane.upload_key, f"FFFF{n:08X}"),
    "ForgetFile": lambda lane, n: forget(lane.upload_key, f"FFFF{n:08X}"),
    "ListFiles": lambda *_: media_pb2.ListFilesRequest(),
    "DeleteFile": lambda *_: media_pb2.DeleteFileRequest(id=1, validate_only=True),
}
# The attribute of the response that contains the sent string, unchanged or in NFC form.
RETURNED_AS: Mapping[tuple[str, FieldPath], str] = {
    ("Register", ("username",)): "user.username",
    ("Register", ("first_name",)): "user.first_name",
    ("Register", ("last_name",)): "user.last_name",
    ("Register", ("email",)): "user.email",
    ("UpdateProfile", ("first_name",)): "user.first_name",
    ("UpdateProfile", ("last_name",)): "user.last_name",
    ("UpdateProfile", ("email",)): "user.email",
    ("UpdateProfile", ("username",)): "user.username",
    ("UpdateProfile", ("bio",)): "profile.bio",
    ("UpdateProfile", ("notification_preferences", "key")): "profile.notification_preferences",
    ("UpdateProfile", ("notification_preferences", "value")): "profile.notification_preferences",
    ("CreateUpload", ("file_name",)): "file.file_name",
    ("RejectFile", ("detail",)): "file.rejection_detail",
}


async def sign_in_by_address(lane: Lane, text: str) -> None:
    await lane.anonymous.users.Login(users_pb2.LoginRequest(login=text, password=PASSWORD))


async def remember_password(lane: Lane, text: str) -> None:
    lane.password = text


# Runs after a string was accepted. The next change of password succeeds only with exactly this password.
AFTERWARDS: Mapping[tuple[str, FieldPath], Callable[[Lane, str], Awaitable[None]]] = {
    ("Register", ("email",)): sign_in_by_address,
    ("UpdateProfile", ("email",)): sign_in_by_address,
    ("ChangePassword", ("new_password",)): remember_password,
}


def test_every_rpc_that_takes_a_string_is_tried() -> None:
    assert set(METHODS) == set(VALID)


@pytest.mark.parametrize("name", VALID)
async def test_no_string_causes_a_fault_or_is_altered(client: Client, name: str) -> None:
    strings = naughty_strings()
    lanes = await _lanes(client)
    accepted: Counter[FieldPath] = Counter()
    checked = set()
    numbers = itertools.count()
    stored = {path for rpc, path in {*RETURNED_AS, *AFTERWARDS} if rpc == name}
    for path in string_fields(_described(METHODS[name]).input_type):
        chosen = strings if path in stored else strings[zlib.crc32(f"{name}{path}".encode()) % SHARE :: SHARE]
        texts = list(zip(numbers, _texts(chosen, path), strict=False))
        await asyncio.gather(*(_drive(lane, name, path, texts[n::LANES], accepted) for n, lane in enumerate(lanes)))
        checked |= {path} & stored
    assert checked == stored
    assert [path for path in checked if not accepted[path]] == [], "no string was accepted here"


def _texts(strings: Iterable[str], path: FieldPath) -> list[str]:
    """Returns the strings; for email fields also as the local part of an address."""
    own = [f"{text}@example.org" for text in strings] if path[-1] == "email" else []
    return [*strings, *own]


async def _lanes(client: Client) -> list[Lane]:
    superuser = await client.promoted(await client.registered(), superuser=True)
    service = client.as_service(MEDIA_REGISTER)
    # The records with the id 1 in VALID.
    await superuser.catalog.CreateMovie(movies_pb2.CreateMovieRequest(movie=movie_pb2.Movie(title="Film")))
    await superuser.catalog.CreatePerson(people_pb2.CreatePersonRequest(person=person_pb2.Person(first_name="Ada")))
    await superuser.catalog.CreateGenre(references_pb2.CreateGenreRequest(genre=reference_pb2.Genre(name="Genre")))
    await superuser.catalog.CreateCountry(
        references_pb2.CreateCountryRequest(country=reference_pb2.Country(name="Country"))
    )
    await superuser.catalog.CreateCharacter(
        cast_pb2.CreateCharacterRequest(character=character_pb2.Character(name="Hero"), movie_id=1)
    )
    users = await asyncio.gather(*(client.registered() for _ in range(LANES)))
    return [Lane(client, user, superuser, service, (await uploaded(user)).key) for user in users]


async def _drive(
    lane: Lane, name: str, path: FieldPath, texts: list[tuple[int, str]], accepted: Counter[FieldPath]
) -> None:
    call: Any = getattr(lane.caller(METHODS[name]), METHODS[name].split(".")[1])
    for number, text in texts:
        request = VALID[name](lane, number)
        set_string(request, path, text)
        if isinstance(request, users_pb2.UpdateProfileRequest) and path[0] in PROFILE_FIELDS:
            # Without a mask, an empty string would count as absent.
            request.update_mask.paths[:] = [path[0]]
        try:
            response = await getattr(call, name)(request)
        except grpc.aio.AioRpcError as error:
            assert error.code() in EXPECTED_CODES, (path, text, error.details())  # noqa: PT017 - most calls may fail
            continue
        accepted[path] += 1
        if attribute := RETURNED_AS.get((name, path)):
            sent = getattr(request, path[0])
            returned = attrgetter(attribute)(response)
            assert returned in ([sent, nfc(sent)] if isinstance(sent, str) else [sent]), (path, text)
        if after := AFTERWARDS.get((name, path)):
            await after(lane, text)
