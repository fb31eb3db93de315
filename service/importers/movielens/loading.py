"""Importing the MovieLens files: movies in one transaction, ratings in many, so that a repeat goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from itertools import islice
from pathlib import Path

from service.importers.bad_rows import BadRow, BadRows
from service.importers.cleaning import BadValue
from service.importers.movielens import statements
from service.importers.movielens.cleaning import (
    LINK_COLUMNS,
    MOVIE_COLUMNS,
    RATING_COLUMNS,
    Rating,
    StagedGenre,
    StagedLink,
    StagedMovie,
    StagedRating,
    clean_link,
    clean_movie,
    clean_rating,
)
from service.importers.movielens.demo_users import DemoUsers
from service.importers.reading import Row, find_table, read_rows
from service.importers.staging import (
    BATCH,
    Connection,
    Progress,
    Staging,
    import_transaction,
    outcome,
    record_import,
    written,
)
from service.importers.summary import Outcome, Summary, summarize

STAGED_MOVIES = {"staged_movies": StagedMovie, "staged_genres": StagedGenre, "staged_links": StagedLink}
RATINGS_A_TRANSACTION = 20_000


async def import_movielens(
    connection: Connection,
    *,
    folder: Path,
    users: DemoUsers,
    progress: Progress,
    told: Callable[[BadRow], None],
    dry_run: bool = False,
) -> Summary:
    """Adds the movies of movies.csv and links.csv that the catalogue lacks, and the ratings of ratings.csv.

    Movies are known by their TMDB id, else their IMDb id; those that are there gain an id they lack and, where they
    have none, genres. Ratings belong to demo users; half stars are rounded up. A repeat changes nothing; one after an
    import that was cut short goes on. A row that cannot be used is told and left out. A dry run does all the work
    and takes it back. Raises FileUnusable, and what asyncpg raises.
    """
    bad = BadRows(told=told)
    movies, links, ratings = (find_table(folder, name) for name in ("movies", "links", "ratings"))
    async with AsyncExitStack() as whole:
        if dry_run:
            await whole.enter_async_context(import_transaction(connection, dry_run=True))
        catalogue = _Catalogue(connection, bad=bad, progress=progress)
        outcomes = await catalogue.load(movies, links)
        rated = _Ratings(connection, users=users, movie_ids=catalogue.movie_ids, bad=bad, file=ratings.name)
        rows = read_rows(ratings, RATING_COLUMNS, kind="rating", bad=bad, advanced=partial(progress, "ratings"))
        outcomes |= await rated.load(_clean_ratings(rows, ratings.name, bad))
        summary = summarize(outcomes, bad)
        async with import_transaction(connection):
            await record_import(connection, "movielens", summary)
    return summary


def _clean_ratings(rows: Iterator[Row], file: str, bad: BadRows) -> Iterator[Rating]:
    for row in rows:
        try:
            yield clean_rating(row)
        except BadValue as error:
            bad.add(BadRow(file, row.line, "rating", str(error)))


class _Catalogue:
    """Movies, their ids elsewhere and their genres."""

    def __init__(self, connection: Connection, *, bad: BadRows, progress: Progress) -> None:
        self._connection = connection
        self._bad = bad
        self._progress = progress
        self._staging = Staging(connection, STAGED_MOVIES)
        self.movie_ids: dict[int, int] = {}
        """Ids of movies by the source's."""

    async def load(self, movies: Path, links: Path) -> dict[str, Outcome]:
        """Writes what two files say, in one transaction."""
        async with import_transaction(self._connection):
            await self._connection.execute(statements.MOVIE_TABLES)
            await self._stage(movies, links)
            for line, key in await self._connection.fetch(statements.UNLINKED):
                self._bad.add(BadRow(movies.name, line, "movie", f"movie {key} has no usable link"))
            await self._connection.execute(statements.GATHER_MOVIES)
            changed = await written(self._connection, statements.ADD_IMDB_IDS)
            changed += await written(self._connection, statements.ADD_TMDB_IDS)
            added = await written(self._connection, statements.ADD_MOVIES)
            await self._connection.execute(statements.FIND_MOVIES)
            known = await self._connection.fetch(statements.KNOWN_MOVIES)
            self.movie_ids = {row["key"]: row["movie_id"] for row in known}
            return {
                "movies": outcome(len(self.movie_ids), added=added, changed=changed),
                "genres": await self._genres(),
                "genres of movies": Outcome(await written(self._connection, statements.ADD_MOVIE_GENRES), 0, 0),
            }

    async def _genres(self) -> Outcome:
        added = await written(self._connection, statements.ADD_GENRES)
        total = await self._connection.fetchval("SELECT count(DISTINCT lower(name)) FROM staged_genres")
        return outcome(total, added=added)

    async def _stage(self, movies: Path, links: Path) -> None:
        seen: set[int] = set()
        advanced = partial(self._progress, "movies")
        for row in read_rows(movies, MOVIE_COLUMNS, kind="movie", bad=self._bad, advanced=advanced):
            try:
                movie, genres = clean_movie(row)
                _require_new(seen, movie.key)
            except BadValue as error:
                self._bad.add(BadRow(movies.name, row.line, "movie", str(error)))
                continue
            self._staging.add("staged_movies", [movie])
            self._staging.add("staged_genres", genres)
            await self._staging.flush(least=BATCH)
        for row in read_rows(
            links, LINK_COLUMNS, kind="link", bad=self._bad, advanced=partial(self._progress, "links")
        ):
            try:
                self._staging.add("staged_links", [clean_link(row)])
            except BadValue as error:
                self._bad.add(BadRow(links.name, row.line, "link", str(error)))
            await self._staging.flush(least=BATCH)
        await self._staging.flush()


