"""Password hashes: argon2id (RFC 9106), a limited number at once, in child processes.

Threads instead of processes would share the interpreter lock with the event loop, and the loop would wait whenever a
thread of low priority is suspended while it holds the lock.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import socket
import subprocess
import sys
import threading
import unicodedata
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import argon2

from service.errors import ResourceExhausted, Unavailable
from service.settings import Settings

T = TypeVar("T")
_PROGRAM = Path(__file__).with_name("hashing_child.py")


class PasswordHashingBusy(ResourceExhausted):
    """The queue of sign-ins of this worker is full."""


class PasswordHashingFailed(Unavailable):
    """The hashing process ended twice before it answered."""


class PasswordHasher:
    """Hashes and verifies passwords, at most `processes` at once."""

    def __init__(self, *, time_cost: int, memory_kib: int, parallelism: int, processes: int, queue: int) -> None:
        """`queue`: sign-ins that may run or wait; one more is refused."""
        self._argon2 = argon2.PasswordHasher(time_cost, memory_kib, parallelism, type=argon2.Type.ID)
        self._hash = partial(hash_password, time_cost=time_cost, memory_kib=memory_kib, parallelism=parallelism)
        # One thread per process, which only waits for the answer.
        self._pool = ThreadPoolExecutor(processes, thread_name_prefix="passwords")
        self._queue = queue
        self._waiting = 0
        # One slot more than processes: the other work of one sign-in runs while the password of another is hashed.
        self._slots = asyncio.Semaphore(processes + 1)
        # Used for unknown users, so that their check takes as long as that of known ones.
        self._decoy = self._argon2.hash("no account has this password")

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Returns the hasher of a server with these settings."""
        return cls(
            time_cost=settings.password_time_cost,
            memory_kib=settings.password_memory_kib,
            parallelism=settings.password_parallelism,
            processes=settings.password_processes,
            queue=settings.password_queue,
        )

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Waits for a slot, which should surround all work of a sign-in.

        A sign-in that waits has cost almost nothing, so a crowd does not slow down other calls. Raises
        PasswordHashingBusy at once if the queue is full.
        """
        if self._waiting >= self._queue:
            raise PasswordHashingBusy("too many sign-ins at once; retry soon", retry_after=1.0, quota="passwords")
        self._waiting += 1
        try:
            async with self._slots:
                yield
        finally:
            self._waiting -= 1

    async def hash(self, password: str) -> str:
        """Returns the PHC string of a password; raises PasswordHashingBusy and PasswordHashingFailed."""
        async with self.slot():
            return await self.rehash(password)

    async def rehash(self, password: str) -> str:
        """Returns the PHC string of a password, inside a slot that the caller holds; raises PasswordHashingFailed."""
        return await self._run(self._hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Returns whether a password matches, inside a slot that the caller holds; raises PasswordHashingFailed.

        Without a hash (unknown user) it takes as long and returns False.
        """
        matches = await self._run(partial(verify_password, password_hash or self._decoy), password)
        return matches and bool(password_hash)

    def needs_rehash(self, password_hash: str) -> bool:
        """Returns whether a hash was made with other parameters than the current ones."""
        return self._argon2.check_needs_rehash(password_hash)

    def close(self) -> None:
        """Accepts no more work; hashes that are being computed are finished."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[str], T], password: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, _normalized(password))


def hash_password(password: str, *, time_cost: int, memory_kib: int, parallelism: int) -> str:
    """Returns the PHC string of a password; blocks until a child process answers; raises PasswordHashingFailed."""
    return str(_ask("hash", [time_cost, memory_kib, parallelism], password))


def verify_password(password_hash: str, password: str) -> bool:
    """Returns whether a password matches; blocks until a child process answers; raises PasswordHashingFailed."""
    return bool(_ask("verify", password_hash, password))


def _normalized(password: str) -> str:
    """Returns the same text for every keyboard (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFC", password)


class _Child:
    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            # Isolated mode: neither the environment nor the folder of the program affects its imports.
            command = [sys.executable, "-I", str(_PROGRAM)]
            self._process = subprocess.Popen(
                command, stdin=theirs.fileno(), stdout=theirs.fileno(), start_new_session=True
            )
        self._answers = self._socket.makefile("rb")

    def ask(self, line: bytes) -> bytes:
        """Returns the answer; raises OSError if the child has ended."""
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


class _ChildPool:
    """The idle children of this process; they end when it ends."""

    def __init__(self) -> None:
        self._idle: list[_Child] = []
        self._lock = threading.Lock()
        atexit.register(self.end)

    def ask(self, line: bytes) -> bytes:
        """Returns the answer of an idle child, or of a new one if all idle ones have ended; raises OSError."""
        while (child := self._pop_idle()) is not None:
            # An idle child may have been killed, which only a request reveals.
            with suppress(OSError):
                return self._answer(child, line)
        return self._answer(_Child(), line)

    def _pop_idle(self) -> _Child | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _answer(self, child: _Child, line: bytes) -> bytes:
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


_children = _ChildPool()


def _ask(*request: object) -> Any:
    line = json.dumps(request).encode() + b"\n"
    for _ in range(2):  # A new child may be killed, too.
        with suppress(OSError):
            return json.loads(_children.ask(line))
    raise PasswordHashingFailed("passwords cannot be checked now; retry soon", retry_after=1.0)
