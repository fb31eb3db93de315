"""Port checks, and the reservation of a port that workers share."""

import socket
from collections.abc import Iterator

import pytest

from service.supervisor.ports import PortInUse, free_port, require_free_port, reserve_port

HOST = "127.0.0.1"


@pytest.fixture(params=["plain", "shared", "only bound"])
def bound(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    with socket.socket() as sock:
        if request.param == "shared":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        sock.bind((HOST, 0))
        if request.param != "only bound":
            sock.listen()
        yield sock


def test_the_error_names_the_port_its_purpose_and_its_variable(bound: socket.socket) -> None:
    port = bound.getsockname()[1]
    with pytest.raises(PortInUse, match=rf"{port}.*gRPC.*MARQUEE_PORT"):
        require_free_port(port, purpose="gRPC", variable="MARQUEE_PORT")


def test_a_free_port_passes_and_stays_free() -> None:
    port = free_port()
    for _ in range(2):
        require_free_port(port, purpose="gRPC", variable="MARQUEE_PORT")
    with socket.socket() as taker:
        taker.bind((HOST, port))


def test_connections_in_time_wait_do_not_count() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((HOST, port)) as client:
            accepted, _ = server.accept()
            accepted.close()  # The side that closes first is the one left in TIME_WAIT.
            assert client.recv(1) == b""
    require_free_port(port, purpose="gRPC", variable="MARQUEE_PORT")


def test_other_bind_errors_are_raised_unchanged() -> None:
    with pytest.raises(OSError, match="assign requested address"):
        require_free_port(free_port(), purpose="gRPC", variable="MARQUEE_PORT", host="192.0.2.1")


def test_ipv6_is_checked_too() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with socket.socket(socket.AF_INET6) as held:
        try:
            held.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 loopback here")
        with pytest.raises(PortInUse):
            require_free_port(held.getsockname()[1], purpose="gRPC", variable="MARQUEE_PORT", host="::1")


def reserve(port: int, *, host: str = HOST) -> socket.socket:
    return reserve_port(port, purpose="gRPC", variable="MARQUEE_PORT", host=host)


def bind(port: int, *options: int, listen: bool = False) -> socket.socket:
    taker = socket.socket()
    try:
        for option in options:
            taker.setsockopt(socket.SOL_SOCKET, option, 1)
        taker.bind(("127.0.0.1", port))
        if listen:
            taker.listen(64)
    except BaseException:
        taker.close()
        raise
    return taker


@pytest.mark.parametrize("options", [[], [socket.SO_REUSEADDR], [socket.SO_REUSEPORT]])
def test_a_port_that_another_program_uses_is_not_reserved(options: list[int]) -> None:
    with bind(0, *options, listen=True) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"{port}.*gRPC.*MARQUEE_PORT"):
            reserve(port)


@pytest.mark.parametrize("options", [[], [socket.SO_REUSEADDR]])
def test_a_reserved_port_refuses_others_even_if_no_worker_listens(options: list[int]) -> None:
    with reserve(0) as held, pytest.raises(OSError, match="in use"):
        bind(held.getsockname()[1], *options, listen=True)


def test_a_reservation_takes_no_connection_from_a_worker() -> None:
    with reserve(0) as held:
        address = held.getsockname()
        with bind(address[1], socket.SO_REUSEPORT, socket.SO_REUSEADDR, listen=True) as worker:
            for _ in range(200):
                with socket.create_connection(address, timeout=20) as client:
                    accepted, _ = worker.accept()
                    with accepted:
                        accepted.sendall(b"x")
                        assert client.recv(1) == b"x"
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=20)
    # Two hundred connections in TIME_WAIT do not prevent the next start.
    with reserve(address[1]):
        pass


def test_every_address_is_reserved_for_both_families() -> None:
    try:
        held = reserve(0, host="::")
    except OSError:
        pytest.skip("no IPv6 here")
    with held, pytest.raises(OSError, match="in use"):
        bind(held.getsockname()[1])
