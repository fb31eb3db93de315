"""HTTP endpoint: it serves metrics and public keys, and nothing else."""

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
from service.supervisor.http_endpoint import jwks_app, route, serve_http
from service.supervisor.ports import free_port
from tests.auth.key_files import create_key, remove_key
from tests.client import Client
from tests.outage import seconds_until
from tests.outbound import outbound_hosts
from tests.processes import fetch, run, server_process, variables_of

KEYS, METRICS = "/.well-known/jwks.json", "/metrics"
Send = Callable[..., http.client.HTTPResponse]


def metrics(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"calls ", b"7\n"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one key."""
    create_key(tmp_path / "keys", age=timedelta(days=1))
    return tmp_path / "keys"


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    """Port of the HTTP server, without gRPC."""
    port = free_port()
    app = route({METRICS: metrics, KEYS: jwks_app(KeyFolder(folder, activation_delay=3600))})
    stop = serve_http(app, host="127.0.0.1", port=port)
    yield port
    stop()


@pytest.fixture
def send(port: int) -> Iterator[Send]:
    """Function that sends a request and returns the unread response."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def send(method: str, path: str, **options: Any) -> http.client.HTTPResponse:
        connection.close()
        connection.request(method, path, **options)
        return connection.getresponse()

    yield send
    connection.close()


def test_public_keys_are_served_as_a_jwk_set(send: Send, folder: Path) -> None:
    response = send("GET", KEYS)
    assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
    assert response.headers["Cache-Control"] == "public, max-age=300"
    (key,) = json.loads(response.read())["keys"]
    assert key == KeyRing.load(folder).jwks()[0]
    assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}, "nothing private"


def test_a_new_key_is_published_before_it_signs_and_a_retired_key_is_not(send: Send, folder: Path) -> None:
    (old,) = KeyRing.load(folder).verifying
    new = create_key(folder, age=timedelta(0))
    assert KeyRing.load(folder, activation_delay=3600).signing.kid == old
    assert [key["kid"] for key in json.loads(send("GET", KEYS).read())["keys"]] == [old, new]
    remove_key(folder, old)
    assert [key["kid"] for key in json.loads(send("GET", KEYS).read())["keys"]] == [new]


def test_head_returns_the_same_headers_without_the_body(send: Send) -> None:
    for path in (KEYS, METRICS):
        whole = send("GET", path)
        body = whole.read()
        head = send("HEAD", path)
        assert (head.status, head.read()) == (200, b"")
        assert head.headers["Content-Length"] == whole.headers["Content-Length"] == str(len(body))


def test_other_paths_and_methods_are_refused(send: Send) -> None:
    assert send("GET", f"{METRICS}?name[]=calls").read() == b"calls 7\n"
    for path in ("/", "/metrics/", "/.well-known/", "/.well-known/jwks.json/", "/../keys", "*", "/%00"):
        assert send("GET", path).status == 404, path
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
        response = send(method, KEYS, body=b"{}" if method == "POST" else None)
        assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD"), method


def test_oversized_requests_are_refused(send: Send) -> None:
    assert send("GET", "/" + "x" * 70_000).status == 414
    assert send("GET", KEYS, headers={f"x-{number}": "x" for number in range(200)}).status == 431
    assert send("GET", KEYS, headers={"x": "x" * 70_000}).status == 431
    assert send("GET", KEYS).status == 200


def test_a_silent_client_is_disconnected_and_delays_no_other(port: int, send: Send) -> None:
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as silent:
        silent.sendall(b"GET / HTTP/1.1\r\nx:")
        assert send("GET", KEYS).status == 200
        assert silent.recv(100) == b""


def test_the_endpoint_makes_no_outgoing_connection_or_dns_query(folder: Path) -> None:
    with outbound_hosts() as hosts:
        port = free_port()
        app = route({KEYS: jwks_app(KeyFolder(folder, activation_delay=0))})
        stop = serve_http(app, host="127.0.0.1", port=port)
        fetch(f"http://127.0.0.1:{port}{KEYS}")
        stop()
    assert hosts == []


def test_the_last_keys_stay_published_when_the_folder_becomes_invalid(send: Send, folder: Path) -> None:
    before = send("GET", KEYS).read()
    (folder / "half.pem").touch(mode=0o600)
    response = send("GET", KEYS)
    assert (response.status, response.read()) == (200, before)


async def test_the_published_keys_verify_a_token(tmp_path: Path, settings: Settings) -> None:
    grpc_port, http_port = free_port(), free_port()
    variables = variables_of(settings) | {"port": grpc_port, "http_port": http_port}
    with server_process(tmp_path / "log", **variables):
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


def test_serve_refuses_to_start_without_keys(settings: Settings) -> None:
    variables = variables_of(settings) | {"port": free_port(), "http_port": free_port(), "keys_dir": "/nonexistent"}
    ended = run("serve", **variables)
    assert ended.returncode == 78
    assert ended.stderr.startswith("marquee: MARQUEE_KEYS_DIR=/nonexistent has no *.pem signing key")
