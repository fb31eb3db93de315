"""Password hashes: argon2id (RFC 9106) in a bounded pool of threads, never on the event loop."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import unicodedata
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

import argon2

from service.errors import ResourceExhausted

T = TypeVar("T")
NICENESS = 10


class PasswordHashingBusy(ResourceExhausted):
    """More sign-ins are under way than this worker takes at once."""


class PasswordHasher:
    """Hashes and checks passwords; argon2 leaves the interpreter's lock, so threads are enough."""

    def __init__(self, *, time_cost: int, memory_kib: int, parallelism: int, threads: int, queue: int) -> None:
        self._argon2 = argon2.PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism, type=argon2.Type.ID
        )
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="passwords", initializer=_yield_to_others)
        self._queue = queue
        self._waiting = 0
        # One more than there are threads: what goes with a check is done while another's password is hashed.
        self._turns = asyncio.Semaphore(threads + 1)
        # What an unknown user's password is checked against, so that it takes as long as a known one's.
        self._decoy = self._argon2.hash("no account has this password")

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Waits for a turn at a sign-in, all of whose work belongs into it.

        Who waits has cost next to nothing yet, so a crowd is no burden on others. Raises PasswordHashingBusy at once.
        """
        if self._waiting >= self._queue:
            raise PasswordHashingBusy("too many sign-ins at once; repeat soon", retry_after=1.0, quota="passwords")
        self._waiting += 1
        try:
            async with self._turns:
                yield
        finally:
            self._waiting -= 1

    async def hash(self, password: str) -> str:
        """Returns the PHC string of a password. Raises PasswordHashingBusy."""
        async with self.turn():
            return await self.rehash(password)

    async def rehash(self, password: str) -> str:
        """Returns the same within a turn that the caller has already."""
        return await self._run(lambda: self._argon2.hash(_typed(password)))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tells whether the password is the hash's; None (no such user) takes as long and is False.

        To be called within a turn.
        """
        return await self._run(lambda: self._verify(password_hash or self._decoy, password)) and bool(password_hash)

    def needs_rehash(self, password_hash: str) -> bool:
        """Tells whether a hash was made with other parameters than those of now."""
        return self._argon2.check_needs_rehash(password_hash)

    def close(self) -> None:
        """Ends the threads once what they work on is done."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._argon2.verify(password_hash, _typed(password))
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


def _typed(password: str) -> str:
    """Returns what was meant whichever keyboard it was typed on (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFC", password)


def _yield_to_others() -> None:
    """Lets the event loop's thread go first where threads have priorities of their own, as on Linux."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
