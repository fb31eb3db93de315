"""Worker processes of one command on one port: started, restarted, rolled over and drained together.

The supervisor only starts processes (always a fresh exec) and must stay free of grpc: a process that has
initialised grpc cannot fork safely. Worker and supervisor are bound by two inherited pipes. On the one the
worker says that it serves (`announce_ready`), the other reaches its end when the supervisor is gone, by
whatever death (`parent_gone`).
"""

import asyncio
import contextlib
import errno
import os
import random
import signal
import socket
from collections.abc import Callable, Coroutine, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EX_CONFIG = 78  # sysexits.h: the configuration is wrong, so starting again cannot help.
READY_VARIABLE = "MARQUEE_READY_FD"
PARENT_VARIABLE = "MARQUEE_PARENT_FD"
WORKER_VARIABLE = "MARQUEE_WORKER"
_READY = b"ready\n"

EventSink = Callable[[str, Mapping[str, object]], None]


class PortInUse(RuntimeError):
    """Another program holds the port the workers are to share."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(f"port {port} on {host} is already in use by another program")
        self.host = host
        self.port = port


@dataclass(frozen=True)
class WorkerSpec:
    """What a worker is: its command and its whole environment, to which the supervisor adds its variables."""

    command: Sequence[str]
    environment: Mapping[str, str]


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
class _Worker:
    slot: "_Slot"
    process: asyncio.subprocess.Process
    started: float
    ready_pipe: int
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    asked_to_end: bool = False
    ready_when_asked: bool = False

    @property
    def exit_code(self) -> int | None:
        return self.process.returncode

    def terminate(self) -> None:
        """Asks the worker to drain and end; asks only once."""
        if not self.asked_to_end:
            self.asked_to_end = True
            self.ready_when_asked = self.ready.is_set()
            self._send(signal.SIGTERM)

    def kill(self) -> None:
        self._send(signal.SIGKILL)

    def fields(self) -> dict[str, object]:
        return {"slot": self.slot.number, "pid": self.process.pid}

    def close_ready_pipe(self) -> None:
        if self.ready_pipe >= 0:
            asyncio.get_running_loop().remove_reader(self.ready_pipe)
            os.close(self.ready_pipe)
            self.ready_pipe = -1

    def ended_well(self) -> bool:
        # A worker still starting has no handler for SIGTERM yet, so dying of it is how it obeys.
        return self.exit_code == 0 or (self.exit_code == -signal.SIGTERM and not self.ready_when_asked)

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


@dataclass(eq=False)
class _Slot:
    """One of the N places; `worker` is who holds it, `failures` how often in a row it ended unasked."""

    number: int
    worker: _Worker | None = None
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
        self._workers: set[_Worker] = set()
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

    async def _start(self, slot: _Slot) -> _Worker | None:
        """Starts a worker and the watch over it; None when the system could not start it."""
        ready, announce = os.pipe()
        os.set_blocking(ready, False)
        parent = self._parent_pipe[0]
        added = {READY_VARIABLE: announce, PARENT_VARIABLE: parent, WORKER_VARIABLE: slot.number}
        try:
            process = await asyncio.create_subprocess_exec(
                *self._spec.command,
                env={**self._spec.environment, **{name: str(value) for name, value in added.items()}},
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(announce, parent),
                # Away from the terminal's Ctrl-C: the supervisor decides how the workers end.
                start_new_session=True,
            )
        except BaseException as error:
            os.close(ready)
            if not isinstance(error, OSError):
                raise
            self._on_event("worker_unstartable", {"slot": slot.number, "error": str(error)})
            return None
        finally:
            os.close(announce)
        worker = _Worker(slot, process, started=asyncio.get_running_loop().time(), ready_pipe=ready)
        self._workers.add(worker)
        self._on_event("worker_started", worker.fields())
        asyncio.get_running_loop().add_reader(ready, self._on_announcement, worker)
        self._spawn(self._watch(worker))
        if self._stopping.is_set():
            worker.terminate()
        return worker

    def _on_announcement(self, worker: _Worker) -> None:
        said = os.read(worker.ready_pipe, len(_READY))
        worker.close_ready_pipe()
        if said == _READY:
            worker.ready.set()
            self._on_event("worker_ready", worker.fields())

    async def _watch(self, worker: _Worker) -> None:
        code = await worker.process.wait()
        worker.close_ready_pipe()
        self._workers.discard(worker)
        worker.gone.set()
        self._on_event("worker_exited", {**worker.fields(), "code": code})
        # A replacement holds no place yet: its rollover looks after it.
        if worker.asked_to_end or self._stopping.is_set() or worker.slot.worker is not worker:
            return
        if code == EX_CONFIG:
            self._stop(reason="configuration", code=EX_CONFIG)
            return
        uptime = asyncio.get_running_loop().time() - worker.started
        await self._refill(worker.slot, ended=worker, uptime=uptime)

    async def _refill(self, slot: _Slot, *, ended: _Worker | None, uptime: float) -> None:
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

    async def _retire(self, worker: _Worker) -> None:
        worker.terminate()
        await _first_of(worker.gone, timeout=self._grace)
        if not worker.gone.is_set():
            self._kill(worker)
            await worker.gone.wait()

    def _kill(self, worker: _Worker) -> None:
        self._on_event("worker_killed", worker.fields())
        worker.kill()


async def _first_of(*events: asyncio.Event, timeout: float) -> None:  # noqa: ASYNC109 (ends quietly, no error)
    waits = {asyncio.create_task(event.wait()) for event in events}
    try:
        await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def announce_ready(environment: MutableMapping[str, str] = os.environ) -> None:
    """Tells the supervisor, from within a worker, that this process serves now.

    Without a supervisor, and from the second call on, it does nothing.
    """
    given = environment.pop(READY_VARIABLE, None)
    if given is None:
        return
    # A supervisor that is gone is no matter of this function: parent_gone() tells.
    pipe = int(given)
    with contextlib.suppress(BrokenPipeError):
        os.write(pipe, _READY)
    os.close(pipe)


async def parent_gone(environment: Mapping[str, str] = os.environ) -> None:
    """Returns, within a worker, once its supervisor has ended; without a supervisor never.

    To be awaited by one task at a time. A worker whose event loop is blocked notices only afterwards.
    """
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()
    given = environment.get(PARENT_VARIABLE)
    if given is None:
        await gone
        return
    pipe = int(given)
    # A child of the worker has no business with it.
    os.set_inheritable(pipe, False)  # noqa: FBT003 (takes no keyword)

    def on_end() -> None:
        loop.remove_reader(pipe)
        if not gone.done():
            gone.set_result(None)

    # Nobody ever writes to this pipe, so readable means that its writing end is closed.
    loop.add_reader(pipe, on_end)
    try:
        await gone
    finally:
        loop.remove_reader(pipe)


def reserve_port(host: str, port: int) -> socket.socket:
    """Takes `port` on `host` for this process and its workers, and returns the socket that holds it.

    The socket is bound and never listens, so it takes no connection from the workers, which bind the same
    port with SO_REUSEPORT. Until it is closed no program can bind the port but one of the same user that asks
    for SO_REUSEPORT too. With port 0 the system chooses one: see getsockname(). Raises PortInUse when another
    program holds the port already, listening or not, sharing or not; OSError for any other failure.
    """
    (family, _, _, _, address), *_ = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICSERV
    )
    try:
        if port != 0:
            # Without SO_REUSEPORT, so that a stranger who would share the port is found as well.
            _bound(family, address, shared=False).close()
        return _bound(family, address, shared=True)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortInUse(host, port) from error


def _bound(family: int, address: tuple[Any, ...], *, shared: bool) -> socket.socket:
    holder = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6 and address[0] == "::":
            holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # As gRPC binds [::]: IPv4 as well.
        # Connections of an earlier server in TIME_WAIT do not refuse us...
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(address)
        # ...but left on, it would let another program with SO_REUSEADDR in while no worker listens.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    except BaseException:
        holder.close()
        raise
    return holder
