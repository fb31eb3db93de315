"""The folder of signing keys as it changes: keys come and go without a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from service.auth.keys import KeyRing, KeysUnusable, SigningKey
from service.settings import Settings

log: structlog.stdlib.BoundLogger = structlog.get_logger()
INTERVAL = 1.0


class KeyFolder:
    """The key ring of the moment. While the folder cannot be used, the last ring that could stays."""

    def __init__(self, folder: Path, *, activation_delay: float) -> None:
        """Reads the folder; raises KeysUnusable."""
        self._folder = folder
        self._activation_delay = activation_delay
        # Looked at before it is read: what changes between the two is read again.
        self._seen = self._look()
        self._ring = self._read()
        self._problem = ""
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> KeyFolder:
        """Reads the keys of a server with these settings; raises KeysUnusable."""
        return cls(settings.keys_dir, activation_delay=settings.key_activation_delay)

    @property
    def signing(self) -> SigningKey:
        """The key that signs now."""
        return self._ring.signing

    @property
    def verifying(self) -> Mapping[str, Ed25519PublicKey]:
        """Every key that verifies, by kid."""
        return self._ring.verifying

    def jwks(self) -> list[dict[str, str]]:
        """As PublishedKeys."""
        return self._ring.jwks()

    async def start(self) -> None:
        """Begins to look for changes every second."""
        self._task = asyncio.create_task(self._keep_reading(), name="keys")

    async def close(self) -> None:
        """Stops looking; the ring stays."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def refresh(self) -> None:
        """Reads the folder again if it changed; what keeps it from being used is logged once, and not raised."""
        try:
            seen = self._look()
            if seen == self._seen and not self._problem:
                return
            self._ring = self._read()
        except (KeysUnusable, OSError) as error:
            if str(error) != self._problem:
                log.error("keys.unusable", error=str(error))  # noqa: TRY400 - the sentence says it all
            self._problem = str(error)
            return
        self._seen, self._problem = seen, ""
        log.info("keys.read", kids=list(self.verifying), signing=self.signing.kid)

    async def _keep_reading(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            # The folder may be on another machine, and slow.
            await asyncio.to_thread(self.refresh)

    def _look(self) -> set[tuple[str, int, int]]:
        try:
            looks = [(file.name, file.stat()) for file in self._folder.glob("*.pem")]
        except OSError as error:
            raise KeysUnusable(f"MARQUEE_KEYS_DIR={self._folder} cannot be read: {error.strerror}") from error
        return {(name, stat.st_ino, stat.st_ctime_ns) for name, stat in looks}

    def _read(self) -> KeyRing:
        return KeyRing.load(self._folder, activation_delay=self._activation_delay)
