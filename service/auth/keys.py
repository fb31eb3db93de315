"""Signing keys: a folder of Ed25519 private keys. One of them signs and all of them verify.

The name of a file is the creation time of its key. A new key is published at once and signs only after a delay, so that
services that cache the published keys know it by then. The file names and the clock alone determine which key signs,
so all machines that share a folder agree.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from service.settings import Settings

NAME = "%Y%m%dT%H%M%S%fZ"
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class KeysUnusable(RuntimeError):
    """The key folder is missing, empty, readable by others, or has a file without an Ed25519 key, or a duplicate."""


class PublishedKeys(Protocol):
    """The public keys with which others verify tokens of this service."""

    def jwks(self) -> list[dict[str, str]]:
        """Returns the public keys as members of JSON Web Keys (RFC 7517, RFC 8037), oldest first."""
        ...


class KeyState(enum.StrEnum):
    """The current use of a key; every key verifies."""

    NEXT = "next"
    SIGNING = "signing"
    VERIFYING = "verifying"


@dataclass(frozen=True)
class SigningKey:
    """One key pair; `kid` is the RFC 7638 thumbprint of its public half (OKP members per RFC 8037)."""

    kid: str
    private: Ed25519PrivateKey
    file: Path
    created_at: datetime | None
    """None if the file name contains no time; such a key counts as older than all others."""


@dataclass(frozen=True)
class KeyRing:
    """The keys of a folder at one time, the oldest first. The clock determines at each use which of them signs."""

    keys: tuple[SigningKey, ...]
    activation_delay: timedelta

    @classmethod
    def load(cls, folder: Path, *, activation_delay: float = 0.0) -> KeyRing:
        """Reads every `*.pem` of the folder; raises KeysUnusable.

        A key signs `activation_delay` seconds after its creation.
        """
        files = sorted(folder.glob("*.pem")) if folder.is_dir() else []
        if not files:
            raise KeysUnusable(f"MARQUEE_KEYS_DIR={folder} has no *.pem signing key; `marquee keys rotate` creates one")
        keys = sorted(map(_load, files), key=lambda key: (key.created_at or LONG_AGO, key.file.name))
        if len({key.kid for key in keys}) < len(keys):
            raise KeysUnusable(f"MARQUEE_KEYS_DIR={folder} has the same key twice: remove one of the two files")
        return cls(tuple(keys), timedelta(seconds=activation_delay))

    @classmethod
    def from_settings(cls, settings: Settings) -> KeyRing:
        """Reads the keys of a server with these settings; raises KeysUnusable."""
        return cls.load(settings.keys_dir, activation_delay=settings.key_activation_delay)

    @property
    def signing(self) -> SigningKey:
        """The newest key whose delay is over; the first key of a folder has no delay."""
        created_before = datetime.now(UTC) - self.activation_delay
        return next(
            (key for key in reversed(self.keys) if (key.created_at or LONG_AGO) <= created_before),
            self.keys[0],
        )

    @cached_property
    def verifying(self) -> Mapping[str, Ed25519PublicKey]:
        """All keys by kid, including keys that do not sign yet or no longer sign."""
        return {key.kid: key.private.public_key() for key in self.keys}

    def jwks(self) -> list[dict[str, str]]:
        """Implements PublishedKeys."""
        return [
            {**_members(public), "kid": kid, "use": "sig", "alg": "EdDSA"} for kid, public in self.verifying.items()
        ]

    def state(self, key: SigningKey) -> KeyState:
        """Returns the current use of a key of this ring."""
        ahead = self.keys.index(key) - self.keys.index(self.signing)
        return KeyState.NEXT if ahead > 0 else KeyState.VERIFYING if ahead < 0 else KeyState.SIGNING

    def signs_from(self, key: SigningKey) -> datetime | None:
        """Returns the time from which a key signs; None if its file name contains no time."""
        if key.created_at is None or key == self.keys[0]:
            return key.created_at
        return key.created_at + self.activation_delay

    def signs_until(self, key: SigningKey) -> datetime | None:
        """Returns the time from which a newer key signs; None if there is none whose file name contains a time."""
        newer = self.keys[self.keys.index(key) + 1 :]
        return next((self.signs_from(key) for key in newer if key.created_at), None)


def generate(folder: Path) -> Path:
    """Creates a key that only its owner can read, and returns its file; readers never see an incomplete file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{datetime.now(UTC).strftime(NAME)}.pem"
    draft = file.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem)
        stream.flush()
        # The key must survive a power cut.
        os.fsync(descriptor)
    return draft.rename(file)


def _load(file: Path) -> SigningKey:
    try:
        if file.stat().st_mode & 0o077:
            raise KeysUnusable(f"{file} is readable by others than its owner: chmod 600 it")
        private = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise KeysUnusable(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeysUnusable(f"{file} is not a PEM private key without a password") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise KeysUnusable(f"{file} is not an Ed25519 key")
    return SigningKey(_thumbprint(private.public_key()), private, file, _created_at(file))


def _created_at(file: Path) -> datetime | None:
    try:
        created_at = datetime.strptime(file.stem, NAME).replace(tzinfo=UTC)
    except ValueError:
        return None
    # The parser also accepts shorter numbers, which mean another time.
    return created_at if created_at.strftime(NAME) == file.stem else None


def _thumbprint(public: Ed25519PublicKey) -> str:
    canonical = json.dumps(_members(public), separators=(",", ":"), sort_keys=True).encode()
    return _base64url(hashlib.sha256(canonical).digest())


def _members(public: Ed25519PublicKey) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public.public_bytes_raw())}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
