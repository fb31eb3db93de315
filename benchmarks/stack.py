"""The server that benchmarks measure: a durable PostgreSQL, the sample catalogue and `marquee serve`."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import asyncpg
import grpc
import psutil
from cryptography.fernet import Fernet
from marquee.users.v1 import users_pb2, users_pb2_grpc

from benchmarks.figure import Hashing, MeasurementFailed
from service.local.postgres import EmbeddedPostgres
from service.supervisor.ports import free_port
from tests.processes import run, server_process

WORKERS = 2
PASSWORD = secrets.token_urlsafe(12)
FIRST_USER = "pattern"
PLENTY = "1000000000/minute"
# Copies of the first account: hashing a password for each would take minutes.
ADD_USERS = """
WITH made AS (
    INSERT INTO users (username, email_encrypted, email_hash, password_hash, is_active)
    SELECT $1 || n, email_encrypted, sha256(convert_to($1 || n, 'UTF8')), password_hash, $3
    FROM users, generate_series(1, $2::int) AS n WHERE username = $4
    RETURNING id
)
INSERT INTO user_profiles (user_id) SELECT id FROM made
"""


@dataclass(frozen=True)
class Stack:
    """A running server and its database."""

    address: str
    token: str
    """Access token of a user."""
    movie_ids: Sequence[int]
    workers: Sequence[psutil.Process]
    database_url: str
    settings: Mapping[str, Any]

    def cpu_seconds(self) -> float:
        """Returns the CPU time of the workers and of their password hashing processes so far."""
        return cpu_seconds([process for worker in self.workers for process in (worker, *worker.children())])

    def add_users(self, prefix: str, count: int, *, is_active: bool = True) -> list[str]:
        """Adds accounts whose password is PASSWORD and returns their names."""
        asyncio.run(_execute(self.database_url, ADD_USERS, prefix, count, is_active, FIRST_USER))
        return [f"{prefix}{number}" for number in range(1, count + 1)]

    def sign_in(self, names: Sequence[str]) -> list[str]:
        """Returns an access token of each account."""
        with grpc.insecure_channel(self.address) as channel:
            users = cast("Any", users_pb2_grpc.UsersServiceStub(channel))
            logins = [users_pb2.LoginRequest(login=name, password=PASSWORD) for name in names]
            return [users.Login(login, timeout=10).access_token.token for login in logins]


def cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    """Returns the CPU time of processes so far."""
    times = [process.cpu_times() for process in processes]
    return sum(used.user + used.system for used in times)


@contextmanager
def running_stack(hashing: Hashing) -> Iterator[Stack]:
    """Yields a stack in a temporary folder and on a free port; everything is removed afterwards."""
    with ExitStack() as resources:
        folder = resources.enter_context(_swept_folder())
        postgres = EmbeddedPostgres(folder / "postgres", log_file=folder / "postgres.log")
        resources.callback(postgres.stop)
        postgres.start()
        postgres.ensure_database("marquee")
        settings = _settings(folder, postgres.url("marquee"), hashing)
        for command in (("migrate", "up"), ("keys", "rotate"), ("import", "sample", "--no-posters")):
            done = run(*command, **settings)
            if done.returncode:
                raise MeasurementFailed(f"marquee {' '.join(command)} failed: {done.stderr}")
        server = resources.enter_context(server_process(folder / "server.log", **settings))
        address = f"127.0.0.1:{settings['port']}"
        yield Stack(
            address=address,
            token=_register(address),
            movie_ids=asyncio.run(_movie_ids(postgres.url("marquee"))),
            workers=[psutil.Process(event["pid"]) for event in server.events_named("worker.started")],
            database_url=postgres.url("marquee"),
            settings=settings,
        )


@contextmanager
def other_server(stack: Stack, **settings: object) -> Iterator[Stack]:
    """Yields a second server on the same database, with changed settings."""
    all_settings = {**stack.settings, "port": free_port(), **settings}
    with (
        tempfile.TemporaryDirectory(prefix="marquee-benchmarks-") as folder,
        server_process(Path(folder) / "server.log", **all_settings) as server,
    ):
        yield replace(
            stack,
            address=f"127.0.0.1:{all_settings['port']}",
            workers=[psutil.Process(event["pid"]) for event in server.events_named("worker.started")],
            settings=all_settings,
        )


@contextmanager
def _swept_folder() -> Iterator[Path]:
    """Yields a folder that is removed, with all processes in it, when this process ends, also by kill -9."""
    folder = Path(tempfile.mkdtemp(prefix="marquee-benchmarks-"))
    command = [sys.executable, str(Path(__file__).with_name("sweeper.py")), str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
        yield folder


def _settings(folder: Path, database_url: str, hashing: Hashing) -> dict[str, Any]:
    """Returns production settings without the limits that load from a single peer would exceed."""
    return {
        "profile": "production",
        "port": free_port(),
        "workers": WORKERS,
        "database_url": database_url,
        "keys_dir": folder / "keys",
        "data_keys": Fernet.generate_key().decode(),
        "index_key": secrets.token_urlsafe(32),
        "page_token_key": secrets.token_urlsafe(32),
        "media_base_url": "https://media.example",
        "password_time_cost": hashing.time_cost,
        "password_memory_kib": hashing.memory_kib,
        "rate_limit_read": "",
        "rate_limit_write": "",
        "rate_limit_sign_in": "",
        "rate_limit_service": "",
        "password_attempts_account_peer": PLENTY,
        "password_attempts_peer": PLENTY,
        "password_attempts_account": PLENTY,
    }


def _register(address: str) -> str:
    with grpc.insecure_channel(address) as channel:
        request = users_pb2.RegisterRequest(username=FIRST_USER, email="pattern@example.org", password=PASSWORD)
        answer = cast("Any", users_pb2_grpc.UsersServiceStub(channel)).Register(request, timeout=10)
        return str(answer.access_token.token)


async def _movie_ids(database_url: str) -> list[int]:
    connection = await asyncpg.connect(database_url)
    try:
        # Now, so that autovacuum does not start during a round.
        await connection.execute("VACUUM ANALYZE")
        return [row["id"] for row in await connection.fetch("SELECT id FROM movies ORDER BY id")]
    finally:
        await connection.close()


async def _execute(database_url: str, statement: str, *parameters: object) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(statement, *parameters)
    finally:
        await connection.close()
