"""Photos of people, of which one is the primary photo."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service import audit
from service.api.etags import lock_row
from service.auth.principal import UserId
from service.catalog.errors import PersonNotFound, PhotoNotFound
from service.catalog.models import Person, PersonPhoto
from service.catalog.people.service import PersonDetail, PersonId, PersonReader
from service.catalog.service import ensure_primary_photo
from service.database.orm import connection, transaction
from service.media.removal import FileRemoval
from service.media.service import Media
from service.media.values import FileId, Image


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo of a person; without an image unless its file is ready."""

    file_id: FileId
    image: Image | None
    is_primary: bool
    created_at: datetime


class Photos:
    """The photos of people."""

    def __init__(self, *, reader: PersonReader, media: Media, removal: FileRemoval) -> None:
        self._reader = reader
        self._media = media
        self._removal = removal

    async def list_person_photos(self, person_id: PersonId) -> list[Photo]:
        """Returns all photos of a person, the primary photo first, then the oldest; raises PersonNotFound."""
        if not await Person.exists(id=person_id):
            raise PersonNotFound(person_id)
        photos = await PersonPhoto.filter(person_id=person_id).order_by("-is_primary", "created_at", "id")
        images = await self._media.get_images([photo.file_id for photo in photos])
        return [
            Photo(FileId(photo.file_id), images.get(photo.file_id), photo.is_primary, photo.created_at)
            for photo in photos
        ]

    async def set_primary_photo(self, person_id: PersonId, file_id: FileId, *, actor_id: UserId) -> PersonDetail:
        """Makes one of a person's photos the primary photo; a repeat changes nothing.

        Raises PersonNotFound, PhotoNotFound.
        """
        async with transaction():
            await _lock(person_id)
            if not await PersonPhoto.exists(person_id=person_id, file_id=file_id):
                raise PhotoNotFound(file_id)
            # One statement, because at the end of each statement at most one photo may be primary.
            await connection().execute_query(
                "UPDATE person_photos SET is_primary = NOT is_primary"
                " WHERE person_id = $1 AND is_primary <> (file_id = $2)",
                [person_id, file_id],
            )
            await audit.record(
                "persons.set_primary_photo", resource=f"persons/{person_id}", actor_user_id=actor_id, file_id=file_id
            )
            return await self._reader.get_detail(person_id)

    async def remove_person_photo(self, person_id: PersonId, file_id: FileId, *, actor_id: UserId) -> None:
        """Removes a photo of a person. If it was the primary photo, the oldest other photo becomes primary.

        Raises PersonNotFound, PhotoNotFound.
        """
        async with transaction():
            # Locks the photos before the person, as a registration that attaches a photo does, to avoid deadlocks.
            await self._removal.discard_photos(person_id, file_id=file_id)
            await _lock(person_id)
            if not await PersonPhoto.filter(person_id=person_id, file_id=file_id).delete():
                raise PhotoNotFound(file_id)
            await ensure_primary_photo(person_id)
            await audit.record(
                "persons.remove_photo", resource=f"persons/{person_id}", actor_user_id=actor_id, file_id=file_id
            )


async def _lock(person_id: PersonId) -> None:
    """Locks a person, so that no other transaction changes the primary photo; raises PersonNotFound."""
    await lock_row(Person.filter(id=person_id).only("id"), etag="", not_found=PersonNotFound(person_id))
