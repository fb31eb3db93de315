"""What the commands do, free of argument parsing."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from rich.console import Console
from rich.table import Table

from service import log as logs
from service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

log: structlog.stdlib.BoundLogger = structlog.get_logger()
console = Console()
EX_CONFIG = 78


def serve(settings: Settings) -> int:
    """Runs the supervisor with its workers until a signal; returns the exit code."""
    from service.supervisor import PortInUse, Supervisor, WorkerSpec, reserve_port

    logs.configure(settings)
    environment = dict(os.environ)
    with ExitStack() as resources:
        try:
            resources.callback(reserve_port(settings.host, settings.port).close)
        except PortInUse as error:
            sys.stderr.write(f"marquee: {error}; MARQUEE_PORT chooses another\n")
            return EX_CONFIG
        if settings.metrics_port:
            environment["PROMETHEUS_MULTIPROC_DIR"] = _serve_metrics(settings, resources)
        supervisor = Supervisor(
            WorkerSpec((sys.executable, "-m", "service", "worker"), environment),
            workers=settings.workers,
            # A worker that drains in time must not be killed while it closes its pools.
            grace=settings.drain_grace + 5,
            on_event=_log_event,
        )
        return asyncio.run(supervisor.run())


def _serve_metrics(settings: Settings, resources: ExitStack) -> str:
    from service.telemetry import serve_metrics

    folder = resources.enter_context(tempfile.TemporaryDirectory(prefix="marquee-metrics-"))
    resources.callback(serve_metrics(Path(folder), host=settings.host, port=settings.metrics_port))
    return folder


def _log_event(name: str, fields: Mapping[str, object]) -> None:
    log.info(name, **fields)


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
        return EX_CONFIG


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
    from service.server import token_issuer

    issuer = token_issuer(settings, KeyRing.load(settings.keys_dir))
    return issuer.issue_service(name, scopes=scopes, ttl=days * 86400.0).token


async def import_sample(settings: Settings, *, posters: bool) -> None:
    """Loads the sample catalogue with a progress bar and prints what was done."""
    from service.importers.sample_import import run

    console.print(await run(settings, posters=posters))
