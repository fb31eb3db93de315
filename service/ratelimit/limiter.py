"""Rate limits: the number of calls of each class that a caller may make in a sliding window.

Workers that share no store count separately, and each admits its part of a rate.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn, Self, TypeAlias

from limits import RateLimitItem

from service.auth.policy import MethodClass
from service.auth.principal import Principal
from service.errors import ResourceExhausted
from service.ratelimit.redis_storage import SharedStore, SharedStoreUnavailable
from service.ratelimit.sliding_window import MemorySlidingWindow, SharedSlidingWindow, SlidingWindow
from service.settings import Settings, parse_rate

CountCall: TypeAlias = Callable[[Principal, str], Awaitable[None] | None]
"""Counts a call of a principal and a peer. Returns None if the call is admitted at once, else an awaitable that may
raise RateLimitExceeded."""
USER_CLASSES = (MethodClass.READ, MethodClass.WRITE, MethodClass.SIGN_IN)


class RateLimitExceeded(ResourceExhausted):
    """The caller made as many calls of this class as the limit allows in the window."""


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """A caller's current use of one limit."""

    method_class: MethodClass
    limit: int
    remaining: int
    window: int
    """Seconds."""
    retry_after: float
    """Seconds until a call is admitted; 0 while any remains."""


class RateLimiter:
    """Counts calls by user or service, and anonymous calls by peer."""

    def __init__(self, *, rates: Mapping[MethodClass, RateLimitItem], window: SlidingWindow) -> None:
        """`rates`: a class that is absent has no limit."""
        self._rates = rates
        self._window = window

    @classmethod
    def from_settings(cls, settings: Settings, *, shared_store: SharedStore | None) -> Self:
        """Returns a limiter on the shared store, or one in memory with this worker's part of each rate."""
        texts = {
            MethodClass.READ: settings.rate_limit_read,
            MethodClass.WRITE: settings.rate_limit_write,
            MethodClass.SIGN_IN: settings.rate_limit_sign_in,
            MethodClass.SERVICE: settings.rate_limit_service,
        }
        rates = {method_class: parse_rate(text) for method_class, text in texts.items() if text}
        if shared_store is not None:
            return cls(rates=rates, window=SharedSlidingWindow(shared_store))
        parts = {method_class: _part(rate, settings.workers) for method_class, rate in rates.items()}
        return cls(rates=parts, window=MemorySlidingWindow(clock=time.monotonic))

    def counter(self, method_class: MethodClass) -> CountCall:
        """Returns the function that counts calls of a class; it admits all while the shared store is unavailable."""
        own = method_class, self._rates.get(method_class), f"{method_class}:"
        service = MethodClass.SERVICE, self._rates.get(MethodClass.SERVICE), f"{MethodClass.SERVICE}:"
        memory = self._window if isinstance(self._window, MemorySlidingWindow) else None

        def count(principal: Principal, peer: str) -> Awaitable[None] | None:
            name, rate, prefix = service if principal.is_service else own
            if rate is None:
                return None
            key = prefix + _caller(principal, peer)
            if memory is None:
                return self._count(name, rate, key)
            # Nearly every call takes this path, without an awaitable.
            return None if memory.admits(rate, key) else self._refuse(name, rate, key)

        return count

    async def _count(self, method_class: MethodClass, rate: RateLimitItem, key: str) -> None:
        with suppress(SharedStoreUnavailable):
            if not await self._window.admit(rate, key):
                await self._refuse(method_class, rate, key)

    async def _refuse(self, method_class: MethodClass, rate: RateLimitItem, key: str) -> NoReturn:
        status = await self._status(method_class, rate, key)
        raise RateLimitExceeded(
            f"at most {status.limit} {method_class} calls in {status.window} s; retry in {status.retry_after:.3g} s",
            retry_after=status.retry_after,
            quota=method_class,
        )

    async def list_statuses(self, principal: Principal, *, peer: str) -> list[RateLimitStatus]:
        """Returns a caller's use of each limit that applies to them, without counting a call.

        Empty while the shared store is unavailable: nothing is limited then.
        """
        classes = (MethodClass.SERVICE,) if principal.is_service else USER_CLASSES
        caller = _caller(principal, peer)
        limited = [(name, self._rates[name]) for name in classes if name in self._rates]
        try:
            return [await self._status(name, rate, f"{name}:{caller}") for name, rate in limited]
        except SharedStoreUnavailable:
            return []

    async def _status(self, method_class: MethodClass, rate: RateLimitItem, key: str) -> RateLimitStatus:
        counts = await self._window.counts(rate, key)
        return RateLimitStatus(
            method_class,
            limit=rate.amount,
            remaining=max(0, rate.amount - counts.used(rate)),
            window=rate.get_expiry(),
            retry_after=counts.retry_after(rate),
        )


def _part(rate: RateLimitItem, workers: int) -> RateLimitItem:
    return type(rate)(math.ceil(rate.amount / workers), rate.multiples)


def _caller(principal: Principal, peer: str) -> str:
    if not principal.roles:
        return f"peer:{peer}"
    return f"{'service' if principal.is_service else 'user'}:{principal.subject}"
