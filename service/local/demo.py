"""`marquee local demo`: uses the main features of the running stack, step by step, as any client would."""

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
from service.local.progress import Progress
from service.local.status import READY, read_status

console = Console(highlight=False)
TIMEOUT = 30.0
STACK_SECONDS = 10.0
"""Time to wait for the start of a stack, because `make run` needs a moment before it shows a status."""
READY_SECONDS = 300.0
"""Time to wait for a starting stack to be ready."""
PROCESSING_SECONDS = 300.0
"""Time to wait for one upload. After the first start the posters of the sample may be in front of it."""
POLL_SECONDS = 0.1
TERMINAL = {media_pb2.FILE_STATE_READY, media_pb2.FILE_STATE_REJECTED}


class DemoFailed(RuntimeError):
    """A step had an unexpected result; the message names it."""


class StackNotReady(RuntimeError):
    """No stack is running, or it does not become ready; the message says what to do."""


class Demo:
    """The steps. Every call goes over the channel, every image over HTTP."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._users = users_pb2_grpc.UsersServiceStub(channel)
        self._catalog = catalog_pb2_grpc.CatalogServiceStub(channel)
        self._favorites = favorites_pb2_grpc.FavoritesServiceStub(channel)
        self._media = media_pb2_grpc.MediaServiceStub(channel)
        self._step = 0

    def run(self, *, staff: str, staff_password: str) -> None:
        """Runs every step; raises DemoFailed, UploadRefused or grpc.RpcError."""
        user = self._sign_up()
        movie = self._browse(user)
        self._add_favorite(user, movie)
        as_staff = self._log_in(staff, staff_password)
        self._upload_poster(as_staff, movie)
        self._upload_text(as_staff, movie)

    def _sign_up(self) -> str:
        name = f"demo-{secrets.token_hex(4)}"
        password = secrets.token_urlsafe(12)
        self._print_step(f"Register {name}")
        registered = self._call(
            self._users.Register,
            users_pb2.RegisterRequest(username=name, email=f"{name}@example.com", password=password),
        )
        self._print_detail(f"user {registered.user.id}, signed in until {_time(registered.access_token.expire_time)}")
        return self._log_in(name, password)

    def _log_in(self, name: str, password: str) -> str:
        self._print_step(f"Log in as {name}")
        answer = self._call(self._users.Login, users_pb2.LoginRequest(login=name, password=password))
        roles = "staff" if answer.user.is_staff else "user"
        self._print_detail(f"{roles}, token {answer.access_token.token[:16]}...")
        return str(answer.access_token.token)

    def _browse(self, token: str) -> Any:
        self._print_step("List the most popular movies")
        page = self._call(self._catalog.ListMovies, movies_pb2.ListMoviesRequest(page_size=5), token=token)
        for movie in page.movies:
            self._print_detail(f"{movie.id:4}  {movie.title} ({movie.release_date.year})")
        if not page.movies:
            raise DemoFailed("the catalogue is empty: remove the data with `make clean-data` and run `make run` again")
        self._print_step("Get a movie by its TMDB id")
        chosen = next((movie for movie in page.movies if movie.tmdb_id), page.movies[0])
        request = movies_pb2.GetMovieRequest(tmdb_id=chosen.tmdb_id)
        movie = self._call(self._catalog.GetMovie, request, token=token).movie
        genres = ", ".join(genre.name for genre in movie.genres)
        director = f"{movie.director.first_name} {movie.director.last_name}".strip()
        self._print_detail(f"{movie.title}, {movie.duration} min, {genres}, directed by {director}")
        return movie

    def _add_favorite(self, token: str, movie: Any) -> None:
        self._print_step("Add it to the favorites")
        request = favorites_pb2.AddFavoriteRequest(movie_id=movie.id)
        favorite = self._call(self._favorites.AddFavorite, request, token=token).favorite
        self._print_detail(f"added at {_time(favorite.create_time)}")
        self._print_step("List the favorites")
        page = self._call(self._favorites.ListFavorites, favorites_pb2.ListFavoritesRequest(), token=token)
        for entry in page.favorites:
            viewer = text_format.MessageToString(entry.movie.viewer, as_one_line=True)
            self._print_detail(f"{entry.movie.title}  {{{viewer}}}")
        if movie.id not in [entry.movie.id for entry in page.favorites]:
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
            raise DemoFailed(f"the poster was rejected: {file.rejection_detail}")
        self._print_step("Show the movie's poster")
        shown = self._call(self._catalog.GetMovie, movies_pb2.GetMovieRequest(id=movie.id)).movie.poster
        self._print_detail(f"{shown.width} x {shown.height}, dominant colour {shown.dominant_color}")
        for rendition in shown.renditions:
            name = media_pb2.ImageFormat.Name(rendition.format).removeprefix("IMAGE_FORMAT_").lower()
            self._print_detail(f"{name:5} {rendition.width:5} px {rendition.size_bytes:8,} bytes  {rendition.url}")
        if shown.file_id != file.id:
            raise DemoFailed("the movie shows another poster")
        self._print_step("Fetch one rendition over HTTP")
        rendition = shown.renditions[len(shown.renditions) // 2]
        answer = urllib3.request("GET", rendition.url, timeout=TIMEOUT, retries=False)
        self._print_detail(f"HTTP {answer.status}, {answer.headers.get('content-type')}, {len(answer.data):,} bytes")
        if len(answer.data) != rendition.size_bytes:
            raise DemoFailed("the rendition has another size than the catalogue says")

    def _upload_text(self, token: str, movie: Any) -> None:
        text = b"This file is not an image, although its name says so.\n"
        file = self._upload(token, movie, text, file_name="not-an-image.png", content_type="image/png")
        if file.state != media_pb2.FILE_STATE_REJECTED:
            raise DemoFailed("a text file was accepted as an image")
        reason = media_pb2.RejectionReason.Name(file.rejection_reason).removeprefix("REJECTION_REASON_")
        self._print_detail(f"reason {reason}: {file.rejection_detail}")

    def _upload(self, token: str, movie: Any, data: bytes, *, file_name: str, content_type: str) -> Any:
        self._print_step(f"Ask for an upload of {file_name}")
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
        self._print_detail(f"file {answer.file.id}, form for {answer.upload.url}")
        self._print_step(f"POST {len(data):,} bytes straight to S3")
        post_image(answer.upload.url, answer.upload.fields, data, file_name=file_name)
        self._print_detail("accepted")
        self._print_step("Wait while the function processes the file")
        return self._wait_until_processed(token, answer.file.id)

    def _wait_until_processed(self, token: str, file_id: int) -> Any:
        started = time.monotonic()
        state = None
        with Progress(console).step("processing") as show_detail:
            while time.monotonic() < started + PROCESSING_SECONDS:
                file = self._call(self._media.GetFile, media_pb2.GetFileRequest(id=file_id), token=token).file
                if file.state != state:
                    state = file.state
                    name = media_pb2.FileState.Name(state).removeprefix("FILE_STATE_")
                    self._print_detail(f"{time.monotonic() - started:5.2f} s  {name}")
                    show_detail(f"{name}, behind other uploads" if state == media_pb2.FILE_STATE_PENDING else name)
                if file.state in TERMINAL:
                    return file
                time.sleep(POLL_SECONDS)
        raise DemoFailed(f"file {file_id} was not processed within {PROCESSING_SECONDS:.0f} s")

    def _call(self, rpc: Callable[..., Any], request: Any, *, token: str = "") -> Any:
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        return rpc(request, metadata=metadata, timeout=TIMEOUT)

    def _print_step(self, text: str) -> None:
        self._step += 1
        console.print(f"[bold]{self._step:2}. {escape(text)}[/bold]")

    def _print_detail(self, text: str) -> None:
        console.print(f"      {escape(text)}", soft_wrap=True)


def run(data: Path) -> int:
    """Runs the demo against the stack of this data folder, and waits for a stack that is starting.

    Returns the exit code.
    """
    layout = Layout(data.resolve())
    try:
        wait_for_stack(layout)
        environment = read_environment(layout)
        staff = read_secrets(layout).demo_users[0]
        address = f"{environment['MARQUEE_HOST']}:{environment['MARQUEE_PORT']}"
        with grpc.insecure_channel(address) as channel:
            Demo(channel).run(staff=staff.username, staff_password=staff.password)
    except grpc.RpcError as error:
        message = f"the server answered {error.code().name}: {error.details()}"
    except (DemoFailed, StackNotReady, UploadRefused) as error:
        message = str(error)
    except KeyboardInterrupt:
        message = "interrupted"
    else:
        console.print("[green]All steps succeeded.[/green]")
        return 0
    console.print(f"[red]{escape(message)}[/red]", soft_wrap=True)
    return 1


def wait_for_stack(
    layout: Layout, *, stack_seconds: float = STACK_SECONDS, ready_seconds: float = READY_SECONDS
) -> None:
    """Returns when the stack is ready; raises StackNotReady.

    Waits at most `stack_seconds` for a stack to start, and `ready_seconds` for it to be ready.
    """
    if read_status(layout) == READY:
        return
    started = time.monotonic()
    with Progress(console).step("waiting for the stack") as show_detail:
        show_detail("no stack is running yet")
        while (status := read_status(layout)) is None:
            if time.monotonic() > started + stack_seconds:
                raise StackNotReady("no stack is running: start one with `make run` in another terminal")
            time.sleep(POLL_SECONDS)
        while status != READY:
            if status is None:
                raise StackNotReady("the stack stopped during its start: see the terminal of `make run`")
            if time.monotonic() > started + ready_seconds:
                raise StackNotReady(f"the stack is not ready after {ready_seconds:.0f} s: {status}")
            show_detail(status or "starting")
            time.sleep(POLL_SECONDS)
            status = read_status(layout)


def _time(moment: Any) -> str:
    return f"{moment.ToDatetime():%Y-%m-%d %H:%M:%S} UTC"
