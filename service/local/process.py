"""Child processes that a later start can find again and end, even after the parent was killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

_POLL_SECONDS = 0.02
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


# Popen's own `user=` forks without vfork, and gRPC's fork handlers crash such a child now and then.
# `warnings` is what execvp imports; the new account may not be able to read it.
_BECOME = (
    "import os, sys, warnings; uid, gid, *command = sys.argv[1:]; "
    "os.setgroups([]); os.setgid(int(gid)); os.setuid(int(uid)); os.execvp(command[0], command)"
)


@dataclass(frozen=True)
class Account:
    """The system account a child runs under instead of the caller's."""

    name: str
    uid: int
    gid: int

    def command(self, command: Sequence[str]) -> list[str]:
        """Returns the command that becomes this account, without supplementary groups, and then becomes `command`.

        It takes root. When the account cannot be taken on or the command is missing, it ends with 1 and says
        why on its standard error.
        """
        return [sys.executable, "-I", "-S", "-c", _BECOME, str(self.uid), str(self.gid), *command]


@dataclass(frozen=True)
class _Record:
    """What the pid file keeps: a process number and what tells it from a later holder of that number."""

    pid: int
    started: str


class ChildProcess:
    """One command run as a child, in a session of its own, with its output in a log file.

    A session of its own keeps the terminal's Ctrl-C away from the child: who started it decides when
    it ends. The child is not tied to the parent's life; after a `kill -9` of the parent it runs on until
    the next `start()` with the same pid file (or `stop_leftover`) ends it. Only a kill between the child's
    start and the writing of the pid file, which is microseconds, escapes that.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log_file: Path,
        pid_file: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        account: Account | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        """Takes the command and its surroundings; nothing is started or read yet.

        `environment` is the child's whole environment (default: the parent's). The child enters `folder`
        while it still has the parent's rights and only then becomes `account`, so it may stand in a folder
        whose parents that account cannot enter. Becoming another account takes root.
        """
        parts = [str(part) for part in command]
        self._name = parts[0]
        self._command = parts if account is None else account.command(parts)
        self._log_file = log_file
        self._pid_file = pid_file
        self._environment = environment
        self._folder = folder
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process number, or None before the first start. It may belong to a child that has ended."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the child was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs and before it is started."""
        return None if self._process is None else self._process.poll()

    def start(self, *, leftover_grace: float = 10.0) -> None:
        """Ends what an earlier parent left behind under the same pid file, then starts the child.

        Raises RuntimeError when this object's child is running already, OSError when the command or
        `folder` is missing (of another account's command the log tells).
        """
        if self.is_running:
            raise RuntimeError(f"{self._name} is already running")
        stop_leftover(self._pid_file, stop_signal=self._stop_signal, grace=leftover_grace)
        for file in (self._log_file, self._pid_file):
            file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=self._environment,
                start_new_session=True,
            )
        try:
            _write_record(self._pid_file, pid=self._process.pid)
        except OSError:  # Nobody would find it again.
            self.stop(grace=0)
            raise

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the child to end by itself and returns its exit code.

        Raises TimeoutError after `timeout` seconds, RuntimeError when it was never started.
        """
        if self._process is None:
            raise RuntimeError(f"{self._name} was never started")
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"{self._name} did not end within {timeout} s") from error

    def stop(self, grace: float = 10.0) -> int | None:
        """Asks the child to end, kills its whole session after `grace` seconds, removes the pid file.

        Returns the exit code, None when it was never started. Stopping twice is a no-op. Processes the
        child left in its session are killed too, also when it had ended by itself.
        """
        if self._process is None:
            return None
        members = _session_members(self._process.pid)
        self._process.send_signal(self._stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        if self._process.poll() is None:
            # Not reaped yet, so the number is still this child's and newcomers are found by it.
            members = _session_members(self._process.pid)
        _kill(members)
        code = self._process.wait()
        self._pid_file.unlink(missing_ok=True)
        return code


def stop_leftover(pid_file: Path, *, stop_signal: signal.Signals = signal.SIGTERM, grace: float = 10.0) -> bool:
    """Ends the process recorded in `pid_file`, with its session, and removes the file.

    Returns whether there was one. A process is ended only when both its number and its start time are the
    recorded ones: a number that the system has given to another program since is left alone, and an
    unreadable pid file counts as none. The session is killed when the process outlives `grace` seconds;
    what it leaves in its session when it goes in time is killed as well. Raises PermissionError for a
    process of another user.
    """
    record = _read_record(pid_file)
    found = record is not None and _start_mark(record.pid) == record.started
    if record is not None and found:
        members = _session_members(record.pid)
        leader = [process for process in members if process.pid == record.pid]
        end_processes(leader, stop_signal=stop_signal, grace=grace)
        _kill(members)
    pid_file.unlink(missing_ok=True)
    return found


def end_processes(processes: Sequence[psutil.Process], *, stop_signal: signal.Signals, grace: float) -> None:
    """Sends `stop_signal` to each process, and SIGKILL to those still there after `grace` seconds.

    Returns once all are gone; a zombie counts as gone, since only its parent can remove it. Raises
    PermissionError for a process of another user, TimeoutError for one that outlives SIGKILL by 10 s.
    """
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            _send(process, stop_signal)
    _await_end(processes, timeout=grace)
    _kill(processes)


def _kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        if not _has_ended(process):
            with contextlib.suppress(psutil.NoSuchProcess):
                _send(process, signal.SIGKILL)
    if not _await_end(processes, timeout=10.0):
        raise TimeoutError(f"processes survived SIGKILL: {[p.pid for p in processes if not _has_ended(p)]}")


def _send(process: psutil.Process, number: signal.Signals) -> None:
    # psutil looks at the start time again first, so a reused number is never hit.
    try:
        process.send_signal(number)
    except psutil.AccessDenied as error:
        raise PermissionError(f"process {process.pid} belongs to another user") from error


def _await_end(processes: Sequence[psutil.Process], *, timeout: float) -> bool:
    deadline = time.monotonic() + timeout
    while not all(_has_ended(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _session_members(leader: int) -> list[psutil.Process]:
    members = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError, psutil.NoSuchProcess):
            if os.getsid(pid) == leader:
                members.append(psutil.Process(pid))
    return members


def _start_mark(pid: int) -> str | None:
    """Names the moment `pid` started; None when there is no such process.

    On Linux it is the boot's id with the clock ticks since boot: unlike a time of day it stays the same
    when the clock is set.
    """
    try:
        if not _BOOT_ID.exists():
            return str(psutil.Process(pid).create_time())
        boot = _BOOT_ID.read_text(encoding="utf-8").strip()
        # The second field is the program's name in parentheses and may itself contain spaces and ")".
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
        return f"{boot}:{fields.split()[19]}"
    except (FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess):
        return None


def _write_record(pid_file: Path, *, pid: int) -> None:
    # A child that has ended already is a zombie until it is reaped, so it still has a start time.
    record = _Record(pid=pid, started=_start_mark(pid) or "")
    draft = pid_file.with_name(pid_file.name + ".new")
    draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
    draft.replace(pid_file)


def _read_record(pid_file: Path) -> _Record | None:
    try:
        data = json.loads(pid_file.read_text(encoding="utf-8"))
        return _Record(pid=int(data["pid"]), started=str(data["started"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
