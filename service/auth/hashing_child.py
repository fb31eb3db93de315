"""Program of the child process that runs argon2 for a worker; imports nothing of the service.

A request is one line of JSON: `["hash", [passes, KiB, lanes], password]` or `["verify", PHC string, password]`. The
answer is one line of JSON: the PHC string, or whether the password matches. The process ends when its standard input
ends.
"""

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import argon2

NICENESS = 10


def main() -> None:
    """Answers requests at low priority until the parent is gone."""
    lower_priority()
    for number in (signal.SIGINT, signal.SIGTERM):  # A parent that is asked to stop still finishes its calls.
        signal.signal(number, signal.SIG_IGN)
    for line in sys.stdin.buffer:
        kind, *arguments = json.loads(line)
        answer = _hash(*arguments) if kind == "hash" else _verify(*arguments)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def lower_priority() -> None:
    """Lowers the priority of this process and of its session, which it leads."""
    os.nice(NICENESS)
    # If Linux schedules by session, the niceness of a process counts only inside of it; the session has its own.
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICENESS))


def _hash(cost: tuple[int, int, int], password: str) -> str:
    time_cost, memory_kib, parallelism = cost
    return argon2.PasswordHasher(time_cost, memory_kib, parallelism, type=argon2.Type.ID).hash(password)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return argon2.PasswordHasher().verify(password_hash, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


if __name__ == "__main__":
    main()
