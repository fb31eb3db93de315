"""CatalogService over gRPC: the rpcs of every topic in one servicer."""

from __future__ import annotations

from service.catalog.cast.characters import Characters
from service.catalog.cast.service import Cast
from service.catalog.cast.servicer import CastServicer
from service.catalog.changes.exporting import MovieExports
from service.catalog.changes.service import ChangeFeed
from service.catalog.changes.servicer import ChangesServicer
from service.catalog.changes.watching import ChangeWatches
from service.catalog.movies.responses import MovieReplies
from service.catalog.movies.service import Movies
from service.catalog.movies.servicer import MoviesServicer
from service.catalog.movies.writing import MovieWrites
from service.catalog.people.credits import Credits
from service.catalog.people.photos import Photos
from service.catalog.people.responses import PersonReplies
from service.catalog.people.service import People
from service.catalog.people.servicer import PeopleServicer
from service.catalog.references.countries import Countries
from service.catalog.references.genres import Genres
from service.catalog.references.servicer import ReferencesServicer
from service.catalog.search.service import Search
from service.catalog.search.servicer import SearchServicer
from service.catalog.service import Catalog


class CatalogServicer(
    MoviesServicer, SearchServicer, PeopleServicer, CastServicer, ReferencesServicer, ChangesServicer
):
    """Each topic brings its rpcs; what they share is put together here."""

    def __init__(  # noqa: PLR0913 - what every topic works with
        self,
        *,
        catalog: Catalog,
        movie_replies: MovieReplies,
        movies: Movies,
        movie_writes: MovieWrites,
        search: Search,
        people: People,
        person_replies: PersonReplies,
        person_credits: Credits,
        person_photos: Photos,
        cast: Cast,
        characters: Characters,
        genres: Genres,
        countries: Countries,
        change_feed: ChangeFeed,
        change_watches: ChangeWatches,
        movie_exports: MovieExports,
    ) -> None:
        self._catalog = catalog
        self._movie_replies = movie_replies
        self._movies = movies
        self._movie_writes = movie_writes
        self._search = search
        self._people = people
        self._person_replies = person_replies
        self._credits = person_credits
        self._photos = person_photos
        self._cast = cast
        self._characters = characters
        self._genres = genres
        self._countries = countries
        self._change_feed = change_feed
        self._change_watches = change_watches
        self._movie_exports = movie_exports
