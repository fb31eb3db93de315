"""HTTP beside gRPC: metrics and public keys for whoever speaks no gRPC, and nothing for anyone else."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import grpc
import jwt
import pytest

from service.auth.key_folder import KeyFolder
from service.auth.keys import KeyRing
from service.settings import Settings
from service.supervisor.http import jwks_app, routed, serve_http
from service.supervisor.ports import free_port
from tests.auth.key_files import key_made, remove
from tests.client import Client
from tests.outage import seconds_until
from tests.outbound import outbound
from tests.processes import fetch, run, serving, variables_of

KEYS, METRICS = "/.well-known/jwks.json", "/metrics"
Ask = Callable[..., http.client.HTTPResponse]


def figures(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"calls ", b"7\n"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one key."""
    key_made(tmp_path / "keys", ago=timedelta(days=1))
    return tmp_path / "keys"


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    """The HTTP server alone."""
    port = free_port()
    app = routed({METRICS: figures, KEYS: jwks_app(KeyFolder(folder, activation_delay=3600))})
    stop = serve_http(app, host="127.0.0.1", port=port)
    yield port
    stop()


@pytest.fixture
def ask(port: int) -> Iterator[Ask]:
    """Sends a request and returns the answer, still to be read."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def ask(method: str, path: str, **options: Any) -> http.client.HTTPResponse:
        connection.close()
        connection.request(method, path, **options)
        return connection.getresponse()

    yield ask
    connection.close()


def test_public_keys_are_served_as_a_jwk_set(ask: Ask, folder: Path) -> None:
    answer = ask("GET", KEYS)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    (key,) = json.loads(answer.read())["keys"]
    assert key == KeyRing.load(folder).jwks()[0]
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}, "nothing private"


def test_a_new_key_is_published_before_it_signs_and_a_retired_one_no_longer(ask: Ask, folder: Path) -> None:
    (old,) = KeyRing.load(folder).verifying
    new = key_made(folder, ago=timedelta(0))
    assert KeyRing.load(folder, activation_delay=3600).signing.kid == old
    assert [key["kid"] for key in json.loads(ask("GET", KEYS).read())["keys"]] == [old, new]
    remove(folder, old)
    assert [key["kid"] for key in json.loads(ask("GET", KEYS).read())["keys"]] == [new]


def test_head_tells_all_but_the_body(ask: Ask) -> None:
    for path in (KEYS, METRICS):
        whole = ask("GET", path)
        body = whole.read()
        head = ask("HEAD", path)
        assert (head.status, head.read()) == (200, b"")
        assert head.headers["Content-Length"] == whole.headers["Content-Length"] == str(len(body))


def test_only_two_paths_are_known_and_only_reading_them(ask: Ask) -> None:
    assert ask("GET", f"{METRICS}?name[]=calls").read() == b"calls 7\n"
    for path in ("/", "/metrics/", "/.well-known/", "/.well-known/jwks.json/", "/../keys", "*", "/%00"):
        assert ask("GET", path).status == 404, path
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
        answer = ask(method, KEYS, body=b"{}" if method == "POST" else None)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD"), method


def test_requests_beyond_all_measure_are_refused(ask: Ask) -> None:
    assert ask("GET", "/" + "x" * 70_000).status == 414
    assert ask("GET", KEYS, headers={f"x-{number}": "x" for number in range(200)}).status == 431
    assert ask("GET", KEYS, headers={"x": "x" * 70_000}).status == 431
    assert ask("GET", KEYS).status == 200


def test_who_says_nothing_is_cut_off_and_holds_up_nobody(port: int, ask: Ask) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as silent:
        silent.sendall(b"GET / HTTP/1.1\r\nx:")
        assert ask("GET", KEYS).status == 200
        assert silent.recv(100) == b""


def test_nothing_is_looked_up_or_connected_to(folder: Path) -> None:
    with outbound() as left:
        port = free_port()
        app = routed({KEYS: jwks_app(KeyFolder(folder, activation_delay=0))})
        stop = serve_http(app, host="127.0.0.1", port=port)
        fetch(f"http://127.0.0.1:{port}{KEYS}")
        stop()
    assert left == []


def test_a_folder_that_breaks_does_not_take_the_keys_away(ask: Ask, folder: Path) -> None:
    before = ask("GET", KEYS).read()
    (folder / "half.pem").touch(mode=0o600)
    answer = ask("GET", KEYS)
    assert (answer.status, answer.read()) == (200, before)


async def test_a_token_verifies_with_the_keys_that_the_supervisor_serves(tmp_path: Path, settings: Settings) -> None:
    grpc_port, http_port = free_port(), free_port()
    variables = variables_of(settings) | {"port": grpc_port, "http_port": http_port}
    with serving(tmp_path / "log", **variables):
        async with grpc.aio.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
            user = await Client(channel, settings).registered()
        served = json.loads(await asyncio.to_thread(fetch, f"http://127.0.0.1:{http_port}{KEYS}"))

        async def calls_are_counted() -> bool:
            return "marquee_calls_total" in await asyncio.to_thread(fetch, f"http://127.0.0.1:{http_port}{METRICS}")

        await seconds_until(calls_are_counted)
    token = str(user.token)
    known = jwt.PyJWKSet.from_dict(served)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, known, algorithms=["EdDSA"], audience="marquee", issuer="marquee")
    assert (claims["typ"], claims["sub"]) == ("access", str(user.user_id))
    assert claims["exp"] > time.time()


def test_without_keys_nothing_is_served(settings: Settings) -> None:
    variables = variables_of(settings) | {"port": free_port(), "http_port": free_port(), "keys_dir": "/nonexistent"}
    ended = run("serve", **variables)
    assert ended.returncode == 78
    assert ended.stderr.startswith("marquee: MARQUEE_KEYS_DIR=/nonexistent holds no *.pem signing key")
