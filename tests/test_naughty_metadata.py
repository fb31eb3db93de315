"""Naughty strings in the metadata of calls, sent without the checks of a real client."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence

import pytest
from marquee.users.v1 import session_pb2, users_pb2

from service.auth.client_info import MAX_DEVICE_LENGTH
from service.settings import Settings
from service.users.rules import nfc
from tests import http2
from tests.client import PASSWORD, Client
from tests.conftest import SettingsFactory
from tests.naughty import naughty_strings

SERVICE = "/marquee.users.v1.UsersService/"
LANES = 8
OK, UNAUTHENTICATED = "0", "16"
# Bytes that are not UTF-8, and all byte values.
INVALID_TEXTS = (b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", bytes(range(256)))


@pytest.fixture
def settings(make_settings: SettingsFactory, database_url: str) -> Settings:
    return make_settings(database_url=database_url, trusted_proxies=1)


async def in_parallel(values: Sequence[bytes], attempt: Callable[[bytes], Awaitable[None]]) -> None:
    async def drive(lane: int) -> None:
        for value in values[lane::LANES]:
            await attempt(value)

    await asyncio.gather(*map(drive, range(LANES)))


def header_values() -> list[bytes]:
    return [*(text.encode() for text in naughty_strings()), *INVALID_TEXTS]


@pytest.mark.parametrize("header", ["x-device-label", "user-agent"])
async def test_any_device_label_is_accepted(client: Client, port: int, header: str) -> None:
    """Printable labels are stored unchanged; of other labels, the printable part is stored."""
    values = header_values()
    user = await client.registered()
    request = users_pb2.LoginRequest(login=user.username, password=PASSWORD).SerializeToString()
    unchanged = 0

    async def sign_in(value: bytes) -> None:
        nonlocal unchanged
        response = await http2.call(port, SERVICE + "Login", request, {header: value})
        assert response.header("grpc-status") == OK, value
        label = (await _session(client, response.message)).label
        assert label.isprintable(), value
        assert len(label) <= MAX_DEVICE_LENGTH, value
        text = nfc(value.decode(errors="ignore"))
        if (
            value not in INVALID_TEXTS
            and text.isprintable()
            and text == text.strip()
            and len(text) <= MAX_DEVICE_LENGTH
        ):
            assert label == text
            unchanged += 1

    await in_parallel(values, sign_in)
    assert unchanged > len(values) / 2


async def _session(client: Client, message: bytes) -> session_pb2.Session:
    token = users_pb2.LoginResponse.FromString(message).access_token.token
    answer = await client.with_token(token).users.ListSessions(users_pb2.ListSessionsRequest())
    (current,) = [session for session in answer.sessions if session.is_current]
    return current  # type: ignore[no-any-return] # the stub is untyped


async def test_a_valid_request_id_is_returned_unchanged(port: int) -> None:
    values = header_values()
    accepted = 0

    async def call(value: bytes) -> None:
        nonlocal accepted
        response = await http2.call(port, SERVICE + "GetJwks", b"", {"x-request-id": value})
        given = response.header("x-request-id") or ""
        assert response.header("grpc-status") == OK, value
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given), value
        accepted += given.encode() == value

    await in_parallel(values, call)
    assert accepted


@pytest.mark.parametrize(
    ("header", "prefix", "status"),
    [
        ("x-forwarded-for", b"", OK),
        ("accept-language", b"", OK),
        ("authorization", b"", UNAUTHENTICATED),
        ("authorization", b"Bearer ", UNAUTHENTICATED),
    ],
)
async def test_no_metadata_makes_the_server_fail(port: int, header: str, prefix: bytes, status: str) -> None:
    async def call(value: bytes) -> None:
        response = await http2.call(port, SERVICE + "GetJwks", b"", {header: prefix + value})
        assert response.header("grpc-status") == status, value

    await in_parallel(header_values(), call)
