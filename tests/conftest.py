"""Fixtures: one PostgreSQL for each test process, and a new database and server for each test."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import pytest
import structlog
import uvloop
from cryptography.fernet import Fernet

from lambdas.build import build
from service.auth import keys
from service.database import migrations
from service.database.listener import Listener
from service.local.postgres import EmbeddedPostgres
from service.media.storage import S3UploadStorage
from service.observability.metrics import PrometheusMetrics
from service.server.application import MarqueeServer
from service.settings import Profile, Settings
from tests.client import Client
from tests.object_storage import ROOT, ObjectStorage, object_storage
from tests.queries import QueryCount

TEMPLATE = "marquee_template"
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - the tests create a folder in it
MIN_FREE_MEMORY = 1 << 31
LONGEST_FILES = {
    "test_aws.py",
    "test_deployed_faults.py",
    "test_error_messages.py",
    "test_faults.py",
    "test_naughty_strings.py",
    "test_service_tokens.py",
    "test_stack.py",
    "test_users.py",
    "test_worker.py",
}
SettingsFactory = Callable[..., Settings]
NewDatabase = Callable[[], AbstractAsyncContextManager[str]]


def pytest_configure() -> None:
    """Runs all tests on uvloop, like the workers, and removes the machine's own settings and credentials."""
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    # By default structlog renders every exception with the source and variables of each frame, which takes a second.
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(),
        ]
    )
    for name in [name for name in os.environ if name.startswith(("MARQUEE_", "AWS_", "PG"))]:
        if name not in {"MARQUEE_DATA_DIR", "MARQUEE_MINISTACK_PYTHON"}:
            del os.environ[name]
    # uvloop runs Python code in a forked child. A garbage collection there may wait for a gRPC thread that no longer
    # exists, so it stays disabled until the child runs its program.
    os.register_at_fork(before=gc.disable, after_in_parent=gc.enable)
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the longest files first, so that no test process runs a long file alone at the end."""
    items.sort(key=lambda item: item.path.name not in LONGEST_FILES)


@pytest.fixture(scope="session")
def memory() -> Path | None:
    """A folder in memory, or None if the machine has no room for it; the sweeper removes it."""
    if not SHARED_MEMORY.is_dir() or shutil.disk_usage(SHARED_MEMORY).free < MIN_FREE_MEMORY:
        return None
    return Path(tempfile.mkdtemp(prefix="marquee-tests-", dir=SHARED_MEMORY))


@pytest.fixture(scope="session", autouse=True)
def _sweeper(tmp_path_factory: pytest.TempPathFactory, memory: Path | None) -> Iterator[None]:
    """Starts a process that kills everything in this run's folders when the run ends, also by kill -9."""
    folders = [str(tmp_path_factory.getbasetemp()), *([str(memory)] if memory else [])]
    command = [sys.executable, str(Path(__file__).with_name("sweeper.py")), *folders]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
        yield


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, memory: Path | None) -> Iterator[EmbeddedPostgres]:
    """The PostgreSQL of this test process."""
    folder = tmp_path_factory.mktemp("postgres")
    parameters = {**NOT_DURABLE, "max_wal_size": "128MB"}
    server = EmbeddedPostgres((memory or folder) / "data", log_file=folder / "log", parameters=parameters)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def keys_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one signing key."""
    folder = tmp_path_factory.mktemp("keys")
    keys.generate(folder)
    return folder


@pytest.fixture(scope="session")
def make_settings(keys_dir: Path) -> SettingsFactory:
    """Creates settings for tests: a free port, cheap password hashes, keys, and limits that no test exceeds."""
    defaults: dict[str, Any] = {
        "profile": Profile.DEVELOPMENT,
        "port": 0,
        "workers": 1,
        "reflection": True,
        "keys_dir": keys_dir,
        "data_keys": Fernet.generate_key().decode(),
        "index_key": "i" * 32,
        "page_token_key": "p" * 32,
        "password_time_cost": 1,
        "s3_endpoint_url": "http://127.0.0.1:1",
        "media_base_url": "http://media.test",
        "database_pool_size": 4,
        "drain_grace": 2.0,
        "rate_limit_read": "",
        "rate_limit_write": "",
        "rate_limit_sign_in": "",
        "rate_limit_service": "",
        "upload_pending_limit": 100_000,
        "upload_daily_files": 1_000_000,
        "upload_daily_bytes": 1 << 36,
        "password_attempts_account_peer": "1000000/minute",
        "password_attempts_peer": "1000000/minute",
        "password_attempts_account": "1000000/minute",
    }
    # model_copy does not validate: the settings do not allow hashes as cheap as these.
    return lambda **changes: Settings(**(defaults | changes)).model_copy(update={"password_memory_kib": 64})


@pytest.fixture(scope="session")
async def template(postgres: EmbeddedPostgres, make_settings: SettingsFactory) -> str:
    """Name of the database that is cloned for every test; the real migrations create it once."""
    postgres.ensure_database(TEMPLATE)
    await migrations.up(make_settings(database_url=postgres.url(TEMPLATE)))
    return TEMPLATE


@pytest.fixture(scope="session")
def database_names() -> Iterator[int]:
    """Numbers for the names of databases in this process."""
    return itertools.count()


@pytest.fixture(scope="session")
async def admin(postgres: EmbeddedPostgres) -> AsyncIterator[asyncpg.Connection]:
    """A connection that creates and drops databases."""
    connection = await asyncpg.connect(postgres.url("postgres"))
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
def new_database(
    postgres: EmbeddedPostgres,
    template: str,
    admin: asyncpg.Connection,
    database_names: Iterator[int],
    memory: Path | None,
) -> NewDatabase:
    """Context manager that yields the URL of a new, migrated, empty database."""
    # In memory, copying files is fastest. On a disk, FILE_COPY would have to write all of them at once.
    strategy = "FILE_COPY" if memory else "WAL_LOG"

    @asynccontextmanager
    async def create() -> AsyncIterator[str]:
        name = f"test_{next(database_names)}"
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY {strategy}")
        yield postgres.url(name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    return create


@pytest.fixture
async def database_url(new_database: NewDatabase) -> AsyncIterator[str]:
    """URL of the test's database."""
    async with new_database() as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the test's database, to prepare and inspect data."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
