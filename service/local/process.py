"""Child processes that a later start can find and stop, even if the parent was killed."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

import psutil

_POLL_SECONDS = 0.02
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that ask a program to stop: Ctrl-C, kill, and the end of the terminal."""

# Popen's `user=` forks without vfork, and gRPC's fork handlers sometimes crash such a child.
# execvp imports `warnings` lazily, and the new account may not be able to read that file, so it is imported first.
_SWITCH_ACCOUNT = (
    "import os, sys, warnings; uid, gid, *command = sys.argv[1:]; "
    "os.setgroups([]); os.setgid(int(gid)); os.setuid(int(uid)); os.execvp(command[0], command)"
)


@dataclass(frozen=True)
class Account:
    """System account of a child that does not run under the caller's account."""

    name: str
    uid: int
    gid: int

    def command(self, command: Sequence[str]) -> list[str]:
        """Returns a command that switches to this account, without supplementary groups, and then runs `command`.

        Switching requires root. If it fails or `command` is missing, the returned command exits with 1 and writes
        the reason to standard error.
        """
        return [sys.executable, "-I", "-S", "-c", _SWITCH_ACCOUNT, str(self.uid), str(self.gid), *command]


@dataclass(frozen=True)
class _Record:
    """Content of a pid file: a process number, and the start of that process, because numbers are used again."""

    pid: int
    started: str


class ChildProcess:
    """Runs one command as a child in its own session, with its output in a log file.

    Ctrl-C in the terminal does not reach the child because of its own session: only the parent stops it. If the
    parent is killed, the child continues until the next `start()` with the same pid file, or `stop_leftover`, stops
    it. A `kill -9` of the parent in the microseconds between the child's start and the writing of the pid file is
    the one exception.
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
        """Stores the command and its options; starts and reads nothing.

        `environment` is the child's whole environment (default: the parent's). The child enters `folder` with the
        parent's rights and switches to `account` afterwards, so `folder` may lie below folders that the account
        cannot enter. Switching to an account requires root.
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
        """Process number, None before the first start. The child may have ended."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """True if the child was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Exit code, negative for a signal; None before the start and while the child runs."""
        return None if self._process is None else self._process.poll()

    def start(self, *, leftover_grace: float = 10.0) -> None:
        """Stops the child that an earlier parent left behind under the same pid file, then starts the child.

        Raises RuntimeError if this object's child is already running, OSError if the command or `folder` is
        missing. If another account's command is missing, only the log says so. Python's signal handlers wait until
        the pid file is written, so an exception that they raise never hides the child from `stop()`.
        """
        if self.is_running:
            raise RuntimeError(f"{self._name} is already running")
        stop_leftover(self._pid_file, stop_signal=self._stop_signal, grace=leftover_grace)
        for file in (self._log_file, self._pid_file):
            file.parent.mkdir(parents=True, exist_ok=True)
        with _signals_deferred():
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
            except OSError:  # Without the file a later start could not find the child.
                self.stop(grace=0)
                raise

    def wait(self, timeout: float | None = None) -> int:
        """Waits until the child ends and returns its exit code.

        Raises TimeoutError after `timeout` seconds, RuntimeError if the child was never started.
        """
        if self._process is None:
            raise RuntimeError(f"{self._name} was never started")
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise TimeoutError(f"{self._name} did not end within {timeout} s") from error

    def stop(self, grace: float = 10.0) -> int | None:
        """Sends the stop signal, kills the child's whole session after `grace` seconds, and removes the pid file.

        Returns the exit code, None if the child was never started. Stopping twice is a no-op. Processes that remain
        in the child's session are always killed, even if the child had ended before.
        """
        if self._process is None:
            return None
        members = _session_members(self._process.pid)
        self._process.send_signal(self._stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(grace)
        if self._process.poll() is None:
            # The child is not reaped yet, so its number cannot be used again and finds new members of the session.
            members = _session_members(self._process.pid)
        _kill(members)
        code = self._process.wait()
        self._pid_file.unlink(missing_ok=True)
        return code


def run_command(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    folder: Path,
    on_line: Callable[[str], None] = lambda _: None,
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end in its own session, and calls `on_line` with each line of its standard output.

    If an exception ends the wait (Ctrl-C, for example), the whole session is killed first.
    """
    parts = [str(part) for part in command]
    lines: list[str] = []
    process: subprocess.Popen[str] | None = None
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as errors:
        try:
            with _signals_deferred():
                process = subprocess.Popen(
                    parts,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    cwd=folder,
                    env=environment,
                    start_new_session=True,
                    text=True,
                )
            if process.stdout is not None:  # It is a pipe, always; the type allows None.
                with process.stdout as output:
                    for line in output:
                        lines.append(line)
                        on_line(line.rstrip())
            code = process.wait()
        except BaseException:
            if process is not None:
                _kill(_session_members(process.pid))
            raise
        errors.seek(0)
        return subprocess.CompletedProcess(parts, code, "".join(lines), errors.read())


