"""The policy table: every rpc of every descriptor, for every kind of caller."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import grpc
import pytest
from marquee.catalog.v1 import catalog_pb2
from marquee.favorites.v1 import favorites_pb2
from marquee.media.v1 import media_pb2
from marquee.recommendations.v1 import recommendations_pb2
from marquee.users.v1 import users_pb2

from service.auth.keys import KeyRing
from service.auth.policy import CATALOG_EXPORT, MEDIA_REGISTER, POLICY, Access, PolicyMissing, require_rules, rule_for
from service.auth.principal import Role, UserId
from service.auth.tokens import TokenIssuer
from service.server.application import full_methods
from service.settings import Settings
from tests.client import Client, refused

# Repeated here, so that a looser table needs a change in two places.
ANYONE = {
    "Register", "Login", "RefreshTokens", "GetJwks", "GetRateLimits", "GetMovie", "BatchGetMovies", "ListMovies",
    "SearchMovies", "SuggestTitles", "ListMovieCast", "GetPerson", "BatchGetPersons", "ListPersons", "SearchPersons",
    "ListPersonCredits", "ListPersonPhotos", "GetCharacter", "ListCharacters", "ListCharacterAppearances", "GetGenre",
    "ListGenres", "GetCountry", "ListCountries", "ListChanges", "ListSimilarMovies", "ListTrendingMovies",
    "GetImageConfiguration", "ListMovieReviews", "GetRatingSummary",
}  # fmt: skip
USERS = {
    "RecommendMovies", "DismissRecommendation", "RestoreRecommendation", "ListDismissedRecommendations",
    "Logout", "ListSessions", "RevokeSession", "ChangePassword", "GetProfile", "UpdateProfile", "ExportAccount",
    "DeleteAccount", "ListAuditEvents", "AddFavorite", "RemoveFavorite", "ListFavorites", "CreateUpload", "GetFile",
    "BatchGetFiles", "ListFiles", "WatchFile", "DeleteFile", "BatchAddFavorites", "AddToWatchlist",
    "BatchAddToWatchlist", "RemoveFromWatchlist", "ListWatchlist", "RateMovie", "UpdateRating",
    "DeleteRating", "GetRating", "ListRatings", "BatchGetMovieStates", "GetLastActivities",
}  # fmt: skip
STAFF = {
    "GetUser", "ListUsers", "UpdateUser", "AddCast", "UpdateCast", "RemoveCast", "SetPrimaryPhoto", "RemovePersonPhoto",
    *(f"{verb}{entity}" for verb in ("Create", "Update", "Delete")
      for entity in ("Movie", "Person", "Character", "Genre", "Country")),
}  # fmt: skip
SERVICES = dict.fromkeys(("BeginFile", "RegisterFile", "RejectFile", "ForgetFile"), MEDIA_REGISTER)
FOLLOWERS = {"WatchChanges"}
EXPORTERS = {"ExportMovies"}
SCHEMAS = (users_pb2, catalog_pb2, favorites_pb2, recommendations_pb2, media_pb2)
RPCS = [
    (f"/{service.full_name}/{rpc.name}", rpc.name)
    for schema in SCHEMAS
    for service in schema.DESCRIPTOR.services_by_name.values()
    for rpc in service.methods
]


def expected(caller: str, rpc: str) -> tuple[grpc.StatusCode, str] | None:
    """Returns the expected refusal of a caller, or None if the call is allowed."""
    if rpc in ANYONE or (caller in {"user", "staff", "superuser"} and rpc in USERS | FOLLOWERS):
        return None
    if caller in {"staff", "superuser"} and rpc in STAFF | EXPORTERS:
        return None
    if caller == f"service with {SERVICES.get(rpc)}" or (
        caller == f"service with {CATALOG_EXPORT}" and rpc in FOLLOWERS | EXPORTERS
    ):
        return None
    if caller == "anonymous":
        return grpc.StatusCode.UNAUTHENTICATED, "AUTHENTICATION_REQUIRED"
    return grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED"


@pytest.fixture
def callers(client: Client, settings: Settings) -> dict[str, Client]:
    issuer = TokenIssuer.from_settings(settings, KeyRing.load(settings.keys_dir))

    def user(*roles: Role) -> Client:
        return client.with_token(issuer.issue_access(UserId(1), session_id=uuid4(), roles=roles, epoch=0).token)

    return {
        "anonymous": client,
        "user": user(Role.USER),
        "staff": user(Role.USER, Role.STAFF),
        "superuser": user(Role.USER, Role.SUPERUSER),
        "service without scope": client.as_service(),
        "service with another scope": client.as_service("media", "media.register.all", "*"),
        f"service with {MEDIA_REGISTER}": client.as_service(MEDIA_REGISTER),
        f"service with {CATALOG_EXPORT}": client.as_service(CATALOG_EXPORT),
    }


async def test_every_rpc_for_every_caller(callers: dict[str, Client]) -> None:
    """Sends malformed bytes: an allowed caller gets MESSAGE_MALFORMED, any other the refusal of the policy."""
    malformed = (grpc.StatusCode.INVALID_ARGUMENT, "MESSAGE_MALFORMED")
    results, expectations = {}, {}
    for name, caller in callers.items():
        metadata = (("authorization", f"Bearer {caller.token}"),) if caller.token else ()
        for full_method, rpc in RPCS:
            call: Any = caller.channel.unary_unary(full_method)
            refusal = await refused(call(b"\xff", metadata=metadata, timeout=10))
            results[name, rpc] = (refusal.code, refusal.reason)
            expectations[name, rpc] = expected(name, rpc) or malformed
    assert results == expectations


def test_the_expectation_names_every_rpc() -> None:
    assert {rpc for _, rpc in RPCS} == ANYONE | USERS | STAFF | SERVICES.keys() | FOLLOWERS | EXPORTERS


def test_every_rpc_served_has_a_line_and_every_line_an_rpc() -> None:
    require_rules(full_methods())
    assert {name for name in POLICY if not name.startswith("/grpc.reflection.")} == set(full_methods())


def test_every_line_for_services_names_a_scope() -> None:
    assert all(rule.scope for rule in POLICY.values() if Role.SERVICE in rule.roles)
    assert not any(rule.scope for rule in POLICY.values() if Role.SERVICE not in rule.roles)


def test_an_rpc_without_a_line_is_refused() -> None:
    with pytest.raises(PolicyMissing, match=r"/x\.Y/Z"):
        rule_for("/x.Y/Z")
    with pytest.raises(PolicyMissing, match=r"/x\.Y/A, /x\.Y/Z"):
        require_rules(["/x.Y/Z", *full_methods(), "/x.Y/A"])


def test_access_without_roles_allows_everyone() -> None:
    assert Access().roles == frozenset()


async def test_a_refused_caller_learns_nothing_about_existing_data(client: Client) -> None:
    """Permission is checked before the request is validated."""
    user = await client.registered()
    broken = media_pb2.RejectFileRequest()
    for caller in (user, client.as_staff(user.user_id)):
        assert (await refused(caller.media.RejectFile(broken))).reason == "ACCESS_DENIED"
    assert (await refused(client.as_service(MEDIA_REGISTER).media.RejectFile(broken))).reason == "FIELDS_INVALID"
