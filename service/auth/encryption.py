"""Encryption of personal columns, and the keyed hashes that make them searchable."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class DataCipher:
    """Encrypts with the newest Fernet key, decrypts with any key, and hashes values for look-ups.

    Encrypting the same value twice gives different bytes. `index` gives the same bytes, so only the index can be
    searched and unique.
    """

    def __init__(self, keys: str, *, index_key: str) -> None:
        """`keys`: Fernet keys separated by commas, the newest first. Raises ValueError for an invalid key."""
        fernets = [Fernet(key.strip()) for key in keys.split(",")]
        self._newest = fernets[0]
        self._fernet = MultiFernet(fernets)
        self._index_key = index_key.encode()

    def encrypt(self, value: str) -> bytes:
        """Returns the value encrypted and authenticated."""
        return self._fernet.encrypt(value.encode())

    def decrypt(self, encrypted: bytes) -> str:
        """Returns the value; raises cryptography.fernet.InvalidToken unless one of the keys encrypted it."""
        return self._fernet.decrypt(bytes(encrypted)).decode()

    def needs_rotation(self, encrypted: bytes) -> bool:
        """Returns whether a key other than the newest encrypted the value."""
        try:
            self._newest.decrypt(bytes(encrypted))
        except InvalidToken:
            return True
        return False

    def rotate(self, encrypted: bytes) -> bytes:
        """Returns the same value encrypted with the newest key; raises InvalidToken as `decrypt` does."""
        return self._fernet.rotate(bytes(encrypted))

    def index(self, value: str) -> bytes:
        """Returns the HMAC-SHA-256 (32 bytes) of a value that the caller has normalised."""
        return hmac.digest(self._index_key, value.encode(), hashlib.sha256)
