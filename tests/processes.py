"""The real server as processes of its own, ended with the tests however those end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from service.settings import Settings

ROOT = Path(__file__).parents[1]
PATIENCE = 30.0


def has_ended(pid: int) -> bool:
    """Tells whether a process runs no more, though nobody may have waited for it yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


# Between the tests and the command: passes signals on, and kills when the tests are gone.
KEEPER = """
import os, signal, subprocess, sys, threading

child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)

def die_with_the_tests():
    sys.stdin.read()
    child.kill()

threading.Thread(target=die_with_the_tests, daemon=True).start()
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda number, _: child.send_signal(number))
code = child.wait()
os._exit(code if code >= 0 else 128 - code)
"""


def command(*arguments: str) -> list[str]:
    """Returns the command line of a `marquee` command."""
    return [sys.executable, "-m", "service", *arguments]


def environment(**variables: object) -> dict[str, str]:
    """Returns this process's environment without settings, and the given ones."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MARQUEE_")}
    # Wide, so that tables keep their lines.
    return {**kept, "COLUMNS": "400", **{f"MARQUEE_{name.upper()}": str(value) for name, value in variables.items()}}


def variables_of(settings: Settings) -> dict[str, Any]:
    """Returns the settings of a test's server, as an operator's shell has them."""
    return {
        "profile": "development",
        "database_url": settings.database_url.get_secret_value(),
        "keys_dir": settings.keys_dir,
        "data_keys": settings.data_keys.get_secret_value(),
        "index_key": settings.index_key.get_secret_value(),
        "page_token_key": settings.page_token_key.get_secret_value(),
        "s3_endpoint_url": settings.s3_endpoint_url,
        # The cheapest that an operator may set: every command makes one hash at least.
        "password_time_cost": 1,
        "password_memory_kib": 8192,
    }


def run(*arguments: str, typed: str = "", **variables: object) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, with what an operator types on its standard input."""
    return subprocess.run(
        command(*arguments),
        env=environment(**variables),
        cwd=ROOT,
        input=typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


class Running:
    """A `marquee serve` under way, with its log of JSON lines."""

    def __init__(self, log_file: Path, variables: Mapping[str, object]) -> None:
        self.log_file = log_file
        with log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", KEEPER, *command("serve")],
                env=environment(log_format="json", **variables),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def told(self, event: str) -> list[dict[str, Any]]:
        """Returns the log's lines of one event."""
        lines = self.log_file.read_text().splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [line for line in events if line["event"] == event]

    def await_told(self, event: str, times: int = 1) -> list[dict[str, Any]]:
        """Waits for an event to be told so often."""
        deadline = time.monotonic() + PATIENCE
        while len(self.told(event)) < times:
            assert self.process.poll() is None, self.log_file.read_text()
            assert time.monotonic() < deadline, self.log_file.read_text()
            time.sleep(0.02)
        return self.told(event)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the supervisor."""
        self.process.send_signal(number)

    def exit_code(self) -> int:
        """Waits for the end."""
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        """Ends whatever still runs."""
        workers = [event["pid"] for event in self.told("worker_started")]
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        # The workers see the end of their supervisor; who is too busy to, is killed.
        left = [psutil.Process(pid) for pid in workers if psutil.pid_exists(pid)]
        _, left = psutil.wait_procs(left, timeout=5)
        for process in left:
            process.kill()


@contextmanager
def serving(log_file: Path, **variables: object) -> Iterator[Running]:
    """Gives a `marquee serve` whose workers all serve."""
    running = Running(log_file, variables)
    try:
        running.await_told("worker_ready", int(str(variables.get("workers", 2))))
        yield running
    finally:
        running.close()


def fetch(url: str) -> str:
    """Returns the body that a URL of this machine answers with."""
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - the tests' own server
        body: bytes = answer.read()
    return body.decode()
