"""The supervisor, run for real as a process of its own over tiny workers."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from service.supervisor.supervisor import Backoff, Supervisor
from service.supervisor.worker_link import PARENT_VARIABLE, READY_VARIABLE, announce_ready, parent_gone
from service.supervisor.worker_process import WorkerSpec
from tests.processes import has_ended

ROOT = Path(__file__).parents[2]  # Where workers and supervisor find the service package.

# Reads its orders from the file "mode": it may be changed between two starts.
WORKER = """
import asyncio, os, signal, sys
from pathlib import Path
from service.supervisor.worker_link import announce_ready, parent_gone

folder = Path(sys.argv[1])
mode = (folder / "mode").read_text()
if mode == "config":
    sys.exit(78)
if mode == "crash once" and not (folder / "crashed").exists():
    (folder / "crashed").touch()
    sys.exit(3)

async def main():
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, (lambda: None) if mode == "stubborn" else asked.set)
    if mode != "never ready":
        announce_ready()
        announce_ready()
    waits = [asyncio.create_task(asked.wait()), asyncio.create_task(parent_gone())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    sys.exit(4 if mode == "fails at the end" else 0)

asyncio.run(main())
"""

# Prints each event as a line of JSON, and dies without a word when the test run does.
DRIVER = """
import asyncio, json, os, sys, threading
from service.supervisor.supervisor import Backoff, Supervisor
from service.supervisor.worker_process import WorkerSpec

def on_event(name, fields):
    print(json.dumps({"event": name, **fields}), flush=True)

def die_with_the_tests():
    sys.stdin.read()
    os._exit(9)

threading.Thread(target=die_with_the_tests, daemon=True).start()
options = json.loads(sys.argv[1])
supervisor = Supervisor(
    WorkerSpec(command=options["command"], environment=dict(os.environ)),
    workers=options["workers"],
    grace=options["grace"],
    backoff=Backoff(first=0.01, longest=0.05),
    ready_timeout=options["ready_timeout"],
    on_event=on_event,
)
code = asyncio.run(supervisor.run())
assert "grpc" not in sys.modules
sys.exit(code)
"""


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.005)


class Running:
    """A supervisor under test: its process, what its workers do and the events it told."""

    def __init__(self, folder: Path, *, mode: str, workers: int, grace: float, ready_timeout: float) -> None:
        self.folder = folder
        self.mode(mode)
        (folder / "worker.py").write_text(WORKER)
        self.events: list[dict[str, Any]] = []
        options = {
            "command": [sys.executable, str(folder / "worker.py"), str(folder)],
            "workers": workers,
            "grace": grace,
            "ready_timeout": ready_timeout,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, json.dumps(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def mode(self, mode: str) -> None:
        # In one step: a worker may be reading it just now.
        (self.folder / "new").write_text(mode)
        (self.folder / "new").replace(self.folder / "mode")

    def told(self, name: str) -> list[dict[str, Any]]:
        return [event for event in list(self.events) if event["event"] == name]

    def await_told(self, name: str, times: int = 1) -> list[dict[str, Any]]:
        until(lambda: len(self.told(name)) >= times)
        return self.told(name)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def exit_code(self) -> int:
        code = self.process.wait(timeout=20)
        self._reader.join(timeout=20)
        return code

    def close(self) -> None:
        self.process.kill()
        with self.process:
            self._reader.join(timeout=20)
        for event in self.told("worker_started"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(event["pid"], signal.SIGKILL)


StartSupervisor = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartSupervisor]:
    made: list[Running] = []

    def make(mode: str = "serve", *, workers: int = 2, grace: float = 20.0, ready_timeout: float = 20.0) -> Running:
        made.append(Running(tmp_path, mode=mode, workers=workers, grace=grace, ready_timeout=ready_timeout))
        return made[-1]

    yield make
    for running in made:
        running.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_every_worker(start: StartSupervisor, number: signal.Signals) -> None:
    running = start()
    running.await_told("worker_ready", 2)
    running.signal(number)
    assert running.exit_code() == 0
    assert [event["code"] for event in running.told("worker_exited")] == [0, 0]
    assert running.told("worker_killed") == []
    assert running.events[-1] == {"event": "stopped", "code": 0}


def test_a_crashed_worker_comes_back_and_the_others_stay(start: StartSupervisor) -> None:
    running = start()
    first = running.await_told("worker_ready", 2)
    os.kill(first[0]["pid"], signal.SIGKILL)
    third = running.await_told("worker_ready", 3)[2]
    assert third["slot"] == first[0]["slot"]
    [exited] = running.told("worker_exited")
    assert (exited["pid"], exited["code"]) == (first[0]["pid"], -signal.SIGKILL)
    assert running.told("worker_restarting")[0]["failures"] == 1


def test_a_worker_that_crashes_at_its_start_is_tried_again(start: StartSupervisor) -> None:
    running = start("crash once", workers=1)
    running.await_told("worker_ready")
    assert [event["code"] for event in running.told("worker_exited")] == [3]


def test_a_configuration_error_stops_everything(start: StartSupervisor) -> None:
    running = start()
    first = running.await_told("worker_ready", 2)
    running.mode("config")
    os.kill(first[0]["pid"], signal.SIGKILL)
    assert running.exit_code() == 78
    assert all(has_ended(event["pid"]) for event in running.told("worker_started"))
    assert running.told("stopping") == [{"event": "stopping", "reason": "configuration"}]


def test_a_signal_before_the_workers_are_ready_is_a_clean_stop(start: StartSupervisor) -> None:
    running = start("never ready")
    running.await_told("worker_started", 2)
    running.signal(signal.SIGTERM)
    assert running.exit_code() == 0


def test_a_worker_that_fails_while_draining_is_told(start: StartSupervisor) -> None:
    running = start("fails at the end")
    running.await_told("worker_ready", 2)
    running.signal(signal.SIGTERM)
    assert running.exit_code() == 1
    assert running.told("worker_restarting") == []


def test_a_second_signal_kills(start: StartSupervisor) -> None:
    running = start("stubborn", grace=600.0)
    running.await_told("worker_ready", 2)
    running.signal(signal.SIGTERM)
    running.await_told("stopping")
    running.signal(signal.SIGTERM)
    assert running.exit_code() == 1
    assert len(running.told("worker_killed")) == 2
    assert all(has_ended(event["pid"]) for event in running.told("worker_started"))


def test_the_end_of_the_grace_kills(start: StartSupervisor) -> None:
    running = start("stubborn", grace=0.1)
    running.await_told("worker_ready", 2)
    running.signal(signal.SIGTERM)
    assert running.exit_code() == 1
    assert len(running.told("worker_killed")) == 2


def test_a_rolling_restart_never_has_fewer_ready_workers(start: StartSupervisor) -> None:
    running = start(workers=2)
    running.await_told("worker_ready", 2)
    running.signal(signal.SIGHUP)
    running.await_told("reload_finished")
    ready: set[int] = set()
    counts = []
    for event in running.events:
        if event["event"] == "worker_ready":
            ready.add(event["pid"])
        elif event["event"] == "worker_exited":
            ready.discard(event["pid"])
            counts.append(len(ready))
    assert counts == [2, 2]
    assert [event["code"] for event in running.told("worker_exited")] == [0, 0]
    running.signal(signal.SIGTERM)
    assert running.exit_code() == 0


def test_a_second_sighup_amid_a_rolling_restart_is_kept_for_later(start: StartSupervisor) -> None:
    running = start(workers=1)
    running.await_told("worker_ready")
    running.signal(signal.SIGHUP)
    running.await_told("reload_started")
    running.signal(signal.SIGHUP)
    running.await_told("reload_finished", 2)
    assert len(running.told("worker_ready")) == 3


@pytest.mark.parametrize(
    ("mode", "ready_timeout", "reason"),
    [("config", 20.0, "ended with 78"), ("never ready", 0.5, "not ready in time")],
)
def test_a_rolling_restart_that_fails_keeps_the_old_workers(
    start: StartSupervisor, mode: str, ready_timeout: float, reason: str
) -> None:
    running = start(ready_timeout=ready_timeout)
    old = running.await_told("worker_ready", 2)
    running.mode(mode)
    running.signal(signal.SIGHUP)
    [failed] = running.await_told("reload_failed")
    assert failed["reason"] == reason
    running.await_told("worker_exited")
    assert not any(has_ended(event["pid"]) for event in old)
    assert len(running.told("worker_exited")) == 1
    running.signal(signal.SIGTERM)
    assert running.exit_code() == 0


def test_workers_end_with_a_killed_supervisor(start: StartSupervisor) -> None:
    running = start()
    pids = [event["pid"] for event in running.await_told("worker_ready", 2)]
    running.signal(signal.SIGKILL)
    running.process.wait(timeout=20)
    until(lambda: all(has_ended(pid) for pid in pids))


def test_a_command_that_cannot_be_started_is_told_and_tried_again(tmp_path: Path) -> None:
    attempts: list[Mapping[str, object]] = []

    async def run() -> None:
        thrice = asyncio.Event()

        def on_event(name: str, fields: Mapping[str, object]) -> None:
            if name == "worker_unstartable":
                attempts.append(fields)
            if len(attempts) == 3:
                thrice.set()

        supervisor = Supervisor(
            WorkerSpec(command=[str(tmp_path / "absent")], environment={}),
            workers=1,
            grace=1.0,
            backoff=Backoff(first=0.001, longest=0.001),
            on_event=on_event,
        )
        task = asyncio.create_task(supervisor.run())
        await thrice.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(run(), timeout=20))


def test_delays_double_up_to_the_longest_and_jitter_only_shortens() -> None:
    exact = Backoff(first=0.5, longest=30.0, jitter=0.0)
    assert [exact.delay(failures) for failures in (1, 2, 3, 7, 8, 5000)] == [0.5, 1.0, 2.0, 30.0, 30.0, 30.0]
    spread = [Backoff(jitter=0.2).delay(1) for _ in range(200)]
    assert 0.4 <= min(spread) < max(spread) <= 0.5


def test_no_worker_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Supervisor(WorkerSpec([], {}), workers=0, grace=1.0, on_event=lambda *_: None)


def test_without_a_supervisor_nothing_is_announced() -> None:
    announce_ready({})


def test_a_supervisor_that_is_gone_does_not_fail_the_announcement() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    environment = {READY_VARIABLE: str(writing)}
    announce_ready(environment)
    assert environment == {}


@pytest.mark.asyncio
async def test_parent_gone_waits_for_the_end_of_the_pipe() -> None:
    reading, writing = os.pipe()
    waiting = asyncio.create_task(parent_gone({PARENT_VARIABLE: str(reading)}))
    alone = asyncio.create_task(parent_gone({}))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    os.close(writing)
    await asyncio.wait_for(waiting, timeout=20)
    assert not alone.done()
    alone.cancel()
    os.close(reading)
