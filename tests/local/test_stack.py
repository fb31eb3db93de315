"""The embedded stack as `make run` starts it: started, interrupted, killed, started again, and beside another one."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from service.local.progress import Progress
from service.local.run import clean
from service.local.stack import LocalStack
from service.supervisor.ports import PortInUse, free_port

pytestmark = pytest.mark.timeout(400)
MARQUEE = (sys.executable, "-m", "service", "local")
START_SECONDS = 180.0


class RunningStack:
    """A process of `marquee local run` with its own ports and data folder, and few posters so that it starts fast."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.ports = {"MARQUEE_PORT": str(free_port()), "MARQUEE_LOCAL_AWS_PORT": str(free_port())}
        self._output = data.with_suffix(".out")
        self._process: subprocess.Popen[str] | None = None

    @property
    def output(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def start(self) -> None:
        self.launch()
        self.wait_for_output("Marquee is ready")

    def launch(self) -> None:
        with self._output.open("w") as output:
            self._process = subprocess.Popen(
                [*MARQUEE, "run", "--data", str(self.data), "--posters", "3"],
                env=os.environ | self.ports,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )

    def wait_for_output(self, text: str) -> None:
        wait_for(lambda: text in self.output or self._process_ended(), seconds=START_SECONDS)
        assert text in self.output, self.output

    def begin(self, command: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*MARQUEE, command, "--data", str(self.data)],
            env=os.environ | self.ports | environment,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, command: str, **environment: str) -> tuple[int, str]:
        """Runs a command to its end; returns the exit code and the output."""
        with self.begin(command, **environment) as process:
            output, _ = process.communicate(timeout=START_SECONDS)
            return process.returncode, output

    def processes(self) -> list[psutil.Process]:
        assert self._process is not None
        runner = psutil.Process(self._process.pid)
        return [runner, *runner.children(recursive=True)]

    def interrupt_twice(self) -> int:
        """Presses Ctrl-C twice, as a terminal does, and returns the exit code."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGINT)
        wait_for(lambda: "stopping" in self.output, seconds=START_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGINT)
        return self._process.wait(60)

    def remaining(self) -> list[psutil.Process]:
        """Returns every process that works below the data folder or has it in its environment."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                places = [process.cwd(), *process.environ().values()]
                if any(place.startswith(str(self.data)) for place in places):
                    found.append(process)
        return found

    def reap(self) -> None:
        assert self._process is not None
        self._process.wait(10)

    def _process_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None


@pytest.fixture(scope="module")
def early_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningStack, subprocess.Popen[str]]]:
    """A stack, and a demo that was started at the same time."""
    stack = RunningStack(tmp_path_factory.mktemp("stack") / "data")
    with stack.begin("demo") as demo:
        stack.start()
        yield stack, demo
    assert stack.interrupt_twice() == 0
    assert stack.remaining() == []
    assert "Traceback" not in stack.output


@pytest.fixture(scope="module")
def stack(early_demo: tuple[RunningStack, subprocess.Popen[str]]) -> RunningStack:
    return early_demo[0]


def wait_for(holds: Callable[[], bool], *, seconds: float, interval: float = 0.1) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(interval)


def test_a_demo_waits_for_the_stack_and_all_steps_succeed(
    early_demo: tuple[RunningStack, subprocess.Popen[str]],
) -> None:
    _, demo = early_demo
    output, _ = demo.communicate(timeout=START_SECONDS)
    assert demo.returncode == 0, output
    assert "waiting for the stack" in output
    for expected in ("PENDING", "READY", "image/", "HTTP 200", "REJECTED", "UNSUPPORTED_FORMAT", "All steps succeeded"):
        assert expected in output


def test_the_banner_has_addresses_and_accounts(stack: RunningStack) -> None:
    for expected in (f"127.0.0.1:{stack.ports['MARQUEE_PORT']}", "sam / ", "uma / ", "make demo", "grpcurl"):
        assert expected in stack.output


def test_nothing_listens_beyond_loopback(stack: RunningStack) -> None:
    addresses = {
        ipaddress.ip_address(connection.laddr.ip.removeprefix("::ffff:"))
        for process in stack.processes()
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses
    assert all(address.is_loopback for address in addresses)


def test_only_the_owner_can_read_the_secrets(stack: RunningStack) -> None:
    for name in ("secrets.json", "environment", "service-token", "aws/credentials.json"):
        assert (stack.data / name).stat().st_mode & 0o077 == 0, name


def test_a_second_stack_on_the_same_folder_is_refused(stack: RunningStack) -> None:
    code, output = stack.run("run")
    assert code == 1
    assert "already running on" in output


def test_the_data_of_a_running_stack_is_not_removed(stack: RunningStack) -> None:
    before = sorted(stack.data.iterdir())
    assert clean(stack.data) == 1
    assert sorted(stack.data.iterdir()) == before


@pytest.mark.parametrize("variable", ["MARQUEE_PORT", "MARQUEE_LOCAL_AWS_PORT"])
def test_the_error_names_a_port_that_is_in_use(stack: RunningStack, variable: str, tmp_path: Path) -> None:
    ports = RunningStack(tmp_path).ports | {variable: stack.ports[variable]}
    progress = Progress(Console(quiet=True))
    other = LocalStack.from_environment(tmp_path / "data", posters=0, progress=progress, environment=ports)
    with ExitStack() as cleanup:
        cleanup.callback(other.stop)
        with pytest.raises(PortInUse, match=rf"port {stack.ports[variable]} .*{variable}"):
            other.start()


def test_after_a_kill_of_everything_it_starts_again_with_its_data(stack: RunningStack) -> None:
    killed = stack.processes()
    for process in killed:
        process.kill()
    psutil.wait_procs(killed, timeout=10)
    stack.reap()
    stack.start()
    code, output = stack.run("demo")
    assert code == 0, output


def test_ctrl_c_during_the_start_leaves_no_process_behind(tmp_path: Path) -> None:
    stack = RunningStack(tmp_path / "data")
    stack.launch()
    stack.wait_for_output("schema")  # PostgreSQL and S3 run now, and the functions are being built.
    started = stack.processes()
    assert len(started) > 1
    assert stack.interrupt_twice() == 0
    psutil.wait_procs(started, timeout=10)
    assert stack.remaining() == []
    assert "Traceback" not in stack.output


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the signals of a process from /proc")
def test_ctrl_c_while_the_program_loads_shows_no_traceback(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*MARQUEE, "demo", "--data", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    seen: list[bool] = []

    def is_loading() -> bool:
        """Returns True after Python has installed its handler of SIGINT and the program has removed it."""
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        seen.append(bool(caught & 1 << (signal.SIGINT - 1)))
        return any(seen) and not seen[-1]

    wait_for(is_loading, seconds=20, interval=0.001)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert output == ""


def test_clean_removes_everything(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "logs").mkdir(parents=True)
    assert clean(data) == 0
    assert not data.exists()
