"""Child processes that a later start finds and stops."""

import asyncio
import json
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc.aio
import psutil
import pytest

from service.local.process import Account, ChildProcess, stop_leftover

# Ends with the test run, even if that is killed.
LIVES = "import os, time\nparent = os.getppid()\nwhile os.getppid() == parent: time.sleep(0.05)\n"
STUBBORN = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('set', flush=True)\n{LIVES}"
FAMILY = (
    "import subprocess, sys\n"
    f"subprocess.Popen([sys.executable, '-c', {LIVES!r}], stdout=2)\nprint('set', flush=True)\n{LIVES}"
)


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.01)


class Children:
    """Starts children and stops them with the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[ChildProcess] = []

    def start(self, program: str) -> ChildProcess:
        child = ChildProcess(
            [sys.executable, "-c", program], log_file=self.log_file, pid_file=self.folder / "child.pid"
        )
        self.made.append(child)
        child.start()
        if "print" in program:
            until(lambda: "set" in self.log_file.read_text())
        return child

    @property
    def log_file(self) -> Path:
        return self.folder / "child.log"


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    made = Children(tmp_path)
    yield made
    for child in made.made:
        child.stop(grace=0)


def session(leader: int) -> list[int]:
    found = []
    for process in psutil.process_iter(["status"]):
        try:
            if os.getsid(process.pid) == leader and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except ProcessLookupError:
            continue
    return found


def test_output_goes_to_the_log_and_the_exit_code_is_returned(children: Children) -> None:
    child = children.start("import sys; sys.stderr.write('said\\n'); sys.exit(3)")
    assert child.wait(timeout=15) == 3
    assert not child.is_running
    assert children.log_file.read_text() == "said\n"


def test_stop_ends_the_child_and_removes_its_pid_file(children: Children) -> None:
    child = children.start(LIVES)
    assert child.is_running
    assert child.stop() == -signal.SIGTERM
    assert child.stop() == -signal.SIGTERM
    assert not (children.folder / "child.pid").exists()


def test_a_child_that_ignores_the_stop_signal_is_killed(children: Children) -> None:
    child = children.start(STUBBORN)
    assert child.stop(grace=0.1) == -signal.SIGKILL


def test_the_children_of_the_child_are_killed_with_it(children: Children) -> None:
    child = children.start(FAMILY)
    assert child.pid is not None
    leader = child.pid
    until(lambda: len(session(leader)) == 2)
    child.stop()
    until(lambda: session(leader) == [])


def test_the_next_start_stops_the_child_of_an_earlier_parent(children: Children) -> None:
    first = children.start(STUBBORN)
    second = ChildProcess(
        [sys.executable, "-c", LIVES], log_file=children.log_file, pid_file=children.folder / "child.pid"
    )
    children.made.append(second)
    second.start(leftover_grace=0.1)
    assert first.wait(timeout=15) == -signal.SIGKILL
    assert second.is_running


def test_another_process_with_the_same_number_is_not_stopped(children: Children) -> None:
    child = children.start(LIVES)
    pid_file = children.folder / "child.pid"
    record = json.loads(pid_file.read_text())
    pid_file.write_text(json.dumps(record | {"started": record["started"] + "1"}))
    assert not stop_leftover(pid_file)
    assert child.is_running
    assert not pid_file.exists()


@pytest.mark.parametrize("content", ["", "12", "[]", '{"pid": "x", "started": ""}'])
def test_an_unreadable_pid_file_counts_as_absent(tmp_path: Path, content: str) -> None:
    pid_file = tmp_path / "child.pid"
    pid_file.write_text(content)
    assert not stop_leftover(pid_file)


def test_an_interrupt_during_the_start_never_loses_the_child(tmp_path: Path) -> None:
    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    sleeper = str(60 + os.getpid() / 1e7)
    interrupted = 0
    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        for attempt in range(30):
            child = ChildProcess(["sleep", sleeper], log_file=tmp_path / "log", pid_file=tmp_path / "pid")
            timer = threading.Timer(attempt / 10_000, os.kill, (os.getpid(), signal.SIGTERM))
            try:
                timer.start()
                child.start()
                time.sleep(10)
            except KeyboardInterrupt:
                interrupted += 1
            child.stop(grace=1)
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert interrupted == 30
    assert [
        process for process in psutil.process_iter(["cmdline"]) if process.info["cmdline"] == ["sleep", sleeper]
    ] == []


def test_starting_twice_is_refused(children: Children) -> None:
    child = children.start(LIVES)
    with pytest.raises(RuntimeError, match="already running"):
        child.start()


@asynccontextmanager
async def busy_grpc() -> AsyncIterator[None]:
    """Makes this process call itself over gRPC all the time."""

    async def echo(request: bytes, _: object) -> bytes:
        return request

    server = grpc.aio.server()
    method: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(echo)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Echo", {"Echo": method}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    ended = asyncio.Event()

    async def call() -> None:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            while not ended.is_set():
                method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/test.Echo/Echo")
                await method(b"", timeout=10)

    callers = [asyncio.create_task(call()) for _ in range(4)]
    try:
        yield
    finally:
        ended.set()
        await asyncio.gather(*callers)
        await server.stop(None)


@pytest.mark.skipif(os.geteuid() != 0, reason="requires root")
async def test_a_child_can_switch_its_account_while_grpc_is_busy(tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = ChildProcess(
        ["sh", "-c", "id -u; id -g; id -G"],
        log_file=log,
        pid_file=tmp_path / "pid",
        account=Account(name="nobody", uid=65534, gid=65533),
    )
    async with busy_grpc():
        for _ in range(20):
            await asyncio.to_thread(child.start)
            assert await asyncio.to_thread(child.wait, 15) == 0
    assert set(log.read_text().split("\n")) == {"65534", "65533", ""}
