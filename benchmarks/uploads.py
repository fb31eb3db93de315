"""Time of an image from its upload to READY on the local stack, and the result of 200 uploads at once."""

from __future__ import annotations

import io
import os
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil
from marquee.catalog.v1 import catalog_pb2_grpc, movies_pb2
from marquee.media.v1 import media_pb2, media_pb2_grpc
from marquee.users.v1 import users_pb2, users_pb2_grpc
from PIL import Image
from rich.console import Console

from benchmarks.figure import Figure, MeasurementFailed, RunOptions
from service.importers.uploads import post_image
from service.local.aws import AwsNotReady
from service.local.deploy import DeployFailed
from service.local.layout import read_secrets
from service.local.postgres_account import PostgresUnavailable
from service.local.progress import Progress
from service.local.stack import LocalStack, StackFailed
from service.supervisor.ports import free_port

POSTER = (1200, 1750)
"""Pixels of an image: 2.1 million."""
SMALL = (300, 450)
"""Pixels of an image in the concurrent part, which measures completeness and not speed."""
REPEATS = 15
AT_ONCE = 200
SENDERS = 16
POLL = 0.01
TIMEOUT = 120.0
WORKERS = 2
IMAGE_FUNCTION = "marquee-media-RegisterImage"
"""Part of the command line of the processes that run the function."""
# The polling and the number of uploads would exceed the default limits. The server inherits these variables.
UNLIMITED = {
    "MARQUEE_RATE_LIMIT_READ": "",
    "MARQUEE_RATE_LIMIT_WRITE": "",
    "MARQUEE_RATE_LIMIT_SERVICE": "",
    "MARQUEE_UPLOAD_PENDING_LIMIT": "100000",
    "MARQUEE_UPLOAD_DAILY_FILES": "1000000",
    "MARQUEE_UPLOAD_DAILY_BYTES": str(1 << 36),
}
TERMINAL = {media_pb2.FILE_STATE_READY, media_pb2.FILE_STATE_REJECTED, media_pb2.FILE_STATE_EXPIRED}


@dataclass(frozen=True)
class _Uploader:
    """A staff user who uploads posters of one movie."""

    media: Any
    metadata: tuple[tuple[str, str], ...]
    movie_id: int

    def create(self, size: int) -> media_pb2.CreateUploadResponse:
        request = media_pb2.CreateUploadRequest(
            kind=media_pb2.FILE_KIND_POSTER,
            movie_id=self.movie_id,
            file_name="poster.jpg",
            content_type="image/jpeg",
            size_bytes=size,
        )
        answer: media_pb2.CreateUploadResponse = self.media.CreateUpload(request, metadata=self.metadata, timeout=10)
        return answer

    def states(self, ids: Sequence[int]) -> list[media_pb2.FileState.ValueType]:
        """Returns the states of at most 100 files."""
        request = media_pb2.BatchGetFilesRequest(ids=ids)
        return [file.state for file in self.media.BatchGetFiles(request, metadata=self.metadata, timeout=10).files]


