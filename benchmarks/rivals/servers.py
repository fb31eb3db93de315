"""The rivals: installation, start and calls of each, and conversion of its responses to our messages."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import grpc
import psutil
from google.protobuf.json_format import ParseDict
from marquee.catalog.v1 import catalog_pb2_grpc, movie_pb2, movies_pb2

from benchmarks.figure import MeasurementFailed
from benchmarks.load import encoded
from benchmarks.wire_load import Wire, WireRound, http1_requests
from service.supervisor.ports import free_port

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
SERVICE = "/marquee.catalog.v1.CatalogService/"
TIMEOUT = 30.0


@dataclass(frozen=True, kw_only=True)
class Rival:
    """A server that reads the same tables."""

    name: str
    folder: str
    wire: Wire
    command: str
    """`{port}` and `{processes}` are replaced; the program comes from the rival's installation."""
    get_goal: float
    list_goal: float


RIVALS = (
    Rival(
        name="FastAPI + SQLAlchemy + asyncpg",
        folder="fastapi-sqlalchemy",
        wire=Wire.HTTP1,
        command="uvicorn app:app --workers {processes} --port {port} --loop uvloop --http httptools "
        "--no-access-log --log-level warning",
        get_goal=8,
        list_goal=6,
    ),
    Rival(
        name="Django REST Framework",
        folder="django-rest",
        wire=Wire.HTTP1,
        command="gunicorn rival.wsgi --workers {processes} --bind 127.0.0.1:{port} --worker-class gthread --threads 4 "
        "--keep-alive 30 --log-level warning",
        get_goal=15,
        list_goal=15,
    ),
    Rival(
        name="grpc-js + pg",
        folder="grpc-js",
        wire=Wire.GRPC,
        command="node server.js",
        get_goal=1.3,
        list_goal=1.8,
    ),
)


@dataclass(frozen=True)
class RunningRival:
    """A running rival."""

    rival: Rival
    address: str
    process: psutil.Process

    def processes(self) -> list[psutil.Process]:
        """Returns all processes of the rival."""
        return [self.process, *self.process.children(recursive=True)]

    def gets(self, movie_ids: Sequence[int], *, seconds: float) -> WireRound:
        """Returns a round of reads of single movies."""
        if self.rival.wire is Wire.GRPC:
            return our_gets(movie_ids, seconds=seconds)
        return WireRound(requests=http1_requests([f"/movies/{one}" for one in movie_ids]), seconds=seconds)

    def lists(self, genre_ids: Sequence[int], *, seconds: float) -> WireRound:
        """Returns a round of reads of a genre's 20 most popular movies."""
        if self.rival.wire is Wire.GRPC:
            return our_lists(genre_ids, seconds=seconds)
        paths = [f"/movies?genre_id={genre_id}&page_size=20" for genre_id in genre_ids]
        return WireRound(requests=http1_requests(paths), seconds=seconds)

    def get_movie(self, movie_id: int) -> movie_pb2.Movie:
        """Returns a movie from its response."""
        if self.rival.wire is Wire.GRPC:
            return get_movie(self.address, movie_id)
        return _as_movie(self._json(f"/movies/{movie_id}"))

    def list_movies(self, genre_id: int) -> list[movie_pb2.Movie]:
        """Returns a genre's 20 most popular movies from its response."""
        if self.rival.wire is Wire.GRPC:
            return list_movies(self.address, genre_id)
        return [_as_movie(movie) for movie in self._json(f"/movies?genre_id={genre_id}&page_size=20")["movies"]]

    def _json(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=TIMEOUT) as answer:
                return json.load(answer)
        except OSError as error:
            raise MeasurementFailed(f"{self.rival.name} refuses {path}: {error}") from error


@contextmanager
def running_rival(
    rival: Rival, *, processes: int, database_url: str, pool: int, media_url: str
) -> Iterator[RunningRival]:
    """Installs a rival and yields it, running with `processes` processes on a database."""
    port, database = free_port(), urlsplit(database_url)
    programs = install(rival)
    environment = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "NODE_ENV": "production",
        "RIVAL_PORT": str(port),
        "RIVAL_PROCESSES": str(processes),
        "RIVAL_POOL": str(pool),
        "RIVAL_HOST": parse_qs(database.query)["host"][0],
        "RIVAL_USER": database.username or "",
        "RIVAL_DATABASE": database.path.removeprefix("/"),
        "RIVAL_MEDIA_URL": media_url,
        "RIVAL_PROTOSET": str(ROOT / "gen" / "marquee.binpb"),
    }
    command = [word.format(port=port, processes=processes) for word in rival.command.split()]
    started = subprocess.Popen(command, env=environment, cwd=FOLDER / rival.folder, start_new_session=True)
    process = psutil.Process(started.pid)
    try:
        _await_port(port, started, rival)
        yield RunningRival(rival, f"127.0.0.1:{port}", process)
    finally:
        # The parent first, because it would replace a killed child.
        for one in [process, *process.children(recursive=True)] if started.poll() is None else []:
            one.kill()
        started.wait()


