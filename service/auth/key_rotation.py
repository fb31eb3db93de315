"""Rotating signing keys: making the next one, and removing one that nothing good was signed with any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.auth import keys, service_tokens
from service.auth.keys import KeyRing, KeyState, SigningKey
from service.errors import FailedPrecondition, NotFound
from service.settings import Settings

CLOCKS_DIFFER = timedelta(minutes=1)


class KeyWaiting(FailedPrecondition):
    """A new key waits to sign already."""


class KeyNotFound(NotFound):
    """The folder holds no such key."""


class KeyInUse(FailedPrecondition):
    """The key signs, is about to, or has signed what is good still."""


@dataclass(frozen=True)
class KeyUse:
    """What one key is used for, and for how long at least."""

    key: SigningKey
    state: KeyState
    signs_from: datetime | None
    retires_from: datetime | None
    """When all that it signed has ended; None while a newer key has still to take over, or none tells when it did."""


def add_key(settings: Settings) -> KeyRing:
    """Makes the folder's next key, or its first, and returns the ring with it; raises KeyWaiting, KeysUnusable."""
    folder = settings.keys_dir
    if any(folder.glob("*.pem")):
        ring = KeyRing.from_settings(settings)
        newest = ring.keys[-1]
        if ring.state(newest) is KeyState.NEXT:
            raise KeyWaiting(f"{newest.kid} waits to sign from {ring.signs_from(newest):%F %T} UTC: no other is needed")
    keys.generate(folder)
    return KeyRing.from_settings(settings)


async def list_keys(settings: Settings) -> list[KeyUse]:
    """Returns the folder's keys, oldest first; raises KeysUnusable."""
    ring = KeyRing.from_settings(settings)
    ends = await service_tokens.last_ends()
    return [
        KeyUse(key, ring.state(key), ring.signs_from(key), _retires_from(ring, key, settings, ends.get(key.kid)))
        for key in ring.keys
    ]


async def retire_key(settings: Settings, kid: str) -> Path:
    """Removes a key that nothing good was signed with, and returns its file; raises KeyNotFound, KeyInUse."""
    use = next((use for use in await list_keys(settings) if use.key.kid == kid), None)
    if use is None:
        raise _not_found(settings, kid)
    match use:
        case KeyUse(state=KeyState.SIGNING):
            raise KeyInUse(f"{kid} signs: another has to take over first (marquee keys rotate)")
        case KeyUse(state=KeyState.NEXT):
            raise KeyInUse(f"{kid} is about to sign")
        case KeyUse(retires_from=None):
            raise KeyInUse(f"nobody can tell when {kid} signed last: no newer key's file name holds its time")
        case KeyUse(retires_from=datetime() as moment) if moment > datetime.now(UTC):
            raise KeyInUse(f"what {kid} signed may be good until {moment:%F %T} UTC")
    return _remove(use.key)


def remove_exposed_key(settings: Settings, kid: str) -> Path:
    """Removes a key whatever it is used for, and returns its file: all that it signed is refused within seconds.

    Raises KeyNotFound, and KeyInUse for the only key, without which the running servers would keep it.
    """
    ring = KeyRing.from_settings(settings)
    key = next((key for key in ring.keys if key.kid == kid), None)
    if key is None:
        raise _not_found(settings, kid)
    if len(ring.keys) == 1:
        raise KeyInUse(f"{kid} is the only key: make another first (marquee keys rotate)")
    return _remove(key)


def retires_from(ring: KeyRing, key: SigningKey, settings: Settings) -> datetime | None:
    """Returns when all of a user's tokens that a key signs have ended; None as for KeyUse."""
    until = ring.signs_until(key)
    token_ttl = timedelta(seconds=max(settings.access_token_ttl, settings.refresh_token_ttl))
    return until and until + token_ttl + CLOCKS_DIFFER


def _retires_from(
    ring: KeyRing, key: SigningKey, settings: Settings, service_tokens_end: datetime | None
) -> datetime | None:
    users = retires_from(ring, key, settings)
    return users and max(users, service_tokens_end or users)


def _not_found(settings: Settings, kid: str) -> KeyNotFound:
    return KeyNotFound(f"MARQUEE_KEYS_DIR={settings.keys_dir} holds no key {kid}")


def _remove(key: SigningKey) -> Path:
    key.file.unlink()
    return key.file
