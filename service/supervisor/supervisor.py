"""Supervisor: starts, restarts, reloads and drains the worker processes of one command on one port.

It must not import grpc and starts every worker with a fresh exec: a process that has initialised grpc cannot fork
safely. `service.supervisor.worker_process` has the workers' side.
"""

import asyncio
import os
import random
import signal
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass

from service.supervisor.worker_process import WorkerProcess, WorkerSpec

EventSink = Callable[[str, Mapping[str, object]], None]


@dataclass(frozen=True)
class Backoff:
    """Delay before a worker that exited unexpectedly is restarted: it doubles from `first` to `longest` seconds.

    A random share of up to `jitter` shortens each delay. After a worker was up for `reset_after` seconds, the delay
    starts from `first` again.
    """

    first: float = 0.5
    longest: float = 30.0
    reset_after: float = 60.0
    jitter: float = 0.2

    def delay(self, failures: int) -> float:
        """Returns the seconds to wait after the given number of consecutive failures, counted from 1."""
        full = min(self.longest, self.first * 2.0 ** min(failures - 1, 32))
        return full * (1.0 - self.jitter * random.random())  # noqa: S311 (spreads restarts, protects no secret)


@dataclass(eq=False)
class _Slot:
    """One of the N places for a worker; `failures` counts consecutive unexpected exits."""

    number: int
    worker: WorkerProcess | None = None
    failures: int = 0


