"""Sealed columns: values kept encrypted, found through a keyed hash."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class DataSealer:
    """Encrypts with the newest Fernet key, decrypts with any, and hashes for look-ups.

    Equal values encrypt differently each time; `index` of equal values is equal, so it alone can be searched and
    unique.
    """

    def __init__(self, keys: str, *, index_key: str) -> None:
        """Takes comma-separated Fernet keys, newest first. Raises ValueError for one that is none."""
        fernets = [Fernet(key.strip()) for key in keys.split(",")]
        self._newest = fernets[0]
        self._fernet = MultiFernet(fernets)
        self._index_key = index_key.encode()

    def seal(self, value: str) -> bytes:
        """Returns the value encrypted and authenticated."""
        return self._fernet.encrypt(value.encode())

    def unseal(self, sealed: bytes) -> str:
        """Returns the value; raises cryptography.fernet.InvalidToken when no key made it."""
        return self._fernet.decrypt(bytes(sealed)).decode()

    def needs_rotation(self, sealed: bytes) -> bool:
        """Tells whether a value was encrypted with another key than the newest."""
        try:
            self._newest.decrypt(bytes(sealed))
        except InvalidToken:
            return True
        return False

    def rotate(self, sealed: bytes) -> bytes:
        """Returns the same value encrypted with the newest key; raises InvalidToken as unseal does."""
        return self._fernet.rotate(bytes(sealed))

    def index(self, value: str) -> bytes:
        """Returns the 32-byte HMAC-SHA-256 of a value that the caller has normalised."""
        return hmac.digest(self._index_key, value.encode(), hashlib.sha256)
