"""Sealed columns: values kept encrypted, found through a keyed hash."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.fernet import Fernet, MultiFernet


class DataSealer:
    """Encrypts with the newest Fernet key, decrypts with any, and hashes for look-ups.

    Equal values encrypt differently each time; `index` of equal values is equal, so it alone can be searched and
    unique.
    """

    def __init__(self, keys: str, *, index_key: str) -> None:
        """Takes comma-separated Fernet keys, newest first. Raises ValueError for one that is none."""
        self._fernet = MultiFernet([Fernet(key.strip()) for key in keys.split(",")])
        self._index_key = index_key.encode()

    def seal(self, value: str) -> bytes:
        """Returns the value encrypted and authenticated."""
        return self._fernet.encrypt(value.encode())

    def unseal(self, sealed: bytes) -> str:
        """Returns the value; raises cryptography.fernet.InvalidToken when no key made it."""
        return self._fernet.decrypt(bytes(sealed)).decode()

    def index(self, value: str) -> bytes:
        """Returns the 32-byte HMAC-SHA-256 of a value that the caller has normalised."""
        return hmac.digest(self._index_key, value.encode(), hashlib.sha256)
