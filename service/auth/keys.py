"""Signing keys: a folder of Ed25519 private keys, one of which signs and all of which verify.

A key's file is named by when the key was made. From then on it is published, and only after a delay it signs: whoever
keeps the published keys for a while knows it by then. Which key signs follows from the names and the clock alone, so
all machines that share a folder agree.
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
    """The key folder is missing, empty, readable by others, or holds what is no Ed25519 key or the same one twice."""


class PublishedKeys(Protocol):
    """What others verify our tokens with."""

    def jwks(self) -> list[dict[str, str]]:
        """Returns the public keys as members of JSON Web Keys (RFC 7517, RFC 8037), oldest first."""
        ...


class KeyState(enum.StrEnum):
    """What a key does just now, besides verifying."""

    NEXT = "next"
    SIGNING = "signing"
    VERIFYING = "verifying"


@dataclass(frozen=True)
class SigningKey:
    """One key pair; `kid` is the RFC 7638 thumbprint of its public half (OKP members per RFC 8037)."""

    kid: str
    private: Ed25519PrivateKey
    file: Path
    made_at: datetime | None
    """None for a file whose name tells no time; such a key counts as older than all whose name does."""


@dataclass(frozen=True)
class KeyRing:
    """The keys that a folder held at one moment, oldest first; which of them signs, the clock tells at each use."""

    keys: tuple[SigningKey, ...]
    activation_delay: timedelta

    @classmethod
    def load(cls, folder: Path, *, activation_delay: float = 0.0) -> KeyRing:
        """Reads every `*.pem` of the folder; a key signs `activation_delay` seconds after it was made.

        Raises KeysUnusable.
        """
        files = sorted(folder.glob("*.pem")) if folder.is_dir() else []
        if not files:
            raise KeysUnusable(f"MARQUEE_KEYS_DIR={folder} holds no *.pem signing key; `marquee keys rotate` makes one")
        keys = sorted(map(_load, files), key=lambda key: (key.made_at or LONG_AGO, key.file.name))
        if len({key.kid for key in keys}) < len(keys):
            raise KeysUnusable(f"MARQUEE_KEYS_DIR={folder} holds the same key twice: remove one of the two files")
        return cls(tuple(keys), timedelta(seconds=activation_delay))

    @classmethod
    def from_settings(cls, settings: Settings) -> KeyRing:
        """Reads the keys of a server with these settings; raises KeysUnusable."""
        return cls.load(settings.keys_dir, activation_delay=settings.key_activation_delay)

    @property
    def signing(self) -> SigningKey:
        """The newest key whose delay is over; the first of a folder has none."""
        made_before = datetime.now(UTC) - self.activation_delay
        return next(
            (key for key in reversed(self.keys) if (key.made_at or LONG_AGO) <= made_before),
            self.keys[0],
        )

    @cached_property
    def verifying(self) -> Mapping[str, Ed25519PublicKey]:
        """Every key by its kid, also one that does not sign yet or any more."""
        return {key.kid: key.private.public_key() for key in self.keys}

    def jwks(self) -> list[dict[str, str]]:
        """As PublishedKeys."""
        return [
            {**_members(public), "kid": kid, "use": "sig", "alg": "EdDSA"} for kid, public in self.verifying.items()
        ]

    def state(self, key: SigningKey) -> KeyState:
        """Tells what a key of this ring does just now."""
        ahead = self.keys.index(key) - self.keys.index(self.signing)
        return KeyState.NEXT if ahead > 0 else KeyState.VERIFYING if ahead < 0 else KeyState.SIGNING

    def signs_from(self, key: SigningKey) -> datetime | None:
        """Returns when a key begins, or began, to sign; None when its name does not tell."""
        if key.made_at is None or key == self.keys[0]:
            return key.made_at
        return key.made_at + self.activation_delay

    def signs_until(self, key: SigningKey) -> datetime | None:
        """Returns when a newer key takes, or took, over; None when there is none whose name tells."""
        newer = self.keys[self.keys.index(key) + 1 :]
        return next((self.signs_from(key) for key in newer if key.made_at), None)


def generate(folder: Path) -> Path:
    """Makes a new key, readable by its owner alone, and returns its file, which is there whole or not at all."""
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
        # A key that others rely on must outlast a power cut.
        os.fsync(descriptor)
    return draft.rename(file)


def _load(file: Path) -> SigningKey:
    try:
        if file.stat().st_mode & 0o077:
            raise KeysUnusable(f"{file} can be read by others than its owner: chmod 600 it")
        private = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except OSError as error:
        raise KeysUnusable(f"{file} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeysUnusable(f"{file} is no PEM private key without a password") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise KeysUnusable(f"{file} is no Ed25519 key")
    return SigningKey(_thumbprint(private.public_key()), private, file, _made_at(file))


def _made_at(file: Path) -> datetime | None:
    try:
        made_at = datetime.strptime(file.stem, NAME).replace(tzinfo=UTC)
    except ValueError:
        return None
    # The parser also takes shorter numbers, which mean another time.
    return made_at if made_at.strftime(NAME) == file.stem else None


def _thumbprint(public: Ed25519PublicKey) -> str:
    canonical = json.dumps(_members(public), separators=(",", ":"), sort_keys=True).encode()
    return _base64url(hashlib.sha256(canonical).digest())


def _members(public: Ed25519PublicKey) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(public.public_bytes_raw())}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