def _require_new(seen: set[int], key: int) -> None:
    if key in seen:
        raise BadValue(f"movie {key} stands in an earlier line already")
    seen.add(key)


class _Ratings:
    """Ratings and the users they belong to."""

    def __init__(
        self, connection: Connection, *, users: DemoUsers, movie_ids: dict[int, int], bad: BadRows, file: str
    ) -> None:
        self._connection = connection
        self._users = users
        self._movie_ids = movie_ids
        self._bad = bad
        self._file = file
        self._user_ids: dict[int, int] = {}
        self._numbers: set[int] = set()

    async def load(self, ratings: Iterator[Rating]) -> dict[str, Outcome]:
        """Writes ratings, so many a transaction."""
        done: Counter[str] = Counter()
        while batch := list(islice(ratings, RATINGS_A_TRANSACTION)):
            async with import_transaction(self._connection):
                done["users"] += await self._ensure_users({rating.user for rating in batch})
                await self._write([*self._staged(batch)], done)
        return {
            "users": outcome(len(self._user_ids), added=done["users"]),
            "ratings": outcome(done["total"], added=done["added"], changed=done["changed"]),
        }

    async def _ensure_users(self, numbers: set[int]) -> int:
        found, made = await self._users.ensure(self._connection, numbers - self._numbers)
        self._user_ids |= found
        self._numbers |= numbers
        return made

    def _staged(self, batch: list[Rating]) -> Iterator[StagedRating]:
        for rating in batch:
            user_id = self._user_ids.get(rating.user)
            movie_id = self._movie_ids.get(rating.movie)
            if user_id is None:
                reason = f"an account that no import made is called movielens-{rating.user}"
            elif movie_id is None:
                reason = f"there is no movie {rating.movie}"
            else:
                yield StagedRating(rating.line, user_id, movie_id, rating.stars, rating.rated_at)
                continue
            self._bad.add(BadRow(self._file, rating.line, "rating", reason))

    async def _write(self, ratings: list[StagedRating], done: Counter[str]) -> None:
        await self._connection.execute(statements.RATING_TABLE)
        await self._connection.copy_records_to_table("staged_ratings", records=ratings, columns=StagedRating._fields)
        await self._connection.execute(statements.GATHER_RATINGS)
        done["total"] += await self._connection.fetchval("SELECT count(*) FROM given_ratings")
        done["changed"] += await written(self._connection, statements.CHANGE_RATINGS)
        done["added"] += await written(self._connection, statements.ADD_RATINGS)
        # A dry run's batches share one transaction.
        await self._connection.execute(statements.FORGET_RATINGS)
