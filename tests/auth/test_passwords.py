"""Password hashing: what is hashed, what is refused, and that a worker takes on only so much of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from service.auth.passwords import PasswordHasher, PasswordHashingBusy


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    hasher = PasswordHasher(time_cost=1, memory_kib=8192, parallelism=1, threads=1, queue=2)
    yield hasher
    hasher.close()


async def test_only_the_password_matches_its_hash(hasher: PasswordHasher) -> None:
    known = await hasher.hash("correct")
    assert await hasher.verify(known, "correct")
    assert not await hasher.verify(known, "Correct")
    assert not await hasher.verify("no hash at all", "correct")


async def test_nobody_has_a_password_that_matches(hasher: PasswordHasher) -> None:
    assert not await hasher.verify(None, "no account has this password")


async def test_equal_passwords_have_unequal_hashes(hasher: PasswordHasher) -> None:
    assert await hasher.hash("same") != await hasher.hash("same")


async def test_more_than_the_queue_takes_is_refused_with_a_hint(hasher: PasswordHasher) -> None:
    outcomes = await asyncio.gather(*(hasher.hash("x") for _ in range(5)), return_exceptions=True)
    busy = [outcome for outcome in outcomes if isinstance(outcome, PasswordHashingBusy)]
    assert len(busy) == 3
    assert busy[0].retry_after
    assert await hasher.hash("x"), "the queue is free again"
