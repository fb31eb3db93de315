"""Asks child processes to run argon2; every function here blocks its thread until the answer is there.

Threads of our own would share the interpreter's lock with the event loop: however low their priority, the loop waits
for one that is put aside while it holds the lock.
"""

from __future__ import annotations

import atexit
import json
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from service.errors import Unavailable

_PROGRAM = Path(__file__).with_name("hashing_child.py")


class PasswordHashingFailed(Unavailable):
    """The process that hashes passwords ended before it had answered, twice."""


def hash_password(password: str, *, time_cost: int, memory_kib: int, parallelism: int) -> str:
    """Returns the PHC string of a password. Raises PasswordHashingFailed."""
    return str(_ask("hash", [time_cost, memory_kib, parallelism], password))


def verify_password(password_hash: str, password: str) -> bool:
    """Tells whether the password is the hash's. Raises PasswordHashingFailed."""
    return bool(_ask("verify", password_hash, password))


class _Child:
    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            # Isolated: neither the environment nor the program's folder says what is imported.
            command = [sys.executable, "-I", str(_PROGRAM)]
            self._process = subprocess.Popen(
                command, stdin=theirs.fileno(), stdout=theirs.fileno(), start_new_session=True
            )
        self._answers = self._socket.makefile("rb")

    def ask(self, line: bytes) -> bytes:
        """Raises OSError when the child has ended."""
        self._socket.sendall(line)
        answer = self._answers.readline()
        if not answer.endswith(b"\n"):
            raise ConnectionResetError
        return answer

    def end(self) -> None:
        self._answers.close()
        self._socket.close()
        self._process.kill()
        self._process.wait()


class _Children:
    """The children that have nothing to do, for whoever of this process asks next; they end with it."""

    def __init__(self) -> None:
        self._idle: list[_Child] = []
        self._lock = threading.Lock()
        atexit.register(self.end)

    def ask(self, line: bytes) -> bytes:
        """Raises OSError when the child that was asked has ended, or none could be started."""
        with self._lock:
            child = self._idle.pop() if self._idle else None
        child = child or _Child()
        try:
            answer = child.ask(line)
        except OSError:
            child.end()
            raise
        with self._lock:
            self._idle.append(child)
        return answer

    def end(self) -> None:
        with self._lock:
            while self._idle:
                self._idle.pop().end()


_children = _Children()


def _ask(*request: object) -> Any:
    line = json.dumps(request).encode() + b"\n"
    for _ in range(2):  # That an idle child was killed shows only now.
        with suppress(OSError):
            return json.loads(_children.ask(line))
    raise PasswordHashingFailed("passwords cannot be checked just now", retry_after=1.0)
