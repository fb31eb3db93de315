"""Limits on the rate of calls: how many of each class a caller may make in a window that slides.

Workers count apart and admit their part of a rate each, unless they share a store.
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

Count: TypeAlias = Callable[[Principal, str], Awaitable[None] | None]
"""Counts a call of a principal and a peer: None when it passes at once, else what to wait for, which may raise
RateLimitExceeded."""
CLASSES_OF_CALLERS = (MethodClass.READ, MethodClass.WRITE, MethodClass.SIGN_IN)


class RateLimitExceeded(ResourceExhausted):
    """The caller made as many calls of this class as they may for now."""


@dataclass(frozen=True, slots=True)
class RateLimitStatus:
    """How a caller stands under one limit."""

    method_class: MethodClass
    limit: int
    remaining: int
    window: int
    """Seconds."""
    retry_after: float
    """Seconds until a call is free; 0 while any remains."""


class RateLimiter:
    """Counts calls by user or service, and those of nobody known by peer."""

    def __init__(self, *, rates: Mapping[MethodClass, RateLimitItem], windows: SlidingWindow) -> None:
        """`rates`: classes that are absent are not limited."""
        self._rates = rates
        self._windows = windows

    @classmethod
    def from_settings(cls, settings: Settings, *, shared_store: SharedStore | None) -> Self:
        """Makes a limiter over the shared store, or over this worker's memory with this worker's part of the rates."""
        texts = {
            MethodClass.READ: settings.rate_limit_read,
            MethodClass.WRITE: settings.rate_limit_write,
            MethodClass.SIGN_IN: settings.rate_limit_sign_in,
            MethodClass.SERVICE: settings.rate_limit_service,
        }
        rates = {method_class: parse_rate(text) for method_class, text in texts.items() if text}
        if shared_store is not None:
            return cls(rates=rates, windows=SharedSlidingWindow(shared_store))
        parts = {method_class: _part(rate, settings.workers) for method_class, rate in rates.items()}
        return cls(rates=parts, windows=MemorySlidingWindow(clock=time.monotonic))

    def counter(self, method_class: MethodClass) -> Count:
        """Returns the function that counts calls of a class."""
        own = method_class, self._rates.get(method_class), f"{method_class}:"
        service = MethodClass.SERVICE, self._rates.get(MethodClass.SERVICE), f"{MethodClass.SERVICE}:"
        memory = self._windows if isinstance(self._windows, MemorySlidingWindow) else None

        def count(principal: Principal, peer: str) -> Awaitable[None] | None:
            name, rate, prefix = service if principal.is_service else own
            if rate is None:
                return None
            key = prefix + _caller(principal, peer)
            if memory is None:
                return self._count(name, rate, key)
            # Nearly every call passes here, without anything to wait for.
            return None if memory.admits(rate, key) else self._refuse(name, rate, key)

        return count

    async def _count(self, method_class: MethodClass, rate: RateLimitItem, key: str) -> None:
        with suppress(SharedStoreUnavailable):
            if not await self._windows.admit(rate, key):
                await self._refuse(method_class, rate, key)

    async def _refuse(self, method_class: MethodClass, rate: RateLimitItem, key: str) -> NoReturn:
        status = await self._status(method_class, rate, key)
        raise RateLimitExceeded(
            f"at most {status.limit} {method_class} calls in {status.window} s; repeat in {status.retry_after:.3g} s",
            retry_after=status.retry_after,
            quota=method_class,
        )

    async def list_statuses(self, principal: Principal, *, peer: str) -> list[RateLimitStatus]:
        """Returns how a caller stands under each limit that is in force for them, without counting a call."""
        classes = (MethodClass.SERVICE,) if principal.is_service else CLASSES_OF_CALLERS
        caller = _caller(principal, peer)
        limited = [(name, self._rates[name]) for name in classes if name in self._rates]
        try:
            return [await self._status(name, rate, f"{name}:{caller}") for name, rate in limited]
        except SharedStoreUnavailable:
            return []

    async def _status(self, method_class: MethodClass, rate: RateLimitItem, key: str) -> RateLimitStatus:
        counts = await self._windows.counts(rate, key)
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
