"""Real `marquee serve` processes: workers on one port, signals, crashes, reloads and configuration errors."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from marquee.favorites.v1 import favorites_pb2
from typer.testing import CliRunner

from service.cli.application import app
from service.settings import Settings
from service.supervisor.ports import free_port
from tests.client import Client
from tests.outage import seconds_until
from tests.processes import ServerProcess, environment, fetch, run, server_process

RETRY = {"maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2}
RETRYING = json.dumps(
    {"methodConfig": [{"name": [{}], "retryPolicy": {**RETRY, "retryableStatusCodes": ["UNAVAILABLE"]}}]}
)
REQUEST = favorites_pb2.ListFavoritesRequest()


@pytest.fixture
def variables(settings: Settings) -> dict[str, Any]:
    """Settings of the test's server."""
    return {
        "profile": "development",
        "port": free_port(),
        "workers": 2,
        "database_url": settings.database_url.get_secret_value(),
        "keys_dir": settings.keys_dir,
        "data_keys": settings.data_keys.get_secret_value(),
        "index_key": settings.index_key.get_secret_value(),
        "page_token_key": settings.page_token_key.get_secret_value(),
        "password_memory_kib": 8192,
        "password_time_cost": 1,
        "drain_grace": 10,
        "database_lock_timeout": 20,
        "database_statement_timeout": 20,
        # No limit: Traffic sends as fast as it can.
        "rate_limit_read": "",
    }


@pytest.fixture
def running(tmp_path: Path, variables: dict[str, Any]) -> Iterator[ServerProcess]:
    """A running server with two workers."""
    with server_process(tmp_path / "log", **variables) as running:
        yield running


@asynccontextmanager
async def connected(port: int, settings: Settings, *, config: str = "{}") -> AsyncIterator[Client]:
    """Yields a client with a separate connection, not shared with other channels of this process."""
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.service_config", config)]
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        yield Client(channel, settings)


class Traffic:
    """Continuous calls, each on a new connection, until end() is called."""

    def __init__(self, port: int, settings: Settings, token: str, *, config: str = "{}") -> None:
        self.answered = 0
        self.failures: list[str] = []
        self._over = asyncio.Event()
        self._task = asyncio.create_task(self._call(port, settings, token, config))

    async def _call(self, port: int, settings: Settings, token: str, config: str) -> None:
        while not self._over.is_set():
            async with connected(port, settings, config=config) as client:
                try:
                    await client.with_token(token).favorites.ListFavorites(REQUEST)
                except grpc.aio.AioRpcError as error:
                    self.failures.append(f"{error.code()} {error.details()}")
                else:
                    self.answered += 1
            await asyncio.sleep(0.005)  # leaves CPU time to the server

    async def end(self) -> None:
        self._over.set()
        await self._task


async def registered(port: int, settings: Settings) -> str:
    """Registers a user and returns their token."""
    async with connected(port, settings) as client:
        return str((await client.registered()).token)


def test_one_worker_is_enough(tmp_path: Path, variables: dict[str, Any]) -> None:
    with server_process(tmp_path / "log", **variables | {"workers": 1}) as running:
        running.wait_for("server.started")
        assert not running.events_named("worker.exited")


async def test_both_workers_answer_and_their_metrics_are_summed(
    tmp_path: Path, variables: dict[str, Any], settings: Settings
) -> None:
    variables["http_port"] = free_port()
    with server_process(tmp_path / "log", **variables) as running:
        token = await registered(variables["port"], settings)
        traffic = Traffic(variables["port"], settings, token)

        async def both_answered() -> bool:
            return {line["worker"] for line in running.events_named("rpc.finished")} == {0, 1}

        await seconds_until(both_answered)
        await traffic.end()
        method = "/marquee.favorites.v1.FavoritesService/ListFavorites"

        async def all_are_counted() -> bool:
            figures = await asyncio.to_thread(fetch, f"http://127.0.0.1:{variables['http_port']}/metrics")
            called = f'marquee_calls_total{{code="OK",method="{method}"}} {float(traffic.answered)}'
            return called in figures and f'marquee_calls_in_progress{{method="{method}"}} 0.0' in figures

        await seconds_until(all_are_counted)
    assert traffic.failures == []


@asynccontextmanager
async def slow_call(port: int, settings: Settings, database: asyncpg.Connection) -> AsyncIterator[asyncio.Task[Any]]:
    """Yields a call that cannot end before the block does."""
    async with connected(port, settings) as client:
        async with database.transaction():
            await database.execute("LOCK TABLE audit_log IN ACCESS EXCLUSIVE MODE")
            call = asyncio.create_task(client.registered("slow"))

            async def waiting() -> bool:
                return bool(await database.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))

            await seconds_until(waiting)
            yield call
        await asyncio.wait({call})


