"""Rpcs about genres and countries."""

from __future__ import annotations

from typing import Any

from marquee.catalog.v1 import catalog_pb2_grpc, references_pb2

from service.auth.principal import current_principal
from service.catalog.references.convert import (
    country_changes_from,
    genre_changes_from,
    new_country_from,
    new_genre_from,
    to_country,
    to_genre,
)
from service.catalog.services import CatalogServices


class ReferencesServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Converts messages to arguments and back."""

    services: CatalogServices

    async def GetGenre(self, request: references_pb2.GetGenreRequest, context: Any) -> references_pb2.GetGenreResponse:
        """Returns one genre."""
        return references_pb2.GetGenreResponse(genre=to_genre(await self.services.genres.get_genre(request.id)))

    async def ListGenres(
        self, request: references_pb2.ListGenresRequest, context: Any
    ) -> references_pb2.ListGenresResponse:
        """Returns a page of genres."""
        page = await self.services.genres.list_genres(size=request.page_size, page_token=request.page_token)
        return references_pb2.ListGenresResponse(
            genres=[to_genre(genre) for genre in page.items], next_page_token=page.next_page_token
        )

    async def CreateGenre(
        self, request: references_pb2.CreateGenreRequest, context: Any
    ) -> references_pb2.CreateGenreResponse:
        """Creates a genre."""
        genre = await self.services.genres.create_genre(
            new_genre_from(request), actor_id=current_principal().require_user()
        )
        return references_pb2.CreateGenreResponse(genre=to_genre(genre))

    async def UpdateGenre(
        self, request: references_pb2.UpdateGenreRequest, context: Any
    ) -> references_pb2.UpdateGenreResponse:
        """Changes a genre."""
        genre = await self.services.genres.update_genre(
            request.id,
            genre_changes_from(request),
            etag=request.genre.etag,
            actor_id=current_principal().require_user(),
        )
        return references_pb2.UpdateGenreResponse(genre=to_genre(genre))

    async def DeleteGenre(
        self, request: references_pb2.DeleteGenreRequest, context: Any
    ) -> references_pb2.DeleteGenreResponse:
        """Deletes a genre."""
        await self.services.genres.delete_genre(
            request.id, etag=request.etag, actor_id=current_principal().require_user()
        )
        return references_pb2.DeleteGenreResponse()

    async def GetCountry(
        self, request: references_pb2.GetCountryRequest, context: Any
    ) -> references_pb2.GetCountryResponse:
        """Returns one country."""
        return references_pb2.GetCountryResponse(
            country=to_country(await self.services.countries.get_country(request.id))
        )

    async def ListCountries(
        self, request: references_pb2.ListCountriesRequest, context: Any
    ) -> references_pb2.ListCountriesResponse:
        """Returns a page of countries."""
        page = await self.services.countries.list_countries(size=request.page_size, page_token=request.page_token)
        return references_pb2.ListCountriesResponse(
            countries=[to_country(country) for country in page.items], next_page_token=page.next_page_token
        )

    async def CreateCountry(
        self, request: references_pb2.CreateCountryRequest, context: Any
    ) -> references_pb2.CreateCountryResponse:
        """Creates a country."""
        country = await self.services.countries.create_country(
            new_country_from(request), actor_id=current_principal().require_user()
        )
        return references_pb2.CreateCountryResponse(country=to_country(country))

    async def UpdateCountry(
        self, request: references_pb2.UpdateCountryRequest, context: Any
    ) -> references_pb2.UpdateCountryResponse:
        """Changes a country."""
        country = await self.services.countries.update_country(
            request.id,
            country_changes_from(request),
            etag=request.country.etag,
            actor_id=current_principal().require_user(),
        )
        return references_pb2.UpdateCountryResponse(country=to_country(country))

    async def DeleteCountry(
        self, request: references_pb2.DeleteCountryRequest, context: Any
    ) -> references_pb2.DeleteCountryResponse:
        """Deletes a country."""
        await self.services.countries.delete_country(
            request.id, etag=request.etag, actor_id=current_principal().require_user()
        )
        return references_pb2.DeleteCountryResponse()
