"""Draws posters for the sample's films and uploads them like any client's."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from tortoise.expressions import Q

from service.catalog.models import Movie
from service.importers.posters import draw_poster
from service.importers.sample.load import Progress
from service.importers.uploads import post_picture
from service.media.models import File, FileKind, FileState
from service.media.service import Media
from service.media.values import Upload


async def upload_posters(media: Media, titles: list[str], *, progress: Progress) -> int:
    """Uploads a poster for each of the movies that has none and for which none is on its way; returns how many."""
    movies = await Movie.filter(title__in=titles, poster_id=None).select_related("director").order_by("-popularity")
    awaited = await File.filter(
        Q(state=FileState.PROCESSING) | Q(state=FileState.PENDING, expires_at__gt=datetime.now(UTC)),
        kind=FileKind.POSTER,
    ).only("id", "movie_id")
    covered = {file.movie_id for file in awaited}
    bare = [movie for movie in movies if movie.id not in covered]
    for done, movie in enumerate(bare, start=1):
        await _upload(media, movie)
        progress(done, len(bare))
    return len(bare)


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
    await asyncio.to_thread(post_picture, form.url, form.fields, poster, file_name="poster.jpg")
