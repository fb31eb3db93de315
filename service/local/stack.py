"""The embedded stack: starts PostgreSQL, S3 + Lambda and the server, watches them, and stops them together."""

from __future__ import annotations

import asyncio
import fcntl
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.markup import escape

from lambdas.build import build
from service.auth import keys
from service.local import deploy
from service.local.aws import AwsNotReady, LocalAws
from service.local.layout import CHECKOUT, Layout, StackSecrets, ensure_secrets, ensure_service_token, write_environment
from service.local.postgres import EmbeddedPostgres
from service.local.postgres_account import PostgresUnavailable
from service.local.process import ChildProcess, stop_leftover
from service.server.health_client import get_health
from service.supervisor.ports import PortInUse, require_free_port

DATABASE = "marquee"
RENDITION_BUCKET = "marquee-renditions"
HOST = "127.0.0.1"
SERVER_START_SECONDS = 60.0
SERVER_STOP_SECONDS = 30.0
POLL_SECONDS = 0.2
console = Console(highlight=False)


class StackFailed(RuntimeError):
    """A part did not start or ended by itself; the message says which and where its log is."""


class LocalStack:
    """All parts of one data folder."""

    def __init__(self, data: Path, *, port: int, aws_port: int, workers: int) -> None:
        """Takes the folder of all data, the ports and the number of workers; starts nothing."""
        self.layout = Layout(data.resolve())
        self._port = port
        self._workers = workers
        self._aws = LocalAws(python=_ministack_python(), data_dir=self.layout.aws, port=aws_port)
        self._postgres = EmbeddedPostgres(self.layout.postgres, log_file=self.layout.logs / "postgres.log")
        self._server_log = self.layout.logs / "server.log"
        self._server_pid_file = self.layout.root / "server.pid"
        self._server: ChildProcess | None = None
        self._child_environment: dict[str, str] = {}
        self._lock = ExitStack()

    @classmethod
    def from_environment(cls, data: Path, environment: Mapping[str, str] = os.environ) -> LocalStack:
        """Takes ports and workers from MARQUEE_PORT, MARQUEE_LOCAL_AWS_PORT and MARQUEE_WORKERS."""
        return cls(
            data,
            port=int(environment.get("MARQUEE_PORT", "50051")),
            aws_port=int(environment.get("MARQUEE_LOCAL_AWS_PORT", "4566")),
            workers=int(environment.get("MARQUEE_WORKERS", "2")),
        )

    @property
    def address(self) -> str:
        """host:port of the gRPC server."""
        return f"{HOST}:{self._port}"

    @property
    def s3_url(self) -> str:
        """URL of the local S3."""
        return self._aws.endpoint_url

    def start(self) -> StackSecrets:
        """Starts everything and returns the installation's secrets; progress goes to the terminal.

        Raises StackFailed, PortInUse, AwsNotReady or PostgresUnavailable; what had started is stopped then.
        """
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> StackSecrets:
        layout = self.layout
        layout.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock.enter_context(_locked(layout.lock_file))
        stop_leftover(self._server_pid_file)
        require_free_port(self._port, purpose="the gRPC server", variable="MARQUEE_PORT")
        secrets = ensure_secrets(layout)
        if not any(layout.keys.glob("*.pem")):
            keys.generate(layout.keys)
        _step("PostgreSQL", self._start_postgres)
        _step("S3, SQS and Lambda", self._aws.start)
        settings = self._settings(secrets)
        write_environment(layout, settings)
        self._child_environment = {**os.environ, **settings}
        with ThreadPoolExecutor(1) as beside:
            code = beside.submit(build, stubs=CHECKOUT / "gen", output=layout.build)
            _step("schema", lambda: self._marquee("migrate", "up"))
            functions = beside.submit(lambda: self._deploy_functions(code.result()))
            _step("server", self._start_server)
            _step("image functions", functions.result)
        _step("sample and demo users", lambda: self._marquee("local", "fill", "--data", str(self.layout.root)))
        return secrets

    def stop(self) -> None:
        """Stops what runs, the server first, so that calls under way still find the rest."""
        if self._server is not None:
            self._server.stop(SERVER_STOP_SECONDS)
        self._aws.stop()
        self._postgres.stop()
        self._lock.close()

    def watch(self) -> None:
        """Returns never: raises StackFailed when a part ends by itself, KeyboardInterrupt on Ctrl-C."""
        while True:
            time.sleep(POLL_SECONDS)
            for name, is_running, log in (
                ("the server", self._server is not None and self._server.is_running, self._server_log),
                ("PostgreSQL", self._postgres.is_running, self.layout.logs / "postgres.log"),
                ("S3 and Lambda", self._aws.is_running, self.layout.aws / "ministack.log"),
            ):
                if not is_running:
                    raise StackFailed(f"{name} ended by itself; see {log}")

    def _start_postgres(self) -> None:
        self._postgres.start()
        self._postgres.ensure_database(DATABASE)

    def _deploy_functions(self, code: Path) -> None:
        token = asyncio.run(ensure_service_token(self.layout))
        deploy.deploy(
            deploy.StackParameters(
                service_address=self.address,
                service_token=token,
                service_tls=False,
                allow_public_renditions=True,
                require_tls=False,
                architecture="arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64",
            ),
            session=self._aws.session(),
            template=CHECKOUT / "lambdas" / "template.yaml",
            code=code,
            endpoint_url=self._aws.endpoint_url,
        )

    def _start_server(self) -> None:
        self._server = self._server_process()
        self._server.start()
        deadline = time.monotonic() + SERVER_START_SECONDS
        while get_health(self.address, timeout=1.0) != "SERVING":
            if not self._server.is_running:
                raise StackFailed(f"the server ended at once; see {self._server_log}")
            if time.monotonic() > deadline:
                raise StackFailed(f"the server is not ready after {SERVER_START_SECONDS:.0f} s; see {self._server_log}")
            time.sleep(POLL_SECONDS)

    def _server_process(self) -> ChildProcess:
        return ChildProcess(
            [sys.executable, "-m", "service", "serve"],
            log_file=self._server_log,
            pid_file=self._server_pid_file,
            environment=self._child_environment,
            folder=CHECKOUT,
        )

    def _marquee(self, *arguments: str) -> None:
        """Runs a command of our own with the server's settings."""
        done = subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            stdin=subprocess.DEVNULL,
            env=self._child_environment,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise StackFailed(f"marquee {' '.join(arguments)} failed: {said[-1] if said else done.returncode}")

    def _settings(self, secrets: StackSecrets) -> dict[str, str]:
        """Returns the server's settings, as environment variables."""
        return {
            "MARQUEE_PROFILE": "development",
            "MARQUEE_HOST": HOST,
            "MARQUEE_PORT": str(self._port),
            "MARQUEE_WORKERS": str(self._workers),
            "MARQUEE_REFLECTION": "true",
            "MARQUEE_DATABASE_URL": self._postgres.url(DATABASE),
            "MARQUEE_KEYS_DIR": str(self.layout.keys),
            "MARQUEE_DATA_KEYS": secrets.data_keys,
            "MARQUEE_INDEX_KEY": secrets.index_key,
            "MARQUEE_PAGE_TOKEN_KEY": secrets.page_token_key,
            "MARQUEE_S3_ENDPOINT_URL": self._aws.endpoint_url,
            "MARQUEE_MEDIA_BASE_URL": f"{self._aws.endpoint_url}/{RENDITION_BUCKET}",
            **self._aws.environment,
        }


