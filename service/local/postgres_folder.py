"""PostgreSQL's data folder: its lock, the remains of a killed stack, and the path to its socket."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from service.local.postgres_account import FolderRefused, PostgresUnavailable
from service.local.process import end_processes, stop_leftover

PORT = 5432  # Part of the socket's name; the server does not listen on TCP.
SOCKET = f".s.PGSQL.{PORT}"
SERVER_PID = ".pid"
INITDB_PID = ".initdb.pid"
_SOCKET_PATH_LIMIT = 103  # Bytes without the final NUL: macOS's limit, Linux allows 107.
_LEFTOVER_GRACE = 10.0


class DataFolderInUse(PostgresUnavailable):
    """Another running stack uses the data folder."""


class DataFolder:
    """One data folder and the files next to it: `<name>.pid`, `<name>.lock`, `.<name>.initdb-*`."""

    def __init__(self, path: Path) -> None:
        """Stores the folder's absolute path; does no I/O."""
        self.path = path
        self._draft_prefix = f".{path.name}.initdb-"
        self._lock: int | None = None

    def beside(self, suffix: str) -> Path:
        """Returns the path of a file next to the folder."""
        return self.path.with_name(self.path.name + suffix)

    def exists(self) -> bool:
        """Returns True for a complete data folder, False for a missing or empty one; otherwise raises FolderRefused."""
        if (self.path / "PG_VERSION").exists():
            return True
        if self.path.is_symlink() or (self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir()))):
            raise FolderRefused(f"{self.path} exists and is not a PostgreSQL data folder")
        return False

    def make_draft(self) -> Path:
        """Creates the folder in which initdb works; it is renamed when it is complete."""
        return Path(tempfile.mkdtemp(prefix=self._draft_prefix, dir=self.path.parent))

    @property
    def socket_dir(self) -> Path:
        """Folder that clients use as the host.

        It is the data folder itself. If its path is too long, or contains a comma, which asyncpg reads as a list of
        hosts, it is a link in the temporary folder, named after a hash of the data folder's path.
        """
        path = str(self.path)
        if "," not in path and len(os.fsencode(f"{path}/{SOCKET}")) <= _SOCKET_PATH_LIMIT:
            return self.path
        name = f"marquee-{hashlib.sha256(os.fsencode(path)).hexdigest()[:16]}"
        folder = Path(tempfile.gettempdir())
        if "," in str(folder) or len(os.fsencode(f"{folder}/{name}/{SOCKET}")) > _SOCKET_PATH_LIMIT:
            folder = Path("/tmp")  # noqa: S108 (the link's owner is checked)
        return folder / name

    def lock(self) -> None:
        """Locks the folder for this process; raises DataFolderInUse.

        The system releases the lock when the process ends, even after `kill -9`.
        """
        if self._lock is not None:  # An earlier start locked the folder, and its server has ended since.
            return
        lock = os.open(self.beside(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise DataFolderInUse(f"{self.path} is in use by another running stack: stop that one first") from error
        self._lock = lock

    def _drafts(self) -> list[Path]:
        return [entry for entry in self.path.parent.iterdir() if entry.name.startswith(self._draft_prefix)]

    def stop_leftovers(self) -> None:
        """Stops processes that a killed stack left behind and removes incomplete folders. Requires the lock."""
        for pid_file in (self.beside(SERVER_PID), self.beside(INITDB_PID)):
            stop_leftover(pid_file, stop_signal=signal.SIGINT, grace=_LEFTOVER_GRACE)
        # Finds the others by their working folder: a server without its pid file, and backends without their server.
        for folder in (self.path, *self._drafts()):
            leftovers = list(_processes_in(folder))
            # SIGINT stops only the server itself; a backend only cancels its query.
            server = [process for process in leftovers if process.pid == _recorded_server(folder)]
            end_processes(server, stop_signal=signal.SIGINT, grace=_LEFTOVER_GRACE)
            end_processes(leftovers, stop_signal=signal.SIGKILL, grace=_LEFTOVER_GRACE)
        for folder in self._drafts():
            shutil.rmtree(folder)
        # No process of the stack runs now. A remaining pid file would prevent the next start if another process of the
        # same user had its number, which is common in containers.
        for name in ("postmaster.pid", f"{SOCKET}.lock", SOCKET):
            (self.path / name).unlink(missing_ok=True)

    def link_socket_dir(self) -> None:
        """Creates the link that `socket_dir` may need; raises FolderRefused if another file has its name."""
        link = self.socket_dir
        if link == self.path:
            return
        with contextlib.suppress(FileExistsError):
            link.symlink_to(self.path, target_is_directory=True)
        status = link.lstat()
        is_own_link = stat.S_ISLNK(status.st_mode) and status.st_uid == os.geteuid()
        if not is_own_link or link.readlink() != self.path:
            message = f"{link} is not this user's link to {self.path}: remove it or use a shorter data path"
            raise FolderRefused(message)

    def release(self) -> None:
        """Releases the folder; releasing twice is a no-op."""
        if self._lock is None:
            return
        link = self.socket_dir
        if link != self.path and link.is_symlink() and link.readlink() == self.path:
            link.unlink()
        os.close(self._lock)
        self._lock = None


def _processes_in(folder: Path) -> Iterator[psutil.Process]:
    """Yields the PostgreSQL processes with the working folder `folder`: a server and its backends."""
    if not folder.exists():
        return
    place = os.path.realpath(folder)
    for process in psutil.process_iter(["name", "cwd"]):
        if process.info["name"] in {"postgres", "initdb"} and process.info["cwd"] == place:
            yield process


def _recorded_server(folder: Path) -> int | None:
    try:
        return int((folder / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None
