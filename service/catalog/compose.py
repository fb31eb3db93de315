"""Composition of the catalogue's services."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marquee.catalog.v1 import catalog_pb2_grpc

from service.api.pagination import PageTokens
from service.caching.invalidation import CacheInvalidation
from service.caching.page_cache import PageCache
from service.caching.response_cache import ResponseCache
from service.catalog.cast.characters import Characters
from service.catalog.cast.service import Cast
from service.catalog.changes.exporting import MovieExports
from service.catalog.changes.service import RETENTION, ChangeFeed, Cursors
from service.catalog.changes.watching import ChangeWatches
from service.catalog.convert import to_parts
from service.catalog.models import CatalogChange
from service.catalog.movies.service import FindViewerStates, Movies
from service.catalog.people.convert import to_person
from service.catalog.people.credits import Credits
from service.catalog.people.photos import Photos
from service.catalog.people.service import People, PersonId, PersonReader
from service.catalog.references.service import Countries, Genres
from service.catalog.search.service import Search
from service.catalog.service import BackdropOwner, Catalog, MovieParts, PersonPhotoOwner, PosterOwner
from service.catalog.servicer import CatalogServicer
from service.catalog.services import CatalogServices
from service.database.jobs import DAY, Job, delete_expired
from service.database.listener import Listener
from service.database.snapshots import Snapshots
from service.media.enums import FileKind
from service.media.removal import FileRemoval
from service.media.service import FileOwner, Media
from service.settings import Settings

CACHED_PAGES = 1000
FILE_OWNERS: Mapping[FileKind, FileOwner] = {
    FileKind.POSTER: PosterOwner(),
    FileKind.BACKDROP: BackdropOwner(),
    FileKind.PERSON_PHOTO: PersonPhotoOwner(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogDomain:
    """The services that other domains use, and the servicer."""

    movies: Movies
    servicer: CatalogServicer

    def register(self, server: Any) -> None:
        """Adds CatalogService to a gRPC server."""
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server(self.servicer, server)

    def jobs(self) -> Sequence[Job]:
        """Returns the housekeeping jobs."""
        # A day after their cursors expire, because a change has the time at which its transaction began.
        return (Job("catalog_changes", lambda: delete_expired(CatalogChange, "created_at", after=RETENTION + DAY)),)


def compose_catalog(
    settings: Settings,
    *,
    media: Media,
    removal: FileRemoval,
    find_viewer_states: FindViewerStates,
    listener: Listener,
    invalidation: CacheInvalidation,
    page_tokens: PageTokens,
) -> CatalogDomain:
    """Creates the services and registers their caches for invalidation."""
    catalog = Catalog(media=media)
    persons = PersonReader(media=media)

    async def load_movies(movie_ids: Collection[int]) -> dict[int, MovieParts]:
        details = await catalog.get_movie_details(movie_ids)
        return {movie_id: to_parts(detail) for movie_id, detail in details.items()}

    async def load_persons(person_ids: Collection[int]) -> dict[int, bytes]:
        details = await persons.get_details([PersonId(person_id) for person_id in person_ids])
        return {person_id: to_person(detail).SerializeToString() for person_id, detail in details.items()}

    max_bytes = settings.response_cache_bytes
    movie_responses = ResponseCache(
        load_movies, sizeof=lambda parts: sum(map(len, parts)), max_bytes=max_bytes, is_current=listener.is_current
    )
    person_responses = ResponseCache(load_persons, sizeof=len, max_bytes=max_bytes, is_current=listener.is_current)
    movie_pages = PageCache[Any](max_pages=CACHED_PAGES if max_bytes else 0, is_current=listener.is_current)
    invalidation.register("movie", movie_responses, entities=("movie", "rating"))
    # Lists whose order or filter reads ratings are never cached.
    invalidation.register("movie_list", movie_pages, entities=("movie",))
    invalidation.register("person", person_responses, entities=("person",))
    movies = Movies(
        catalog=catalog,
        responses=movie_responses,
        pages=movie_pages,
        find_viewer_states=find_viewer_states,
        removal=removal,
        page_tokens=page_tokens,
    )
    feed = ChangeFeed(cursors=Cursors(page_tokens))
    services = CatalogServices(
        movies=movies,
        search=Search(catalog=catalog, people=persons, page_tokens=page_tokens),
        people=People(reader=persons, responses=person_responses, removal=removal, page_tokens=page_tokens),
        credits=Credits(media=media, page_tokens=page_tokens),
        photos=Photos(reader=persons, media=media, removal=removal),
        cast=Cast(page_tokens=page_tokens),
        characters=Characters(page_tokens=page_tokens),
        genres=Genres(page_tokens=page_tokens),
        countries=Countries(page_tokens=page_tokens),
        change_feed=feed,
        change_watches=ChangeWatches(feed=feed, listener=listener),
        movie_exports=MovieExports(catalog=catalog, feed=feed, snapshots=Snapshots(settings)),
    )
    return CatalogDomain(movies=movies, servicer=CatalogServicer(services))
