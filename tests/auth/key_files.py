"""Key files with another creation time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.auth import keys
from service.auth.keys import KeyRing


def create_key(folder: Path, *, age: timedelta) -> str:
    """Creates a key of this age; returns its kid."""
    return set_age(keys.generate(folder), age=age)


def set_age(file: Path, *, age: timedelta) -> str:
    """Renames a key file to the creation time of this age; returns its kid."""
    file = file.rename(file.with_name(f"{datetime.now(UTC) - age:{keys.NAME}}.pem"))
    return next(key.kid for key in KeyRing.load(file.parent).keys if key.file == file)


def remove_key(folder: Path, kid: str) -> None:
    """Removes a key file."""
    next(key.file for key in KeyRing.load(folder).keys if key.kid == kid).unlink()
