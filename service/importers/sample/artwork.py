"""Posters of the sample films: drawn, then uploaded through the upload form of any client."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from service.catalog.models import Movie
from service.importers.posters import draw_poster
from service.importers.sample.load import Progress
from service.importers.uploads import post_image
from service.media.enums import FileKind, FileState
from service.media.models import File
from service.media.service import Media
from service.media.values import Upload


async def upload_posters(media: Media, titles: list[str], *, progress: Progress) -> int:
    """Uploads a poster for each of the movies without a poster or a pending upload; returns the number of uploads."""
    movies = await Movie.filter(title__in=titles, poster_id=None).select_related("director").order_by("-popularity")
    pending_movies = {file.movie_id for file in await _in_progress().only("id", "movie_id")}
    without_poster = [movie for movie in movies if movie.id not in pending_movies]
    for done, movie in enumerate(without_poster, start=1):
        await _upload(media, movie)
        progress(done, len(without_poster))
    return len(without_poster)


async def count_in_progress() -> int:
    """Returns the number of posters that are uploaded, or may still be, and not yet processed."""
    return await _in_progress().count()


def _in_progress() -> QuerySet[File]:
    return File.filter(
        Q(state=FileState.PROCESSING) | Q(state=FileState.PENDING, expires_at__gt=datetime.now(UTC)),
        kind=FileKind.POSTER,
    )


async def _upload(media: Media, movie: Movie) -> None:
    director = f"{movie.director.first_name} {movie.director.last_name}".strip() if movie.director else None
    poster = await asyncio.to_thread(
        draw_poster,
        title=movie.title,
        year=movie.release_date.year if movie.release_date else None,
        director=director,
        seed=movie.title,
    )
    upload = Upload(
        kind=FileKind.POSTER,
        movie_id=movie.id,
        file_name=f"poster-{movie.id}.jpg",
        content_type="image/jpeg",
        size_bytes=len(poster),
    )
    _, form = await media.open_upload(upload, uploader_id=None)
    await asyncio.to_thread(post_image, form.url, form.fields, poster, file_name="poster.jpg")
