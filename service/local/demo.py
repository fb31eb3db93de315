"""Walks the main job against the running stack, step by step, through public interfaces only."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import urllib3
from google.protobuf import text_format
from marquee.catalog.v1 import catalog_pb2_grpc, movies_pb2
from marquee.favorites.v1 import favorites_pb2, favorites_pb2_grpc
from marquee.media.v1 import media_pb2, media_pb2_grpc
from marquee.users.v1 import users_pb2, users_pb2_grpc
from rich.console import Console
from rich.markup import escape

from service.importers.posters import draw_poster
from service.importers.uploads import UploadRefused, post_image
from service.local.layout import Layout, read_environment, read_secrets

console = Console(highlight=False)
TIMEOUT = 10.0
WATCH_SECONDS = 120.0
"""The sample's posters, right after the first start, are worked on before."""
POLL_SECONDS = 0.1
TERMINAL = {media_pb2.FILE_STATE_READY, media_pb2.FILE_STATE_REJECTED}


class DemoFailed(RuntimeError):
    """A step did not end as it should; the message says which."""


class Demo:
    """The walk; every call goes over the channel, every object over HTTP."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._users = users_pb2_grpc.UsersServiceStub(channel)
        self._catalog = catalog_pb2_grpc.CatalogServiceStub(channel)
        self._favorites = favorites_pb2_grpc.FavoritesServiceStub(channel)
        self._media = media_pb2_grpc.MediaServiceStub(channel)
        self._step = 0

    def walk(self, *, staff: str, staff_password: str) -> None:
        """Runs every step; raises DemoFailed, UploadRefused or grpc.RpcError."""
        user = self._sign_up()
        movie = self._browse(user)
        self._keep(user, movie)
        as_staff = self._log_in(staff, staff_password)
        self._upload_poster(as_staff, movie)
        self._upload_text(as_staff, movie)

    def _sign_up(self) -> str:
        name = f"demo-{secrets.token_hex(4)}"
        password = secrets.token_urlsafe(12)
        self._say(f"Register {name}")
        registered = self._call(
            self._users.Register,
            users_pb2.RegisterRequest(username=name, email=f"{name}@example.com", password=password),
        )
        self._tell(f"user {registered.user.id}, signed in until {_time(registered.access_token.expire_time)}")
        return self._log_in(name, password)

    def _log_in(self, name: str, password: str) -> str:
        self._say(f"Log in as {name}")
        answer = self._call(self._users.Login, users_pb2.LoginRequest(login=name, password=password))
        roles = "staff" if answer.user.is_staff else "user"
        self._tell(f"{roles}, token {answer.access_token.token[:16]}...")
        return str(answer.access_token.token)

    def _browse(self, token: str) -> Any:
        self._say("List movies, the most popular first")
        page = self._call(self._catalog.ListMovies, movies_pb2.ListMoviesRequest(page_size=5), token=token)
        for movie in page.movies:
            self._tell(f"{movie.id:4}  {movie.title} ({movie.release_date.year})")
        if not page.movies:
            raise DemoFailed("the catalogue is empty")
        self._say("Get one, by its id at The Movie Database")
        chosen = next((movie for movie in page.movies if movie.tmdb_id), page.movies[0])
        request = movies_pb2.GetMovieRequest(tmdb_id=chosen.tmdb_id)
        movie = self._call(self._catalog.GetMovie, request, token=token).movie
        genres = ", ".join(genre.name for genre in movie.genres)
        director = f"{movie.director.first_name} {movie.director.last_name}".strip()
        self._tell(f"{movie.title}, {movie.duration} min, {genres}, directed by {director}")
        return movie

    def _keep(self, token: str, movie: Any) -> None:
        self._say("Add it to the favorites")
        request = favorites_pb2.AddFavoriteRequest(movie_id=movie.id)
        favorite = self._call(self._favorites.AddFavorite, request, token=token).favorite
        self._tell(f"kept since {_time(favorite.create_time)}")
        self._say("List the favorites")
        page = self._call(self._favorites.ListFavorites, favorites_pb2.ListFavoritesRequest(), token=token)
        for kept in page.favorites:
            viewer = text_format.MessageToString(kept.movie.viewer, as_one_line=True)
            self._tell(f"{kept.movie.title}  {{{viewer}}}")
        if movie.id not in [kept.movie.id for kept in page.favorites]:
            raise DemoFailed("the movie is not among the favorites")

    def _upload_poster(self, token: str, movie: Any) -> None:
        poster = draw_poster(
            title=movie.title,
            year=movie.release_date.year,
            director=movie.director.last_name,
            seed=secrets.token_hex(4),
        )
        file = self._upload(token, movie, poster, file_name="poster.jpg", content_type="image/jpeg")
        if file.state != media_pb2.FILE_STATE_READY:
            raise DemoFailed(f"the poster was refused: {file.rejection_detail}")
        self._say("Show the movie's poster")
        shown = self._call(self._catalog.GetMovie, movies_pb2.GetMovieRequest(id=movie.id)).movie.poster
        self._tell(f"{shown.width} x {shown.height}, dominant colour {shown.dominant_color}")
        for rendition in shown.renditions:
            name = media_pb2.ImageFormat.Name(rendition.format).removeprefix("IMAGE_FORMAT_").lower()
            self._tell(f"{name:5} {rendition.width:5} px {rendition.size_bytes:8,} bytes  {rendition.url}")
        if shown.file_id != file.id:
            raise DemoFailed("the movie shows another poster")
        self._say("Fetch one rendition over HTTP")
        rendition = shown.renditions[len(shown.renditions) // 2]
        answer = urllib3.request("GET", rendition.url, timeout=TIMEOUT, retries=False)
        self._tell(f"HTTP {answer.status}, {answer.headers.get('content-type')}, {len(answer.data):,} bytes")
        if len(answer.data) != rendition.size_bytes:
            raise DemoFailed("the rendition is not what the catalogue says")

    def _upload_text(self, token: str, movie: Any) -> None:
        text = b"This is no picture, whatever its name says.\n"
        file = self._upload(token, movie, text, file_name="not-a-picture.png", content_type="image/png")
        if file.state != media_pb2.FILE_STATE_REJECTED:
            raise DemoFailed("a text file passed for a picture")
        reason = media_pb2.RejectionReason.Name(file.rejection_reason).removeprefix("REJECTION_REASON_")
        self._tell(f"reason {reason}: {file.rejection_detail}")

    def _upload(self, token: str, movie: Any, data: bytes, *, file_name: str, content_type: str) -> Any:
        self._say(f"Ask for an upload of {file_name}")
        answer = self._call(
            self._media.CreateUpload,
            media_pb2.CreateUploadRequest(
                kind=media_pb2.FILE_KIND_POSTER,
                movie_id=movie.id,
                file_name=file_name,
                content_type=content_type,
                size_bytes=len(data),
            ),
            token=token,
        )
        self._tell(f"file {answer.file.id}, form for {answer.upload.url}")
        self._say(f"POST {len(data):,} bytes straight to S3")
        post_image(answer.upload.url, answer.upload.fields, data, file_name=file_name)
        self._tell("taken")
        self._say("Watch the file while the function works")
        return self._watch(token, answer.file.id)

    def _watch(self, token: str, file_id: int) -> Any:
        started = time.monotonic()
        seen = None
        while time.monotonic() < started + WATCH_SECONDS:
            file = self._call(self._media.GetFile, media_pb2.GetFileRequest(id=file_id), token=token).file
            if file.state != seen:
                seen = file.state
                name = media_pb2.FileState.Name(seen).removeprefix("FILE_STATE_")
                self._tell(f"{time.monotonic() - started:5.2f} s  {name}")
            if file.state in TERMINAL:
                return file
            time.sleep(POLL_SECONDS)
        raise DemoFailed(f"file {file_id} was not worked on within {WATCH_SECONDS:.0f} s")

    def _call(self, rpc: Callable[..., Any], request: Any, *, token: str = "") -> Any:
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        return rpc(request, metadata=metadata, timeout=TIMEOUT)

    def _say(self, what: str) -> None:
        self._step += 1
        console.print(f"[bold]{self._step:2}. {escape(what)}[/bold]")

    def _tell(self, what: str) -> None:
        console.print(f"      {escape(what)}", soft_wrap=True)


def run(data: Path) -> int:
    """Walks against the stack whose data folder this is; returns the exit code."""
    layout = Layout(data.resolve())
    try:
        environment = read_environment(layout)
        staff = read_secrets(layout).demo_users[0]
    except FileNotFoundError:
        console.print("nothing was started here yet: make run, in another terminal")
        return 1
    address = f"{environment['MARQUEE_HOST']}:{environment['MARQUEE_PORT']}"
    with grpc.insecure_channel(address) as channel:
        try:
            Demo(channel).walk(staff=staff.username, staff_password=staff.password)
        except grpc.RpcError as error:
            console.print(f"[red]{address}: {error.code().name}: {escape(error.details() or '')}[/red]")
            console.print("is `make run` running?")
            return 1
        except (DemoFailed, UploadRefused) as error:
            console.print(f"[red]{escape(str(error))}[/red]")
            return 1
    console.print("[green]All of it worked.[/green]")
    return 0


def _time(moment: Any) -> str:
    return f"{moment.ToDatetime():%Y-%m-%d %H:%M:%S} UTC"
