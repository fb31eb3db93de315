"""What the commands do, free of argument parsing."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from service import log as logs
from service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from service.server import Slices
    from service.supervisor import EventSink

log: structlog.stdlib.BoundLogger = structlog.get_logger()
console = Console()


def plain_sentence(error: Exception) -> str:
    """Returns what to tell an operator of a command's failure; empty for a fault of the program."""
    import asyncpg

    from service.auth.keys import KeysUnusable
    from service.errors import DomainError
    from service.migrate import NothingToRevert

    if isinstance(error, NothingToRevert | KeysUnusable | DomainError):
        return str(error)
    if isinstance(error, OSError | asyncpg.PostgresError):
        return f"{type(error).__name__}: {error.args[-1] if error.args else 'no answer'}"
    return ""


def serve(settings: Settings) -> int:
    """Runs the supervisor with its workers until a signal; returns the exit code."""
    from service.ports import PortTaken, require_free, reserve_port
    from service.supervisor import Supervisor
    from service.worker_process import WorkerSpec

    logs.configure(settings)
    environment = dict(os.environ)
    with ExitStack() as resources:
        try:
            port = reserve_port(settings.port, purpose="gRPC", variable="MARQUEE_PORT", host=settings.host)
            resources.callback(port.close)
            if settings.metrics_port:
                require_free(
                    settings.metrics_port,
                    purpose="metrics",
                    variable="MARQUEE_METRICS_PORT",
                    host=settings.host,
                )
        except PortTaken as error:
            sys.stderr.write(f"marquee: {error}\n")
            return os.EX_CONFIG
        on_event: EventSink = _log_event
        if settings.metrics_port:
            folder = _serve_metrics(settings, resources)
            environment["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
            on_event = partial(_log_and_forget, folder)
        supervisor = Supervisor(
            WorkerSpec((sys.executable, "-m", "service", "worker"), environment),
            workers=settings.workers,
            # A worker that drains in time must not be killed while it closes its pools.
            grace=settings.drain_grace + 5,
            on_event=on_event,
        )
        return asyncio.run(supervisor.run())


def _serve_metrics(settings: Settings, resources: ExitStack) -> Path:
    from service.telemetry import serve_metrics

    folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="marquee-metrics-")))
    resources.callback(serve_metrics(folder, host=settings.host, port=settings.metrics_port))
    return folder


def _log_event(name: str, fields: Mapping[str, object]) -> None:
    log.info(name, **fields)


def _log_and_forget(folder: Path, name: str, fields: Mapping[str, object]) -> None:
    """Logs an event and drops the live figures of a worker that ended."""
    from service.telemetry import forget_worker

    _log_event(name, fields)
    if name == "worker_exited":
        forget_worker(int(str(fields["pid"])), folder)


def run_worker(settings: Settings) -> int:
    """Runs one worker; returns its exit code, EX_CONFIG for what a restart cannot mend."""
    from service.auth.keys import KeysUnusable
    from service.auth.policy import PolicyMissing
    from service.worker import serve as serve_worker

    logs.configure(settings, worker=int(os.environ.get("MARQUEE_WORKER", "0")))
    try:
        return asyncio.run(serve_worker(settings))
    except (ValueError, KeysUnusable, PolicyMissing) as error:
        log.error("configuration", error=str(error))  # noqa: TRY400 - the sentence says it all
        return os.EX_CONFIG


def check_health(address: str, *, service: str) -> int:
    """Prints what the health service says; returns 0 for SERVING, else 1."""
    from service.health import ask_health

    state = ask_health(address, service=service)
    console.print(f"{address}: {state}")
    return int(state != "SERVING")


def print_settings(settings: Settings) -> None:
    """Prints each setting's variable, value and meaning; secrets are masked."""
    table = Table("variable", "value", "meaning")
    for name, field in Settings.model_fields.items():
        table.add_row(f"MARQUEE_{name.upper()}", str(getattr(settings, name)), field.description or "")
    console.print(table)


async def migrate_up(settings: Settings) -> None:
    """Applies what is pending and says what it was."""
    from service import migrate

    applied = await migrate.up(settings)
    console.print("\n".join(f"applied {name}" for name in applied) or "nothing to apply")


