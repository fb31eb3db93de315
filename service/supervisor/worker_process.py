"""One worker as the supervisor sees it: a process of a fresh exec and what is known of it."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from service.supervisor.worker_link import PARENT_VARIABLE, READY, READY_VARIABLE, WORKER_VARIABLE


@dataclass(frozen=True)
class WorkerSpec:
    """What a worker is: its command and its whole environment, to which the supervisor adds its variables."""

    command: Sequence[str]
    environment: Mapping[str, str]


@dataclass(eq=False)
class WorkerProcess:
    """A started worker. `ready` and `gone` are set by the supervisor's watch over it."""

    slot: int
    process: asyncio.subprocess.Process
    started: float
    """When, by the event loop's clock."""
    ready_pipe: int
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    asked_to_end: bool = False
    ready_when_asked: bool = False

    @classmethod
    async def start(cls, spec: WorkerSpec, *, slot: int, parent_pipe: int) -> Self:
        """Starts a worker that sees the end of this process by `parent_pipe`; raises OSError when it cannot be."""
        ready, announce = os.pipe()
        os.set_blocking(ready, False)
        added = {READY_VARIABLE: announce, PARENT_VARIABLE: parent_pipe, WORKER_VARIABLE: slot}
        try:
            process = await asyncio.create_subprocess_exec(
                *spec.command,
                env={**spec.environment, **{name: str(value) for name, value in added.items()}},
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(announce, parent_pipe),
                # Away from the terminal's Ctrl-C: the supervisor decides how the workers end.
                start_new_session=True,
            )
        except BaseException:
            os.close(ready)
            raise
        finally:
            os.close(announce)
        return cls(slot, process, started=asyncio.get_running_loop().time(), ready_pipe=ready)

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self.process.returncode

    @property
    def fields(self) -> dict[str, object]:
        """What names the worker in events."""
        return {"slot": self.slot, "pid": self.process.pid}

    def terminate(self) -> None:
        """Asks the worker to drain and end; asks only once."""
        if not self.asked_to_end:
            self.asked_to_end = True
            self.ready_when_asked = self.ready.is_set()
            self._send(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the worker at once."""
        self._send(signal.SIGKILL)

    def read_announcement(self) -> bool:
        """Reads from the pipe, which must be readable; returns whether the worker serves now."""
        said = os.read(self.ready_pipe, len(READY))
        self.close_ready_pipe()
        if said == READY:
            self.ready.set()
        return self.ready.is_set()

    def close_ready_pipe(self) -> None:
        """Stops listening for the announcement."""
        if self.ready_pipe >= 0:
            asyncio.get_running_loop().remove_reader(self.ready_pipe)
            os.close(self.ready_pipe)
            self.ready_pipe = -1

    def ended_well(self) -> bool:
        """Whether it ended as asked."""
        # A worker still starting has no handler for SIGTERM yet, so dying of it is how it obeys.
        return self.exit_code == 0 or (self.exit_code == -signal.SIGTERM and not self.ready_when_asked)

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
