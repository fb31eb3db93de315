"""Worker processes of one command on one port: started, restarted, rolled over and drained together.

The supervisor only starts processes (always a fresh exec) and must stay free of grpc: a process that has
initialised grpc cannot fork safely. `service.supervisor.worker_link` is the workers' side.
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
    """How long a worker that ended unasked stays down: doubling from `first` to `longest` seconds.

    Each delay is shortened by a random share of up to `jitter`. A worker that was up for `reset_after`
    seconds starts the row anew.
    """

    first: float = 0.5
    longest: float = 30.0
    reset_after: float = 60.0
    jitter: float = 0.2

    def delay(self, failures: int) -> float:
        """Returns the seconds to wait after the given number of failures in a row, counted from 1."""
        full = min(self.longest, self.first * 2.0 ** min(failures - 1, 32))
        return full * (1.0 - self.jitter * random.random())  # noqa: S311 (spreads restarts, keeps no secret)


@dataclass(eq=False)
class _Slot:
    """One of the N places; `worker` is who holds it, `failures` how often in a row it ended unasked."""

    number: int
    worker: WorkerProcess | None = None
    failures: int = 0


class Supervisor:
    """Keeps `workers` processes of one command running until it is told to stop.

    SIGTERM and SIGINT drain: every worker gets SIGTERM, and whoever is still there after `grace` seconds, or
    at a second signal, is killed. SIGHUP rolls over: for one place after the other a new worker is started
    and awaited to be ready before the old one gets SIGTERM, so never fewer than N are ready. A replacement
    that ends or is not ready within `ready_timeout` seconds ends the rollover and the old worker stays.

    A worker that ends unasked, with whatever code, is started again after a delay, except that EX_CONFIG from
    a worker that is no replacement stops everything. A replacement's EX_CONFIG only ends its rollover, since
    the workers of the old configuration still serve.

    `on_event` is called, in the event loop, with a name and fields: worker_started, worker_ready,
    worker_exited (slot, pid, code), worker_restarting (slot, delay, failures), worker_unstartable (slot,
    error), worker_killed, reload_started, reload_finished, reload_failed (slot, reason), stopping (reason),
    stopped (code). It must not raise.
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
        self._hurry = asyncio.Event()
        self._reloading = False
        self._reload_again = False
        self._exit_code = 0
        self._parent_pipe = (-1, -1)

    async def run(self) -> int:
        """Runs the workers until a signal or EX_CONFIG and returns the exit code for this process.

        0 when all workers ended with 0 in time, EX_CONFIG after a configuration error, 1 otherwise. Takes
        over SIGTERM, SIGINT and SIGHUP meanwhile, so it must run in the main thread. No worker outlives the
        call, also when it is cancelled. To be called once.
        """
        handlers = {
            signal.SIGTERM: self._on_stop,
            signal.SIGINT: self._on_stop,
            signal.SIGHUP: self._on_reload,
        }
        loop = asyncio.get_running_loop()
        # Only this process holds the writing end, so the workers see its end as ours.
        self._parent_pipe = os.pipe()
        try:
            for number, handler in handlers.items():
                loop.add_signal_handler(number, handler, number)
            for slot in self._slots:
                await self._fill(slot)
            await self._stopping.wait()
            code = await self._drain()
            await self._clear_up()
            self._on_event("stopped", {"code": code})
            return code
        finally:
            await self._clear_up()
            for number in handlers:
                loop.remove_signal_handler(number)
            for end in self._parent_pipe:
                os.close(end)

    def _on_stop(self, number: signal.Signals) -> None:
        if self._stopping.is_set():
            self._hurry.set()
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
            self._on_event("stopping", {"reason": reason})
            self._stopping.set()

    async def _drain(self) -> int:
        for worker in self._workers:
            worker.terminate()
        drained = asyncio.create_task(self._all_gone())
        hurried = asyncio.create_task(self._hurry.wait())
        watched = set(self._workers)
        await asyncio.wait({drained, hurried}, timeout=self._grace, return_when=asyncio.FIRST_COMPLETED)
        in_time = drained.done()
        for task in (drained, hurried):
            task.cancel()
        if self._exit_code != 0:
            return self._exit_code
        return 0 if in_time and all(worker.ended_well() for worker in watched) else 1

    async def _all_gone(self) -> None:
        while self._workers or self._tasks:
            for worker in list(self._workers):
                await worker.gone.wait()
            # Watchers and restarts end by themselves now; asyncio.wait, unlike gather, never cancels them.
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def _clear_up(self) -> None:
        self._stopping.set()
        for worker in self._workers:
            self._kill(worker)
        await self._all_gone()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fill(self, slot: _Slot) -> None:
        slot.worker = await self._start(slot)
        if slot.worker is None:
            self._spawn(self._refill(slot, ended=None, uptime=0.0))

    async def _start(self, slot: _Slot) -> WorkerProcess | None:
        """Starts a worker and the watch over it; None when the system could not start it."""
        try:
            worker = await WorkerProcess.start(self._spec, slot=slot.number, parent_pipe=self._parent_pipe[0])
        except OSError as error:
            self._on_event("worker_unstartable", {"slot": slot.number, "error": str(error)})
            return None
        self._workers.add(worker)
        self._on_event("worker_started", worker.fields)
        asyncio.get_running_loop().add_reader(worker.ready_pipe, self._on_announcement, worker)
        self._spawn(self._watch(worker, slot))
        if self._stopping.is_set():
            worker.terminate()
        return worker

    def _on_announcement(self, worker: WorkerProcess) -> None:
        if worker.read_announcement():
            self._on_event("worker_ready", worker.fields)

    async def _watch(self, worker: WorkerProcess, slot: _Slot) -> None:
        code = await worker.process.wait()
        worker.close_ready_pipe()
        self._workers.discard(worker)
        worker.gone.set()
        self._on_event("worker_exited", {**worker.fields, "code": code})
        # A replacement holds no place yet: its rollover looks after it.
        if worker.asked_to_end or self._stopping.is_set() or slot.worker is not worker:
            return
        # The configuration is wrong, so starting again cannot help.
        if code == os.EX_CONFIG:
            self._stop(reason="configuration", code=os.EX_CONFIG)
            return
        uptime = asyncio.get_running_loop().time() - worker.started
        await self._refill(slot, ended=worker, uptime=uptime)

    async def _refill(self, slot: _Slot, *, ended: WorkerProcess | None, uptime: float) -> None:
        """Starts a successor of `ended` after the delay, unless a rollover has filled the place meanwhile."""
        if uptime >= self._backoff.reset_after:
            slot.failures = 0
        while slot.worker is ended:
            slot.failures += 1
            delay = self._backoff.delay(slot.failures)
            waiting = {"slot": slot.number, "delay": round(delay, 3), "failures": slot.failures}
            self._on_event("worker_restarting", waiting)
            await _first_of(self._stopping, timeout=delay)
            if self._stopping.is_set() or slot.worker is not ended:
                return
            successor = await self._start(slot)
            if successor is not None and slot.worker is ended:
                slot.worker = successor
            elif successor is not None:
                successor.terminate()

    async def _reload(self) -> None:
        self._reload_again = True
        while self._reload_again and not self._stopping.is_set():
            self._reload_again = False
            self._on_event("reload_started", {})
            await self._roll_over()
        self._reloading = False

    async def _roll_over(self) -> None:
        for slot in self._slots:
            replacement = await self._start(slot)
            if replacement is None:
                self._on_event("reload_failed", {"slot": slot.number, "reason": "not started"})
                return
            await _first_of(replacement.ready, replacement.gone, self._stopping, timeout=self._ready_timeout)
            if self._stopping.is_set():
                return
            if replacement.gone.is_set() or not replacement.ready.is_set():
                ended = f"ended with {replacement.exit_code}"
                reason = ended if replacement.gone.is_set() else "not ready in time"
                self._on_event("reload_failed", {"slot": slot.number, "reason": reason})
                await self._retire(replacement)
                return
            old, slot.worker, slot.failures = slot.worker, replacement, 0
            if old is not None:
                await self._retire(old)
        self._on_event("reload_finished", {})

    async def _retire(self, worker: WorkerProcess) -> None:
        worker.terminate()
        await _first_of(worker.gone, timeout=self._grace)
        if not worker.gone.is_set():
            self._kill(worker)
            await worker.gone.wait()

    def _kill(self, worker: WorkerProcess) -> None:
        self._on_event("worker_killed", worker.fields)
        worker.kill()


async def _first_of(*events: asyncio.Event, timeout: float) -> None:  # noqa: ASYNC109 (ends quietly, no error)
    waits = {asyncio.create_task(event.wait()) for event in events}
    try:
        await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
