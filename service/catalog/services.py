"""The services of CatalogService, one or more per topic."""

from __future__ import annotations

from dataclasses import dataclass

from service.catalog.cast.characters import Characters
from service.catalog.cast.service import Cast
from service.catalog.changes.exporting import MovieExports
from service.catalog.changes.service import ChangeFeed
from service.catalog.changes.watching import ChangeWatches
from service.catalog.movies.service import Movies
from service.catalog.people.credits import Credits
from service.catalog.people.photos import Photos
from service.catalog.people.service import People
from service.catalog.references.service import Countries, Genres
from service.catalog.search.service import Search


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogServices:
    """The services of one worker."""

    movies: Movies
    search: Search
    people: People
    credits: Credits
    photos: Photos
    cast: Cast
    characters: Characters
    genres: Genres
    countries: Countries
    change_feed: ChangeFeed
    change_watches: ChangeWatches
    movie_exports: MovieExports