def stop_leftover(pid_file: Path, *, stop_signal: signal.Signals = signal.SIGTERM, grace: float = 10.0) -> bool:
    """Stops the process recorded in `pid_file` and its session, and removes the file.

    Returns whether that process was running. A process is stopped only if its number and its start time are the
    recorded ones: another program may have the number by now. An unreadable pid file counts as absent. After
    `grace` seconds, or when the process has ended, every process that remains in the session is killed. Raises
    PermissionError for a process of another user.
    """
    record = _read_record(pid_file)
    found = record is not None and _start_id(record.pid) == record.started
    if record is not None and found:
        members = _session_members(record.pid)
        leader = [process for process in members if process.pid == record.pid]
        end_processes(leader, stop_signal=stop_signal, grace=grace)
        _kill(members)
    pid_file.unlink(missing_ok=True)
    return found


def end_processes(processes: Sequence[psutil.Process], *, stop_signal: signal.Signals, grace: float) -> None:
    """Sends `stop_signal` to each process, and SIGKILL to those that still run after `grace` seconds.

    Returns when all have ended. A zombie counts as ended, because only its parent can remove it. Raises
    PermissionError for a process of another user, TimeoutError for one that runs 10 s after SIGKILL.
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
    # psutil compares the start time first, so another program with the same number never gets the signal.
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


def _start_id(pid: int) -> str | None:
    """Returns an id of the moment when `pid` started, None if there is no such process.

    On Linux it is the id of the boot and the clock ticks since then: a time of day would change with the clock.
    """
    try:
        if not _BOOT_ID.exists():
            return str(psutil.Process(pid).create_time())
        boot = _BOOT_ID.read_text(encoding="utf-8").strip()
        # The second field is the program's name in parentheses. It may contain spaces and ")".
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
        return f"{boot}:{fields.split()[19]}"
    except (FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess):
        return None


def _write_record(pid_file: Path, *, pid: int) -> None:
    # A child that has already ended is a zombie until it is reaped, so it still has a start time.
    record = _Record(pid=pid, started=_start_id(pid) or "")
    draft = pid_file.with_name(pid_file.name + ".new")
    draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
    draft.replace(pid_file)


def _read_record(pid_file: Path) -> _Record | None:
    try:
        data = json.loads(pid_file.read_text(encoding="utf-8"))
        return _Record(pid=int(data["pid"]), started=str(data["started"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def _signals_deferred() -> Iterator[None]:
    """Delays the Python handlers of the stop signals to the end of the block."""
    if threading.current_thread() is not threading.main_thread():  # Handlers run only in the main thread.
        yield
        return
    received: list[tuple[int, FrameType | None]] = []
    handlers = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, lambda number, frame: received.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for received_number, frame in received:
            handler = handlers[signal.Signals(received_number)]
            if callable(handler):
                handler(received_number, frame)
