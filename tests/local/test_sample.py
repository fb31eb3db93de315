"""The wait for the posters of the sample catalogue."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from service.local.layout import Layout, write_environment
from service.local.sample import wait_for_posters
from service.settings import Settings
from tests.processes import variables_of

ADD_POSTERS = """
INSERT INTO files (kind, file_name, mime_type, bucket, key, size_bytes, expires_at)
SELECT 'poster', 'poster.jpg', 'image/jpeg', 'uploads', key, 1000, now() + hours * interval '1 hour'
FROM (VALUES ('pending', 1), ('processing', -1), ('expired', -1)) AS posters (key, hours)
"""


@pytest.fixture
async def layout(tmp_path: Path, settings: Settings, database: asyncpg.Connection) -> Layout:
    """The data folder of a stack with three posters: pending, in process, and one whose upload form has expired."""
    layout = Layout(tmp_path)
    variables = variables_of(settings)
    write_environment(layout, {f"MARQUEE_{name.upper()}": str(value) for name, value in variables.items()})
    await database.execute(ADD_POSTERS)
    await database.execute("UPDATE files SET state = 'processing' WHERE key = 'processing'")
    return layout


async def test_the_wait_ends_when_all_posters_are_processed(layout: Layout, database: asyncpg.Connection) -> None:
    progress: asyncio.Queue[str] = asyncio.Queue()
    waiting = asyncio.create_task(wait_for_posters(layout, seconds=30, show_progress=progress.put_nowait))
    assert await progress.get() == "0 of 2 posters rendered"
    await database.execute("UPDATE files SET state = 'processing' WHERE state = 'pending'")
    await database.execute("UPDATE files SET state = 'rejected', rejection_reason = 'too_small'")
    assert await waiting == 0


async def test_the_number_of_posters_in_progress_is_returned_after_the_time(layout: Layout) -> None:
    assert await wait_for_posters(layout, seconds=0, show_progress=print) == 2
