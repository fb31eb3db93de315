"""HTTP endpoint of the supervisor: metrics and public keys, for tools that do not speak gRPC."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from service.auth.key_folder import KeyFolder
from service.supervisor.ports import resolve

REQUEST_TIMEOUT = 5.0
"""Seconds that a client may keep a thread waiting."""
KEYS_MAX_AGE = 300
"""Seconds that a client may cache the public keys."""


def jwks_app(keys: KeyFolder) -> WSGIApplication:
    """Returns an application that answers with the folder's current public keys, as a JWK Set (RFC 7517)."""

    def app(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        keys.refresh()
        headers = [("Content-Type", "application/json"), ("Cache-Control", f"public, max-age={KEYS_MAX_AGE}")]
        start_response("200 OK", headers)
        return [json.dumps({"keys": keys.jwks()}).encode()]

    return app


def route(apps: Mapping[str, WSGIApplication]) -> WSGIApplication:
    """Returns an application that passes GET and HEAD to the application of their path, and refuses all else."""

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        target = apps.get(environ["PATH_INFO"], _not_found) if method in {"GET", "HEAD"} else _method_not_allowed
        status, headers, body = _response_of(target, {**environ, "REQUEST_METHOD": "GET"})
        start_response(status, [*headers, ("Content-Length", str(len(body)))])
        return [] if method == "HEAD" else [body]

    return app


def serve_http(app: WSGIApplication, *, host: str, port: int) -> Callable[[], None]:
    """Serves an application in threads of this process; returns a function that stops it. Raises OSError."""
    server = _Server(host, port, app)
    thread = threading.Thread(target=server.serve_forever, name="http", daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop


class _Handler(WSGIRequestHandler):
    """Limits the time of a request. The library limits its size."""

    timeout = REQUEST_TIMEOUT

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Logs nothing: the library would log one line for each request."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, app: WSGIApplication) -> None:
        self.address_family, address = resolve(host, port)
        super().__init__(address, _Handler)
        self.set_app(app)

    def server_bind(self) -> None:
        """Binds like the library, but does not ask the DNS for the name of this machine."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignores clients that disconnected or were too slow; errors of the application do not come here."""


def _response_of(app: WSGIApplication, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
    started: list[Any] = []
    written: list[bytes] = []

    def start(status: str, headers: list[tuple[str, str]], _exc_info: Any = None, /) -> Callable[[bytes], object]:
        started[:] = status, headers
        return written.append

    written.extend(app(environ, start))
    status, headers = started
    return status, headers, b"".join(written)


def _not_found(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"not found\n"]


def _method_not_allowed(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("405 Method Not Allowed", [("Content-Type", "text/plain"), ("Allow", "GET, HEAD")])
    return [b"use GET or HEAD\n"]
