"""Rpcs about people."""

from __future__ import annotations

from typing import Any

from marquee.catalog.v1 import catalog_pb2_grpc, people_pb2

from service.api.protobuf import serialize_with, serialized, wrap_serialized
from service.auth.principal import current_principal
from service.catalog.people.convert import (
    new_person_from,
    person_changes_from,
    person_filter_from,
    to_credit,
    to_person,
    to_photo,
)
from service.catalog.people.service import PersonId
from service.catalog.services import CatalogServices
from service.media.values import FileId


class PeopleServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Converts messages to arguments and back."""

    services: CatalogServices

    async def GetPerson(self, request: people_pb2.GetPersonRequest, context: Any) -> people_pb2.GetPersonResponse:
        """Returns one person."""
        person = await self.services.people.get_person(PersonId(request.id))
        return serialized(people_pb2.GetPersonResponse, wrap_serialized(people_pb2.GetPersonResponse, "person", person))

    async def BatchGetPersons(
        self, request: people_pb2.BatchGetPersonsRequest, context: Any
    ) -> people_pb2.BatchGetPersonsResponse:
        """Returns people by id, and the ids without a person."""
        ids = [PersonId(person_id) for person_id in request.ids]
        persons = await self.services.people.batch_get_persons(ids)
        response = people_pb2.BatchGetPersonsResponse(missing_ids=[one for one in ids if one not in persons])
        found = [persons[person_id] for person_id in ids if person_id in persons]
        return serialized(people_pb2.BatchGetPersonsResponse, serialize_with(response, "persons", found))

    async def ListPersons(self, request: people_pb2.ListPersonsRequest, context: Any) -> people_pb2.ListPersonsResponse:
        """Returns a page of people."""
        page = await self.services.people.list_persons(
            person_filter_from(request),
            order_by=request.order_by,
            size=request.page_size,
            page_token=request.page_token,
        )
        persons = await self.services.people.batch_get_persons(page.items)
        # A person that was deleted between the two queries is left out.
        found = [persons[person_id] for person_id in page.items if person_id in persons]
        response = people_pb2.ListPersonsResponse(next_page_token=page.next_page_token)
        return serialized(people_pb2.ListPersonsResponse, serialize_with(response, "persons", found))

    async def CreatePerson(
        self, request: people_pb2.CreatePersonRequest, context: Any
    ) -> people_pb2.CreatePersonResponse:
        """Creates a person."""
        detail = await self.services.people.create_person(
            new_person_from(request), actor_id=current_principal().require_user()
        )
        return people_pb2.CreatePersonResponse(person=to_person(detail))

    async def UpdatePerson(
        self, request: people_pb2.UpdatePersonRequest, context: Any
    ) -> people_pb2.UpdatePersonResponse:
        """Changes a person."""
        detail = await self.services.people.update_person(
            PersonId(request.id),
            person_changes_from(request),
            etag=request.person.etag,
            actor_id=current_principal().require_user(),
        )
        return people_pb2.UpdatePersonResponse(person=to_person(detail))

    async def DeletePerson(
        self, request: people_pb2.DeletePersonRequest, context: Any
    ) -> people_pb2.DeletePersonResponse:
        """Deletes a person."""
        await self.services.people.delete_person(
            PersonId(request.id), etag=request.etag, actor_id=current_principal().require_user()
        )
        return people_pb2.DeletePersonResponse()

    async def ListPersonCredits(
        self, request: people_pb2.ListPersonCreditsRequest, context: Any
    ) -> people_pb2.ListPersonCreditsResponse:
        """Returns a page of a person's credits."""
        page = await self.services.credits.list_person_credits(
            PersonId(request.person_id), size=request.page_size, page_token=request.page_token
        )
        return people_pb2.ListPersonCreditsResponse(
            credits=[to_credit(credit) for credit in page.items], next_page_token=page.next_page_token
        )

    async def ListPersonPhotos(
        self, request: people_pb2.ListPersonPhotosRequest, context: Any
    ) -> people_pb2.ListPersonPhotosResponse:
        """Returns all photos of a person."""
        photos = await self.services.photos.list_person_photos(PersonId(request.person_id))
        return people_pb2.ListPersonPhotosResponse(photos=[to_photo(photo) for photo in photos])

    async def SetPrimaryPhoto(
        self, request: people_pb2.SetPrimaryPhotoRequest, context: Any
    ) -> people_pb2.SetPrimaryPhotoResponse:
        """Makes one of a person's photos the primary photo."""
        detail = await self.services.photos.set_primary_photo(
            PersonId(request.person_id), FileId(request.file_id), actor_id=current_principal().require_user()
        )
        return people_pb2.SetPrimaryPhotoResponse(person=to_person(detail))

    async def RemovePersonPhoto(
        self, request: people_pb2.RemovePersonPhotoRequest, context: Any
    ) -> people_pb2.RemovePersonPhotoResponse:
        """Removes a photo of a person."""
        await self.services.photos.remove_person_photo(
            PersonId(request.person_id), FileId(request.file_id), actor_id=current_principal().require_user()
        )
        return people_pb2.RemovePersonPhotoResponse()
