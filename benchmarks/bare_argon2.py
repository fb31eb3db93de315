"""Bare password verifications: the upper limit for the rate of logins.

As a program, its arguments are seconds and argon2id parameters. It verifies with as many threads as a worker, and
writes the verifications per second and the CPU seconds per verification.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import argon2

from benchmarks.figure import Hashing
from service.auth.hashing_child import lower_priority
from service.settings import Settings

THREADS = Settings.model_fields["password_processes"].default
LANES = Settings.model_fields["password_parallelism"].default


@dataclass(frozen=True)
class VerificationRate:
    """Total rate of several processes."""

    per_second: float
    cpu_seconds: float
    """CPU seconds per verification."""


def verify_for(seconds: float, *, processes: int, hashing: Hashing) -> VerificationRate:
    """Verifies in several processes at the same time."""
    command = [sys.executable, __file__, str(seconds), str(hashing.time_cost), str(hashing.memory_kib)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) for _ in range(processes)
    ]
    results = [tuple(map(float, process.communicate()[0].split())) for process in running]
    return VerificationRate(sum(rate for rate, _ in results), sum(cpu for _, cpu in results) / processes)


def main(seconds: str, time_cost: str, memory_kib: str) -> None:
    """Verifies and prints the results."""
    lower_priority()  # like the workers' hashing processes, so that other load slows both equally
    hasher = argon2.PasswordHasher(time_cost=int(time_cost), memory_cost=int(memory_kib), parallelism=LANES)
    password_hash = hasher.hash("password")

    def verify() -> tuple[int, float]:
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < float(seconds):
            hasher.verify(password_hash, "password")
            count += 1
        return count, count / (time.perf_counter() - started)

    cpu = time.process_time()
    with ThreadPoolExecutor(THREADS) as pool:
        done = [work.result() for work in [pool.submit(verify) for _ in range(THREADS)]]
    print(sum(rate for _, rate in done), (time.process_time() - cpu) / sum(count for count, _ in done))


if __name__ == "__main__":
    main(*sys.argv[1:])
