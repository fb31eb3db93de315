"""People: cached reads, lists, and edits by staff."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NewType, TypedDict

from tortoise.exceptions import IntegrityError

from service import audit
from service.api.etags import etag_of, lock_row
from service.api.pagination import Page, PageTokens, page_size
from service.auth.principal import UserId
from service.caching.response_cache import ResponseCache
from service.catalog.errors import ImdbIdTaken, PersonNotFound, TmdbIdTaken
from service.catalog.models import Gender, Person
from service.catalog.people import listing
from service.catalog.people.listing import PersonFilter
from service.database.orm import WriteConflict, connection, transaction, violated_constraint
from service.errors import DomainError, invalid_field
from service.media.removal import FileRemoval
from service.media.service import Media
from service.media.values import Image

PersonId = NewType("PersonId", int)
# A movie has a character at most once without a person. This deletes the appearances that would become a second one.
DELETE_DUPLICATE_APPEARANCES = """
DELETE FROM movie_characters AS played USING movie_characters AS unplayed
WHERE played.person_id = $1 AND unplayed.person_id IS NULL
    AND unplayed.movie_id = played.movie_id AND unplayed.character_id = played.character_id
"""


@dataclass(frozen=True, slots=True)
class PersonDetail:
    """A person with all data of a response; the country is loaded."""

    person: Person
    primary_photo: Image | None

    @property
    def etag(self) -> str:
        """Etag of the record."""
        return etag_of(self.person)


class PersonChanges(TypedDict, total=False):
    """Fields of a person to write; an absent field stays unchanged. None means unknown."""

    first_name: str
    last_name: str
    biography: str | None
    date_of_birth: date | None
    gender: Gender | None
    country_id: int | None
    tmdb_id: int | None
    imdb_id: str | None


class PersonReader:
    """Reads people with their primary photos."""

    def __init__(self, *, media: Media) -> None:
        self._media = media

    async def get_detail(self, person_id: PersonId) -> PersonDetail:
        """Returns a person; raises PersonNotFound."""
        details = await self.get_details([person_id])
        if person_id not in details:
            raise PersonNotFound(person_id)
        return details[person_id]

    async def get_details(self, person_ids: Collection[PersonId]) -> dict[PersonId, PersonDetail]:
        """Returns the people who exist, by id, in at most two queries."""
        if not person_ids:
            return {}
        persons = await Person.filter(id__in=set(person_ids)).select_related("country")
        images = await self._media.get_images({p.primary_photo_id for p in persons if p.primary_photo_id is not None})
        return {
            PersonId(person.id): PersonDetail(person, images.get(person.primary_photo_id or 0)) for person in persons
        }


class People:
    """The people of the catalogue."""

    def __init__(
        self,
        *,
        reader: PersonReader,
        responses: ResponseCache[bytes],
        removal: FileRemoval,
        page_tokens: PageTokens,
    ) -> None:
        """`responses` caches serialized Person messages."""
        self._reader = reader
        self._responses = responses
        self._removal = removal
        self._page_tokens = page_tokens

    async def get_person(self, person_id: PersonId) -> bytes:
        """Returns a serialized Person; raises PersonNotFound."""
        person = await self._responses.get(person_id)
        if person is None:
            raise PersonNotFound(person_id)
        return person

    async def batch_get_persons(self, person_ids: Collection[PersonId]) -> Mapping[int, bytes]:
        """Returns the serialized Persons that exist, by id."""
        return await self._responses.get_many(person_ids)

    async def list_persons(self, filter_: PersonFilter, *, order_by: str, size: int, page_token: str) -> Page[PersonId]:
        """Returns a page of the ids of matching people, in a published order; size 0 is the default.

        Raises OrderByInvalid, PageTokenInvalid.
        """
        order = listing.ORDERS.parse(order_by)
        limit = page_size(size)
        binding = ("ListPersons", order, filter_)
        position = self._page_tokens.read(page_token, binding=binding)
        rows = await listing.list_ids(filter_, order, after=position, limit=limit + 1)
        page, more = rows[:limit], len(rows) > limit
        return Page(
            [PersonId(person_id) for person_id, _ in page],
            self._page_tokens.make(page[-1][1], binding=binding) if more else "",
        )

    async def create_person(self, changes: PersonChanges, *, actor_id: UserId) -> PersonDetail:
        """Creates a person.

        Raises TmdbIdTaken, ImdbIdTaken, and FieldsInvalid for a country that does not exist.
        """
        try:
            async with transaction():
                person = await Person.create(**changes)
                await audit.record("persons.create", resource=f"persons/{person.id}", actor_user_id=actor_id)
                return await self._reader.get_detail(PersonId(person.id))
        except IntegrityError as error:
            raise _domain_error(error, changes) or error from error

    async def update_person(
        self, person_id: PersonId, changes: PersonChanges, *, etag: str, actor_id: UserId
    ) -> PersonDetail:
        """Changes all given fields of a person or none; without changes, the version stays the same.

        Raises PersonNotFound, EtagStale unless the etag is empty, and the errors of create_person.
        """
        try:
            async with transaction():
                await lock_row(Person.filter(id=person_id), etag=etag, not_found=PersonNotFound(person_id))
                if changes:
                    await Person.filter(id=person_id).update(**changes)
                    await audit.record(
                        "persons.update",
                        resource=f"persons/{person_id}",
                        actor_user_id=actor_id,
                        fields=sorted(changes),
                    )
                return await self._reader.get_detail(person_id)
        except IntegrityError as error:
            raise _domain_error(error, changes) or error from error

    async def delete_person(self, person_id: PersonId, *, etag: str, actor_id: UserId) -> None:
        """Deletes a person with their photos; their movies and characters stay, without the person.

        Raises PersonNotFound, EtagStale unless the etag is empty, WriteConflict.
        """
        try:
            async with transaction():
                # Locks the photos before the person, as a registration that attaches a photo does, to avoid deadlocks.
                await self._removal.discard_photos(person_id)
                person = await lock_row(Person.filter(id=person_id), etag=etag, not_found=PersonNotFound(person_id))
                await connection().execute_query(DELETE_DUPLICATE_APPEARANCES, [person_id])
                await Person.filter(id=person_id).delete()
                await audit.record(
                    "persons.delete",
                    resource=f"persons/{person_id}",
                    actor_user_id=actor_id,
                    name=f"{person.first_name} {person.last_name}".strip(),
                )
        except IntegrityError as error:
            if violated_constraint(error) == "uq_movie_characters":
                raise WriteConflict(
                    "another person with the same character is being deleted at the same time; repeat"
                ) from error
            raise


def _domain_error(error: IntegrityError, changes: PersonChanges) -> DomainError | None:
    match violated_constraint(error):
        case "persons_tmdb_id_key":
            return TmdbIdTaken(changes["tmdb_id"])
        case "persons_imdb_id_key":
            return ImdbIdTaken(changes["imdb_id"])
        case "persons_country_id_fkey":
            return invalid_field("person.country_id", "country.exists", f"no country {changes['country_id']}")
    return None
