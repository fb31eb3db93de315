"""Supervisor, run as a real process with small workers."""

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
from service.supervisor.worker_process import (
    PARENT_VARIABLE,
    READY_VARIABLE,
    WorkerSpec,
    notify_ready,
    wait_for_parent_exit,
)
from tests.processes import has_ended

ROOT = Path(__file__).parents[2]  # Workers and supervisor import the service package from here.

# Reads its behaviour from the file "mode", which a test may change between two starts.
WORKER = """
import asyncio, os, signal, sys
from pathlib import Path
from service.supervisor.worker_process import notify_ready, wait_for_parent_exit

folder = Path(sys.argv[1])
mode = (folder / "mode").read_text()
if mode == "config":
    sys.exit(78)
if mode == "crash once" and not (folder / "crashed").exists():
    (folder / "crashed").touch()
    sys.exit(3)

async def main():
    loop = asyncio.get_running_loop()
    stop_requested = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, (lambda: None) if mode == "stubborn" else stop_requested.set)
    if mode != "never ready":
        notify_ready()
        notify_ready()
    waits = [asyncio.create_task(stop_requested.wait()), asyncio.create_task(wait_for_parent_exit())]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    sys.exit(4 if mode == "fails while draining" else 0)

asyncio.run(main())
"""

# Prints each event as a line of JSON, and exits when the test run ends.
DRIVER = """
import asyncio, json, os, sys, threading
from service.supervisor.supervisor import Backoff, Supervisor
from service.supervisor.worker_process import WorkerSpec

def on_event(name, fields):
    print(json.dumps({"event": name, **fields}), flush=True)

def exit_with_the_tests():
    sys.stdin.read()
    os._exit(9)

threading.Thread(target=exit_with_the_tests, daemon=True).start()
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


class SupervisorProcess:
    """Supervisor under test: its process, the mode of its workers and its events."""

    def __init__(self, folder: Path, *, mode: str, workers: int, grace: float, ready_timeout: float) -> None:
        self.folder = folder
        self.set_mode(mode)
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

    def set_mode(self, mode: str) -> None:
        # Replaced atomically, because a worker may read the file at the same time.
        (self.folder / "new").write_text(mode)
        (self.folder / "new").replace(self.folder / "mode")

    def events_named(self, name: str) -> list[dict[str, Any]]:
        return [event for event in list(self.events) if event["event"] == name]

    def wait_for(self, name: str, times: int = 1) -> list[dict[str, Any]]:
        until(lambda: len(self.events_named(name)) >= times)
        return self.events_named(name)

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
        for event in self.events_named("worker.started"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(event["pid"], signal.SIGKILL)


StartSupervisor = Callable[..., SupervisorProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartSupervisor]:
    made: list[SupervisorProcess] = []

    def make(
        mode: str = "serve", *, workers: int = 2, grace: float = 20.0, ready_timeout: float = 20.0
    ) -> SupervisorProcess:
        made.append(SupervisorProcess(tmp_path, mode=mode, workers=workers, grace=grace, ready_timeout=ready_timeout))
        return made[-1]

    yield make
    for running in made:
        running.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_every_worker(start: StartSupervisor, number: signal.Signals) -> None:
    running = start()
    running.wait_for("worker.became_ready", 2)
    running.signal(number)
    assert running.exit_code() == 0
    assert [event["code"] for event in running.events_named("worker.exited")] == [0, 0]
    assert running.events_named("worker.killed") == []
    assert running.events[-1] == {"event": "supervisor.stopped", "code": 0}


def test_a_crashed_worker_is_restarted_and_the_others_stay(start: StartSupervisor) -> None:
    running = start()
    first = running.wait_for("worker.became_ready", 2)
    os.kill(first[0]["pid"], signal.SIGKILL)
    third = running.wait_for("worker.became_ready", 3)[2]
    assert third["slot"] == first[0]["slot"]
    [exited] = running.events_named("worker.exited")
    assert (exited["pid"], exited["code"]) == (first[0]["pid"], -signal.SIGKILL)
    assert running.events_named("worker.restart_scheduled")[0]["failures"] == 1


def test_a_worker_that_crashes_at_start_is_restarted(start: StartSupervisor) -> None:
    running = start("crash once", workers=1)
    running.wait_for("worker.became_ready")
    assert [event["code"] for event in running.events_named("worker.exited")] == [3]


def test_a_configuration_error_stops_everything(start: StartSupervisor) -> None:
    running = start()
    first = running.wait_for("worker.became_ready", 2)
    running.set_mode("config")
    os.kill(first[0]["pid"], signal.SIGKILL)
    assert running.exit_code() == 78
    assert all(has_ended(event["pid"]) for event in running.events_named("worker.started"))
    assert running.events_named("supervisor.stop_requested") == [
        {"event": "supervisor.stop_requested", "reason": "configuration"}
    ]


def test_a_signal_before_the_workers_are_ready_is_a_clean_stop(start: StartSupervisor) -> None:
    running = start("never ready")
    running.wait_for("worker.started", 2)
    running.signal(signal.SIGTERM)
    assert running.exit_code() == 0


def test_a_worker_that_fails_while_draining_makes_the_exit_code_1(start: StartSupervisor) -> None:
    running = start("fails while draining")
    running.wait_for("worker.became_ready", 2)
    running.signal(signal.SIGTERM)
    assert running.exit_code() == 1
    assert running.events_named("worker.restart_scheduled") == []


def test_a_second_signal_kills(start: StartSupervisor) -> None:
    running = start("stubborn", grace=600.0)
    running.wait_for("worker.became_ready", 2)
    running.signal(signal.SIGTERM)
    running.wait_for("supervisor.stop_requested")
    running.signal(signal.SIGTERM)
    assert running.exit_code() == 1
    assert len(running.events_named("worker.killed")) == 2
    assert all(has_ended(event["pid"]) for event in running.events_named("worker.started"))


def test_workers_are_killed_after_the_grace_period(start: StartSupervisor) -> None:
    running = start("stubborn", grace=0.1)
    running.wait_for("worker.became_ready", 2)
    running.signal(signal.SIGTERM)
    assert running.exit_code() == 1
    assert len(running.events_named("worker.killed")) == 2


def test_a_reload_never_has_fewer_ready_workers(start: StartSupervisor) -> None:
    running = start(workers=2)
    running.wait_for("worker.became_ready", 2)
    running.signal(signal.SIGHUP)
    running.wait_for("reload.finished")
    ready: set[int] = set()
    counts = []
    for event in running.events:
        if event["event"] == "worker.became_ready":
            ready.add(event["pid"])
        elif event["event"] == "worker.exited":
            ready.discard(event["pid"])
            counts.append(len(ready))
    assert counts == [2, 2]
    assert [event["code"] for event in running.events_named("worker.exited")] == [0, 0]
    running.signal(signal.SIGTERM)
    assert running.exit_code() == 0


def test_a_second_sighup_during_a_reload_starts_another_reload(start: StartSupervisor) -> None:
    running = start(workers=1)
    running.wait_for("worker.became_ready")
    running.signal(signal.SIGHUP)
    running.wait_for("reload.started")
    running.signal(signal.SIGHUP)
    running.wait_for("reload.finished", 2)
    assert len(running.events_named("worker.became_ready")) == 3


@pytest.mark.parametrize(
    ("mode", "ready_timeout", "reason"),
    [("config", 20.0, "exited with 78"), ("never ready", 0.5, "not ready in time")],
)
def test_a_failed_reload_keeps_the_old_workers(
    start: StartSupervisor, mode: str, ready_timeout: float, reason: str
) -> None:
    running = start(ready_timeout=ready_timeout)
    old = running.wait_for("worker.became_ready", 2)
    running.set_mode(mode)
    running.signal(signal.SIGHUP)
    [failed] = running.wait_for("reload.failed")
    assert failed["reason"] == reason
    running.wait_for("worker.exited")
    assert not any(has_ended(event["pid"]) for event in old)
    assert len(running.events_named("worker.exited")) == 1
    running.signal(signal.SIGTERM)
    assert running.exit_code() == 0


def test_workers_exit_after_the_supervisor_is_killed(start: StartSupervisor) -> None:
    running = start()
    pids = [event["pid"] for event in running.wait_for("worker.became_ready", 2)]
    running.signal(signal.SIGKILL)
    running.process.wait(timeout=20)
    until(lambda: all(has_ended(pid) for pid in pids))


def test_a_command_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    attempts: list[Mapping[str, object]] = []

    async def run() -> None:
        three_attempts = asyncio.Event()

        def on_event(name: str, fields: Mapping[str, object]) -> None:
            if name == "worker.start_failed":
                attempts.append(fields)
            if len(attempts) == 3:
                three_attempts.set()

        supervisor = Supervisor(
            WorkerSpec(command=[str(tmp_path / "absent")], environment={}),
            workers=1,
            grace=1.0,
            backoff=Backoff(first=0.001, longest=0.001),
            on_event=on_event,
        )
        task = asyncio.create_task(supervisor.run())
        await three_attempts.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(run(), timeout=20))


def test_delays_double_up_to_the_longest_and_jitter_only_shortens() -> None:
    exact = Backoff(first=0.5, longest=30.0, jitter=0.0)
    assert [exact.delay(failures) for failures in (1, 2, 3, 7, 8, 5000)] == [0.5, 1.0, 2.0, 30.0, 30.0, 30.0]
    spread = [Backoff(jitter=0.2).delay(1) for _ in range(200)]
    assert 0.4 <= min(spread) < max(spread) <= 0.5


def test_zero_workers_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Supervisor(WorkerSpec([], {}), workers=0, grace=1.0, on_event=lambda *_: None)


def test_ready_is_written_once() -> None:
    reading, writing = os.pipe()
    other_reading, other_writing = os.pipe()
    environment = {READY_VARIABLE: str(writing)}
    notify_ready(environment)
    # The first pipe is closed now. Its descriptor goes to another pipe, which a second message would reach.
    os.dup2(other_writing, writing)
    notify_ready(environment)
    os.close(writing)
    os.close(other_writing)
    try:
        assert (os.read(reading, 100), os.read(reading, 100)) == (b"ready\n", b"")
        assert os.read(other_reading, 100) == b""
    finally:
        os.close(reading)
        os.close(other_reading)


def test_without_a_supervisor_no_descriptor_is_written_or_closed() -> None:
    reading, writing = os.pipe()
    environment = {PARENT_VARIABLE: str(writing), "MARQUEE_PORT": str(writing)}
    notify_ready(environment)
    assert environment == {PARENT_VARIABLE: str(writing), "MARQUEE_PORT": str(writing)}
    os.write(writing, b"still open")
    os.close(writing)
    try:
        assert os.read(reading, 100) == b"still open"
    finally:
        os.close(reading)


def test_notify_ready_does_not_fail_after_the_supervisor_exited() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    environment = {READY_VARIABLE: str(writing)}
    notify_ready(environment)
    assert environment == {}


@pytest.mark.asyncio
async def test_parent_gone_waits_for_the_end_of_the_pipe() -> None:
    reading, writing = os.pipe()
    waiting = asyncio.create_task(wait_for_parent_exit({PARENT_VARIABLE: str(reading)}))
    alone = asyncio.create_task(wait_for_parent_exit({}))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    os.close(writing)
    await asyncio.wait_for(waiting, timeout=20)
    assert not alone.done()
    alone.cancel()
    os.close(reading)
