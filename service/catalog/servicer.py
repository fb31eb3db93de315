"""CatalogService over gRPC: the methods of all topics in one servicer."""

from __future__ import annotations

from service.catalog.cast.servicer import CastServicer
from service.catalog.changes.servicer import ChangesServicer
from service.catalog.movies.servicer import MoviesServicer
from service.catalog.people.servicer import PeopleServicer
from service.catalog.references.servicer import ReferencesServicer
from service.catalog.search.servicer import SearchServicer
from service.catalog.services import CatalogServices


class CatalogServicer(
    MoviesServicer, SearchServicer, PeopleServicer, CastServicer, ReferencesServicer, ChangesServicer
):
    """Combines the servicers of all topics, which share the services."""

    def __init__(self, services: CatalogServices) -> None:
        self.services = services
