"""One worker process: the supervisor's view of it, and the two pipes between them.

The worker inherits both pipes, by file descriptors that environment variables name. It writes to one when it is ready.
The other reaches its end when the supervisor exits, for any reason, also by SIGKILL.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Self

READY_VARIABLE = "MARQUEE_READY_FD"
PARENT_VARIABLE = "MARQUEE_PARENT_FD"
WORKER_VARIABLE = "MARQUEE_WORKER"
READY = b"ready\n"


@dataclass(frozen=True)
class WorkerSpec:
    """A worker's command and its whole environment; the supervisor adds the variables above."""

    command: Sequence[str]
    environment: Mapping[str, str]


@dataclass(eq=False)
class WorkerProcess:
    """A started worker. The supervisor sets `exited` after the process has ended."""

    slot: int
    process: asyncio.subprocess.Process
    started: float
    """Time of the start, by the event loop's clock."""
    ready_pipe: int
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    exited: asyncio.Event = field(default_factory=asyncio.Event)
    stop_requested: bool = False
    was_ready_at_stop: bool = False

    @classmethod
    async def start(cls, spec: WorkerSpec, *, slot: int, parent_pipe: int) -> Self:
        """Starts a worker that inherits `parent_pipe`; raises OSError when the system cannot start it."""
        ready, worker_end = os.pipe()
        os.set_blocking(ready, False)
        added = {READY_VARIABLE: worker_end, PARENT_VARIABLE: parent_pipe, WORKER_VARIABLE: slot}
        try:
            process = await asyncio.create_subprocess_exec(
                *spec.command,
                env={**spec.environment, **{name: str(value) for name, value in added.items()}},
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(worker_end, parent_pipe),
                # Ctrl-C in the terminal must not reach the workers: the supervisor decides how they stop.
                start_new_session=True,
            )
        except BaseException:
            os.close(ready)
            raise
        finally:
            os.close(worker_end)
        return cls(slot, process, started=asyncio.get_running_loop().time(), ready_pipe=ready)

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self.process.returncode

    @property
    def fields(self) -> dict[str, object]:
        """The fields that identify the worker in log events."""
        return {"slot": self.slot, "pid": self.process.pid}

    def terminate(self) -> None:
        """Asks the worker to drain and exit. Only the first call sends a signal."""
        if not self.stop_requested:
            self.stop_requested = True
            self.was_ready_at_stop = self.ready.is_set()
            self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Kills the worker."""
        self._send(signal.SIGKILL)

    def read_ready_pipe(self) -> bool:
        """Reads from the pipe, which must be readable; returns whether the worker is ready."""
        message = os.read(self.ready_pipe, len(READY))
        self.close_ready_pipe()
        if message == READY:
            self.ready.set()
        return self.ready.is_set()

    def close_ready_pipe(self) -> None:
        """Closes the supervisor's end of the pipe."""
        if self.ready_pipe >= 0:
            asyncio.get_running_loop().remove_reader(self.ready_pipe)
            os.close(self.ready_pipe)
            self.ready_pipe = -1

    def exited_cleanly(self) -> bool:
        """Returns whether the worker exited as requested."""
        # A worker that still starts has no handler for SIGTERM, so the signal itself ends it: this is clean, too.
        return self.exit_code == 0 or (self.exit_code == -signal.SIGTERM and not self.was_ready_at_stop)

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


def notify_ready(environment: MutableMapping[str, str] = os.environ) -> None:
    """Tells the supervisor that this worker process is ready.

    Does nothing without a supervisor, and from the second call on.
    """
    descriptor = environment.pop(READY_VARIABLE, None)
    if descriptor is None:
        return
    pipe = int(descriptor)
    # The supervisor may have exited. wait_for_parent_exit() detects that.
    with contextlib.suppress(BrokenPipeError):
        os.write(pipe, READY)
    os.close(pipe)


async def wait_for_parent_exit(environment: Mapping[str, str] = os.environ) -> None:
    """Returns, in a worker, once its supervisor has exited; never returns without a supervisor.

    Only one task at a time may await this. A worker whose event loop is blocked notices the exit afterwards.
    """
    loop = asyncio.get_running_loop()
    exited: asyncio.Future[None] = loop.create_future()
    descriptor = environment.get(PARENT_VARIABLE)
    if descriptor is None:
        await exited
        return
    pipe = int(descriptor)
    # The worker's own child processes must not inherit the pipe.
    os.set_inheritable(pipe, False)  # noqa: FBT003 (takes no keyword)

    def on_end() -> None:
        loop.remove_reader(pipe)
        if not exited.done():
            exited.set_result(None)

    # Nothing is ever written to this pipe, so it becomes readable only when its other end is closed.
    loop.add_reader(pipe, on_end)
    try:
        await exited
    finally:
        loop.remove_reader(pipe)
