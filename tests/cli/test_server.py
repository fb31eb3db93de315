"""`marquee serve` and `marquee health` as an operator uses them."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

import psutil
import pytest

from service.supervisor.ports import free_port
from tests.processes import ROOT, TIMEOUT, command, environment, run


def test_a_server_whose_log_nobody_reads_stops_at_sigterm(variables: dict[str, Any]) -> None:
    """Does what `marquee serve 2>&1 | head` does: the reader of the log exits before the server."""
    env = environment(**variables | {"port": free_port(), "workers": 2, "log_format": "json"})
    process = subprocess.Popen(
        command("serve"), env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        events: list[dict[str, Any]] = []
        while [event["event"] for event in events].count("worker.became_ready") < 2:
            line = process.stdout.readline()
            assert line, events
            events.append(json.loads(line))
        workers = [psutil.Process(event["pid"]) for event in events if event["event"] == "worker.started"]
        process.stdout.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT) == 0
        assert psutil.wait_procs(workers, timeout=5)[1] == []
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("203.0.113.1", "MARQUEE_HOST=203.0.113.1 with MARQUEE_PORT={port}: cannot assign requested address"),
        (
            "no-such-host.invalid",
            "MARQUEE_HOST=no-such-host.invalid with MARQUEE_PORT={port}: the host name is not known",
        ),
    ],
)
def test_an_address_that_cannot_be_used_is_one_sentence(variables: dict[str, Any], host: str, sentence: str) -> None:
    port = free_port()
    done = run("serve", **variables | {"host": host, "port": port})
    assert (done.returncode, done.stderr) == (78, f"marquee: {sentence.format(port=port)}\n")


def test_the_health_of_a_server_that_does_not_run_is_unavailable() -> None:
    address = f"127.0.0.1:{free_port()}"
    done = run("health", "--address", address)
    assert (done.returncode, done.stdout) == (1, f"{address}: UNAVAILABLE\n")
