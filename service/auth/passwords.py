"""Password hashes: argon2id (RFC 9106), a bounded number at once, in processes of their own."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from typing import Self, TypeVar

import argon2

from service.auth.hashing import hash_password, verify_password
from service.errors import ResourceExhausted
from service.settings import Settings

T = TypeVar("T")


class PasswordHashingBusy(ResourceExhausted):
    """More sign-ins are under way than this worker takes at once."""


class PasswordHasher:
    """Hashes and checks passwords, `processes` at once."""

    def __init__(self, *, time_cost: int, memory_kib: int, parallelism: int, processes: int, queue: int) -> None:
        self._argon2 = argon2.PasswordHasher(time_cost, memory_kib, parallelism, type=argon2.Type.ID)
        self._hash = partial(hash_password, time_cost=time_cost, memory_kib=memory_kib, parallelism=parallelism)
        # A thread a process: it only waits for the answer.
        self._pool = ThreadPoolExecutor(processes, thread_name_prefix="passwords")
        self._queue = queue
        self._waiting = 0
        # One more than there are processes: what goes with a check is done while another's password is hashed.
        self._turns = asyncio.Semaphore(processes + 1)
        # What an unknown user's password is checked against, so that it takes as long as a known one's.
        self._decoy = self._argon2.hash("no account has this password")

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Returns the hasher that the settings describe."""
        return cls(
            time_cost=settings.password_time_cost,
            memory_kib=settings.password_memory_kib,
            parallelism=settings.password_parallelism,
            processes=settings.password_processes,
            queue=settings.password_queue,
        )

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
        """Returns the PHC string of a password. Raises PasswordHashingBusy and PasswordHashingFailed."""
        async with self.turn():
            return await self.rehash(password)

    async def rehash(self, password: str) -> str:
        """Returns the same within a turn that the caller has already."""
        return await self._run(self._hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Tells whether the password is the hash's; None (no such user) takes as long and is False.

        To be called within a turn.
        """
        matches = await self._run(partial(verify_password, password_hash or self._decoy), password)
        return matches and bool(password_hash)

    def needs_rehash(self, password_hash: str) -> bool:
        """Tells whether a hash was made with other parameters than those of now."""
        return self._argon2.check_needs_rehash(password_hash)

    def close(self) -> None:
        """Takes on no more; what is being hashed is finished."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[str], T], password: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, _typed(password))


def _typed(password: str) -> str:
    """Returns what was meant whichever keyboard it was typed on (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFC", password)
