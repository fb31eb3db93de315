"""Secrets in calls appear in no log, no status and no audit event."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import pytest
from google.type.date_pb2 import Date
from marquee.users.v1 import users_pb2

from service.settings import Settings
from service.supervisor.ports import free_port
from tests import http2
from tests.auth.forged_tokens import base64url
from tests.auth.scenario import OWN, login, refresh
from tests.client import Client
from tests.processes import ServerProcess, server_process, variables_of

PASSWORD, NEXT_PASSWORD, WRONG_PASSWORD = "canary-correct-horse", "canary-staple-battery", "canary-wrong"
EMAIL, NEXT_EMAIL = "canary.address@example.org", "canary.moved@example.net"
FORGED = f"{base64url(b'canary-forged')}.{base64url(b'canary-claims')}.canary-signature"
BORN = Date(year=1987, month=6, day=5)


@dataclass
class RecordedServer:
    """A server process, and the text of all its refusals."""

    running: ServerProcess
    port: int
    client: Client
    statuses: list[str] = field(default_factory=list)

    async def call(self, user: Client, rpc: str, request: Any) -> Any:
        """Returns the response, or None after a refusal."""
        call = getattr(user.users, rpc)(request)
        try:
            return await call
        except grpc.aio.AioRpcError as error:
            self.statuses.append(f"{error.details()} {error.trailing_metadata()}")
        return None


@pytest.fixture
async def server(settings: Settings, tmp_path: Path) -> AsyncIterator[RecordedServer]:
    port, log_file = free_port(), tmp_path / "log"
    variables = variables_of(settings) | {"port": port, "workers": 1, "log_level": "DEBUG"}
    with server_process(log_file, **variables) as running:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield RecordedServer(running, port, Client(channel, settings))


async def test_no_secret_is_logged_or_sent_back(server: RecordedServer, database: asyncpg.Connection) -> None:
    tokens = await _use_an_account(server)
    trail = str(await database.fetch("SELECT * FROM audit_log"))
    server.running.close()
    rpcs = len(server.running.events_named("rpc.finished"))
    log = server.running.log_file.read_text()
    # Without these checks, the test could pass because nothing was recorded.
    assert (rpcs, len(server.statuses)) == (24, 14)
    assert "users.change_password" in trail
    planted = ["canary", "1987-06-05", "19870605", "1987, 6, 5", base64url(b"canary"), *tokens]
    for where, text in {"log": log, "statuses": str(server.statuses), "trail": trail}.items():
        assert [secret for secret in planted if secret in text.casefold() or secret in text] == [], where


async def _use_an_account(server: RecordedServer) -> list[str]:
    """Creates an account, uses it correctly and incorrectly, and erases it; returns every issued token."""
    anonymous, call = server.client, server.call
    registering = {"username": "somebody", "email": EMAIL, "password": PASSWORD}
    registered = await call(anonymous, "Register", users_pb2.RegisterRequest(**registering))
    user = anonymous.with_token(registered.access_token.token)
    for changes in (
        {"username": "another"},
        {"email": "canary at no address"},
        {"password": "canary"},
        {"first_name": "canary\n"},
    ):
        await call(anonymous, "Register", users_pb2.RegisterRequest(**(registering | changes)))
    # Some users type the password into the name field.
    for name, password in (("somebody", WRONG_PASSWORD), (EMAIL, WRONG_PASSWORD), (PASSWORD, PASSWORD)):
        await call(anonymous, "Login", login(name, password))
    signed_in = await call(anonymous, "Login", login(EMAIL, PASSWORD))
    await call(user, "UpdateProfile", users_pb2.UpdateProfileRequest(birth_date=BORN, bio="canary"))
    for password in (WRONG_PASSWORD, PASSWORD):
        moving = users_pb2.UpdateProfileRequest(email=NEXT_EMAIL, current_password=password)
        await call(user, "UpdateProfile", moving)
    for current in (WRONG_PASSWORD, PASSWORD):
        changing = users_pb2.ChangePasswordRequest(current_password=current, new_password=NEXT_PASSWORD)
        await call(user, "ChangePassword", changing)
    fresh = await call(anonymous, "RefreshTokens", refresh(registered.refresh_token.token))
    for token in (registered.refresh_token.token, FORGED):
        await call(anonymous, "RefreshTokens", refresh(token))
    await call(anonymous.with_token(FORGED), "GetProfile", OWN)
    again = await call(anonymous, "Login", login(NEXT_EMAIL, NEXT_PASSWORD))
    tokens = [token.token for answer in (registered, signed_in, fresh, again)
              for token in (answer.access_token, answer.refresh_token)]  # fmt: skip
    await _send_invalid_headers(server, again.access_token.token)
    user = anonymous.with_token(again.access_token.token)
    await call(user, "ListUsers", users_pb2.ListUsersRequest(text=NEXT_EMAIL))
    await call(user, "DeleteAccount", users_pb2.DeleteAccountRequest(current_password=WRONG_PASSWORD))
    await call(user, "DeleteAccount", users_pb2.DeleteAccountRequest(current_password=NEXT_PASSWORD))
    return tokens


async def _send_invalid_headers(server: RecordedServer, token: str) -> None:
    """Sends headers that are invalid UTF-8 because of one extra byte; gRPC handles them before the interceptors."""
    for value in (f"Bearer {token}".encode() + b"\xff", b"\xff" + token.encode()):
        headers = {"authorization": value, "x-device-label": b"canary\xff"}
        await http2.call(server.port, "/marquee.users.v1.UsersService/GetProfile", b"", headers)
