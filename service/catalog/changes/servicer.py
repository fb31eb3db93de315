"""Rpcs of the change feed and of exports."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from marquee.catalog.v1 import catalog_pb2_grpc, changes_pb2

from service.auth.principal import current_principal
from service.catalog.changes import convert
from service.catalog.services import CatalogServices


class ChangesServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Converts messages to arguments and back."""

    services: CatalogServices

    async def ListChanges(
        self, request: changes_pb2.ListChangesRequest, context: Any
    ) -> changes_pb2.ListChangesResponse:
        """Returns the changes after a cursor."""
        page = await self.services.change_feed.list_changes(
            cursor=request.cursor, size=request.page_size, entity=convert.entity_from(request.entity_type)
        )
        return changes_pb2.ListChangesResponse(
            changes=map(convert.to_change, page.changes), next_cursor=page.next_cursor, has_more=page.has_more
        )

    async def WatchChanges(
        self, request: changes_pb2.WatchChangesRequest, context: Any
    ) -> AsyncIterator[changes_pb2.WatchChangesResponse]:
        """Streams changes when they become visible."""
        watch = self.services.change_watches.watch_changes(
            caller=current_principal(), cursor=request.cursor, entity=convert.entity_from(request.entity_type)
        )
        async with aclosing(watch) as pages:
            async for page in pages:
                yield convert.to_watched(page)

    async def ExportMovies(
        self, request: changes_pb2.ExportMoviesRequest, context: Any
    ) -> AsyncIterator[changes_pb2.ExportMoviesResponse]:
        """Streams all movies of one snapshot."""
        async with aclosing(self.services.movie_exports.export_movies(after_id=request.after_id)) as batches:
            async for batch in batches:
                for message in convert.to_exported(batch):
                    yield message