async def migrate_down(settings: Settings, *, to_empty: bool) -> None:
    """Reverts the newest migration or all, and says which."""
    from service import migrate

    for name in await migrate.down(settings, to_empty=to_empty):
        console.print(f"reverted {name}")


async def migrate_status(settings: Settings) -> int:
    """Prints how far the database is; returns 1 when migrations are pending, else 0."""
    import asyncpg

    from service import migrate

    database = await asyncpg.connect(settings.database_url.get_secret_value(), statement_cache_size=0)
    try:
        schema = await migrate.status(database)
    finally:
        await database.close()
    for name in schema.applied:
        console.print(f"applied {name}")
    for name in schema.pending:
        console.print(f"pending {name}")
    return int(not schema.is_current)


async def create_migration(settings: Settings, name: str) -> None:
    """Writes a migration for what changed in the models and says which file."""
    from service import migrate

    version = await migrate.create(settings, name)
    console.print(f"wrote migrations/marquee/{version}" if version else "the models have not changed")


def issue_service_token(settings: Settings, *, name: str, scopes: Sequence[str], days: int) -> str:
    """Returns a service's token, signed with the newest key."""
    from service.auth.keys import KeyRing
    from service.auth.tokens import TokenIssuer

    issuer = TokenIssuer.from_settings(settings, KeyRing.load(settings.keys_dir))
    return issuer.issue_service(name, scopes=scopes, ttl=days * 86400.0).token


async def import_sample(settings: Settings, *, posters: bool) -> None:
    """Loads the sample catalogue with a progress bar and prints what was done."""
    async with _composed(settings) as slices:
        await _load_sample(slices, posters=posters)


async def create_user(settings: Settings, *, username: str, email: str, password: str, staff: bool) -> bool:
    """Makes an account; returns False when the name or address is taken."""
    async with _composed(settings) as slices:
        return await _register(slices, username=username, email=email, password=password, staff=staff)


async def fill(settings: Settings, data: Path) -> None:
    """Loads the sample catalogue and makes the demo users of a stack's data folder."""
    from service.local.layout import Layout, read_secrets

    async with _composed(settings) as slices:
        for user in read_secrets(Layout(data)).demo_users:
            await _register(slices, username=user.username, email=user.email, password=user.password, staff=user.staff)
        await _load_sample(slices, posters=True)


async def _load_sample(slices: Slices, *, posters: bool) -> None:
    from service.importers.sample import artwork, load

    sample = load.read_sample()
    with _progress("films") as progress:
        summary = await load.load_sample(sample, progress=progress)
    console.print(
        f"{summary.movies_added} films added with {summary.persons_added} people and"
        f" {summary.characters_added} characters; {summary.movies_kept} were there already"
    )
    if posters:
        titles = [movie["title"] for movie in sample["movies"]]
        with _progress("posters") as progress:
            uploaded = await artwork.upload_posters(slices.media, titles, progress=progress)
        console.print(f"{uploaded} posters uploaded")


async def _register(slices: Slices, *, username: str, email: str, password: str, staff: bool) -> bool:
    from service.users.errors import EmailTaken, UsernameTaken

    try:
        await slices.users.register(username=username, email=email, password=password, is_staff=staff)
    except (UsernameTaken, EmailTaken) as error:
        console.print(str(error))
        return False
    console.print(f"made {username}")
    return True


@asynccontextmanager
async def _composed(settings: Settings) -> AsyncIterator[Slices]:
    """Gives a command the slices and the database, as a worker has them."""
    from service import db
    from service.auth.keys import KeyRing
    from service.media.storage import S3UploadStorage
    from service.server import compose_slices, password_hasher

    passwords = password_hasher(settings)
    async with db.connected(settings):
        try:
            yield compose_slices(
                settings,
                passwords=passwords,
                keys=KeyRing.load(settings.keys_dir),
                storage=S3UploadStorage.from_settings(settings),
            )
        finally:
            passwords.close()


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Shows a bar; gives what moves it."""
    with Progress(TextColumn(f"{what:8}"), BarColumn(), MofNCompleteColumn(), console=console) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