def settings(make_settings: SettingsFactory, database_url: str) -> Settings:
    """The settings of the test's server."""
    return make_settings(database_url=database_url)


@pytest.fixture
async def listener(settings: Settings) -> AsyncIterator[Listener]:
    """A started listener on the test's database."""
    listener = Listener(settings)
    await listener.start()
    yield listener
    await listener.close()


@pytest.fixture(scope="session")
def storage(make_settings: SettingsFactory) -> S3UploadStorage:
    """Real signing of upload forms. It needs no network; its client is slow to create."""
    return S3UploadStorage.from_settings(make_settings())


@pytest.fixture(scope="session")
def objects(tmp_path_factory: pytest.TempPathFactory, make_settings: SettingsFactory) -> Iterator[ObjectStorage]:
    """An S3 that accepts and stores uploads."""
    with object_storage(tmp_path_factory.mktemp("objects"), make_settings()) as running:
        yield running


@pytest.fixture(scope="session")
def functions_zip(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Path:
    """The zip of the Lambda functions, rebuilt after changes; a copy for this test process."""
    assert pytestconfig.cache is not None
    built = build(stubs=ROOT / "gen", output=pytestconfig.cache.mkdir("functions"))
    return Path(shutil.copy(built, tmp_path_factory.mktemp("functions")))


@pytest.fixture
async def port(settings: Settings, storage: S3UploadStorage) -> AsyncIterator[int]:
    """Port of a complete server, as in production, in this process."""
    server = MarqueeServer(settings, metrics=PrometheusMetrics(), storage=storage)
    yield await server.start()
    await server.stop(1.0)


@pytest.fixture
async def channel(port: int) -> AsyncIterator[grpc.aio.Channel]:
    """A channel to the test's server."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel


@pytest.fixture
def client(channel: grpc.aio.Channel, settings: Settings) -> Client:
    """An anonymous client of the test's server."""
    return Client(channel, settings)


@pytest.fixture
def queries() -> QueryCount:
    """Counts the SQL statements of the server."""
    return QueryCount()