def install(rival: Rival) -> Path:
    """Installs the versions in a rival's lock file, unless they are installed; returns the folder of its programs."""
    source = FOLDER / rival.folder
    is_node = (source / "package-lock.json").exists()
    lock = source / ("package-lock.json" if is_node else "requirements.txt")
    target = source / "node_modules" if is_node else FOLDER / ".installed" / rival.folder
    stamp, wanted = target / ".lock-digest", hashlib.sha256(lock.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"installing {rival.name} ...", file=sys.stderr)
        if is_node:
            _run("npm", "ci", "--loglevel=error", cwd=source)
        else:
            python = str(target / "bin" / "python")
            _run(sys.executable, "-m", "venv", "--without-pip", "--clear", str(target))
            uv = str(Path(sys.executable).with_name("uv"))
            _run(uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, str(lock))
        stamp.write_text(wanted)
    return target / ("." if is_node else "bin")


def get_movie(address: str, movie_id: int) -> movie_pb2.Movie:
    """Returns a movie from a server of our contract."""
    with grpc.insecure_channel(address) as channel:
        answer = _stub(channel).GetMovie(movies_pb2.GetMovieRequest(id=movie_id), timeout=TIMEOUT)
        return cast("movie_pb2.Movie", answer.movie)


def list_movies(address: str, genre_id: int) -> list[movie_pb2.Movie]:
    """Returns a genre's 20 most popular movies from a server of our contract."""
    with grpc.insecure_channel(address) as channel:
        return list(_stub(channel).ListMovies(_list_request(genre_id), timeout=TIMEOUT).movies)


def our_gets(movie_ids: Sequence[int], *, seconds: float) -> WireRound:
    """Returns a round of GetMovie."""
    requests = encoded(movies_pb2.GetMovieRequest(id=movie_id) for movie_id in movie_ids)
    return WireRound(path=f"{SERVICE}GetMovie", requests=requests, seconds=seconds)


def our_lists(genre_ids: Sequence[int], *, seconds: float) -> WireRound:
    """Returns a round of ListMovies."""
    requests = encoded(_list_request(genre_id) for genre_id in genre_ids)
    return WireRound(path=f"{SERVICE}ListMovies", requests=requests, seconds=seconds)


def _list_request(genre_id: int) -> movies_pb2.ListMoviesRequest:
    return movies_pb2.ListMoviesRequest(genre_ids_any=[genre_id], page_size=20)


def _stub(channel: grpc.Channel) -> Any:
    return catalog_pb2_grpc.CatalogServiceStub(channel)


def _as_movie(answer: Mapping[str, Any]) -> movie_pb2.Movie:
    """Converts a movie in JSON, whose fields have our names and the values of the columns."""
    movie = {name: value for name, value in answer.items() if value is not None}
    movie["rating"] = movie.get("rating", {})
    movie["media_type"] = f"MEDIA_TYPE_{movie['media_type'].upper()}"
    movie["genre_ids"] = [genre["id"] for genre in movie["genres"]]
    if "status" in movie:
        movie["status"] = f"MOVIE_STATUS_{movie['status'].upper()}"
    if "release_date" in movie:
        released = date.fromisoformat(movie["release_date"])
        movie["release_date"] = {"year": released.year, "month": released.month, "day": released.day}
    for name in {"director", "country"} & movie.keys():
        movie[f"{name}_id"] = movie[name]["id"]
    for name in {"budget", "revenue"} & movie.keys():
        movie[name] = {"value": str(movie[name])}
    for name in {"poster", "backdrop"} & movie.keys():
        for rendition in movie[name]["renditions"]:
            rendition["format"] = f"IMAGE_FORMAT_{rendition['format'].upper()}"
    for name, given, ours in (
        ("production_companies", "id", "tmdb_id"),
        ("production_countries", "iso_3166_1", "code"),
        ("spoken_languages", "iso_639_1", "code"),
    ):
        movie[name] = [{"name": entry["name"], ours: entry[given]} for entry in movie.get(name, [])]
    return ParseDict(movie, movie_pb2.Movie())


def _run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, check=False)
    if done.returncode:
        raise MeasurementFailed(f"{command[0]} failed")


def _await_port(port: int, process: subprocess.Popen[bytes], rival: Rival) -> None:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise MeasurementFailed(f"{rival.name} did not start")
