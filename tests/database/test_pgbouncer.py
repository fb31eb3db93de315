"""The server behind PgBouncer in transaction mode, which keeps no session state between transactions."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from marquee.catalog.v1 import movies_pb2
from marquee.favorites.v1 import favorites_pb2
from marquee.users.v1 import users_pb2
from pydantic import SecretStr

from service.local.postgres import EmbeddedPostgres
from service.local.process import Account, ChildProcess
from service.media.storage import S3UploadStorage
from service.settings import Pooler, Settings
from service.supervisor.ports import free_port
from tests.catalogue import add_movie
from tests.outage import seconds_until, served
from tests.proxy import proxied

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no pgbouncer is installed (Debian: apt-get install pgbouncer)")


def unprivileged() -> Account | None:
    """Returns the account for PgBouncer, which refuses to run as root; None when the tests do not run as root."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def configuration(*, port: int, upstream: int, database: str) -> str:
    """Returns a configuration with far fewer connections to PostgreSQL than the test makes calls."""
    return f"""
[databases]
{database} = host=127.0.0.1 port={upstream} user=postgres

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
"""


@pytest.fixture
async def pooled(postgres: EmbeddedPostgres, settings: Settings, tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings whose database is behind a PgBouncer."""
    port = free_port()
    database = urlsplit(settings.database_url.get_secret_value()).path[1:]
    account = unprivileged()
    folder = tmp_path / "pgbouncer"
    folder.mkdir()
    # Only PostgreSQL's own account may use its socket, so PgBouncer connects through a proxy.
    async with proxied(postgres.socket_dir) as proxy:
        (folder / "pgbouncer.ini").write_text(configuration(port=port, upstream=proxy.port, database=database))
        if account is not None:
            os.chown(folder, account.uid, account.gid)
        pgbouncer = ChildProcess(
            [str(PROGRAM), "pgbouncer.ini"],
            log_file=tmp_path / "log",
            pid_file=tmp_path / "pid",
            folder=folder,
            account=account,
        )
        pgbouncer.start()
        try:
            await seconds_until(lambda: answers(port))
            url = SecretStr(f"postgresql://postgres@127.0.0.1:{port}/{database}")
            yield settings.model_copy(
                update={
                    "database_url": url,
                    "database_pooler": Pooler.TRANSACTION,
                    "database_pool_size": 16,
                    # 200 calls wait for 16 connections, on a machine that may be busy.
                    "database_acquire_timeout": 30.0,
                }
            )
        finally:
            await asyncio.to_thread(pgbouncer.stop)


async def answers(port: int) -> bool:
    """Returns whether a process listens on a port."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


async def test_200_mixed_calls_at_once_all_succeed(
    pooled: Settings, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    movies = [await add_movie(database, f"Number {number}") for number in range(5)]
    async with served(pooled, storage) as here:
        health: Any = health_pb2_grpc.HealthStub(here.channel)
        answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=5)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        users = [await here.client.registered(f"user{number}") for number in range(5)]
        calls: list[Any] = [here.client.registered() for _ in range(10)]
        for number in range(190):
            user, movie_id = users[number % 5], movies[number // 5 % 5]
            match number // 25 % 5:
                case 0:
                    call = user.favorites.AddFavorite(favorites_pb2.AddFavoriteRequest(movie_id=movie_id))
                case 1:
                    call = user.favorites.ListFavorites(favorites_pb2.ListFavoritesRequest())
                case 2:
                    call = user.favorites.RemoveFavorite(favorites_pb2.RemoveFavoriteRequest(movie_id=movie_id))
                case 3:
                    call = user.users.GetProfile(users_pb2.GetProfileRequest())
                case _:
                    call = user.catalog.ListMovies(movies_pb2.ListMoviesRequest(page_size=2))
            calls.append(call)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [outcome for outcome in outcomes if isinstance(outcome, BaseException)] == []
