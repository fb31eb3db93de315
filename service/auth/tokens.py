"""Tokens: signed statements of who the caller is (RFC 7519, EdDSA of RFC 8037, checked as RFC 8725 advises).

Every token names its type in the `typ` claim, and the two types are never taken for each other's place: `access`
is a user's, `service` a service's.
"""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from service.auth.keys import KeyRing
from service.auth.principal import Principal, Role, UserId
from service.errors import Unauthenticated
from service.settings import Settings

ALGORITHM = "EdDSA"
MAX_TOKEN_BYTES = 4096
CACHE_ENTRIES = 10_000
USER_ROLES = frozenset({Role.USER, Role.STAFF, Role.SUPERUSER})
REQUIRED_CLAIMS = ("typ", "sub", "iss", "aud", "iat", "exp", "jti")


class TokenInvalid(Unauthenticated):
    """The token proves nothing; one text for every cause, so that an attacker learns none."""


@dataclass(frozen=True)
class IssuedToken:
    """A token and its end."""

    token: str
    expires_at: datetime


class TokenIssuer:
    """Signs tokens with the newest key."""

    def __init__(self, keys: KeyRing, *, issuer: str, audience: str, access_ttl: float) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._access_ttl = access_ttl

    @classmethod
    def from_settings(cls, settings: Settings, keys: KeyRing) -> TokenIssuer:
        """Returns the issuer whose tokens a server with these settings takes."""
        return cls(
            keys,
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            access_ttl=settings.access_token_ttl,
        )

    def issue_access(self, user_id: UserId, *, roles: Iterable[Role], epoch: int) -> IssuedToken:
        """Returns an access token of a user; `epoch` is the user's token_epoch at this moment."""
        return self._issue("access", str(user_id), self._access_ttl, roles=sorted(roles), epoch=epoch)

    def issue_service(self, name: str, *, scopes: Iterable[str], ttl: float) -> IssuedToken:
        """Returns a token of a service that lives `ttl` seconds."""
        return self._issue("service", name, ttl, scopes=sorted(scopes))

    def _issue(self, typ: str, subject: str, ttl: float, **claims: object) -> IssuedToken:
        now = datetime.now(UTC)
        expires_at = now + timedelta(seconds=ttl)
        payload = {
            "typ": typ,
            "sub": subject,
            "iss": self._issuer,
            "aud": self._audience,
            "iat": now,
            "exp": expires_at,
            "jti": uuid.uuid4().hex,
            **claims,
        }
        key = self._keys.signing
        return IssuedToken(jwt.encode(payload, key.private, algorithm=ALGORITHM, headers={"kid": key.kid}), expires_at)


class TokenVerifier:
    """Turns tokens into principals; verifies each once and remembers it until it ends, in bounded room."""

    def __init__(self, keys: KeyRing, *, issuer: str, audience: str) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._verified: OrderedDict[str, tuple[float, Principal]] = OrderedDict()

    @classmethod
    def from_settings(cls, settings: Settings, keys: KeyRing) -> TokenVerifier:
        """Returns the verifier of a server with these settings."""
        return cls(keys, issuer=settings.token_issuer, audience=settings.token_audience)

    def verify(self, token: str) -> Principal:
        """Returns who the token speaks for; raises TokenInvalid."""
        known = self._verified.get(token)
        if known is not None and known[0] > time.time():
            return known[1]
        claims = self._decode(token)
        principal = _principal(claims)
        self._verified[token] = (float(claims["exp"]), principal)
        if len(self._verified) > CACHE_ENTRIES:
            self._verified.popitem(last=False)
        return principal

    def _decode(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN_BYTES:
            raise _invalid()
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.verifying.get(header.get("kid", ""))
            if key is None:
                raise _invalid()
            return jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options={"require": list(REQUIRED_CLAIMS), "strict_aud": True},
            )
        except (jwt.InvalidTokenError, TypeError, ValueError) as error:
            raise _invalid() from error


def _principal(claims: dict[str, Any]) -> Principal:
    match claims:
        case {"typ": "access", "sub": str(subject), "roles": list(roles)} if subject.isdecimal():
            held = frozenset(role for role in USER_ROLES if role in roles)
            if Role.USER in held:
                return Principal(subject, held)
        case {"typ": "service", "sub": str(subject), "scopes": list(scopes)} if subject:
            return Principal(subject, frozenset({Role.SERVICE}), frozenset(map(str, scopes)))
    raise _invalid()


def _invalid() -> TokenInvalid:
    return TokenInvalid("the access token is not valid; sign in again")
