"""Client info: a caller cannot choose their peer."""

from __future__ import annotations

import pytest
from marquee.catalog.v1 import movies_pb2

from service.auth.client_info import UNKNOWN, ClientInfo, current_client_info, parse_device, parse_peer
from tests.conftest import SettingsFactory
from tests.interceptors.fakes import serving

HERE = "127.0.0.1"
"""The peer of the connections of these tests."""


class InfoRecorder:
    """A handler that records the client info of its call."""

    client_info: ClientInfo = UNKNOWN

    async def __call__(self, _request: object, _context: object) -> movies_pb2.GetMovieResponse:
        self.client_info = current_client_info()
        return movies_pb2.GetMovieResponse()


@pytest.mark.parametrize(
    ("trusted", "lines", "peer"),
    [
        (0, (), HERE),
        (0, ("9.9.9.9",), HERE),
        (1, ("9.9.9.9",), "9.9.9.9"),
        (1, ("6.6.6.6, 9.9.9.9",), "9.9.9.9"),
        (1, ("6.6.6.6", "9.9.9.9"), "9.9.9.9"),
        (2, ("6.6.6.6, 9.9.9.9, 10.0.0.1",), "9.9.9.9"),
        # gRPC passes only the last of several lines.
        (2, ("6.6.6.6, 9.9.9.9", "10.0.0.1"), HERE),
        # Too few entries: the call bypassed one of the proxies.
        (1, (), HERE),
        (2, ("9.9.9.9",), HERE),
        # The relevant entry is no address.
        (1, ("9.9.9.9, unknown",), HERE),
        (1, ("9.9.9.9,",), HERE),
        (1, ("9.9.9.9 8.8.8.8",), HERE),
        (1, ("9.9.9.9/8",), HERE),
        (1, ("2001:db8::/64",), HERE),
        (1, ("x" * 4000,), HERE),
        (1, ("9.9.9.9:1234",), "9.9.9.9"),
        (1, ("2001:db8:1:2:3:4:5:6",), "2001:db8:1:2::/64"),
        (1, ("[2001:db8:1:2:ffff::1]:1234",), "2001:db8:1:2::/64"),
        (1, ("::ffff:9.9.9.9",), "9.9.9.9"),
    ],
)
async def test_the_outermost_trusted_proxy_determines_the_peer(
    make_settings: SettingsFactory, trusted: int, lines: tuple[str, ...], peer: str
) -> None:
    recorder = InfoRecorder()
    async with serving(make_settings(trusted_proxies=trusted), recorder) as served:
        await served.call(metadata=[("x-forwarded-for", line) for line in lines])
    assert recorder.client_info.peer == peer


@pytest.mark.parametrize(
    ("connection", "peer"),
    [
        ("ipv4:1.2.3.4:55", "1.2.3.4"),
        ("ipv6:%5B2001:db8:1:2:3:4:5:6%5D:55", "2001:db8:1:2::/64"),
        ("ipv6:[2001:db8:1:2::9]:55", "2001:db8:1:2::/64"),
        ("ipv6:%5B::1%5D:55", "::/64"),
        ("ipv6:%5B::ffff:1.2.3.4%5D:55", "1.2.3.4"),
        ("ipv6:%5Bfe80::1%25eth0%5D:55", "fe80::/64"),
        ("unix:", "unix"),
        ("unix:/run/marquee.sock", "unix"),
    ],
)
def test_the_peer_of_a_connection_has_no_port(connection: str, peer: str) -> None:
    assert parse_peer(connection, None, trusted_proxies=0) == peer


async def test_the_device_is_the_label_or_else_the_user_agent(make_settings: SettingsFactory) -> None:
    recorder = InfoRecorder()
    async with serving(make_settings(), recorder) as served:
        await served.call(metadata=(("x-device-label", "Anna's phone"),))
        assert recorder.client_info.device == "Anna's phone"
        for metadata in ((), (("x-device-label", ""),)):
            await served.call(metadata=metadata)
            assert recorder.client_info.device.startswith("grpc-python")
        await served.call(metadata=(("x-device-label", "x" * 101),))
        assert recorder.client_info.device == "x" * 100


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("cafe\u0301", "caf\u00e9"),
        ("e\u200b\u0301", "\u00e9"),  # composed only after the invisible character is removed
        (" \u202ephone\x00\x1b[31m\n ", "phone[31m"),
        (f"{'x' * 99} y", "x" * 99),
        ("\u200b", "fallback"),
        (b"\xff", "fallback"),
        (None, "fallback"),
    ],
)
def test_a_label_is_normalized_for_display(label: str | bytes | None, shown: str) -> None:
    assert parse_device(label, "fallback") == shown
