"""Logs of a real worker process: every line names its request, and none holds a secret."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import pytest
from marquee.users.v1 import users_pb2

from service.observability import logging as log
from service.settings import Settings
from service.supervisor.ports import free_port
from tests.client import PASSWORD, Client, Refusal, refused
from tests.processes import variables_of

ROOT = Path(__file__).parents[2]
# Each makes an insert fail with an error that the server does not expect; PostgreSQL's DETAIL has the whole row.
SURPRISES = {
    "IntegrityError": "ALTER TABLE users ADD CONSTRAINT surprise CHECK (first_name <> 'Canary')",
    "a unique index": "CREATE UNIQUE INDEX surprise ON users (first_name)",
    "DataError": "ALTER TABLE users ALTER COLUMN first_name TYPE varchar(3)",
    "raised by a trigger": """
        CREATE FUNCTION surprise() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'row %', NEW USING DETAIL = NEW::text, HINT = NEW.password_hash; END $$;
        CREATE TRIGGER surprise BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION surprise()""",
    "no such column": "ALTER TABLE users DROP COLUMN first_name",
}


class Worker:
    """A worker process and its log."""

    def __init__(self, process: asyncio.subprocess.Process, client: Client) -> None:
        self.process = process
        self.client = client
        self._lines: list[str] = []

    async def started(self) -> None:
        """Waits until the worker serves."""
        assert self.process.stderr is not None
        async with asyncio.timeout(30):
            while '"server.started"' not in (line := (await self.process.stderr.readline()).decode()):
                assert line, "".join(self._lines)
                self._lines.append(line)

    async def stop_and_read_log(self) -> str:
        """Stops the worker and returns everything that it has logged."""
        self.process.terminate()
        _, rest = await asyncio.wait_for(self.process.communicate(), 20)
        return "".join(self._lines) + rest.decode()


@pytest.fixture
async def worker(settings: Settings) -> AsyncIterator[Worker]:
    port = free_port()
    variables = settings.model_dump(mode="json") | variables_of(settings)
    variables |= {"port": port, "log_format": "json", "log_level": "DEBUG"}
    given = {name: value for name, value in variables.items() if value is not None}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "service", "worker",
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {f"MARQUEE_{name.upper()}": str(value) for name, value in given.items()},
    )  # fmt: skip
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        worker = Worker(process, Client(channel, settings))
        await worker.started()
        yield worker
    if process.returncode is None:
        process.kill()
        await process.communicate()


def registration(**changes: str) -> users_pb2.RegisterRequest:
    fields = {"username": "ada", "email": "secret.address@example.org", "password": PASSWORD, "first_name": "Canary"}
    return users_pb2.RegisterRequest(**(fields | changes))


def text_of(refusal: Refusal) -> str:
    return refusal.message + "".join(map(str, refusal.details.values()))


@pytest.mark.parametrize("surprise", SURPRISES)
async def test_an_unexpected_database_error_is_logged_without_its_row(
    worker: Worker, database: asyncpg.Connection, surprise: str
) -> None:
    await worker.client.users.Register(registration(username="first", email="first.address@example.org", first_name=""))
    await database.execute("UPDATE users SET first_name = 'Can'")
    if surprise == "a unique index":
        await database.execute("UPDATE users SET first_name = 'Canary'")
    await database.execute(SURPRISES[surprise])
    call = worker.client.users.Register(registration(), metadata=(("x-request-id", "find-me"),))
    refusal = await refused(call)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert refusal.details["RequestInfo"].request_id == "find-me"
    logged = await worker.stop_and_read_log()
    lines = [json.loads(line) for line in logged.splitlines() if "find-me" in line]
    (failure,) = [line for line in lines if line["event"] == "rpc.failed"]
    assert (failure["request_id"], failure["method"]) == ("find-me", "/marquee.users.v1.UsersService/Register")
    assert "sqlstate=" in failure["exception"]
    assert "service/users/service.py" in failure["exception"], "the traceback is logged"
    (line,) = [line for line in lines if line["event"] == "rpc.finished"]
    assert (line["request_id"], line["code"]) == ("find-me", "INTERNAL")
    for text in (logged, text_of(refusal), str(await call.trailing_metadata())):
        for secret in (PASSWORD, "Canary", "secret.address", "example.org", "argon2", "DETAIL", "Failing row"):
            assert secret not in text
    for name in ("surprise", "Integrity", "Error", "asyncpg", "users_"):
        assert name not in text_of(refusal)


async def test_no_call_leaves_a_secret_in_the_log(worker: Worker, database: asyncpg.Connection) -> None:
    client = worker.client
    user = await client.registered("ada")
    forged = "eyJmb3JnZWQ." + secrets.token_hex(20)
    attempts = [
        client.users.Login(users_pb2.LoginRequest(login="ada@example.org", password="wrong-password-7")),
        client.users.Register(registration(username="ada")),
        client.users.Register(registration(email="ada@example.org")),
        client.users.Register(registration(email="secret.address")),
        client.users.Register(registration(password="short-7")),
        client.with_token(forged).users.GetProfile(users_pb2.GetProfileRequest()),
    ]
    refusals = [await refused(attempt) for attempt in attempts]
    await client.users.Login(users_pb2.LoginRequest(login="ada@example.org", password=PASSWORD))
    await user.users.GetProfile(users_pb2.GetProfileRequest())
    await database.execute("UPDATE users SET email_encrypted = 'not encrypted by us'")
    refusals.append(await refused(user.users.GetProfile(users_pb2.GetProfileRequest())))
    assert refusals[-1].reason == "INTERNAL"
    logged = await worker.stop_and_read_log()
    hidden = (
        PASSWORD, "wrong-password-7", "short-7", "secret.address", "example.org", "argon2", forged, str(user.token),
        client.settings.index_key.get_secret_value(), client.settings.data_keys.get_secret_value(),
    )  # fmt: skip
    for secret in hidden:
        assert secret not in logged
        assert all(secret not in text_of(refusal) for refusal in refusals if secret != "example.org")
    lines = [json.loads(line) for line in logged.splitlines() if '"rpc.finished"' in line]
    assert len(lines) == 10
    assert all(len(line["request_id"]) == 16 for line in lines)
    assert {line["principal"] for line in lines} == {"-", str(user.user_id)}


def test_values_under_secret_names_are_masked() -> None:
    event: dict[str, Any] = {"event": "x", "password": "p", "access_token": "t", "Authorization": "a", "method": "m"}
    masked = log._mask_secrets(None, "info", event)  # noqa: SLF001 - the processor alone
    assert masked == {"event": "x", "password": "***", "access_token": "***", "Authorization": "***", "method": "m"}
