"""Policy table: the callers that each rpc allows, and the rate limit class in which its calls count.

An rpc without a line is refused, and the server does not start while it serves one. Rules about single objects (such as
the owner of a file) belong to the domains.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.auth.principal import AccessDenied, AuthenticationRequired, Principal, Role


class MethodClass(enum.StrEnum):
    """A class of rpcs with one rate limit."""

    READ = "read"
    WRITE = "write"
    SIGN_IN = "sign_in"
    """Rpcs that check a password or a refresh token."""
    SERVICE = "service"
    """All rpcs that a service calls."""
    EXEMPT = "exempt"
    """Rpcs without a limit."""


@dataclass(frozen=True, slots=True)
class Access:
    """The allowed callers: those with one of `roles`, and services only with `scope`. Without roles, everyone."""

    roles: frozenset[Role] = frozenset()
    scope: str = ""

    def check(self, principal: Principal) -> None:
        """Raises AuthenticationRequired or AccessDenied unless the caller is allowed."""
        if not self.roles:
            return
        if principal.is_anonymous:
            raise AuthenticationRequired("sign in first")
        lacks_scope = principal.is_service and self.scope not in principal.scopes
        if lacks_scope or not self.roles & principal.roles:
            raise AccessDenied("this account is not allowed to do this")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Access):
    """One line of the table: the allowed callers and the class of the rpc."""

    method_class: MethodClass


ANYONE = Access()
USER = Access(frozenset({Role.USER}))
STAFF = Access(frozenset({Role.STAFF, Role.SUPERUSER}))


def _service(scope: str) -> Access:
    return Access(frozenset({Role.SERVICE}), scope)


def _reads(access: Access) -> Rule:
    return Rule(access.roles, access.scope, method_class=MethodClass.READ)


def _writes(access: Access) -> Rule:
    return Rule(access.roles, access.scope, method_class=MethodClass.WRITE)


def _signs_in(access: Access) -> Rule:
    return Rule(access.roles, access.scope, method_class=MethodClass.SIGN_IN)


def _exempt(access: Access) -> Rule:
    return Rule(access.roles, access.scope, method_class=MethodClass.EXEMPT)


MEDIA_REGISTER = "media.register"
CATALOG_EXPORT = "catalog.export"
FOLLOWERS = Access(USER.roles | {Role.SERVICE}, CATALOG_EXPORT)
EXPORTERS = Access(STAFF.roles | {Role.SERVICE}, CATALOG_EXPORT)

POLICY: Mapping[str, Rule] = {
    "/marquee.users.v1.UsersService/Register": _signs_in(ANYONE),
    "/marquee.users.v1.UsersService/Login": _signs_in(ANYONE),
    "/marquee.users.v1.UsersService/RefreshTokens": _signs_in(ANYONE),
    "/marquee.users.v1.UsersService/Logout": _writes(USER),
    "/marquee.users.v1.UsersService/ListSessions": _reads(USER),
    "/marquee.users.v1.UsersService/RevokeSession": _writes(USER),
    "/marquee.users.v1.UsersService/ChangePassword": _signs_in(USER),
    "/marquee.users.v1.UsersService/GetProfile": _reads(USER),
    "/marquee.users.v1.UsersService/UpdateProfile": _writes(USER),
    "/marquee.users.v1.UsersService/GetUser": _reads(STAFF),
    "/marquee.users.v1.UsersService/ListUsers": _reads(STAFF),
    "/marquee.users.v1.UsersService/UpdateUser": _writes(STAFF),
    "/marquee.users.v1.UsersService/ExportAccount": _reads(USER),
    "/marquee.users.v1.UsersService/DeleteAccount": _signs_in(USER),
    "/marquee.users.v1.UsersService/ListAuditEvents": _reads(USER),
    "/marquee.users.v1.UsersService/GetJwks": _reads(ANYONE),
    "/marquee.users.v1.UsersService/GetRateLimits": _exempt(ANYONE),
    "/marquee.catalog.v1.CatalogService/GetMovie": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/BatchGetMovies": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/ListMovies": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/CreateMovie": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/UpdateMovie": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/DeleteMovie": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/SearchMovies": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/SuggestTitles": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/ListMovieCast": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/AddCast": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/UpdateCast": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/RemoveCast": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/GetPerson": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/BatchGetPersons": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/ListPersons": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/SearchPersons": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/CreatePerson": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/UpdatePerson": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/DeletePerson": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/ListPersonCredits": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/ListPersonPhotos": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/SetPrimaryPhoto": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/RemovePersonPhoto": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/GetCharacter": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/ListCharacters": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/CreateCharacter": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/UpdateCharacter": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/DeleteCharacter": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/ListCharacterAppearances": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/GetGenre": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/ListGenres": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/CreateGenre": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/UpdateGenre": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/DeleteGenre": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/GetCountry": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/ListCountries": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/CreateCountry": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/UpdateCountry": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/DeleteCountry": _writes(STAFF),
    "/marquee.catalog.v1.CatalogService/ListChanges": _reads(ANYONE),
    "/marquee.catalog.v1.CatalogService/WatchChanges": _reads(FOLLOWERS),
    "/marquee.catalog.v1.CatalogService/ExportMovies": _reads(EXPORTERS),
    "/marquee.favorites.v1.FavoritesService/AddFavorite": _writes(USER),
    "/marquee.favorites.v1.FavoritesService/RemoveFavorite": _writes(USER),
    "/marquee.favorites.v1.FavoritesService/ListFavorites": _reads(USER),
    "/marquee.favorites.v1.FavoritesService/BatchAddFavorites": _writes(USER),
    "/marquee.favorites.v1.FavoritesService/AddToWatchlist": _writes(USER),
    "/marquee.favorites.v1.FavoritesService/BatchAddToWatchlist": _writes(USER),
    "/marquee.favorites.v1.FavoritesService/RemoveFromWatchlist": _writes(USER),
    "/marquee.favorites.v1.FavoritesService/ListWatchlist": _reads(USER),
    "/marquee.favorites.v1.FavoritesService/RateMovie": _writes(USER),
    "/marquee.favorites.v1.FavoritesService/UpdateRating": _writes(USER),
    "/marquee.favorites.v1.FavoritesService/DeleteRating": _writes(USER),
    "/marquee.favorites.v1.FavoritesService/GetRating": _reads(USER),
    "/marquee.favorites.v1.FavoritesService/ListRatings": _reads(USER),
    "/marquee.favorites.v1.FavoritesService/ListMovieReviews": _reads(ANYONE),
    "/marquee.favorites.v1.FavoritesService/GetRatingSummary": _reads(ANYONE),
    "/marquee.favorites.v1.FavoritesService/BatchGetMovieStates": _reads(USER),
    "/marquee.favorites.v1.FavoritesService/GetLastActivities": _reads(USER),
    "/marquee.recommendations.v1.RecommendationsService/RecommendMovies": _reads(USER),
    "/marquee.recommendations.v1.RecommendationsService/ListSimilarMovies": _reads(ANYONE),
    "/marquee.recommendations.v1.RecommendationsService/ListTrendingMovies": _reads(ANYONE),
    "/marquee.recommendations.v1.RecommendationsService/DismissRecommendation": _writes(USER),
    "/marquee.recommendations.v1.RecommendationsService/RestoreRecommendation": _writes(USER),
    "/marquee.recommendations.v1.RecommendationsService/ListDismissedRecommendations": _reads(USER),
    "/marquee.media.v1.MediaService/CreateUpload": _writes(USER),
    "/marquee.media.v1.MediaService/GetImageConfiguration": _reads(ANYONE),
    "/marquee.media.v1.MediaService/GetFile": _reads(USER),
    "/marquee.media.v1.MediaService/BatchGetFiles": _reads(USER),
    "/marquee.media.v1.MediaService/ListFiles": _reads(USER),
    "/marquee.media.v1.MediaService/WatchFile": _reads(USER),
    "/marquee.media.v1.MediaService/DeleteFile": _writes(USER),
    "/marquee.media.v1.MediaService/BeginFile": _writes(_service(MEDIA_REGISTER)),
    "/marquee.media.v1.MediaService/RegisterFile": _writes(_service(MEDIA_REGISTER)),
    "/marquee.media.v1.MediaService/RejectFile": _writes(_service(MEDIA_REGISTER)),
    "/marquee.media.v1.MediaService/ForgetFile": _writes(_service(MEDIA_REGISTER)),
    "/grpc.health.v1.Health/Check": _exempt(ANYONE),
    "/grpc.health.v1.Health/Watch": _exempt(ANYONE),
    "/grpc.health.v1.Health/List": _exempt(ANYONE),
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": _exempt(ANYONE),
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": _exempt(ANYONE),
}


class PolicyMissing(RuntimeError):
    """The server has an rpc without a line in the table."""


def rule_for(full_method: str) -> Rule:
    """Returns the rule of `/package.Service/Method`; raises PolicyMissing."""
    try:
        return POLICY[full_method]
    except KeyError:
        raise PolicyMissing(
            f"{full_method} has no line in the policy table; add one to service/auth/policy.py"
        ) from None


def require_rules(full_methods: Iterable[str]) -> None:
    """Raises PolicyMissing, naming every rpc without a rule."""
    missing = sorted(set(full_methods) - POLICY.keys())
    if missing:
        raise PolicyMissing("add a line to service/auth/policy.py for " + ", ".join(missing))
