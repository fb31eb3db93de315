"""TCP ports: whether one is free, and holding one for processes that share it."""

import errno
import socket
from typing import Any


class PortTaken(RuntimeError):
    """Another program already holds a port that is needed."""

    def __init__(self, port: int, *, purpose: str, variable: str) -> None:
        """Names the port, what it is for and the environment variable that moves it."""
        super().__init__(
            f"port {port} ({purpose}) is already in use: stop the program that listens on it,"
            f" or set {variable} to another port"
        )
        self.port = port
        self.purpose = purpose
        self.variable = variable


def require_free(port: int, *, purpose: str, variable: str, host: str = "127.0.0.1") -> None:
    """Raises PortTaken when somebody holds `port` on `host`, listening or only bound, sharing or not.

    The port is released again before returning, so it is a check and not a reservation. Any other
    failure to bind (a privileged port, a foreign address) is raised as the OSError it is.
    """
    try:
        with _bound(host, port, shared=False) as probe:
            # Two sockets that only bind with SO_REUSEADDR may coexist; the conflict shows here.
            probe.listen(1)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(port, purpose=purpose, variable=variable) from error


def reserve_port(port: int, *, purpose: str, variable: str, host: str = "127.0.0.1") -> socket.socket:
    """Takes `port` on `host` for this process and its workers, and returns the socket that holds it.

    The socket is bound and never listens, so it takes no connection from the workers, which bind the same
    port with SO_REUSEPORT. Until it is closed no program can bind the port but one of the same user that asks
    for SO_REUSEPORT too. With port 0 the system chooses one: see getsockname(). Raises as require_free does.
    """
    if port != 0:
        require_free(port, purpose=purpose, variable=variable, host=host)
    holder = _bound(host, port, shared=True)
    # Left on, it would let another program with SO_REUSEADDR in while no worker listens.
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    return holder


def free_port(host: str = "127.0.0.1") -> int:
    """Returns a port nobody held a moment ago. It is not reserved: another program may take it first."""
    with _bound(host, 0, shared=False) as probe:
        port: int = probe.getsockname()[1]
        return port


def resolve(host: str, port: int) -> tuple[int, Any]:
    """Returns the address family and the address to bind; raises OSError for a host that is not known."""
    (family, _, _, _, address), *_ = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
    )
    return family, address


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    family, address = resolve(host, port)
    holder = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6 and address[0] == "::":
            holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # As gRPC binds [::]: IPv4 as well.
        # Connections of an earlier server in TIME_WAIT do not refuse us; without SO_REUSEPORT even a listener
        # that would share its port does.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(address)
    except BaseException:
        holder.close()
        raise
    return holder
