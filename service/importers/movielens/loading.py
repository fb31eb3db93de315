"""Import of the MovieLens files: movies in one transaction, ratings in many, so that a repeat continues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from itertools import islice
from pathlib import Path

from service.importers.cleaning import FirstLines
from service.importers.csv_files import Row, clean_rows, find_csv
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
from service.importers.report import BadRow, BadRows, RecordCounts, Summary, count_records, summarize
from service.importers.staging import (
    BATCH,
    Connection,
    Progress,
    Staging,
    execute,
    import_transaction,
    record_import,
)

STAGED_MOVIES = {"staged_movies": StagedMovie, "staged_genres": StagedGenre, "staged_links": StagedLink}
RATINGS_PER_TRANSACTION = 20_000


async def import_movielens(
    connection: Connection,
    *,
    folder: Path,
    users: DemoUsers,
    progress: Progress,
    on_bad_row: Callable[[BadRow], None],
    dry_run: bool = False,
) -> Summary:
    """Adds the movies of movies.csv and links.csv that the catalogue lacks, and the ratings of ratings.csv.

    It finds a movie by its TMDB id, else by its IMDb id. A known movie gains an id that it lacks and, if it has no
    genres, genres. The ratings belong to demo users; half stars are rounded up. A repeat changes nothing; a repeat of
    an interrupted import continues it. A bad row is reported and left out. A dry run does all the work and rolls it
    back. Raises FileUnusable and asyncpg's errors.
    """
    bad = BadRows(on_bad_row=on_bad_row)
    movies, links, ratings = (find_csv(folder, name) for name in ("movies", "links", "ratings"))
    async with AsyncExitStack() as stack:
        if dry_run:
            await stack.enter_async_context(import_transaction(connection, dry_run=True))
        catalogue = _MovieLoader(connection, bad=bad, progress=progress)
        counts = await catalogue.load(movies, links)
        loader = _RatingLoader(connection, users=users, movie_ids=catalogue.movie_ids, bad=bad, file=ratings.name)
        cleaned = clean_rows(
            ratings, RATING_COLUMNS, clean_rating, kind="rating", bad=bad, progress=partial(progress, "ratings")
        )
        counts |= await loader.load(cleaned)
        summary = summarize(counts, bad)
        async with import_transaction(connection):
            await record_import(connection, "movielens", summary)
    return summary


class _MovieLoader:
    """Loads movies, their genres and their ids in other catalogues."""

    def __init__(self, connection: Connection, *, bad: BadRows, progress: Progress) -> None:
        self._connection = connection
        self._bad = bad
        self._progress = progress
        self._staging = Staging(connection, STAGED_MOVIES)
        self.movie_ids: dict[int, int] = {}
        """Movie ids of the catalogue by those of MovieLens."""

    async def load(self, movies: Path, links: Path) -> dict[str, RecordCounts]:
        """Loads both files in one transaction."""
        async with import_transaction(self._connection):
            await self._connection.execute(statements.MOVIE_TABLES)
            await self._stage(movies, links)
            for line, key in await self._connection.fetch(statements.UNLINKED_MOVIES):
                self._bad.add(BadRow(movies.name, line, "movie", f"movie {key} has no usable link"))
            await self._connection.execute(statements.MATCH_MOVIES)
            changed = await execute(self._connection, statements.ADD_IMDB_IDS)
            changed += await execute(self._connection, statements.ADD_TMDB_IDS)
            added = await execute(self._connection, statements.ADD_MOVIES)
            await self._connection.execute(statements.SET_MOVIE_IDS)
            rows = await self._connection.fetch(statements.MOVIE_IDS)
            self.movie_ids = {row["key"]: row["movie_id"] for row in rows}
            return {
                "movies": count_records(len(self.movie_ids), added=added, changed=changed),
                "genres": await self._add_genres(),
                "genres of movies": RecordCounts(await execute(self._connection, statements.ADD_MOVIE_GENRES), 0, 0),
            }

    async def _add_genres(self) -> RecordCounts:
        added = await execute(self._connection, statements.ADD_GENRES)
        total = await self._connection.fetchval("SELECT count(DISTINCT lower(name)) FROM staged_genres")
        return count_records(total, added=added)

    async def _stage(self, movies: Path, links: Path) -> None:
        first_lines = FirstLines()

        def clean(row: Row) -> tuple[StagedMovie, list[StagedGenre]]:
            movie, genres = clean_movie(row)
            first_lines.require_first(movie.key, row.line)
            return movie, list(genres)

        for movie, genres in clean_rows(
            movies, MOVIE_COLUMNS, clean, kind="movie", bad=self._bad, progress=partial(self._progress, "movies")
        ):
            self._staging.add("staged_movies", [movie])
            self._staging.add("staged_genres", genres)
            await self._staging.flush(least=BATCH)
        for link in clean_rows(
            links, LINK_COLUMNS, clean_link, kind="link", bad=self._bad, progress=partial(self._progress, "links")
        ):
            self._staging.add("staged_links", [link])
            await self._staging.flush(least=BATCH)
        await self._staging.flush()


class _RatingLoader:
    """Loads ratings and creates the users they belong to."""

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

    async def load(self, ratings: Iterator[Rating]) -> dict[str, RecordCounts]:
        """Loads ratings in transactions of 20,000."""
        done: Counter[str] = Counter()
        while batch := list(islice(ratings, RATINGS_PER_TRANSACTION)):
            async with import_transaction(self._connection):
                done["users"] += await self._ensure_users({rating.user for rating in batch})
                await self._merge([*self._staged(batch)], done)
        return {
            "users": count_records(len(self._user_ids), added=done["users"]),
            "ratings": count_records(done["total"], added=done["added"], changed=done["changed"]),
        }

    async def _ensure_users(self, numbers: set[int]) -> int:
        user_ids, created = await self._users.ensure(self._connection, numbers - self._numbers)
        self._user_ids |= user_ids
        self._numbers |= numbers
        return created

    def _staged(self, batch: list[Rating]) -> Iterator[StagedRating]:
        for rating in batch:
            user_id = self._user_ids.get(rating.user)
            movie_id = self._movie_ids.get(rating.movie)
            if user_id is None:
                reason = f"another account has the username movielens-{rating.user}"
            elif movie_id is None:
                reason = f"there is no movie {rating.movie}"
            else:
                yield StagedRating(rating.line, user_id, movie_id, rating.stars, rating.rated_at)
                continue
            self._bad.add(BadRow(self._file, rating.line, "rating", reason))

    async def _merge(self, ratings: list[StagedRating], done: Counter[str]) -> None:
        await self._connection.execute(statements.RATING_TABLE)
        await self._connection.copy_records_to_table("staged_ratings", records=ratings, columns=StagedRating._fields)
        await self._connection.execute(statements.DEDUPLICATE_RATINGS)
        done["total"] += await self._connection.fetchval("SELECT count(*) FROM source_ratings")
        done["changed"] += await execute(self._connection, statements.CHANGE_RATINGS)
        done["added"] += await execute(self._connection, statements.ADD_RATINGS)
        # The batches of a dry run share one transaction, so ON COMMIT DROP is too late.
        await self._connection.execute(statements.DROP_RATING_TABLES)
