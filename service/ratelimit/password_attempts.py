"""Limits on password attempts: counted wherever a password is checked, so that nobody can guess for long.

There are three counts, each in a fixed window: by account and peer, by peer over all accounts, and by account over all
peers. All workers share them, in the shared store if one is configured, else in PostgreSQL.
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
    """One of the three counts is used up: this account from this peer, this peer, or this account."""

    def __init__(self, seconds_left: float) -> None:
        # Redis reports whole seconds, rounded. The hint must never be too early.
        wait = math.floor(seconds_left) + 1
        super().__init__(f"too many attempts; retry in {wait} s", retry_after=wait, quota="password_attempts")


@dataclass(frozen=True, slots=True)
class AttemptRates:
    """The rate of each count."""

    account_and_peer: RateLimitItem
    peer: RateLimitItem
    account: RateLimitItem


@dataclass(frozen=True, slots=True)
class _Count:
    rate: RateLimitItem
    name: tuple[str, ...]
    is_binding: bool = True


class PasswordAttempts:
    """Guards every password check: call `begin` before it, and `succeeded` after a correct password.

    Both write immediately, so they must be called outside of transactions. `account` and `peer` are opaque names of
    up to 64 characters.
    """

    def __init__(self, *, rates: AttemptRates, database: Storage, shared_store: SharedStore | None) -> None:
        """`database` is used without a shared store and while it is unavailable."""
        self._rates = rates
        self._database = database
        self._shared_store = shared_store

    @classmethod
    def from_settings(cls, settings: Settings, *, shared_store: SharedStore | None) -> Self:
        """Returns the guard with the rates of the settings."""
        rates = AttemptRates(
            account_and_peer=parse_rate(settings.password_attempts_account_peer),
            peer=parse_rate(settings.password_attempts_peer),
            account=parse_rate(settings.password_attempts_account),
        )
        return cls(rates=rates, database=PostgresStorage(), shared_store=shared_store)

    async def begin(self, *, account: str, peer: str, is_known_peer: bool) -> None:
        """Counts an attempt before its password is checked, so that concurrent attempts cannot exceed the limit.

        Raises TooManyAttempts with the time until the window ends. A refused attempt is not counted, except when it
        loses a race. For a known peer the count of the account over all peers does not refuse: attackers must not
        lock the owner out.
        """
        counts = self._counts(account, peer, is_known_peer=is_known_peer)
        refusal = await self._run(lambda limiter: _count_attempt(limiter, counts))
        if refusal is not None:
            raise refusal

    async def succeeded(self, *, account: str, peer: str) -> None:
        """Takes the attempt back, and clears the count of this peer's attempts at this account."""
        counts = self._counts(account, peer, is_known_peer=True)

        async def take_back(limiter: FixedWindowRateLimiter) -> None:
            own, *others = counts
            await limiter.clear(own.rate, *own.name)
            for count in others:
                await limiter.hit(count.rate, *count.name, cost=-1)

        await self._run(take_back)

    def _counts(self, account: str, peer: str, *, is_known_peer: bool) -> tuple[_Count, ...]:
        """Returns the counts of an attempt, the narrowest first."""
        return (
            _Count(self._rates.account_and_peer, ("account_peer", account, peer)),
            _Count(self._rates.peer, ("peer", peer)),
            _Count(self._rates.account, ("account", account), is_binding=not is_known_peer),
        )

    async def _run(self, work: Callable[[FixedWindowRateLimiter], Awaitable[Result]]) -> Result:
        if self._shared_store is not None:
            with suppress(SharedStoreUnavailable):
                return await self._shared_store.run(lambda storage: work(FixedWindowRateLimiter(storage)))
        return await work(FixedWindowRateLimiter(self._database))


async def _count_attempt(limiter: FixedWindowRateLimiter, counts: Sequence[_Count]) -> TooManyAttempts | None:
    """Counts an attempt, or returns the error if one of the counts is used up."""
    # All counts are tested before any is written: a refusal by one count must not use up another.
    for admits in (limiter.test, limiter.hit):
        for count in counts:
            if not await admits(count.rate, *count.name) and count.is_binding:
                ends_at, _ = await limiter.get_window_stats(count.rate, *count.name)
                return TooManyAttempts(ends_at - time.time())
    return None