def run(data: Path) -> int:
    """Starts the stack, shows where it is, and keeps it running until Ctrl-C; returns the exit code."""
    # Closing the terminal ends the stack like Ctrl-C does, which a shell has its background jobs ignore.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    started = time.monotonic()
    try:
        stack = LocalStack.from_environment(data)
        secrets = stack.start()
        try:
            _show_banner(stack, secrets, seconds=time.monotonic() - started)
            stack.watch()
        finally:
            try:
                console.print("stopping ...")
            finally:  # Even when nobody reads any more what is printed.
                stack.stop()
    except KeyboardInterrupt:
        console.print("stopped")
        return 0
    except (StackFailed, PortInUse, AwsNotReady, PostgresUnavailable, deploy.DeployFailed, ValueError) as error:
        console.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        return 1
    return 0


def clean(data: Path) -> int:
    """Removes all data of a stack that is not running; returns the exit code."""
    layout = Layout(data.resolve())
    if not layout.root.is_dir():
        console.print(f"nothing in {data}")
        return 0
    try:
        with _locked(layout.lock_file):
            shutil.rmtree(layout.root)
    except StackFailed as error:
        console.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        return 1
    console.print(f"removed {data}")
    return 0


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _ministack_python() -> Path:
    return Path(os.environ.get("MARQUEE_MINISTACK_PYTHON", CHECKOUT / ".venv-ministack" / "bin" / "python"))


@contextmanager
def _locked(file: Path) -> Iterator[IO[str]]:
    """Holds the data folder; the system lets go of it however this process ends. Raises StackFailed."""
    with file.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackFailed(f"a stack is running on {file.parent} already; stop it with Ctrl-C there") from None
        yield stream


def _step(name: str, work: Callable[[], object]) -> None:
    """Does one step of the start, showing its name meanwhile and its seconds afterwards."""
    started = time.monotonic()
    with console.status(f"{name} ..."):
        work()
    console.print(f"  [green]✓[/green] {name:22} {time.monotonic() - started:5.1f} s")


def _show_banner(stack: LocalStack, secrets: StackSecrets, *, seconds: float) -> None:
    staff, user = secrets.demo_users
    console.print(
        f"""
[bold]Marquee is ready[/bold] after {seconds:.1f} s; Ctrl-C stops it.

  gRPC   {stack.address} (plaintext, reflection on)
  S3     {stack.s3_url}
  logs   {stack.layout.logs}
  staff  {staff.username} / {escape(staff.password)}
  user   {user.username} / {escape(user.password)}

Try, in another terminal:

  make demo
  .venv/bin/grpcurl -plaintext {stack.address} list
  .venv/bin/grpcurl -plaintext -d '{{"page_size": 3}}' {stack.address} marquee.catalog.v1.CatalogService/ListMovies
""",
        soft_wrap=True,
    )
