"""The embedded stack: starts PostgreSQL, S3 + Lambda and the server, watches them, and stops them together."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lambdas.build import build
from service.auth import keys
from service.local import deploy
from service.local.aws import LocalAws
from service.local.layout import CHECKOUT, Layout, StackSecrets, ensure_secrets, ensure_service_token, write_environment
from service.local.postgres import EmbeddedPostgres
from service.local.process import ChildProcess, run_command, stop_leftover
from service.local.progress import Progress
from service.local.sample import wait_for_posters
from service.local.status import READY, locked
from service.server.health_client import get_health
from service.supervisor.ports import require_free_port

DATABASE = "marquee"
RENDITION_BUCKET = "marquee-renditions"
HOST = "127.0.0.1"
SERVER_START_SECONDS = 60.0
SERVER_STOP_SECONDS = 30.0
POSTER_SECONDS = 5.0
"""Time that the start waits for posters. Rendering all of them takes about a minute and continues in the background."""
POLL_SECONDS = 0.2


class StackFailed(RuntimeError):
    """A part did not start, or ended unexpectedly; the message names the part and its log."""


class LocalStack:
    """All parts of the stack that keeps its data in one folder."""

    def __init__(self, data: Path, *, port: int, aws_port: int, workers: int, posters: int, progress: Progress) -> None:
        """Stores the data folder, the ports and the sizes; starts nothing.

        `posters` is the number of sample movies that get a drawn poster.
        """
        self.layout = Layout(data.resolve())
        self.posters_in_progress = 0
        """Posters that the functions were still rendering at the end of the start."""
        self._posters = posters
        self._port = port
        self._workers = workers
        self._progress = progress
        self._aws = LocalAws(python=_ministack_python(), data_dir=self.layout.aws, port=aws_port)
        self._postgres = EmbeddedPostgres(self.layout.postgres, log_file=self.layout.logs / "postgres.log")
        self._server_log = self.layout.logs / "server.log"
        self._server_pid_file = self.layout.root / "server.pid"
        self._server: ChildProcess | None = None
        self._environment: dict[str, str] = {}
        self._lock = ExitStack()
        self._publish: Callable[[str], None] = lambda _: None

    @classmethod
    def from_environment(
        cls, data: Path, *, posters: int, progress: Progress, environment: Mapping[str, str] = os.environ
    ) -> LocalStack:
        """Reads MARQUEE_PORT, MARQUEE_LOCAL_AWS_PORT and MARQUEE_WORKERS; raises ValueError if one is not a number."""
        return cls(
            data,
            port=_number(environment, "MARQUEE_PORT", default=50051),
            aws_port=_number(environment, "MARQUEE_LOCAL_AWS_PORT", default=4566),
            workers=_number(environment, "MARQUEE_WORKERS", default=2),
            posters=posters,
            progress=progress,
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
        """Starts everything and returns the installation's secrets.

        Raises StackRunning, StackFailed, PortInUse, AwsNotReady, DeployFailed or PostgresUnavailable. The parts that
        have started keep running then: always call `stop()` afterwards.
        """
        layout = self.layout
        layout.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._publish = self._lock.enter_context(locked(layout))
        stop_leftover(self._server_pid_file)
        require_free_port(self._port, purpose="the gRPC server", variable="MARQUEE_PORT")
        secrets = ensure_secrets(layout)
        if not any(layout.keys.glob("*.pem")):
            keys.generate(layout.keys)
        with self._step("PostgreSQL"):
            self._postgres.start()
            self._postgres.ensure_database(DATABASE)
        with self._step("S3, SQS and Lambda"):
            self._aws.start()
        settings = self._settings(secrets)
        write_environment(layout, settings)
        self._environment = {**os.environ, **settings}
        with ThreadPoolExecutor(1) as executor:
            code = executor.submit(build, stubs=CHECKOUT / "gen", output=layout.build)
            with self._step("schema"):
                self._run("migrate", "up")
            functions = executor.submit(lambda: self._deploy_functions(code.result()))
            with self._step("server"):
                self._start_server()
            with self._step("image functions"):
                functions.result()
        with self._step("sample and demo users") as show_detail:
            fill = ("local", "fill", "--data", str(layout.root), "--posters", str(self._posters))
            self._run(*fill, on_line=show_detail)
        with self._step("posters") as show_detail:
            wait = wait_for_posters(layout, seconds=POSTER_SECONDS, show_progress=show_detail)
            self.posters_in_progress = asyncio.run(wait)
        self._publish(READY)
        return secrets

    def stop(self) -> None:
        """Stops every part, also if one of them fails to stop. Stopping twice is a no-op.

        The server stops first, so that its running calls still reach the other parts.
        """
        with ExitStack() as parts:  # Calls in reverse order.
            parts.callback(self._lock.close)
            parts.callback(self._postgres.stop)
            parts.callback(self._aws.stop)
            if self._server is not None:
                parts.callback(self._server.stop, SERVER_STOP_SECONDS)

    def watch(self) -> None:
        """Waits for ever; raises StackFailed when a part ends, KeyboardInterrupt on Ctrl-C."""
        while True:
            time.sleep(POLL_SECONDS)
            for name, is_running, log in (
                ("the server", self._server is not None and self._server.is_running, self._server_log),
                ("PostgreSQL", self._postgres.is_running, self.layout.logs / "postgres.log"),
                ("S3 and Lambda", self._aws.is_running, self.layout.aws / "ministack.log"),
            ):
                if not is_running:
                    raise StackFailed(f"{name} ended unexpectedly; see {log}")

    @contextmanager
    def _step(self, name: str) -> Iterator[Callable[[str], None]]:
        """Shows a step of the start and publishes it as the stack's status; yields a function for its detail."""
        self._publish(name)
        with self._progress.step(name) as show_detail:

            def change(detail: str) -> None:
                show_detail(detail)
                self._publish(f"{name}: {detail}")

            yield change

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
                raise StackFailed(f"the server ended during its start; see {self._server_log}")
            if time.monotonic() > deadline:
                raise StackFailed(f"the server is not ready after {SERVER_START_SECONDS:.0f} s; see {self._server_log}")
            time.sleep(POLL_SECONDS)

    def _server_process(self) -> ChildProcess:
        return ChildProcess(
            [sys.executable, "-m", "service", "serve"],
            log_file=self._server_log,
            pid_file=self._server_pid_file,
            environment=self._environment,
            folder=CHECKOUT,
        )

    def _run(self, *arguments: str, on_line: Callable[[str], None] = lambda _: None) -> None:
        """Runs a `marquee` command with the server's settings; raises StackFailed."""
        done = run_command(
            [sys.executable, "-m", "service", *arguments],
            environment=self._environment,
            folder=CHECKOUT,
            on_line=on_line,
        )
        if done.returncode != 0:
            output = (done.stderr or done.stdout).strip().splitlines()
            reason = output[-1] if output else f"exit code {done.returncode}"
            raise StackFailed(f"marquee {' '.join(arguments)} failed: {reason}")

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


def _ministack_python() -> Path:
    return Path(os.environ.get("MARQUEE_MINISTACK_PYTHON", CHECKOUT / ".venv-ministack" / "bin" / "python"))


def _number(environment: Mapping[str, str], name: str, *, default: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal():
        raise ValueError(f"{name} must be a number, not {text!r}")
    return int(text)
