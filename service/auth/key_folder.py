"""Watched key folder: keys are added and removed without a restart."""

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
"""Seconds between two checks of the folder."""


class KeyFolder:
    """The current key ring. While the folder is unusable, the last usable ring stays."""

    def __init__(self, folder: Path, *, activation_delay: float) -> None:
        """Reads the folder; raises KeysUnusable."""
        self._folder = folder
        self._activation_delay = activation_delay
        # The files are listed before they are read, so that a change in between causes another read.
        self._files = self._list_files()
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
        """Implements PublishedKeys."""
        return self._ring.jwks()

    async def start(self) -> None:
        """Starts to check the folder every INTERVAL seconds."""
        self._task = asyncio.create_task(self._keep_reading(), name="keys")

    async def close(self) -> None:
        """Stops the checks; the current ring stays."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def refresh(self) -> None:
        """Reads the folder again if it changed. A problem is logged once and not raised."""
        try:
            files = self._list_files()
            if files == self._files and not self._problem:
                return
            self._ring = self._read()
        except (KeysUnusable, OSError) as error:
            if str(error) != self._problem:
                log.error("keys.load_failed", error=str(error))  # noqa: TRY400 - the message is complete
            self._problem = str(error)
            return
        self._files, self._problem = files, ""
        log.info("keys.loaded", kids=list(self.verifying), signing=self.signing.kid)

    async def _keep_reading(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            # In a thread: the folder may be on a slow network file system.
            await asyncio.to_thread(self.refresh)

    def _list_files(self) -> set[tuple[str, int, int]]:
        try:
            files = [(file.name, file.stat()) for file in self._folder.glob("*.pem")]
        except OSError as error:
            raise KeysUnusable(f"MARQUEE_KEYS_DIR={self._folder} cannot be read: {error.strerror}") from error
        return {(name, stat.st_ino, stat.st_ctime_ns) for name, stat in files}

    def _read(self) -> KeyRing:
        return KeyRing.load(self._folder, activation_delay=self._activation_delay)
