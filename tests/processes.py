"""Runs `marquee` commands as separate processes, which never outlive the tests."""

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
TIMEOUT = 30.0


def has_ended(pid: int) -> bool:
    """Returns whether a process has ended, also when its parent has not yet waited for it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


# Runs between the tests and the command: forwards signals, and kills the command when the tests end.
WRAPPER = """
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
    """Returns the environment of this process without its MARQUEE_ variables, but with the given ones."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MARQUEE_")}
    # Wide, so that no line of a table wraps.
    return {
        **inherited,
        "COLUMNS": "400",
        # A command without a database must not use the developer's running stack.
        "MARQUEE_LOCAL_DATA": os.devnull,
        **{f"MARQUEE_{name.upper()}": str(value) for name, value in variables.items()},
    }


def variables_of(settings: Settings) -> dict[str, Any]:
    """Returns the settings of a test's server as variables for `environment` and `run`."""
    return {
        "profile": "development",
        "database_url": settings.database_url.get_secret_value(),
        "keys_dir": settings.keys_dir,
        "data_keys": settings.data_keys.get_secret_value(),
        "index_key": settings.index_key.get_secret_value(),
        "page_token_key": settings.page_token_key.get_secret_value(),
        "s3_endpoint_url": settings.s3_endpoint_url,
        # The cheapest allowed values: every command makes at least one hash.
        "password_time_cost": 1,
        "password_memory_kib": 8192,
    }


def run(*arguments: str, typed: str = "", **variables: object) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end; `typed` is its standard input."""
    return subprocess.run(
        command(*arguments),
        env=environment(**variables),
        cwd=ROOT,
        input=typed,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


class ServerProcess:
    """A running `marquee serve` with its log of JSON lines."""

    def __init__(self, log_file: Path, variables: Mapping[str, object]) -> None:
        self.log_file = log_file
        with log_file.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WRAPPER, *command("serve")],
                env=environment(log_format="json", **variables),
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def events_named(self, event: str) -> list[dict[str, Any]]:
        """Returns the log lines with this event name."""
        lines = self.log_file.read_text().splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [line for line in events if line["event"] == event]

    def wait_for(self, event: str, times: int = 1) -> list[dict[str, Any]]:
        """Waits until the event was logged `times` times; returns its log lines."""
        deadline = time.monotonic() + TIMEOUT
        while len(self.events_named(event)) < times:
            assert self.process.poll() is None, self.log_file.read_text()
            assert time.monotonic() < deadline, self.log_file.read_text()
            time.sleep(0.02)
        return self.events_named(event)

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the supervisor."""
        self.process.send_signal(number)

    def exit_code(self) -> int:
        """Waits until the process ends; returns its exit code."""
        return self.process.wait(TIMEOUT)

    def close(self) -> None:
        """Ends the supervisor and its workers."""
        workers = [event["pid"] for event in self.events_named("worker.started")]
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(TIMEOUT)
        # The workers notice that their supervisor has exited; those that are too busy are killed.
        left = [psutil.Process(pid) for pid in workers if psutil.pid_exists(pid)]
        _, left = psutil.wait_procs(left, timeout=5)
        for process in left:
            process.kill()


@contextmanager
def server_process(log_file: Path, **variables: object) -> Iterator[ServerProcess]:
    """Yields a `marquee serve` whose workers are all ready."""
    running = ServerProcess(log_file, variables)
    try:
        running.wait_for("worker.became_ready", int(str(variables.get("workers", 2))))
        yield running
    finally:
        running.close()


def fetch(url: str) -> str:
    """Returns the response body of a URL on this machine."""
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - the tests' own server
        body: bytes = response.read()
    return body.decode()
