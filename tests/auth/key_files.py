"""Key files as if they had been made at another time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.auth import keys
from service.auth.keys import KeyRing


def key_made(folder: Path, *, ago: timedelta) -> str:
    """Makes a key whose file says that it was made so long ago; returns its kid."""
    return renamed(keys.generate(folder), ago=ago)


def renamed(file: Path, *, ago: timedelta) -> str:
    """Has a key's file say that the key was made so long ago; returns its kid."""
    file = file.rename(file.with_name(f"{datetime.now(UTC) - ago:{keys.NAME}}.pem"))
    return next(key.kid for key in KeyRing.load(file.parent).keys if key.file == file)


def remove(folder: Path, kid: str) -> None:
    """Takes a key away."""
    next(key.file for key in KeyRing.load(folder).keys if key.kid == kid).unlink()
