"""Who may call which rpc: one table, and what is not in it is refused.

Rules about single objects (one's own file, one's own list) are the slices'. The server does not start while an rpc
it serves has no line here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.auth.principal import AccessDenied, AuthenticationRequired, Principal, Role


@dataclass(frozen=True, slots=True)
class Rule:
    """What a caller must be: one of `roles`, with `scope` if it is a service. No roles: anyone."""

    roles: frozenset[Role] = frozenset()
    scope: str = ""

    def check(self, principal: Principal) -> None:
        """Returns when the caller may go on, else raises AuthenticationRequired or AccessDenied."""
        if not self.roles:
            return
        if principal.is_anonymous:
            raise AuthenticationRequired("sign in first")
        if not self.roles & principal.roles or (self.scope and self.scope not in principal.scopes):
            raise AccessDenied("your account may not do this")


ANYONE = Rule()
USER = Rule(frozenset({Role.USER}))
STAFF = Rule(frozenset({Role.STAFF, Role.SUPERUSER}))


def _service(scope: str) -> Rule:
    return Rule(frozenset({Role.SERVICE}), scope)


MEDIA_REGISTER = "media.register"

POLICY: Mapping[str, Rule] = {
    "/marquee.users.v1.UsersService/Register": ANYONE,
    "/marquee.users.v1.UsersService/Login": ANYONE,
    "/marquee.users.v1.UsersService/GetProfile": USER,
    "/marquee.catalog.v1.CatalogService/GetMovie": ANYONE,
    "/marquee.catalog.v1.CatalogService/ListMovies": ANYONE,
    "/marquee.favorites.v1.FavoritesService/AddFavorite": USER,
    "/marquee.favorites.v1.FavoritesService/RemoveFavorite": USER,
    "/marquee.favorites.v1.FavoritesService/ListFavorites": USER,
    "/marquee.media.v1.MediaService/CreateUpload": USER,
    "/marquee.media.v1.MediaService/GetFile": USER,
    "/marquee.media.v1.MediaService/RegisterFile": _service(MEDIA_REGISTER),
    "/marquee.media.v1.MediaService/RejectFile": _service(MEDIA_REGISTER),
    "/grpc.health.v1.Health/Check": ANYONE,
    "/grpc.health.v1.Health/Watch": ANYONE,
    "/grpc.health.v1.Health/List": ANYONE,
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": ANYONE,
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": ANYONE,
}


class PolicyMissing(RuntimeError):
    """An rpc is served that the table does not name."""


def rule_for(full_method: str) -> Rule:
    """Returns the rule of `/package.Service/Method`; raises PolicyMissing."""
    try:
        return POLICY[full_method]
    except KeyError:
        raise PolicyMissing(f"{full_method} has no line in the policy table") from None


def require_rules(full_methods: Iterable[str]) -> None:
    """Raises PolicyMissing, naming every rpc without a rule."""
    missing = sorted(set(full_methods) - POLICY.keys())
    if missing:
        raise PolicyMissing("no line in the policy table for " + ", ".join(missing))
