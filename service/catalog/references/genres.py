"""Genres, as readers see them and as staff keep them."""

from __future__ import annotations

from typing import Any, cast

from tortoise.exceptions import IntegrityError
from tortoise.expressions import RawSQL
from tortoise.queryset import QuerySet

from service import audit
from service.api.etags import require_etag
from service.api.pagination import Page, PageTokens, page_size
from service.auth.principal import UserId
from service.catalog.errors import GenreInUse, GenreNameTaken, GenreNotFound, TmdbIdTaken
from service.catalog.models import Genre
from service.catalog.references.values import GenreChanges, GenreDetail
from service.database.orm import transaction, violated_constraint
from service.errors import DomainError

MOVIE_COUNT = "(SELECT coalesce(sum(x.movies), 0) FROM genre_counts AS x WHERE x.genre_id = genres.id)"


class Genres:
    """The genres of the catalogue."""

    def __init__(self, *, page_tokens: PageTokens) -> None:
        self._page_tokens = page_tokens

    async def get_genre(self, genre_id: int) -> GenreDetail:
        """Returns a genre; raises GenreNotFound."""
        genre = await _counted().filter(id=genre_id).first()
        if genre is None:
            raise GenreNotFound(genre_id)
        return _detail(genre)

    async def list_genres(self, *, size: int, page_token: str) -> Page[GenreDetail]:
        """Returns a page of genres by name; size 0 is the default. Raises PageTokenInvalid."""
        binding = ("ListGenres",)
        position = self._page_tokens.read(page_token, binding=binding)
        limit = page_size(size)
        # No two have the same name, so that it alone says where a page ended.
        genres = _counted().filter(name__gt=position[0]) if position else _counted()
        found = await genres.order_by("name").limit(limit + 1)
        token = self._page_tokens.make([found[limit - 1].name], binding=binding) if len(found) > limit else ""
        return Page([_detail(genre) for genre in found[:limit]], token)

    async def create_genre(self, changes: GenreChanges, *, actor_id: UserId) -> GenreDetail:
        """Makes a genre; raises GenreNameTaken, TmdbIdTaken."""
        try:
            async with transaction():
                genre = await Genre.create(**changes)
                await audit.record(
                    "genres.create", resource=f"genres/{genre.id}", actor_user_id=actor_id, name=genre.name
                )
                return await self.get_genre(genre.id)
        except IntegrityError as error:
            raise _refusal(error, changes) or error from error

    async def update_genre(self, genre_id: int, changes: GenreChanges, *, etag: str, actor_id: UserId) -> GenreDetail:
        """Changes a genre, all that is named or nothing; no change at all leaves its version as it is.

        Raises GenreNotFound, EtagStale unless the etag is empty, GenreNameTaken, TmdbIdTaken.
        """
        try:
            async with transaction():
                await _lock(genre_id, etag)
                if changes:
                    await Genre.filter(id=genre_id).update(**changes)
                    await audit.record(
                        "genres.update", resource=f"genres/{genre_id}", actor_user_id=actor_id, fields=sorted(changes)
                    )
                return await self.get_genre(genre_id)
        except IntegrityError as error:
            raise _refusal(error, changes) or error from error

    async def delete_genre(self, genre_id: int, *, etag: str, actor_id: UserId) -> None:
        """Removes a genre that no movie has; profiles that name it keep its id.

        Raises GenreNotFound, EtagStale unless the etag is empty, GenreInUse.
        """
        try:
            async with transaction():
                genre = await _lock(genre_id, etag)
                await Genre.filter(id=genre_id).delete()
                await audit.record(
                    "genres.delete", resource=f"genres/{genre_id}", actor_user_id=actor_id, name=genre.name
                )
        except IntegrityError as error:
            if violated_constraint(error) == "movie_genres_genre_id_fkey":
                raise GenreInUse(genre_id) from error
            raise


def _counted() -> QuerySet[Genre]:
    return Genre.annotate(movie_count=RawSQL(MOVIE_COUNT))


def _detail(genre: Genre) -> GenreDetail:
    return GenreDetail(genre, cast("Any", genre).movie_count)


async def _lock(genre_id: int, etag: str) -> Genre:
    """Returns the genre, locked against other writers; raises GenreNotFound, EtagStale."""
    genre = await Genre.filter(id=genre_id).select_for_update(no_key=True).first()
    if genre is None:
        raise GenreNotFound(genre_id)
    require_etag(etag, genre)
    return genre


def _refusal(error: IntegrityError, changes: GenreChanges) -> DomainError | None:
    match violated_constraint(error):
        case "uq_genres_name_ci":
            return GenreNameTaken(changes["name"])
        case "genres_tmdb_id_key":
            return TmdbIdTaken(changes["tmdb_id"])
    return None
