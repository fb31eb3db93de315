"""TCP ports: checks whether one is free, and reserves one for processes that share it."""

import errno
import socket
from typing import Any


class PortInUse(RuntimeError):
    """Another program uses a port that this command needs."""

    def __init__(self, port: int, *, purpose: str, variable: str) -> None:
        """Stores the port, its purpose and the environment variable that changes it."""
        super().__init__(
            f"port {port} ({purpose}) is already in use: stop the program that listens on it,"
            f" or set {variable} to another port"
        )
        self.port = port
        self.purpose = purpose
        self.variable = variable


def require_free_port(port: int, *, purpose: str, variable: str, host: str = "127.0.0.1") -> None:
    """Raises PortInUse when another program has bound `port` on `host`, with or without listening or sharing.

    The port is released before this returns: this is a check, not a reservation. Any other failure to bind
    (a privileged port, a foreign address) is raised as its OSError.
    """
    try:
        with _bound_socket(host, port, shared=False) as probe:
            # Two sockets that only bind with SO_REUSEADDR may coexist; listen() detects the conflict.
            probe.listen(1)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortInUse(port, purpose=purpose, variable=variable) from error


def reserve_port(port: int, *, purpose: str, variable: str, host: str = "127.0.0.1") -> socket.socket:
    """Reserves `port` on `host` for this process and its workers, and returns the socket that reserves it.

    The socket is bound and never listens, so it takes no connection from the workers, which bind the same port with
    SO_REUSEPORT. Until it is closed, only a program of the same user that also sets SO_REUSEPORT can bind the port.
    With port 0 the system chooses one: see getsockname(). Raises the same errors as require_free_port.
    """
    if port != 0:
        require_free_port(port, purpose=purpose, variable=variable, host=host)
    reservation = _bound_socket(host, port, shared=True)
    # If SO_REUSEADDR stayed on, another program with SO_REUSEADDR could bind the port while no worker listens.
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    return reservation


def free_port(host: str = "127.0.0.1") -> int:
    """Returns a port that is free at this moment. It is not reserved: another program may take it first."""
    with _bound_socket(host, 0, shared=False) as probe:
        port: int = probe.getsockname()[1]
        return port


def resolve(host: str, port: int) -> tuple[int, Any]:
    """Returns the address family and the address to bind; raises OSError for an unknown host."""
    (family, _, _, _, address), *_ = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
    )
    return family, address


def _bound_socket(host: str, port: int, *, shared: bool) -> socket.socket:
    family, address = resolve(host, port)
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6 and address[0] == "::":
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # gRPC binds [::] for IPv4, too.
        # Allows the port while connections of an earlier server are in TIME_WAIT. A listener still conflicts, unless
        # both sides set SO_REUSEPORT.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound
