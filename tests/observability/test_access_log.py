"""Access log: batched lines equal structlog's, and a lost reader of the log does not stop the program."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest
import structlog

from service.observability import logging as logs
from service.observability.access_log import BATCH_SECONDS, AccessLog, BatchedAccessLog
from service.observability.logging import REQUEST_ID
from service.settings import LogFormat
from tests.conftest import SettingsFactory
from tests.processes import ROOT, TIMEOUT

METHOD = "/marquee.catalog.v1.CatalogService/GetMovie"
LOSES_ITS_READER = """
import os, sys
from service.observability import logging as logs
from service.settings import LogFormat, Settings
import logging, structlog

logs.configure(Settings(log_format=LogFormat.JSON))
log = structlog.get_logger()
log.info("before")
sys.stdin.readline()
for _ in range(3):
    log.info("after")
    logging.getLogger("foreign").warning("after")
print("still running")
"""


@pytest.mark.parametrize("worker", [None, 3])
async def test_batched_lines_are_the_same_as_those_of_structlog(
    make_settings: SettingsFactory, capsys: pytest.CaptureFixture[str], worker: int | None
) -> None:
    before = structlog.get_config()
    token = REQUEST_ID.set("find-me")
    settings = make_settings(log_format=LogFormat.JSON)
    try:
        logs.configure(settings, worker=worker)
        for access_log in (AccessLog(), AccessLog.from_settings(settings)):
            write = access_log.writer(METHOD, quiet=False)
            write("NOT_FOUND", 0.0123456, 'services/"a"')
            access_log.flush()
    finally:
        REQUEST_ID.reset(token)
        structlog.contextvars.clear_contextvars()
        structlog.reset_defaults()
        structlog.configure(**before)
    plain, batched = (_without_time(line) for line in capsys.readouterr().err.splitlines())
    assert batched == plain
    assert dict(plain)["ms"] == 12.35


async def test_lines_are_written_together_within_the_batch_time(capsys: pytest.CaptureFixture[str]) -> None:
    write = BatchedAccessLog(worker=None).writer(METHOD, quiet=False)
    for code in ("OK", "NOT_FOUND"):
        write(code, 0.001, "-")
    assert capsys.readouterr().err == ""
    await asyncio.sleep(2 * BATCH_SECONDS)
    assert [json.loads(line)["code"] for line in capsys.readouterr().err.splitlines()] == ["OK", "NOT_FOUND"]


def test_a_program_that_loses_the_reader_of_its_log_goes_on() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LOSES_ITS_READER],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stderr.readline())["event"] == "before"
        process.stderr.close()
        process.stdin.write("\n")
        process.stdin.close()
        assert process.stdout.read() == "still running\n"
        assert process.wait(TIMEOUT) == 0


def _without_time(line: str) -> list[tuple[str, Any]]:
    fields = json.loads(line)
    assert fields["timestamp"].endswith("Z")
    return [(name, value) for name, value in fields.items() if name != "timestamp"]
