"""Rotation of signing keys: adds the next key and removes a key whose tokens have all expired."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.auth import keys, service_tokens
from service.auth.keys import KeyRing, KeyState, SigningKey
from service.errors import FailedPrecondition, NotFound
from service.settings import Settings

CLOCK_SKEW = timedelta(minutes=1)


class KeyWaiting(FailedPrecondition):
    """The folder already has a new key that does not sign yet."""


class KeyNotFound(NotFound):
    """The folder has no such key."""


class KeyInUse(FailedPrecondition):
    """The key signs, will sign soon, or has signed tokens that are still valid."""


@dataclass(frozen=True)
class KeyUse:
    """The use of one key, and the time until which it is needed."""

    key: SigningKey
    state: KeyState
    signs_from: datetime | None
    retires_from: datetime | None
    """The time when all tokens that it signed have expired. None if no newer key signs yet, or if no file name tells
    when the newer key started to sign."""


def add_key(settings: Settings) -> KeyRing:
    """Creates the first or the next key of the folder and returns the new ring; raises KeyWaiting, KeysUnusable."""
    folder = settings.keys_dir
    if any(folder.glob("*.pem")):
        ring = KeyRing.from_settings(settings)
        newest = ring.keys[-1]
        if ring.state(newest) is KeyState.NEXT:
            raise KeyWaiting(
                f"{newest.kid} already waits and signs from {ring.signs_from(newest):%F %T} UTC: no other is needed"
            )
    keys.generate(folder)
    return KeyRing.from_settings(settings)


async def list_keys(settings: Settings) -> list[KeyUse]:
    """Returns the keys of the folder, the oldest first; raises KeysUnusable."""
    ring = KeyRing.from_settings(settings)
    expiries = await service_tokens.latest_expiry_by_key()
    return [
        KeyUse(key, ring.state(key), ring.signs_from(key), _retires_from(ring, key, settings, expiries.get(key.kid)))
        for key in ring.keys
    ]


async def retire_key(settings: Settings, kid: str) -> Path:
    """Removes a key that has signed no valid token, and returns its file; raises KeyNotFound, KeyInUse."""
    use = next((use for use in await list_keys(settings) if use.key.kid == kid), None)
    if use is None:
        raise _not_found(settings, kid)
    match use:
        case KeyUse(state=KeyState.SIGNING):
            raise KeyInUse(f"{kid} signs: add another key first (marquee keys rotate)")
        case KeyUse(state=KeyState.NEXT):
            raise KeyInUse(f"{kid} will sign soon")
        case KeyUse(retires_from=None):
            raise KeyInUse(f"it is unknown when {kid} stopped signing: the file name of no newer key contains a time")
        case KeyUse(retires_from=datetime() as moment) if moment > datetime.now(UTC):
            raise KeyInUse(f"tokens signed by {kid} may be valid until {moment:%F %T} UTC")
    return _remove(use.key)


def remove_exposed_key(settings: Settings, kid: str) -> Path:
    """Removes a key in any state and returns its file; all servers refuse its tokens within seconds.

    Raises KeyNotFound. Raises KeyInUse for the only key, because running servers would continue to use it.
    """
    ring = KeyRing.from_settings(settings)
    key = next((key for key in ring.keys if key.kid == kid), None)
    if key is None:
        raise _not_found(settings, kid)
    if len(ring.keys) == 1:
        raise KeyInUse(f"{kid} is the only key: add another first (marquee keys rotate)")
    return _remove(key)


def retires_from(ring: KeyRing, key: SigningKey, settings: Settings) -> datetime | None:
    """Returns the time when all user tokens signed by a key have expired; None as in KeyUse."""
    until = ring.signs_until(key)
    token_ttl = timedelta(seconds=max(settings.access_token_ttl, settings.refresh_token_ttl))
    return until and until + token_ttl + CLOCK_SKEW


def _retires_from(
    ring: KeyRing, key: SigningKey, settings: Settings, service_token_expiry: datetime | None
) -> datetime | None:
    users = retires_from(ring, key, settings)
    return users and max(users, service_token_expiry or users)


def _not_found(settings: Settings, kid: str) -> KeyNotFound:
    return KeyNotFound(f"MARQUEE_KEYS_DIR={settings.keys_dir} has no key {kid}; `marquee keys list` shows the keys")


def _remove(key: SigningKey) -> Path:
    key.file.unlink()
    return key.file
