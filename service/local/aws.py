"""The local AWS: S3, SQS, Lambda and CloudFormation from ministack, on the loopback interface only."""

import contextlib
import json
import os
import secrets
import shutil
import string
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import boto3

from service.local.layout import write_private
from service.local.process import ChildProcess, stop_leftover
from service.supervisor.ports import require_free_port

_HOST = "127.0.0.1"
_POLL_SECONDS = 0.05
_KEY_ALPHABET = string.ascii_uppercase + "234567"

# ministack has two security holes, even with AUTH=true. It serves its /_ministack/ paths without credentials, and one
# of them erases all data: any web page open on this machine could post to it. It also skips the signature check for
# root keys: "test", any twelve digits, and the configured key, which is part of every upload form. The launcher blocks
# all of these paths but the ones that start() polls, and no key is exempt from the check. tests/local/test_aws.py
# tests both.
_LAUNCHER = """
import ministack.app as module
import ministack.core.iam_evaluator as evaluator

assert callable(evaluator._is_root_key)
evaluator._is_root_key = lambda access_key_id: False
inner = module.app
OPEN = ("/_ministack/health", "/_ministack/ready")

async def guarded(scope, receive, send):
    path = scope.get("path", "")
    if path.startswith(("/_ministack", "/_localstack")) and path not in OPEN:
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        return
    await inner(scope, receive, send)

module.app = guarded
module.main()
"""


class AwsNotReady(RuntimeError):
    """ministack ended or did not answer in time; the message names the log file."""


@dataclass(frozen=True, kw_only=True)
class AwsCredentials:
    """Key pair of the local account's root user."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


class LocalAws:
    """One ministack process with its data in one folder.

    Objects survive every kind of stop. Queues, functions and CloudFormation stacks survive `stop()` but not a kill.
    Therefore deploy the template after each start; that changes nothing if nothing is missing.
    """

    def __init__(
        self,
        *,
        python: Path,
        data_dir: Path,
        port: int,
        region: str = "us-east-1",
        port_variable: str = "MARQUEE_LOCAL_AWS_PORT",
    ) -> None:
        """Stores the options; starts nothing.

        `python` is the interpreter with the ministack package. `port_variable` is the environment variable that the
        message of PortInUse asks the user to change.
        """
        self._data_dir = data_dir.absolute()
        self._port = port
        self._region = region
        self._port_variable = port_variable
        self._python = python
        self._log_file = self._data_dir / "ministack.log"
        self._process: ChildProcess | None = None
        self._credentials: AwsCredentials | None = None

    @property
    def endpoint_url(self) -> str:
        """URL of all services, and the beginning of public object URLs."""
        return f"http://{_HOST}:{self._port}"

    @property
    def credentials(self) -> AwsCredentials:
        """Random root key pair, created on first use and stored in the data folder with mode 0600."""
        if self._credentials is None:
            self._credentials = _ensure_credentials(self._data_dir / "credentials.json")
        return self._credentials

    @property
    def environment(self) -> Mapping[str, str]:
        """AWS_* variables that make any AWS SDK use this process."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_REGION": self._region,
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
        }

    @property
    def is_running(self) -> bool:
        """True after a start until the process ends."""
        return self._process is not None and self._process.is_running

    @property
    def pid(self) -> int | None:
        """Process number, None before the first start."""
        return None if self._process is None else self._process.pid

    def session(self) -> boto3.Session:
        """Returns an SDK session with the root key pair; its clients still need `endpoint_url`."""
        return boto3.Session(
            aws_access_key_id=self.credentials.access_key_id,
            aws_secret_access_key=self.credentials.secret_access_key,
            region_name=self._region,
        )

    def start(self, *, timeout: float = 30.0) -> None:
        """Starts ministack and waits until it answers. First stops a process that a killed parent left behind.

        Raises PortInUse if another program uses the port, AwsNotReady after `timeout` seconds or if ministack ends
        early. No process runs after an error.
        """
        self._data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        pid_file = self._data_dir / "ministack.pid"
        stop_leftover(pid_file)
        require_free_port(self._port, purpose="S3, SQS and Lambda", variable=self._port_variable)
        # Unpacked functions and pid files of an earlier process; nothing that must last.
        self._remove_scratch()
        self._scratch.mkdir(mode=0o700)
        self._process = ChildProcess(
            [self._python, "-I", "-c", _LAUNCHER],
            log_file=self._log_file,
            pid_file=pid_file,
            environment=self._process_environment(),
            folder=self._scratch,
        )
        self._process.start()
        try:
            self._await_ready(timeout)
        except BaseException:
            self.stop()
            raise

    def stop(self, grace: float = 15.0) -> None:
        """Lets ministack save its state and end, and kills it after `grace` seconds. Stopping twice is a no-op."""
        if self._process is not None:
            self._process.stop(grace)
            self._remove_scratch()

    @property
    def _scratch(self) -> Path:
        return self._data_dir / "tmp"

    def _remove_scratch(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _process_environment(self) -> dict[str, str]:
        """Returns the whole environment of the process. Functions inherit it, so the caller's is not part of it."""
        return {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            # Functions must not read the user's ~/.aws and .netrc.
            "HOME": str(self._scratch),
            "TMPDIR": str(self._scratch),
            "STATE_DIR": str(self._data_dir / "state"),
            "S3_DATA_DIR": str(self._data_dir / "s3"),
            "PERSIST_STATE": "1",
            "S3_PERSIST": "1",
            "BIND_HOST": _HOST,
            "MINISTACK_HOST": _HOST,
            "GATEWAY_PORT": str(self._port),
            "MINISTACK_REGION": self._region,
            # Otherwise unsigned and forged requests are served.
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": self.credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_access_key,
            # These two would listen on every interface.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # Nothing here needs containers, so a running Docker daemon is not used.
            "DOCKER_HOST": "unix:///nonexistent",
            "LOG_LEVEL": "INFO",
        }

    def _await_ready(self, timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not self._answers():
            if not self.is_running:
                raise AwsNotReady(f"ministack ended during its start; see {self._log_file}")
            if time.monotonic() > deadline:
                raise AwsNotReady(f"ministack did not answer within {timeout} s; see {self._log_file}")
            time.sleep(_POLL_SECONDS)

    def _answers(self) -> bool:
        connection = HTTPConnection(_HOST, self._port, timeout=2)
        with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException):
            connection.request("GET", "/_ministack/health")
            return connection.getresponse().status == 200  # noqa: PLR2004 - HTTP's OK
        return False


def _ensure_credentials(path: Path) -> AwsCredentials:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return AwsCredentials(access_key_id=data["access_key_id"], secret_access_key=data["secret_access_key"])
    except FileNotFoundError:
        pass
    created = AwsCredentials(
        access_key_id="AKIA" + "".join(secrets.choice(_KEY_ALPHABET) for _ in range(16)),
        secret_access_key=secrets.token_urlsafe(30),
    )
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(
        path, json.dumps({"access_key_id": created.access_key_id, "secret_access_key": created.secret_access_key})
    )
    return created
