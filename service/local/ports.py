"""Checks that the embedded stack's TCP ports are free before anything is started on them."""

import errno
import socket


class PortTaken(RuntimeError):
    """Another program already holds a port the stack needs."""

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
    """Raises PortTaken when somebody holds `port` on `host`, listening or only bound.

    The port is released again before returning, so it is a check and not a reservation. Any other
    failure to bind (a privileged port, a foreign address) is raised as the OSError it is.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # SO_REUSEADDR lets connections in TIME_WAIT pass; without SO_REUSEPORT even a listener that
        # would share its port refuses us, which is what makes the check meaningful.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            # Two sockets that only bind with SO_REUSEADDR may coexist; the conflict shows here.
            probe.listen(1)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTaken(port, purpose=purpose, variable=variable) from error


def free_port(host: str = "127.0.0.1") -> int:
    """Returns a port nobody held a moment ago. It is not reserved: another program may take it first."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
