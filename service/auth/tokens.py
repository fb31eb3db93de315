"""Tokens: signed claims about the caller (RFC 7519, EdDSA of RFC 8037, verified as RFC 8725 recommends).

The `typ` claim of a token is its type, and no type is accepted in place of another: `access` tokens for calls of a
user, `refresh` tokens for new tokens of a user, `service` tokens for calls of a service.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import jwt
from cachetools import FIFOCache
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from service.auth.keys import SigningKey
from service.auth.principal import Principal, Role, UserId
from service.auth.revocations import TokenIdentity
from service.errors import Unauthenticated
from service.settings import Settings

ALGORITHM = "EdDSA"
MAX_TOKEN_BYTES = 4096
CACHE_SIZE = 10_000
"""Verified tokens of one worker that are not verified again."""
USER_ROLES = frozenset({Role.USER, Role.STAFF, Role.SUPERUSER})
HEADER = frozenset({"alg", "typ", "kid"})
REQUIRED_CLAIMS = ("typ", "sub", "iss", "aud", "iat", "exp", "jti")


class TokenInvalid(Unauthenticated):
    """The token is not valid. The message is the same for every cause, so that an attacker learns nothing."""

    def __init__(self, *, is_forged: bool = True) -> None:
        super().__init__("the token is not valid; sign in again")
        self.is_forged = is_forged
        """False for an expired or revoked token of this service. For the operator only, never sent to the caller."""


class Keys(Protocol):
    """The current keys."""

    @property
    def signing(self) -> SigningKey:
        """The key that signs now."""
        ...

    @property
    def verifying(self) -> Mapping[str, Ed25519PublicKey]:
        """Every key that verifies, by kid."""
        ...


class RevocationCheck(Protocol):
    """Decides which tokens are revoked."""

    def is_revoked(self, token: TokenIdentity) -> bool:
        """Returns whether a token is revoked; raises RevocationsUnknown if it cannot decide."""
        ...


@dataclass(frozen=True)
class IssuedToken:
    """A token with its expiry, its id and the key that signed it."""

    token: str
    expires_at: datetime
    token_id: UUID
    kid: str


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    """The claims of a refresh token."""

    user_id: UserId
    session_id: UUID


@dataclass(frozen=True, slots=True)
class _VerifiedToken:
    """A token with a valid signature and valid claims."""

    principal: Principal
    identity: TokenIdentity
    expires_at: float
    kid: str


class TokenIssuer:
    """Signs tokens with the current key."""

    def __init__(self, keys: Keys, *, issuer: str, audience: str, access_ttl: float, refresh_ttl: float) -> None:
        """`access_ttl`, `refresh_ttl`: lifetimes of access and refresh tokens in seconds."""
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._access_ttl = access_ttl
        self._refresh_ttl = refresh_ttl

    @classmethod
    def from_settings(cls, settings: Settings, keys: Keys) -> TokenIssuer:
        """Returns an issuer whose tokens a server with these settings accepts."""
        return cls(
            keys,
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            access_ttl=settings.access_token_ttl,
            refresh_ttl=settings.refresh_token_ttl,
        )

    def issue_access(self, user_id: UserId, *, session_id: UUID, roles: Iterable[Role], epoch: int) -> IssuedToken:
        """Returns an access token for a session of a user; `epoch` is the current token_epoch of the user."""
        claims = {"sid": str(session_id), "roles": sorted(roles), "epoch": epoch}
        return self._issue("access", str(user_id), self._access_ttl, **claims)

    def issue_refresh(self, user_id: UserId, *, session_id: UUID) -> IssuedToken:
        """Returns a refresh token for a session of a user."""
        return self._issue("refresh", str(user_id), self._refresh_ttl, sid=str(session_id))

    def issue_service(self, name: str, *, scopes: Iterable[str], ttl: float) -> IssuedToken:
        """Returns a service token that is valid for `ttl` seconds; the caller stores its id."""
        return self._issue("service", name, ttl, scopes=sorted(scopes))

    def _issue(self, typ: str, subject: str, ttl: float, **claims: object) -> IssuedToken:
        now = datetime.now(UTC)
        expires_at = now + timedelta(seconds=ttl)
        token_id = uuid.uuid4()
        payload = {
            "typ": typ,
            "sub": subject,
            "iss": self._issuer,
            "aud": self._audience,
            "iat": now,
            "exp": expires_at,
            "jti": token_id.hex,
            **claims,
        }
        key = self._keys.signing
        token = jwt.encode(payload, key.private, algorithm=ALGORITHM, headers={"kid": key.kid})
        return IssuedToken(token, expires_at, token_id, key.kid)


class TokenVerifier:
    """Turns tokens into principals. It verifies each token once and caches the result until the token expires."""

    def __init__(self, keys: Keys, *, revocations: RevocationCheck, issuer: str, audience: str) -> None:
        self._keys = keys
        self._revocations = revocations
        self._issuer = issuer
        self._audience = audience
        self._verified: FIFOCache[str, _VerifiedToken] = FIFOCache(CACHE_SIZE)

    @classmethod
    def from_settings(cls, settings: Settings, keys: Keys, *, revocations: RevocationCheck) -> TokenVerifier:
        """Returns the verifier of a server with these settings."""
        return cls(keys, revocations=revocations, issuer=settings.token_issuer, audience=settings.token_audience)

    def verify(self, token: str) -> Principal:
        """Returns the principal of an access or service token; raises TokenInvalid and RevocationsUnknown."""
        try:
            verified = self._verified[token]
        except KeyError:
            verified = self._verified[token] = _parse(*self._decode(token))
        is_expired = verified.expires_at <= time.time() or verified.kid not in self._keys.verifying
        if is_expired or self._revocations.is_revoked(verified.identity):
            self._verified.pop(token, None)
            raise TokenInvalid(is_forged=False)
        return verified.principal

    def verify_refresh(self, token: str) -> RefreshClaims:
        """Returns the claims of a refresh token; raises TokenInvalid.

        Only the sessions can decide whether the token was already used.
        """
        match self._decode(token)[1]:
            case {"typ": "refresh", "sub": str(subject), "sid": str(session_id)}:
                return RefreshClaims(_user_id(subject), _uuid(session_id))
        raise TokenInvalid

    def _decode(self, token: str) -> tuple[str, dict[str, Any]]:
        """Returns the kid and the claims of a token of any type."""
        if len(token) > MAX_TOKEN_BYTES:
            raise TokenInvalid
        try:
            header = _header(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                self._keys.verifying[header["kid"]],
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                options={"require": list(REQUIRED_CLAIMS), "strict_aud": True},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenInvalid(is_forged=False) from error
        except (jwt.InvalidTokenError, LookupError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise TokenInvalid from error
        return header["kid"], claims


def _header(token: str) -> dict[str, Any]:
    """Returns the header; raises ValueError for a duplicate name in header or claims, or another header member.

    Other members (jwk, jku, x5u, crit) would make a verifier trust keys that the token itself contains or names.
    """
    parts = token.split(".")
    header, claims = _json(parts[0]), _json(parts[1])
    if not isinstance(header, dict) or header.keys() != HEADER or not isinstance(claims, dict):
        raise ValueError("the header has other members")
    return header


def _json(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_unique_members)


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member appears twice")
    return members


def _parse(kid: str, claims: dict[str, Any]) -> _VerifiedToken:
    expires_at = float(claims["exp"])
    match claims:
        case {"typ": "access", "sub": str(subject), "roles": list(roles), "sid": str(session_id), "epoch": int(epoch)}:
            known_roles = frozenset(role for role in USER_ROLES if role in roles)
            if Role.USER in known_roles:
                principal = Principal(str(_user_id(subject)), known_roles, session_id=_uuid(session_id))
                identity = TokenIdentity(claims["jti"], str(principal.session_id), principal.user_id, epoch)
                return _VerifiedToken(principal, identity, expires_at, kid)
        case {"typ": "service", "sub": str(subject), "scopes": list(scopes)} if subject:
            principal = Principal(subject, frozenset({Role.SERVICE}), frozenset(map(str, scopes)))
            return _VerifiedToken(principal, TokenIdentity(claims["jti"]), expires_at, kid)
    raise TokenInvalid


def _user_id(subject: str) -> UserId:
    if not (subject.isascii() and subject.isdecimal() and len(subject) <= 10):  # noqa: PLR2004 - digits of an int32
        raise TokenInvalid
    return UserId(int(subject))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise TokenInvalid from error