class Supervisor:
    """Runs `workers` processes of one command until a signal or a configuration error.

    SIGTERM and SIGINT drain: every worker gets SIGTERM. Workers that still run after `grace` seconds, or at a second
    signal, are killed. SIGHUP reloads: slot by slot, a new worker starts and becomes ready before the old one gets
    SIGTERM, so at least N workers are ready all the time. When a replacement exits or is not ready within
    `ready_timeout` seconds, the reload ends and the old worker stays.

    A worker that exits unexpectedly, with any code, is started again after a delay. There is one exception: EX_CONFIG
    stops everything, unless the worker is a replacement. Then it ends only the reload, because the workers of the old
    configuration still serve.

    `on_event` is called in the event loop with a name and fields. The names are worker.started, worker.became_ready,
    worker.exited (slot, pid, code), worker.restart_scheduled (slot, delay, failures), worker.start_failed (slot,
    error), worker.killed, reload.started, reload.finished, reload.failed (slot, reason), supervisor.stop_requested
    (reason) and supervisor.stopped (code). It must not raise.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        *,
        workers: int,
        grace: float,
        backoff: Backoff = Backoff(),
        ready_timeout: float = 60.0,
        on_event: EventSink,
    ) -> None:
        """Takes the spec and the times in seconds. Raises ValueError for fewer than one worker."""
        if workers < 1:
            raise ValueError(f"at least one worker is needed, not {workers}")
        self._spec = spec
        self._slots = [_Slot(number) for number in range(workers)]
        self._grace = grace
        self._backoff = backoff
        self._ready_timeout = ready_timeout
        self._on_event = on_event
        self._workers: set[WorkerProcess] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._second_signal = asyncio.Event()
        self._reloading = False
        self._reload_again = False
        self._exit_code = 0
        self._parent_pipe = (-1, -1)

    async def run(self) -> int:
        """Runs the workers until a signal or EX_CONFIG and returns the exit code for this process.

        The code is 0 when all workers exited with 0 in time, EX_CONFIG after a configuration error, and 1 otherwise.
        Meanwhile this handles SIGTERM, SIGINT and SIGHUP, so it must run in the main thread. No worker outlives the
        call, also when the call is cancelled. May be called only once.
        """
        handlers = {
            signal.SIGTERM: self._on_stop,
            signal.SIGINT: self._on_stop,
            signal.SIGHUP: self._on_reload,
        }
        loop = asyncio.get_running_loop()
        # Only this process has the writing end, so the pipe ends for the workers when this process exits.
        self._parent_pipe = os.pipe()
        try:
            for number, handler in handlers.items():
                loop.add_signal_handler(number, handler, number)
            for slot in self._slots:
                slot.worker = await self._start(slot)
                if slot.worker is None:
                    self._spawn(self._restart(slot, exited=None, uptime=0.0))
            await self._stopping.wait()
            code = await self._drain()
            await self._kill_all()
            self._on_event("supervisor.stopped", {"code": code})
            return code
        finally:
            await self._kill_all()
            for number in handlers:
                loop.remove_signal_handler(number)
            for end in self._parent_pipe:
                os.close(end)

    def _on_stop(self, number: signal.Signals) -> None:
        if self._stopping.is_set():
            self._second_signal.set()
        self._stop(reason=number.name)

    def _on_reload(self, _: signal.Signals) -> None:
        if self._reloading:
            self._reload_again = True
        elif not self._stopping.is_set():
            self._reloading = True
            self._spawn(self._reload())

    def _stop(self, *, reason: str, code: int = 0) -> None:
        if not self._stopping.is_set():
            self._exit_code = code
            self._stopping.set()
            self._on_event("supervisor.stop_requested", {"reason": reason})

    async def _drain(self) -> int:
        for worker in self._workers:
            worker.terminate()
        workers = set(self._workers)
        drained = asyncio.create_task(self._all_exited())
        interrupted = asyncio.create_task(self._second_signal.wait())
        await asyncio.wait({drained, interrupted}, timeout=self._grace, return_when=asyncio.FIRST_COMPLETED)
        in_time = drained.done()
        for task in (drained, interrupted):
            task.cancel()
        if self._exit_code != 0:
            return self._exit_code
        return 0 if in_time and all(worker.exited_cleanly() for worker in workers) else 1

    async def _all_exited(self) -> None:
        while self._workers or self._tasks:
            for worker in list(self._workers):
                await worker.exited.wait()
            # The tasks end by themselves now. asyncio.wait never cancels them; gather would.
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def _kill_all(self) -> None:
        self._stopping.set()
        for worker in self._workers:
            self._kill(worker)
        await self._all_exited()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _start(self, slot: _Slot) -> WorkerProcess | None:
        """Starts a worker and a task that watches it; returns None when the system could not start it."""
        try:
            worker = await WorkerProcess.start(self._spec, slot=slot.number, parent_pipe=self._parent_pipe[0])
        except OSError as error:
            self._on_event("worker.start_failed", {"slot": slot.number, "error": str(error)})
            return None
        self._workers.add(worker)
        self._on_event("worker.started", worker.fields)
        asyncio.get_running_loop().add_reader(worker.ready_pipe, self._on_ready_pipe, worker)
        self._spawn(self._watch(worker, slot))
        if self._stopping.is_set():
            worker.terminate()
        return worker

    def _on_ready_pipe(self, worker: WorkerProcess) -> None:
        if worker.read_ready_pipe():
            self._on_event("worker.became_ready", worker.fields)

    async def _watch(self, worker: WorkerProcess, slot: _Slot) -> None:
        code = await worker.process.wait()
        worker.close_ready_pipe()
        self._workers.discard(worker)
        worker.exited.set()
        self._on_event("worker.exited", {**worker.fields, "code": code})
        # A replacement has no slot yet: _replace_workers handles its exit.
        if worker.stop_requested or self._stopping.is_set() or slot.worker is not worker:
            return
        # The configuration is wrong, so a restart cannot help.
        if code == os.EX_CONFIG:
            self._stop(reason="configuration", code=os.EX_CONFIG)
            return
        uptime = asyncio.get_running_loop().time() - worker.started
        await self._restart(slot, exited=worker, uptime=uptime)

    async def _restart(self, slot: _Slot, *, exited: WorkerProcess | None, uptime: float) -> None:
        """Starts a successor of `exited` after the delay, unless a reload has filled the slot meanwhile."""
        if uptime >= self._backoff.reset_after:
            slot.failures = 0
        while slot.worker is exited:
            slot.failures += 1
            delay = self._backoff.delay(slot.failures)
            fields = {"slot": slot.number, "delay": round(delay, 3), "failures": slot.failures}
            self._on_event("worker.restart_scheduled", fields)
            await _first_of(self._stopping, timeout=delay)
            if self._stopping.is_set() or slot.worker is not exited:
                return
            successor = await self._start(slot)
            if successor is not None and slot.worker is exited:
                slot.worker = successor
            elif successor is not None:
                successor.terminate()

    async def _reload(self) -> None:
        self._reload_again = True
        while self._reload_again and not self._stopping.is_set():
            self._reload_again = False
            self._on_event("reload.started", {})
            await self._replace_workers()
        self._reloading = False

    async def _replace_workers(self) -> None:
        for slot in self._slots:
            replacement = await self._start(slot)
            if replacement is None:
                self._on_event("reload.failed", {"slot": slot.number, "reason": "not started"})
                return
            await _first_of(replacement.ready, replacement.exited, self._stopping, timeout=self._ready_timeout)
            if self._stopping.is_set():
                return
            if replacement.exited.is_set() or not replacement.ready.is_set():
                exited = f"exited with {replacement.exit_code}"
                reason = exited if replacement.exited.is_set() else "not ready in time"
                self._on_event("reload.failed", {"slot": slot.number, "reason": reason})
                await self._stop_worker(replacement)
                return
            old, slot.worker, slot.failures = slot.worker, replacement, 0
            if old is not None:
                await self._stop_worker(old)
        self._on_event("reload.finished", {})

    async def _stop_worker(self, worker: WorkerProcess) -> None:
        worker.terminate()
        await _first_of(worker.exited, timeout=self._grace)
        if not worker.exited.is_set():
            self._kill(worker)
            await worker.exited.wait()

    def _kill(self, worker: WorkerProcess) -> None:
        self._on_event("worker.killed", worker.fields)
        worker.kill()


async def _first_of(*events: asyncio.Event, timeout: float) -> None:  # noqa: ASYNC109 (a timeout is no error here)
    waits = {asyncio.create_task(event.wait()) for event in events}
    try:
        await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
