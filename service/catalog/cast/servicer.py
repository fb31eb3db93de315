"""Rpcs about characters and casts."""

from __future__ import annotations

from typing import Any

from marquee.catalog.v1 import cast_pb2, catalog_pb2_grpc

from service.auth.principal import current_principal
from service.catalog.cast.convert import (
    cast_changes_from,
    character_changes_from,
    first_appearance_from,
    new_cast_from,
    new_character_from,
    to_appearance,
    to_character,
)
from service.catalog.services import CatalogServices


class CastServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Converts messages to arguments and back."""

    services: CatalogServices

    async def ListMovieCast(
        self, request: cast_pb2.ListMovieCastRequest, context: Any
    ) -> cast_pb2.ListMovieCastResponse:
        """Returns a page of a movie's cast."""
        page = await self.services.cast.list_movie_cast(
            request.movie_id, size=request.page_size, page_token=request.page_token
        )
        return cast_pb2.ListMovieCastResponse(
            cast=[to_appearance(appearance) for appearance in page.items], next_page_token=page.next_page_token
        )

    async def AddCast(self, request: cast_pb2.AddCastRequest, context: Any) -> cast_pb2.AddCastResponse:
        """Adds a character to a movie."""
        appearance = await self.services.cast.add_cast(
            request.movie_id,
            request.character_id,
            actor_id=current_principal().require_user(),
            **new_cast_from(request),
        )
        return cast_pb2.AddCastResponse(appearance=to_appearance(appearance))

    async def UpdateCast(self, request: cast_pb2.UpdateCastRequest, context: Any) -> cast_pb2.UpdateCastResponse:
        """Changes an appearance."""
        appearance = await self.services.cast.update_cast(
            request.id,
            cast_changes_from(request),
            etag=request.etag,
            actor_id=current_principal().require_user(),
        )
        return cast_pb2.UpdateCastResponse(appearance=to_appearance(appearance))

    async def RemoveCast(self, request: cast_pb2.RemoveCastRequest, context: Any) -> cast_pb2.RemoveCastResponse:
        """Removes an appearance."""
        await self.services.cast.remove_cast(request.id, etag=request.etag, actor_id=current_principal().require_user())
        return cast_pb2.RemoveCastResponse()

    async def GetCharacter(self, request: cast_pb2.GetCharacterRequest, context: Any) -> cast_pb2.GetCharacterResponse:
        """Returns one character."""
        return cast_pb2.GetCharacterResponse(
            character=to_character(await self.services.characters.get_character(request.id))
        )

    async def ListCharacters(
        self, request: cast_pb2.ListCharactersRequest, context: Any
    ) -> cast_pb2.ListCharactersResponse:
        """Returns a page of characters."""
        page = await self.services.characters.list_characters(
            text=request.text, size=request.page_size, page_token=request.page_token
        )
        return cast_pb2.ListCharactersResponse(
            characters=[to_character(character) for character in page.items], next_page_token=page.next_page_token
        )

    async def CreateCharacter(
        self, request: cast_pb2.CreateCharacterRequest, context: Any
    ) -> cast_pb2.CreateCharacterResponse:
        """Creates a character."""
        created = await self.services.characters.create_character(
            new_character_from(request),
            first=first_appearance_from(request),
            actor_id=current_principal().require_user(),
        )
        return cast_pb2.CreateCharacterResponse(
            character=to_character(created.character),
            appearance=to_appearance(created.appearance) if created.appearance else None,
        )

    async def UpdateCharacter(
        self, request: cast_pb2.UpdateCharacterRequest, context: Any
    ) -> cast_pb2.UpdateCharacterResponse:
        """Changes a character."""
        character = await self.services.characters.update_character(
            request.id,
            character_changes_from(request),
            etag=request.character.etag,
            actor_id=current_principal().require_user(),
        )
        return cast_pb2.UpdateCharacterResponse(character=to_character(character))

    async def DeleteCharacter(
        self, request: cast_pb2.DeleteCharacterRequest, context: Any
    ) -> cast_pb2.DeleteCharacterResponse:
        """Deletes a character."""
        await self.services.characters.delete_character(
            request.id, etag=request.etag, actor_id=current_principal().require_user()
        )
        return cast_pb2.DeleteCharacterResponse()

    async def ListCharacterAppearances(
        self, request: cast_pb2.ListCharacterAppearancesRequest, context: Any
    ) -> cast_pb2.ListCharacterAppearancesResponse:
        """Returns a page of a character's appearances."""
        page = await self.services.cast.list_character_appearances(
            request.character_id, size=request.page_size, page_token=request.page_token
        )
        return cast_pb2.ListCharacterAppearancesResponse(
            appearances=[to_appearance(appearance) for appearance in page.items],
            next_page_token=page.next_page_token,
        )
