"""People as replies carry them: serialized, kept in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from service.caching.response_cache import Parts, ReplyCache
from service.catalog.errors import PersonNotFound
from service.catalog.people.convert import to_person
from service.catalog.people.service import People
from service.catalog.people.values import PersonId


class PersonReplies:
    """The people of every reply."""

    def __init__(self, *, people: People, cache: Callable[..., ReplyCache]) -> None:
        """`cache` makes the cache around what loads people."""
        self._people = people
        self.cache = cache(load=self._load_parts)

    async def get(self, person_id: PersonId) -> bytes:
        """Returns one person as `load` does; raises PersonNotFound."""
        kept = self.cache.find(person_id)
        if kept is not None:
            return kept[0]
        persons = await self.load([person_id])
        if person_id not in persons:
            raise PersonNotFound(person_id)
        return persons[person_id]

    async def load(self, person_ids: Collection[PersonId]) -> dict[PersonId, bytes]:
        """Returns those people who exist, each a serialized Person, in a bounded number of queries."""
        return {PersonId(person_id): person for person_id, (person,) in (await self.cache.get(person_ids)).items()}

    async def _load_parts(self, person_ids: Collection[int]) -> Mapping[int, Parts]:
        details = await self._people.get_persons([PersonId(person_id) for person_id in person_ids])
        return {person_id: (to_person(detail).SerializeToString(),) for person_id, detail in details.items()}
