"""Signing keys: a folder of Ed25519 private keys, the newest of which signs and all of which verify."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


class KeysUnusable(RuntimeError):
    """The key folder is missing, empty, readable by others, or holds what is no Ed25519 key."""


@dataclass(frozen=True)
class SigningKey:
    """One key pair; `kid` is the RFC 7638 thumbprint of its public half (OKP members per RFC 8037)."""

    kid: str
    private: Ed25519PrivateKey


@dataclass(frozen=True)
class KeyRing:
    """The keys of one moment."""

    signing: SigningKey
    verifying: Mapping[str, Ed25519PublicKey]

    @classmethod
    def load(cls, folder: Path) -> KeyRing:
        """Reads every `*.pem` of the folder; the last by name signs. Raises KeysUnusable."""
        files = sorted(folder.glob("*.pem")) if folder.is_dir() else []
        if not files:
            raise KeysUnusable(
                f"MARQUEE_KEYS_DIR={folder} holds no *.pem signing key; `marquee keys generate` makes one"
            )
        keys = [_load(file) for file in files]
        return cls(signing=keys[-1], verifying={key.kid: key.private.public_key() for key in keys})


def generate(folder: Path) -> Path:
    """Makes a new key, named by the time so that it sorts last, readable by its owner alone; returns its file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}.pem"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem)
    return file


def _load(file: Path) -> SigningKey:
    if file.stat().st_mode & 0o077:
        raise KeysUnusable(f"{file} can be read by others than its owner: chmod 600 it")
    try:
        private = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except ValueError as error:
        raise KeysUnusable(f"{file} is no PEM private key") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise KeysUnusable(f"{file} is no Ed25519 key")
    return SigningKey(kid=_thumbprint(private.public_key()), private=private)


def _thumbprint(public: Ed25519PublicKey) -> str:
    raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    members = {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}
    canonical = json.dumps(members, separators=(",", ":"), sort_keys=True).encode()
    return _base64url(hashlib.sha256(canonical).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