def measure(options: RunOptions) -> Iterator[Figure]:
    """Measures one upload after the other, then many at once."""
    with (
        tempfile.TemporaryDirectory(prefix="marquee-benchmarks-") as folder,
        _running(Path(folder)) as stack,
        grpc.insecure_channel(stack.address) as channel,
    ):
        uploader = _log_in(channel, stack)
        # The first upload includes the cold start of the function.
        _seconds_to_ready(uploader)
        times = [_seconds_to_ready(uploader) for _ in range(options.repeats(REPEATS))]
        remark = f"the slowest of {len(times)} {max(times):.2g} s"
        yield Figure("upload to READY of a 2 MP poster / a second", [(s, 1.0) for s in times], "s", "<= 1", remark)
        yield _many(uploader, count=AT_ONCE // 10 if options.is_quick else AT_ONCE)


def _many(uploader: _Uploader, *, count: int) -> Figure:
    """Uploads many images at once, waits for the last result, and counts the processes of the function meanwhile."""
    picture = _poster(0, size=SMALL)
    answers = [uploader.create(len(picture)) for _ in range(count)]
    started = time.monotonic()
    workers = 0
    with ThreadPoolExecutor(SENDERS) as pool:
        sent = [pool.submit(_send, answer, picture) for answer in answers]
        ids = [answer.file.id for answer in answers]
        while (ended := _ended(uploader, ids)) < count and time.monotonic() - started < TIMEOUT:
            workers = max(workers, _image_workers())
            time.sleep(POLL * 10)
        for task in sent:
            task.result()
    remark = f"in {time.monotonic() - started:.0f} s by {workers} processes of the function, at most {WORKERS} wanted"
    return Figure("results / uploads at once", [(float(ended), float(count))], "files", "1", remark)


def _image_workers() -> int:
    """Returns the number of processes of the image function."""
    count = 0
    for process in psutil.Process().children(recursive=True):
        # Processes that end meanwhile are not counted.
        with suppress(psutil.NoSuchProcess):
            count += any(IMAGE_FUNCTION in part for part in process.cmdline())
    return count


def _ended(uploader: _Uploader, ids: Sequence[int]) -> int:
    batches = (ids[start : start + 100] for start in range(0, len(ids), 100))
    return sum(state in TERMINAL for batch in batches for state in uploader.states(batch))


def _seconds_to_ready(uploader: _Uploader) -> float:
    """Returns the seconds from the first byte of the upload to the response with READY."""
    # A new image each time, so that nothing is reused.
    picture = _poster(random.randrange(1 << 30))  # noqa: S311 - no secret
    answer = uploader.create(len(picture))
    started = time.monotonic()
    _send(answer, picture)
    while (state := uploader.states([answer.file.id])[0]) not in TERMINAL:
        if time.monotonic() - started > TIMEOUT:
            raise MeasurementFailed("an upload has no result")
        time.sleep(POLL)
    if state != media_pb2.FILE_STATE_READY:
        raise MeasurementFailed(f"an upload ended {media_pb2.FileState.Name(state)}")
    return time.monotonic() - started


def _send(answer: media_pb2.CreateUploadResponse, picture: bytes) -> None:
    post_image(answer.upload.url, answer.upload.fields, picture, file_name=answer.file.file_name)


def _poster(seed: int, *, size: tuple[int, int] = POSTER) -> bytes:
    """Returns a JPEG with as much detail as a photograph."""
    noise = random.Random(seed).randbytes(300 * 438 * 3)  # noqa: S311 - no secret
    out = io.BytesIO()
    Image.frombytes("RGB", (300, 438), noise).resize(size, Image.Resampling.BICUBIC).save(out, "JPEG", quality=85)
    return out.getvalue()


@contextmanager
def _running(folder: Path) -> Iterator[LocalStack]:
    progress = Progress(Console(stderr=True))
    stack = LocalStack(
        folder / "data", port=free_port(), aws_port=free_port(), workers=WORKERS, posters=0, progress=progress
    )
    os.environ.update(UNLIMITED)
    try:
        stack.start()
        yield stack
    except (StackFailed, AwsNotReady, DeployFailed, PostgresUnavailable) as error:
        raise MeasurementFailed(str(error)) from error
    finally:
        stack.stop()
        for name in UNLIMITED:
            del os.environ[name]


def _log_in(channel: grpc.Channel, stack: LocalStack) -> _Uploader:
    staff = read_secrets(stack.layout).demo_users[0]
    users: Any = users_pb2_grpc.UsersServiceStub(channel)
    catalog: Any = catalog_pb2_grpc.CatalogServiceStub(channel)
    token = users.Login(users_pb2.LoginRequest(login=staff.username, password=staff.password), timeout=10)
    movies = catalog.ListMovies(movies_pb2.ListMoviesRequest(page_size=1), timeout=10).movies
    metadata = (("authorization", f"Bearer {token.access_token.token}"),)
    return _Uploader(media_pb2_grpc.MediaServiceStub(channel), metadata, movies[0].id)
