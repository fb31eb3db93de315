"""Access log: batched lines equal structlog's, and a lost reader of the log does not stop the program."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from service.observability.access_log import BATCH_SECONDS, BatchedAccessLog
from tests.processes import ROOT, TIMEOUT

METHOD = "/marquee.catalog.v1.CatalogService/GetMovie"
LOGS_ONE_CALL_TWICE = """
import asyncio
from service.observability import logging as logs
from service.observability.access_log import AccessLog
from service.settings import LogFormat, Settings

async def main():
    settings = Settings(log_format=LogFormat.JSON)
    logs.configure(settings, worker={worker})
    logs.REQUEST_ID.set("find-me")
    for access_log in (AccessLog(), AccessLog.from_settings(settings)):
        write = access_log.writer("/marquee.catalog.v1.CatalogService/GetMovie", quiet=False)
        write("NOT_FOUND", 0.0123456, 'services/"a"')
        access_log.flush()

asyncio.run(main())
"""
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
def test_batched_lines_are_the_same_as_those_of_structlog(worker: int | None) -> None:
    # In another process, because structlog keeps the first configuration that a logger was used with.
    command = [sys.executable, "-c", LOGS_ONE_CALL_TWICE.format(worker=worker)]
    ended = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT, check=True)
    plain, batched = (_without_time(line) for line in ended.stderr.splitlines())
    assert batched == plain
    fields = dict(plain)
    assert (fields["code"], fields["ms"], fields["request_id"]) == ("NOT_FOUND", 12.35, "find-me")
    assert fields.get("worker") == worker


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
