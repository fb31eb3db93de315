"""Attempts at passwords: counted wherever one is checked, so that nobody gets to guess for long.

Three counts, each in a fixed window that ends by itself: by account and peer, by peer over all accounts, and by
account over all peers. All workers share them, in PostgreSQL or in the shared store where there is one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self, TypeVar

from limits import RateLimitItem
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter

from service.errors import ResourceExhausted
from service.ratelimit.postgres_storage import PostgresStorage
from service.ratelimit.redis_storage import SharedStore, SharedStoreUnavailable
from service.settings import Settings, parse_rate

Result = TypeVar("Result")


class TooManyAttempts(ResourceExhausted):
    """Passwords were tried too often: at this account from this peer, from this peer, or at this account."""

    def __init__(self, seconds_left: float) -> None:
        # Redis tells whole seconds, and rounds; never too early is what counts.
        wait = math.floor(seconds_left) + 1
        super().__init__(f"too many attempts; repeat in {wait} s", retry_after=wait, quota="password_attempts")


@dataclass(frozen=True, slots=True)
class AttemptRates:
    """How many attempts each count admits."""

    account_and_peer: RateLimitItem
    peer: RateLimitItem
    account: RateLimitItem


@dataclass(frozen=True, slots=True)
class _Count:
    rate: RateLimitItem
    name: tuple[str, ...]
    is_binding: bool = True


class PasswordAttempts:
    """Guards every check of a password: `begin` before it, `succeeded` after one that was right.

    Both write at once and for good, so they must be called outside of transactions. `account` and `peer` are opaque
    names of up to 64 characters.
    """

    def __init__(self, *, rates: AttemptRates, database: Storage, shared_store: SharedStore | None) -> None:
        """`database` serves whenever the shared store does not."""
        self._rates = rates
        self._database = database
        self._shared_store = shared_store

    @classmethod
    def from_settings(cls, settings: Settings, *, shared_store: SharedStore | None) -> Self:
        """Makes the guard that the settings describe."""
        rates = AttemptRates(
            account_and_peer=parse_rate(settings.password_attempts_account_peer),
            peer=parse_rate(settings.password_attempts_peer),
            account=parse_rate(settings.password_attempts_account),
        )
        return cls(rates=rates, database=PostgresStorage(), shared_store=shared_store)

    async def begin(self, *, account: str, peer: str, is_known_peer: bool) -> None:
        """Counts an attempt before the password is looked at, so that many at once do not slip through.

        Raises TooManyAttempts, with the time until the window ends; what is refused is not counted, unless it lost
        a race. From a known peer, an account's count over all peers does not refuse: whatever strangers do, its
        owner gets in.
        """
        counts = self._counts(account, peer, is_known_peer=is_known_peer)
        refusal = await self._on_store(lambda windows: _find_refusal(windows, counts))
        if refusal is not None:
            raise refusal

    async def succeeded(self, *, account: str, peer: str) -> None:
        """Takes the attempt back, and forgets all that this peer tried at this account."""
        counts = self._counts(account, peer, is_known_peer=True)

        async def forgive(windows: FixedWindowRateLimiter) -> None:
            own, *others = counts
            await windows.clear(own.rate, *own.name)
            for count in others:
                await windows.hit(count.rate, *count.name, cost=-1)

        await self._on_store(forgive)

    def _counts(self, account: str, peer: str, *, is_known_peer: bool) -> tuple[_Count, ...]:
        """Returns the counts of an attempt, the narrowest first."""
        return (
            _Count(self._rates.account_and_peer, ("account_peer", account, peer)),
            _Count(self._rates.peer, ("peer", peer)),
            _Count(self._rates.account, ("account", account), is_binding=not is_known_peer),
        )

    async def _on_store(self, work: Callable[[FixedWindowRateLimiter], Awaitable[Result]]) -> Result:
        if self._shared_store is not None:
            with suppress(SharedStoreUnavailable):
                return await self._shared_store.ask(lambda storage: work(FixedWindowRateLimiter(storage)))
        return await work(FixedWindowRateLimiter(self._database))


async def _find_refusal(windows: FixedWindowRateLimiter, counts: Sequence[_Count]) -> TooManyAttempts | None:
    """Counts an attempt unless a count is used up."""
    # Looked at before anything is written: what one count refuses must not use up another.
    for admits in (windows.test, windows.hit):
        for count in counts:
            if not await admits(count.rate, *count.name) and count.is_binding:
                ends_at, _ = await windows.get_window_stats(count.rate, *count.name)
                return TooManyAttempts(ends_at - time.time())
    return None
