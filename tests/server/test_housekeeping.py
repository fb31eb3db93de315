"""Housekeeping: it deletes what has expired, keeps the rest, and survives failures."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from service.auth.revocations import Revocation
from service.database import orm
from service.database.jobs import BATCH, Job, delete_expired
from service.media.storage import S3UploadStorage
from service.server.housekeeping import ROUNDS, Housekeeping
from service.settings import Settings
from tests.conftest import SettingsFactory
from tests.outage import own_postgres, seconds_until, served

HASH = bytes(32)
ADD = {
    "sessions": "INSERT INTO sessions (id, user_id, peer_hash, token_sha256, expires_at)"
    " SELECT gen_random_uuid(), min(id), $2, $2, now() + $1 FROM users",
    "revocations": "INSERT INTO revocations (subject, expires_at) SELECT 'token:x', now() + $1 WHERE $2 <> ''::bytea",
    "counters": "INSERT INTO counters (key, count, expires_at)"
    " SELECT gen_random_uuid()::text, 1, now() + $1 WHERE $2 <> ''::bytea",
    "idempotency_keys": "INSERT INTO idempotency_keys (caller, method, request_id, request_sha256, created_at)"
    " VALUES ('users/1', '/x', gen_random_uuid(), $2, now() - interval '1 day' + $1)",
}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def quick(make_settings: SettingsFactory, database_url: str) -> Settings:
    """Settings with a housekeeping turn about every 20 ms."""
    return make_settings(database_url=database_url, housekeeping_interval=0.02)


class Fakes:
    """Jobs that record their runs."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.running = 0
        self.most_running = 0

    def job(self, name: str, *, left: int = 0) -> Job:
        """Returns a job that has `left` batches of one item in each turn."""
        batches = [*[1] * left, 0]

        async def run() -> int:
            self.runs.append(name)
            self.running += 1
            self.most_running = max(self.running, self.most_running)
            await asyncio.sleep(0.001)
            self.running -= 1
            batches.append(batches.pop(0))
            return batches[-1]

        return Job(name, run)

    async def broken(self) -> int:
        """Fails."""
        self.runs.append("broken")
        raise RuntimeError("on purpose")

    def ran(self, name: str, times: int) -> Callable[[], Awaitable[bool]]:
        """Returns the condition that a job ran at least `times` times."""

        async def condition() -> bool:
            return self.runs.count(name) >= times

        return condition


async def test_expired_rows_are_deleted_and_the_others_stay(
    quick: Settings, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    await database.execute(
        "INSERT INTO users (username, email_encrypted, email_hash, password_hash) VALUES ('ada', '', $1, '')", HASH
    )
    for statement in ADD.values():
        for moment in (MINUTE, -MINUTE, -MINUTE):
            await database.execute(statement, moment, HASH)
    assert await counts(database) == dict.fromkeys(ADD, 3)
    async with served(quick, storage):

        async def is_clear() -> bool:
            return await counts(database) == dict.fromkeys(ADD, 1)

        await seconds_until(is_clear)
    assert await database.fetchval("SELECT count(*) FROM sessions WHERE expires_at > now()") == 1


async def test_one_turn_deletes_more_than_one_batch(quick: Settings, database: asyncpg.Connection) -> None:
    await database.execute(
        "INSERT INTO revocations (subject, expires_at) SELECT 'token:x', now() - interval '1 s'"
        " FROM generate_series(1, $1)",
        2 * BATCH + 1,
    )
    left: list[int] = []

    async def count_rows() -> int:
        left.append(await database.fetchval("SELECT count(*) FROM revocations"))
        return 0

    async def has_counted() -> bool:
        return bool(left)

    delete = Job("revocations", lambda: delete_expired(Revocation, "expires_at"))
    async with orm.connected(quick):
        housekeeping = Housekeeping(quick, jobs=(delete, Job("count rows", count_rows)))
        housekeeping.start()
        await seconds_until(has_counted)
        await housekeeping.close()
    assert left[0] == 0, "counted at the end of the first turn"


def test_jobs_of_the_same_name_are_refused(make_settings: SettingsFactory) -> None:
    fakes = Fakes()
    with pytest.raises(ValueError, match="several of sweep"):
        Housekeeping(make_settings(), jobs=(fakes.job("sweep"), fakes.job("other"), fakes.job("sweep")))


async def counts(database: asyncpg.Connection) -> dict[str, int]:
    return {table: await database.fetchval(f"SELECT count(*) FROM {table}") for table in ADD}  # noqa: S608 - ours


async def test_a_failing_job_does_not_stop_the_others_and_is_tried_again(quick: Settings) -> None:
    fakes = Fakes()
    housekeeping = Housekeeping(quick, jobs=(Job("broken", fakes.broken), fakes.job("works")))
    housekeeping.start()
    await seconds_until(fakes.ran("works", 3))
    await housekeeping.close()
    assert fakes.runs[:6] == ["broken", "works"] * 3


async def test_a_job_runs_until_nothing_is_left_but_not_without_limit(quick: Settings) -> None:
    fakes = Fakes()
    housekeeping = Housekeeping(
        quick, jobs=(fakes.job("some", left=2), fakes.job("endless", left=10 * ROUNDS), fakes.job("next"))
    )
    housekeeping.start()
    await seconds_until(fakes.ran("next", 1))
    await housekeeping.close()
    assert fakes.runs[: ROUNDS + 4] == ["some"] * 3 + ["endless"] * ROUNDS + ["next"]


async def test_only_one_worker_at_a_time_runs_jobs(quick: Settings) -> None:
    fakes = Fakes()
    workers = [Housekeeping(quick, jobs=[fakes.job(f"of {number}", left=20)]) for number in range(4)]
    for worker in workers:
        worker.start()
    for number in range(4):
        await seconds_until(fakes.ran(f"of {number}", 1))
    for worker in workers:
        await worker.close()
    assert fakes.most_running == 1


async def test_jobs_run_again_after_the_database_is_back(make_settings: SettingsFactory, tmp_path: Path) -> None:
    fakes = Fakes()
    with own_postgres(tmp_path) as postgres:
        postgres.ensure_database("marquee")
        settings = make_settings(database_url=postgres.url("marquee"), housekeeping_interval=0.02)
        housekeeping = Housekeeping(settings, jobs=[fakes.job("works")])
        housekeeping.start()
        await seconds_until(fakes.ran("works", 1))
        postgres.stop()
        before = len(fakes.runs)
        await asyncio.sleep(0.2)
        postgres.start()
        await seconds_until(fakes.ran("works", before + 2))
        await housekeeping.close()
