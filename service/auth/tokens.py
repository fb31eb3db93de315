"""Tokens: signed statements of who the caller is (RFC 7519, EdDSA of RFC 8037, checked as RFC 8725 advises).

Every token names its type in the `typ` claim, and none is taken for another: `access` is a user's for calls,
`refresh` a user's for new tokens, `service` a service's for calls.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from service.auth.keys import SigningKey
from service.auth.principal import Principal, Role, UserId
from service.auth.revocations import TokenFacts
from service.errors import Unauthenticated
from service.settings import Settings

ALGORITHM = "EdDSA"
MAX_TOKEN_BYTES = 4096
CACHE_ENTRIES = 10_000
USER_ROLES = frozenset({Role.USER, Role.STAFF, Role.SUPERUSER})
HEADER = frozenset({"alg", "typ", "kid"})
REQUIRED_CLAIMS = ("typ", "sub", "iss", "aud", "iat", "exp", "jti")


class TokenInvalid(Unauthenticated):
    """The token proves nothing; one text for every cause, so that an attacker learns none."""

    def __init__(self, *, is_forged: bool = True) -> None:
        super().__init__("the token is not valid; sign in again")
        self.is_forged = is_forged
        """False for a token of our own that has ended or was revoked; for the operator, never for the caller."""


class Keys(Protocol):
    """The keys of this moment."""

    @property
    def signing(self) -> SigningKey:
        """The key that signs now."""
        ...

    @property
    def verifying(self) -> Mapping[str, Ed25519PublicKey]:
        """Every key that verifies, by kid."""
        ...


class RevocationCheck(Protocol):
    """Knows which tokens became worthless before their end."""

    def check(self, token: TokenFacts) -> bool:
        """Tells whether a token stands; raises RevocationsUnknown when that cannot be told."""
        ...


@dataclass(frozen=True)
class IssuedToken:
    """A token, its end, and what names it."""

    token: str
    expires_at: datetime
    token_id: UUID
    kid: str


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    """What a refresh token says."""

    user_id: UserId
    session_id: UUID


@dataclass(frozen=True, slots=True)
class _Verified:
    """A token that was verified once."""

    principal: Principal
    facts: TokenFacts
    expires_at: float
    kid: str


class TokenIssuer:
    """Signs tokens with the key of the moment."""

    def __init__(self, keys: Keys, *, issuer: str, audience: str, access_ttl: float, refresh_ttl: float) -> None:
        """Takes the seconds that access and refresh tokens live."""
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._access_ttl = access_ttl
        self._refresh_ttl = refresh_ttl

    @classmethod
    def from_settings(cls, settings: Settings, keys: Keys) -> TokenIssuer:
        """Returns the issuer whose tokens a server with these settings takes."""
        return cls(
            keys,
            issuer=settings.token_issuer,
            audience=settings.token_audience,
            access_ttl=settings.access_token_ttl,
            refresh_ttl=settings.refresh_token_ttl,
        )

    def issue_access(self, user_id: UserId, *, session_id: UUID, roles: Iterable[Role], epoch: int) -> IssuedToken:
        """Returns an access token of a user's session; `epoch` is the user's token_epoch at this moment."""
        claims = {"sid": str(session_id), "roles": sorted(roles), "epoch": epoch}
        return self._issue("access", str(user_id), self._access_ttl, **claims)

    def issue_refresh(self, user_id: UserId, *, session_id: UUID) -> IssuedToken:
        """Returns a refresh token of a user's session."""
        return self._issue("refresh", str(user_id), self._refresh_ttl, sid=str(session_id))

    def issue_service(self, name: str, *, scopes: Iterable[str], ttl: float) -> IssuedToken:
        """Returns a token of a service that lives `ttl` seconds; it is to be registered under its id."""
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
    """Turns tokens into principals; verifies each once and remembers it until it ends, in bounded room."""

    def __init__(self, keys: Keys, *, revocations: RevocationCheck, issuer: str, audience: str) -> None:
        self._keys = keys
        self._revocations = revocations
        self._issuer = issuer
        self._audience = audience
        self._verified: OrderedDict[str, _Verified] = OrderedDict()

    @classmethod
    def from_settings(cls, settings: Settings, keys: Keys, *, revocations: RevocationCheck) -> TokenVerifier:
        """Returns the verifier of a server with these settings."""
        return cls(keys, revocations=revocations, issuer=settings.token_issuer, audience=settings.token_audience)

    def verify(self, token: str) -> Principal:
        """Returns who an access or service token speaks for; raises TokenInvalid and RevocationsUnknown."""
        known = self._verified.get(token) or self._remember(token)
        stands = known.expires_at > time.time() and known.kid in self._keys.verifying
        if not stands or not self._revocations.check(known.facts):
            self._verified.pop(token, None)
            raise TokenInvalid(is_forged=False)
        return known.principal

    def verify_refresh(self, token: str) -> RefreshClaims:
        """Returns what a refresh token says; whether it is good still is for the sessions to tell.

        Raises TokenInvalid.
        """
        match self._decode(token)[1]:
            case {"typ": "refresh", "sub": str(subject), "sid": str(session_id)}:
                return RefreshClaims(_user_id(subject), _uuid(session_id))
        raise TokenInvalid

    def _remember(self, token: str) -> _Verified:
        verified = _read(*self._decode(token))
        self._verified[token] = verified
        if len(self._verified) > CACHE_ENTRIES:
            self._verified.popitem(last=False)
        return verified

    def _decode(self, token: str) -> tuple[str, dict[str, Any]]:
        """Returns the key's id and the claims of a token of any type."""
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
    """Returns the header; raises ValueError unless header and claims name nothing twice and the header no extra.

    What else a header may hold (jwk, jku, x5u, crit) tells a verifier to trust what the token brings along.
    """
    parts = token.split(".")
    header, claims = _json(parts[0]), _json(parts[1])
    if not isinstance(header, dict) or header.keys() != HEADER or not isinstance(claims, dict):
        raise ValueError("not a header of ours")
    return header


def _json(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_unrepeated)


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is named twice")
    return members


def _read(kid: str, claims: dict[str, Any]) -> _Verified:
    expires_at = float(claims["exp"])
    match claims:
        case {"typ": "access", "sub": str(subject), "roles": list(roles), "sid": str(session_id), "epoch": int(epoch)}:
            held = frozenset(role for role in USER_ROLES if role in roles)
            if Role.USER in held:
                principal = Principal(str(_user_id(subject)), held, session_id=_uuid(session_id))
                facts = TokenFacts(claims["jti"], str(principal.session_id), principal.user_id, epoch)
                return _Verified(principal, facts, expires_at, kid)
        case {"typ": "service", "sub": str(subject), "scopes": list(scopes)} if subject:
            principal = Principal(subject, frozenset({Role.SERVICE}), frozenset(map(str, scopes)))
            return _Verified(principal, TokenFacts(claims["jti"]), expires_at, kid)
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