async def test_sigterm_drains_a_call_in_flight_and_exits_0(
    running: ServerProcess, variables: dict[str, Any], settings: Settings, database: asyncpg.Connection
) -> None:
    async with slow_call(variables["port"], settings, database) as call:
        async with connected(variables["port"], settings) as client:
            stub: Any = health_pb2_grpc.HealthStub(client.channel)
            watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=20)
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
            running.signal(signal.SIGTERM)
            # A watching client receives the change, and does not delay the end.
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
            assert await watch.code() is grpc.StatusCode.UNAVAILABLE
        running.wait_for("server.stop_requested", 2)
        assert not call.done()
    assert (await call).user_id
    assert await asyncio.to_thread(running.exit_code) == 0
    assert [event["code"] for event in running.events_named("worker.exited")] == [0, 0]


async def test_a_second_sigterm_ends_the_server_at_once_with_code_1(
    running: ServerProcess, variables: dict[str, Any], settings: Settings, database: asyncpg.Connection
) -> None:
    async with slow_call(variables["port"], settings, database) as call:
        running.signal(signal.SIGTERM)
        running.wait_for("server.stop_requested", 2)
        running.signal(signal.SIGTERM)
        assert await asyncio.to_thread(running.exit_code) == 1
    assert isinstance(call.exception(), grpc.aio.AioRpcError)
    assert await database.fetchval("SELECT count(*) FROM users") == 0


async def test_a_killed_worker_is_replaced_and_retrying_clients_see_no_error(
    running: ServerProcess, variables: dict[str, Any], settings: Settings
) -> None:
    token = await registered(variables["port"], settings)
    traffic = Traffic(variables["port"], settings, token, config=RETRYING)
    await asyncio.sleep(0.2)
    os.kill(running.events_named("worker.became_ready")[0]["pid"], signal.SIGKILL)
    await asyncio.to_thread(running.wait_for, "worker.became_ready", 3)
    await traffic.end()
    assert traffic.failures == []
    assert traffic.answered > 10


async def test_a_reload_fails_no_new_connection(
    running: ServerProcess, variables: dict[str, Any], settings: Settings
) -> None:
    token = await registered(variables["port"], settings)
    traffic = Traffic(variables["port"], settings, token)
    running.signal(signal.SIGHUP)
    await asyncio.to_thread(running.wait_for, "reload.finished")
    await traffic.end()
    assert traffic.failures == []
    assert traffic.answered > 10
    assert len(running.events_named("worker.became_ready")) == 4


def test_the_error_for_a_used_port_names_its_variable(variables: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", variables["port"])):
        ended = run("serve", **variables)
    assert ended.returncode == 78
    assert str(variables["port"]) in ended.stderr
    assert "MARQUEE_PORT" in ended.stderr
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
        ended = run("serve", **variables | {"http_port": port})
    assert ended.returncode == 78
    assert f"port {port} (HTTP)" in ended.stderr
    assert "MARQUEE_HTTP_PORT" in ended.stderr


@pytest.mark.parametrize(
    ("changes", "variable"),
    [
        ({"index_key": "short"}, "MARQUEE_INDEX_KEY"),
        ({"page_token_key": ""}, "MARQUEE_PAGE_TOKEN_KEY"),
        ({"data_keys": ""}, "MARQUEE_DATA_KEYS"),
        ({"data_keys": "no Fernet key"}, "MARQUEE_DATA_KEYS"),
        ({"token_audience": ""}, "MARQUEE_TOKEN_AUDIENCE"),
        ({"profile": "production", "reflection": True}, "MARQUEE_REFLECTION"),
        ({"profile": "production"}, "MARQUEE_MEDIA_BASE_URL"),
        ({"port": 0}, "MARQUEE_PORT"),
        ({"port": "many"}, "MARQUEE_PORT"),
        ({"workers": 0}, "MARQUEE_WORKERS"),
        ({"log_level": "chatty"}, "MARQUEE_LOG_LEVEL"),
        ({"database_url": "mysql://127.0.0.1/marquee"}, "MARQUEE_DATABASE_URL"),
    ],
)
def test_the_error_for_a_bad_setting_names_its_variable(
    variables: dict[str, Any], changes: dict[str, Any], variable: str
) -> None:
    ended = CliRunner().invoke(app, ["serve"], env=environment(**variables | changes))
    assert ended.exit_code == 78
    assert ended.output.startswith("marquee: ")
    assert variable in ended.output


def test_missing_signing_keys_end_all_workers_and_the_supervisor(variables: dict[str, Any]) -> None:
    ended = run("serve", **variables | {"keys_dir": "/nonexistent"})
    assert ended.returncode == 78
    assert "MARQUEE_KEYS_DIR=/nonexistent has no *.pem signing key" in ended.stderr
    assert "Traceback" not in ended.stderr
