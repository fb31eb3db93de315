"""Changes of the key folder while workers run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from service.auth import keys
from service.auth.key_folder import KeyFolder
from service.auth.keys import KeysUnusable
from tests.auth.key_files import create_key, remove_key
from tests.outage import seconds_until

DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one key."""
    create_key(tmp_path / "keys", age=9 * DAY)
    return tmp_path / "keys"


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """The events logged during the test."""
    with capture_logs() as lines:
        yield lines


async def test_keys_are_added_and_removed_without_a_restart(folder: Path) -> None:
    watched = KeyFolder(folder, activation_delay=0)
    await watched.start()
    first, second = watched.signing.kid, create_key(folder, age=DAY)

    async def is_known() -> bool:
        return list(watched.verifying) == [first, second] == [key["kid"] for key in watched.jwks()]

    await seconds_until(is_known)
    assert watched.signing.kid == second
    remove_key(folder, first)

    async def is_removed() -> bool:
        return list(watched.verifying) == [second]

    await seconds_until(is_removed)
    await watched.close()


def test_an_unusable_folder_is_logged_once_and_the_last_ring_stays(folder: Path, logged: list[Any]) -> None:
    watched = KeyFolder(folder, activation_delay=0)
    kid = watched.signing.kid
    incomplete = folder / "20270101T000000000000Z.pem"
    incomplete.write_text("-----BEGIN PRIVATE KEY-----\n")
    incomplete.chmod(0o600)
    for _ in range(3):
        watched.refresh()
    assert [(line["event"], str(incomplete) in line["error"]) for line in logged] == [("keys.load_failed", True)]
    moved = folder.rename(folder.with_name("away"))
    for _ in range(3):
        watched.refresh()
    assert [line["event"] for line in logged] == ["keys.load_failed"] * 2, "another problem is logged again"
    assert (watched.signing.kid, list(watched.verifying)) == (kid, [kid])
    moved.rename(folder)
    incomplete.unlink()
    for _ in range(3):
        watched.refresh()
    assert [line["event"] for line in logged] == ["keys.load_failed"] * 2 + ["keys.loaded"]
    assert "PRIVATE" not in str(logged)


def test_a_file_that_is_overwritten_is_read_again(folder: Path) -> None:
    (file,) = folder.iterdir()
    watched = KeyFolder(folder, activation_delay=0)
    other = keys.generate(folder.with_name("other")).read_bytes()
    before = watched.signing.kid
    for _ in range(100):
        # Repeated, because the clock of a file system may be too coarse to show the first change.
        time.sleep(0.01)
        file.write_bytes(other)
        watched.refresh()
    assert watched.signing.kid != before
    assert list(watched.verifying) == [watched.signing.kid]


def test_a_worker_does_not_start_without_keys(tmp_path: Path) -> None:
    (tmp_path / "a.pem").symlink_to(tmp_path / "gone")
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(KeysUnusable, match="MARQUEE_KEYS_DIR"):
            KeyFolder(folder, activation_delay=0)
