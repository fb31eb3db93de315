"""Look-ups of concurrent calls in one query: what is asked for while one is under way goes into the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar

from service.database.orm import within_transaction

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Gathering(Generic[K, V]):
    """Answers many callers by one query at a time; each answer was read after its caller had asked."""

    def __init__(self, load: Callable[[Collection[K]], Awaitable[Mapping[K, V]]]) -> None:
        self._load = load
        self._asked: list[tuple[K, asyncio.Future[V | None]]] = []
        self._loading: asyncio.Task[None] | None = None

    async def find(self, key: K) -> V | None:
        """Returns what belongs to a key, None for nothing; raises what the query raises."""
        if within_transaction():  # Its own writes are seen by its own connection alone.
            return (await self._load([key])).get(key)
        answer: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._asked.append((key, answer))
        if self._loading is None:
            self._loading = asyncio.create_task(self._answer_all(), name="gathered look-ups")
        return await answer

    async def _answer_all(self) -> None:
        try:
            while self._asked:
                await self._answer()
        finally:
            self._loading = None

    async def _answer(self) -> None:
        asked, self._asked = self._asked, []
        try:
            found = await self._load({key for key, _ in asked})
        except Exception as error:  # noqa: BLE001 - raised again, by each who asked
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(error)
        else:
            for key, answer in asked:
                if not answer.done():
                    answer.set_result(found.get(key))
