"""The embedded stack as `make run` starts it: whole, killed, started again, and beside another."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from service.supervisor.ports import free_port

pytestmark = pytest.mark.timeout(400)
MARQUEE = (sys.executable, "-m", "service", "local")
START_SECONDS = 180.0


class RunningStack:
    """`marquee local run` as a process, on ports and a folder of its own."""

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
                [*MARQUEE, "run", "--data", str(self.data)],
                env=os.environ | self.ports,
                stdout=output,
                stderr=output,
                text=True,
                start_new_session=True,
            )

    def wait_for_output(self, text: str) -> None:
        wait_for(lambda: text in self.output or self._process_ended(), seconds=START_SECONDS)
        assert text in self.output, self.output

    def run(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MARQUEE, command, "--data", str(self.data)],
            env=os.environ | self.ports | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=START_SECONDS,
        )

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
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    stack = RunningStack(tmp_path_factory.mktemp("stack") / "data")
    stack.start()
    yield stack
    assert stack.interrupt_twice() == 0
    assert stack.remaining() == []
    assert "Traceback" not in stack.output


def wait_for(holds: Callable[[], bool], *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def test_the_banner_says_where_and_who(stack: RunningStack) -> None:
    for expected in (f"127.0.0.1:{stack.ports['MARQUEE_PORT']}", "sam / ", "uma / ", "make demo", "grpcurl"):
        assert expected in stack.output


def test_the_main_job_works(stack: RunningStack) -> None:
    demo = stack.run("demo")
    assert demo.returncode == 0, demo.stdout
    for expected in ("PENDING", "READY", "image/", "HTTP 200", "REJECTED", "UNSUPPORTED_FORMAT", "All of it worked"):
        assert expected in demo.stdout


def test_nothing_listens_beyond_loopback(stack: RunningStack) -> None:
    addresses = {
        ipaddress.ip_address(connection.laddr.ip.removeprefix("::ffff:"))
        for process in stack.processes()
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses
    assert all(address.is_loopback for address in addresses)


def test_its_secrets_are_its_owners_alone(stack: RunningStack) -> None:
    for name in ("secrets.json", "environment", "service-token", "aws/credentials.json"):
        assert (stack.data / name).stat().st_mode & 0o077 == 0, name


def test_a_second_one_on_the_same_folder_is_refused(stack: RunningStack) -> None:
    refused = stack.run("run")
    assert refused.returncode == 1
    assert "already running on" in refused.stdout


def test_its_data_is_not_removed_while_it_runs(stack: RunningStack) -> None:
    assert stack.run("clean").returncode == 1
    assert stack.run("demo").returncode == 0


@pytest.mark.parametrize("variable", ["MARQUEE_PORT", "MARQUEE_LOCAL_AWS_PORT"])
def test_a_taken_port_is_named(stack: RunningStack, variable: str, tmp_path: Path) -> None:
    other = RunningStack(tmp_path / "data")
    refused = other.run("run", **{variable: stack.ports[variable]})
    assert refused.returncode == 1
    assert f"port {stack.ports[variable]} " in refused.stdout
    assert variable in refused.stdout


def test_after_a_kill_of_everything_it_starts_again_with_its_data(stack: RunningStack) -> None:
    killed = stack.processes()
    for process in killed:
        process.kill()
    psutil.wait_procs(killed, timeout=10)
    stack.reap()
    stack.start()
    assert stack.run("demo").returncode == 0


@pytest.mark.parametrize("moment", ["PostgreSQL", "schema"])
def test_ctrl_c_during_the_start_leaves_no_process_behind(tmp_path: Path, moment: str) -> None:
    stack = RunningStack(tmp_path / "data")
    stack.launch()
    stack.wait_for_output(moment)
    started = stack.processes()
    assert len(started) > 1
    assert stack.interrupt_twice() == 0
    psutil.wait_procs(started, timeout=10)
    assert stack.remaining() == []
    assert "Traceback" not in stack.output


def test_clean_removes_everything(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "logs").mkdir(parents=True)
    assert RunningStack(data).run("clean").returncode == 0
    assert not data.exists()
