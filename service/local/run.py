"""`marquee local run` and `clean`: runs the stack until Ctrl-C, and removes its data."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from service.local.aws import AwsNotReady
from service.local.deploy import DeployFailed
from service.local.layout import Layout, StackSecrets
from service.local.postgres_account import PostgresUnavailable
from service.local.process import STOP_SIGNALS
from service.local.progress import Progress
from service.local.stack import LocalStack, StackFailed
from service.local.status import StackRunning, locked
from service.supervisor.ports import PortInUse

EXPECTED_ERRORS = (
    StackRunning,
    StackFailed,
    PortInUse,
    AwsNotReady,
    PostgresUnavailable,
    DeployFailed,
    ValueError,
)
console = Console(highlight=False)


def run(data: Path, *, posters: int) -> int:
    """Starts the stack, prints its addresses, and keeps it running until Ctrl-C; returns the exit code."""
    # A shell lets its background jobs ignore SIGINT; here it stops the stack, like the end of the terminal.
    for number in STOP_SIGNALS:
        signal.signal(number, _interrupt)
    started = time.monotonic()
    try:
        stack = LocalStack.from_environment(data, posters=posters, progress=Progress(console))
        try:
            secrets = stack.start()
            _print_banner(stack, secrets, seconds=time.monotonic() - started)
            stack.watch()
        except KeyboardInterrupt:
            console.print("stopping ...")
            raise
        finally:  # Also if the terminal is closed and printing failed.
            stack.stop()
    except KeyboardInterrupt:
        console.print("stopped")
        for number in STOP_SIGNALS:  # Python resets its own handlers while it exits, but not this.
            signal.signal(number, signal.SIG_IGN)
    except EXPECTED_ERRORS as error:
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
        with locked(layout):
            shutil.rmtree(layout.root)
    except StackRunning as error:
        console.print(f"[red]{escape(str(error))}[/red]", soft_wrap=True)
        return 1
    console.print(f"removed {data}")
    return 0


def _interrupt(_number: int, _frame: object) -> None:
    """Stops the stack at the first signal. Later signals must not cut the stop short: they only print a line."""
    for number in STOP_SIGNALS:
        signal.signal(number, _ignore)
    raise KeyboardInterrupt


def _ignore(_number: int, _frame: object) -> None:
    # Not through the console: the signal may have interrupted it while it holds its lock.
    with contextlib.suppress(OSError):
        os.write(2, b"still stopping, to leave no process behind ...\n")


def _print_banner(stack: LocalStack, secrets: StackSecrets, *, seconds: float) -> None:
    staff, user = secrets.demo_users
    count = stack.posters_in_progress
    posters = f"{count} posters are still being rendered; their movies have no poster until then.\n" if count else ""
    console.print(
        f"""
[bold]Marquee is ready[/bold] after {seconds:.1f} s; Ctrl-C stops it.
{posters}
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
