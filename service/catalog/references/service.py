"""Genres and countries: records with a unique name, read by everyone and edited by staff."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, Generic, TypedDict, TypeVar

from tortoise.exceptions import IntegrityError
from tortoise.expressions import RawSQL
from tortoise.queryset import QuerySet

from service import audit
from service.api.etags import lock_row
from service.api.pagination import Page, PageTokens, page_size
from service.auth.principal import UserId
from service.catalog.errors import (
    CountryCodeTaken,
    CountryInUse,
    CountryNameTaken,
    CountryNotFound,
    GenreInUse,
    GenreNameTaken,
    GenreNotFound,
    TmdbIdTaken,
)
from service.catalog.models import Country, Genre
from service.database.orm import transaction, violated_constraint
from service.errors import AlreadyExists

R = TypeVar("R", Genre, Country)
MOVIE_COUNT = "(SELECT coalesce(sum(x.movies), 0) FROM genre_counts AS x WHERE x.genre_id = genres.id)"


class GenreChanges(TypedDict, total=False):
    """Fields of a genre to write; an absent field stays unchanged. None means unknown."""

    name: str
    notes: str | None
    tmdb_id: int | None


class CountryChanges(TypedDict, total=False):
    """Fields of a country to write; an absent field stays unchanged."""

    name: str
    iso_3166_1: str | None
    """None for a country without a code."""


class _References(Generic[R]):
    """Reads and edits of one table. Each edit is one transaction that locks the row and records an audit event."""

    plural: ClassVar[str]
    """Name of the resource in audit events."""
    rpc: ClassVar[str]
    """Name of the list, which its page tokens are bound to."""
    not_found: ClassVar[type[GenreNotFound | CountryNotFound]]
    in_use: ClassVar[type[GenreInUse | CountryInUse]]
    used_by: ClassVar[Collection[str]]
    """Foreign keys that refer to the table and restrict deletion."""
    unique_constraints: ClassVar[Mapping[str, tuple[str, Callable[[object], AlreadyExists]]]]
    """The field and the error of each unique constraint."""

    def __init__(self, *, page_tokens: PageTokens) -> None:
        self._page_tokens = page_tokens

    def _rows(self) -> QuerySet[R]:
        raise NotImplementedError

    async def _get(self, record_id: int) -> R:
        record = await self._rows().filter(id=record_id).first()
        if record is None:
            raise self.not_found(record_id)
        return record

    async def _list(self, *, size: int, page_token: str) -> Page[R]:
        position = self._page_tokens.read(page_token, binding=(self.rpc,))
        limit = page_size(size)
        # Names are unique, so a name alone is a position.
        records = self._rows().filter(name__gt=position[0]) if position else self._rows()
        found = await records.order_by("name").limit(limit + 1)
        more = len(found) > limit
        token = self._page_tokens.make([found[limit - 1].name], binding=(self.rpc,)) if more else ""
        return Page(found[:limit], token)

    async def _create(self, changes: Mapping[str, Any], *, actor_id: UserId) -> R:
        try:
            async with transaction():
                record = await self._rows().model.create(**changes)
                await self._record("create", record.id, actor_id=actor_id, name=record.name)
                return await self._get(record.id)
        except IntegrityError as error:
            self._raise_if_taken(error, changes)
            raise

    async def _update(self, record_id: int, changes: Mapping[str, Any], *, etag: str, actor_id: UserId) -> R:
        try:
            async with transaction():
                await self._lock(record_id, etag)
                if changes:
                    await self._rows().model.filter(id=record_id).update(**changes)
                    await self._record("update", record_id, actor_id=actor_id, fields=sorted(changes))
                return await self._get(record_id)
        except IntegrityError as error:
            self._raise_if_taken(error, changes)
            raise

    async def _delete(self, record_id: int, *, etag: str, actor_id: UserId) -> None:
        try:
            async with transaction():
                record = await self._lock(record_id, etag)
                await self._rows().model.filter(id=record_id).delete()
                await self._record("delete", record_id, actor_id=actor_id, name=record.name)
        except IntegrityError as error:
            if violated_constraint(error) in self.used_by:
                raise self.in_use(record_id) from error
            raise

    async def _lock(self, record_id: int, etag: str) -> R:
        return await lock_row(self._rows().model.filter(id=record_id), etag=etag, not_found=self.not_found(record_id))

    async def _record(self, action: str, record_id: int, *, actor_id: UserId, **details: Any) -> None:
        resource = f"{self.plural}/{record_id}"
        await audit.record(f"{self.plural}.{action}", resource=resource, actor_user_id=actor_id, **details)

    def _raise_if_taken(self, error: IntegrityError, changes: Mapping[str, Any]) -> None:
        violated = self.unique_constraints.get(violated_constraint(error))
        if violated is not None:
            field, error_type = violated
            raise error_type(changes[field]) from error


class Genres(_References[Genre]):
    """The genres of the catalogue; each has its `movie_count` loaded."""

    plural = "genres"
    rpc = "ListGenres"
    not_found = GenreNotFound
    in_use = GenreInUse
    used_by = ("movie_genres_genre_id_fkey",)
    unique_constraints: ClassVar = {
        "uq_genres_name_ci": ("name", GenreNameTaken),
        "genres_tmdb_id_key": ("tmdb_id", TmdbIdTaken),
    }

    async def get_genre(self, genre_id: int) -> Genre:
        """Returns a genre; raises GenreNotFound."""
        return await self._get(genre_id)

    async def list_genres(self, *, size: int, page_token: str) -> Page[Genre]:
        """Returns a page of genres by name; size 0 is the default. Raises PageTokenInvalid."""
        return await self._list(size=size, page_token=page_token)

    async def create_genre(self, changes: GenreChanges, *, actor_id: UserId) -> Genre:
        """Creates a genre; raises GenreNameTaken, TmdbIdTaken."""
        return await self._create(changes, actor_id=actor_id)

    async def update_genre(self, genre_id: int, changes: GenreChanges, *, etag: str, actor_id: UserId) -> Genre:
        """Changes all given fields of a genre or none; without changes, its version stays the same.

        Raises GenreNotFound, EtagStale unless the etag is empty, GenreNameTaken, TmdbIdTaken.
        """
        return await self._update(genre_id, changes, etag=etag, actor_id=actor_id)

    async def delete_genre(self, genre_id: int, *, etag: str, actor_id: UserId) -> None:
        """Deletes a genre that no movie has; user profiles with this genre keep its id.

        Raises GenreNotFound, EtagStale unless the etag is empty, GenreInUse.
        """
        await self._delete(genre_id, etag=etag, actor_id=actor_id)

    def _rows(self) -> QuerySet[Genre]:
        return Genre.annotate(movie_count=RawSQL(MOVIE_COUNT))


class Countries(_References[Country]):
    """The countries of the catalogue."""

    plural = "countries"
    rpc = "ListCountries"
    not_found = CountryNotFound
    in_use = CountryInUse
    used_by = ("movies_country_id_fkey", "persons_country_id_fkey")
    unique_constraints: ClassVar = {
        "countries_name_key": ("name", CountryNameTaken),
        "countries_iso_3166_1_key": ("iso_3166_1", CountryCodeTaken),
    }

    async def get_country(self, country_id: int) -> Country:
        """Returns a country; raises CountryNotFound."""
        return await self._get(country_id)

    async def list_countries(self, *, size: int, page_token: str) -> Page[Country]:
        """Returns a page of countries by name; size 0 is the default. Raises PageTokenInvalid."""
        return await self._list(size=size, page_token=page_token)

    async def create_country(self, changes: CountryChanges, *, actor_id: UserId) -> Country:
        """Creates a country; raises CountryNameTaken, CountryCodeTaken."""
        return await self._create(changes, actor_id=actor_id)

    async def update_country(self, country_id: int, changes: CountryChanges, *, etag: str, actor_id: UserId) -> Country:
        """Changes all given fields of a country or none; without changes, its version stays the same.

        Raises CountryNotFound, EtagStale unless the etag is empty, CountryNameTaken, CountryCodeTaken.
        """
        return await self._update(country_id, changes, etag=etag, actor_id=actor_id)

    async def delete_country(self, country_id: int, *, etag: str, actor_id: UserId) -> None:
        """Deletes a country that no movie and no person has.

        Raises CountryNotFound, EtagStale unless the etag is empty, CountryInUse.
        """
        await self._delete(country_id, etag=etag, actor_id=actor_id)

    def _rows(self) -> QuerySet[Country]:
        return Country.all()
