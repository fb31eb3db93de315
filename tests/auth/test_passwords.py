"""Password hashing: results, refusals, and the limit of each worker."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from service.auth import passwords
from service.auth.passwords import PasswordHasher, PasswordHashingBusy, PasswordHashingFailed, hash_password
from tests.processes import has_ended


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    hasher = PasswordHasher(time_cost=1, memory_kib=8192, parallelism=1, processes=1, queue=2)
    yield hasher
    hasher.close()


async def test_only_the_password_matches_its_hash(hasher: PasswordHasher) -> None:
    known = await hasher.hash("correct")
    assert await hasher.verify(known, "correct")
    assert not await hasher.verify(known, "Correct")
    assert not await hasher.verify("no hash at all", "correct")


async def test_without_a_hash_no_password_matches(hasher: PasswordHasher) -> None:
    assert not await hasher.verify(None, "no account has this password")


async def test_equal_passwords_have_unequal_hashes(hasher: PasswordHasher) -> None:
    assert await hasher.hash("same") != await hasher.hash("same")


async def test_a_full_queue_refuses_with_a_retry_hint(hasher: PasswordHasher) -> None:
    results = await asyncio.gather(*(hasher.hash("x") for _ in range(5)), return_exceptions=True)
    busy = [result for result in results if isinstance(result, PasswordHashingBusy)]
    assert len(busy) == 3
    assert busy[0].retry_after
    assert await hasher.hash("x"), "the queue is free again"


def hashing_processes() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "hashing_child.py" in " ".join(child.cmdline())]


def kill_hashing_processes() -> None:
    for child in hashing_processes():
        child.kill()


async def test_hashing_runs_in_another_process_of_lower_priority(hasher: PasswordHasher) -> None:
    await hasher.hash("x")
    assert hashing_processes()
    assert all(child.nice() > os.getpriority(os.PRIO_PROCESS, 0) for child in hashing_processes())


async def test_killed_processes_are_replaced(hasher: PasswordHasher) -> None:
    known = await hasher.hash("x")
    with ThreadPoolExecutor(4) as threads:
        for _ in threads.map(lambda _: hash_password("x", time_cost=1, memory_kib=8192, parallelism=1), range(8)):
            pass
    assert len(hashing_processes()) > 1
    kill_hashing_processes()
    assert await hasher.verify(known, "x")


async def test_a_process_that_always_ends_means_unavailable(
    hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kill_hashing_processes()
    monkeypatch.setattr(passwords, "_PROGRAM", tmp_path / "missing.py")
    with pytest.raises(PasswordHashingFailed):
        await hasher.hash("x")
    assert not hashing_processes()
    monkeypatch.undo()
    assert await hasher.hash("x")


def test_the_process_ends_with_a_killed_parent() -> None:
    program = (
        "import os, signal, psutil; from service.auth.passwords import hash_password;"
        "hash_password('x', time_cost=1, memory_kib=8192, parallelism=1);"
        "print(psutil.Process().children()[0].pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    for _ in range(500):
        if has_ended(int(done.stdout)):
            return
        time.sleep(0.01)
    pytest.fail("the process still runs")
