"""Import of MovieLens files: small files, each with a peculiarity of the real ones."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg
import pytest
from marquee.catalog.v1 import movies_pb2
from marquee.users.v1 import users_pb2

from service.auth.encryption import DataCipher
from service.auth.passwords import PasswordHasher
from service.importers.csv_files import FileUnusable
from service.importers.movielens import DemoUsers, import_movielens
from service.importers.movielens.cleaning import Title, parse_title, whole_stars
from service.importers.report import BadRow, RecordCounts, Summary
from service.settings import Settings
from tests.catalogue import add_genre, add_movie
from tests.client import Client, refused
from tests.importers.tables import write_table
from tests.processes import run, variables_of

MOVIES = (
    ("1", "Matrix, The (1999)", "Action|Sci-Fi|IMAX"),
    ("2", "Hate (Haine, La) (1995)", "Drama"),
    ("3", "Babylon 5", "(no genres listed)"),
)
LINKS = (("1", "0133093", "603"), ("2", "0113247", "406"), ("3", "0105946", ""))
RATINGS = (("1", "1", "4.5", "964982703"), ("1", "2", "0.5", "964982704"), ("2", "1", "2.0", "1147880044"))
Table = Iterable[tuple[str, ...]]


class Source:
    """Folder of MovieLens files and the bad rows of their last import."""

    def __init__(self, database: asyncpg.Connection, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.bad_rows: list[BadRow] = []
        cipher = DataCipher("A" * 43 + "=", index_key="i" * 32)
        self.users = DemoUsers(
            encrypted_email=lambda email: {"email_encrypted": cipher.encrypt(email), "email_hash": cipher.index(email)},
            password_hash="!",
        )

    def write(
        self, movies: Table = MOVIES, links: Table = LINKS, ratings: Table = RATINGS, *, suffix: str = ""
    ) -> Path:
        """Writes the three files."""
        tables = (
            ("movies", "movieId title genres", movies),
            ("links", "movieId imdbId tmdbId", links),
            ("ratings", "userId movieId rating timestamp", ratings),
        )
        for name, columns, rows in tables:
            records = [dict(zip(columns.split(), row, strict=True)) for row in rows]
            write_table(self.folder / f"{name}.csv{suffix}", records)
        return self.folder

    async def load(self, *, dry_run: bool = False) -> Summary:
        """Imports the folder."""
        self.bad_rows.clear()
        return await import_movielens(
            self.database,
            folder=self.folder,
            users=self.users,
            progress=lambda *_: None,
            on_bad_row=self.bad_rows.append,
            dry_run=dry_run,
        )

    async def count(self) -> list[int]:
        """Returns the numbers of rows of the tables that an import fills."""
        tables = ("movies", "movie_genres", "users", "user_profiles", "movie_ratings", "movie_stats", "audit_log")
        return [await self.database.fetchval(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608 - ours


@pytest.fixture
def source(database: asyncpg.Connection, tmp_path: Path) -> Source:
    """Files for an import into the test database."""
    return Source(database, tmp_path)


@pytest.mark.parametrize("suffix", ["", ".gz", ".xz", ".zip"])
async def test_movies_ratings_and_users_are_created(source: Source, database: asyncpg.Connection, suffix: str) -> None:
    source.write(suffix=suffix)
    summary = await source.load()
    rows = await database.fetch("SELECT title, original_title, release_date, imdb_id, tmdb_id FROM movies ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("The Matrix", None, date(1999, 1, 1), "tt0133093", 603),
        ("Hate", "La Haine", date(1995, 1, 1), "tt0113247", 406),
        ("Babylon 5", None, None, "tt0105946", None),
    ]
    genres = await database.fetch("SELECT name FROM genres ORDER BY name")
    assert [row["name"] for row in genres] == ["Action", "Drama", "Science Fiction"]
    rows = await database.fetch(
        "SELECT username, title, rating, movie_ratings.created_at FROM movie_ratings"
        " JOIN users ON users.id = user_id JOIN movies ON movies.id = movie_id ORDER BY movie_ratings.created_at"
    )
    assert [tuple(row) for row in rows] == [
        ("movielens-1", "The Matrix", 5, datetime.fromtimestamp(964982703, UTC)),
        ("movielens-1", "Hate", 1, datetime.fromtimestamp(964982704, UTC)),
        ("movielens-2", "The Matrix", 2, datetime.fromtimestamp(1147880044, UTC)),
    ]
    assert await database.fetchval("SELECT count(*) FROM user_profiles") == 2
    assert summary.counts["ratings"] == RecordCounts(added=3, changed=0, unchanged=0)
    assert source.bad_rows == []


async def test_a_client_sees_the_ratings_and_nobody_can_sign_in_as_a_demo_user(
    client: Client, settings: Settings, source: Source
) -> None:
    result = run("import", "movielens", str(source.write()), **variables_of(settings))
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1].split() == ["ratings", "3", "0", "0"]
    found = (await client.catalog.GetMovie(movies_pb2.GetMovieRequest(tmdb_id=603))).movie
    assert (found.rating.count, found.rating.average) == (2, 3.5)
    for password in ("movielens-1", "!", "password"):
        login = users_pb2.LoginRequest(login="movielens-1", password=password)
        assert (await refused(client.users.Login(login))).reason == "CREDENTIALS_INVALID"


async def test_a_demo_user_is_an_ordinary_account_with_an_unknown_password(
    client: Client, settings: Settings, source: Source, database: asyncpg.Connection
) -> None:
    run("import", "movielens", str(source.write()), **variables_of(settings))
    user_id = await database.fetchval("SELECT id FROM users WHERE username = 'movielens-1'")
    superuser = await client.promoted(await client.registered("ada"), superuser=True)
    found = (await superuser.users.GetUser(users_pb2.GetUserRequest(user_id=user_id))).user
    assert (found.username, found.is_active, found.email) == ("movielens-1", True, "movielens-1@movielens.invalid")
    password_hash = await database.fetchval("SELECT password_hash FROM users WHERE id = $1", user_id)
    hasher = PasswordHasher(time_cost=1, memory_kib=8192, parallelism=1, processes=1, queue=1)
    assert password_hash.startswith("$argon2id$")
    assert not await hasher.verify(password_hash, "")
    hasher.close()


async def test_a_repeat_changes_nothing(source: Source, database: asyncpg.Connection) -> None:
    source.write()
    await source.load()
    before = await source.count()
    summary = await source.load()
    assert not summary.is_change
    assert await source.count() == before
    assert await database.fetchval("SELECT max(row_version) FROM movies") == 1


async def test_a_dry_run_returns_the_counts_and_changes_nothing(source: Source) -> None:
    source.write()
    dry_run = await source.load(dry_run=True)
    assert await source.count() == [0] * 7
    assert (await source.load()).counts == dry_run.counts


async def test_the_repeat_of_an_interrupted_import_continues_it(source: Source, database: asyncpg.Connection) -> None:
    class Interrupted(Exception):
        pass

    def stop(step: str, done: int, total: int) -> None:
        if step == "ratings" and done == total:
            raise Interrupted

    links = [(str(n), "", str(n)) for n in range(1, 301)]
    movies = [(str(n), f"Film {n} (2000)", "Drama") for n in range(1, 301)]
    ratings = [(str(user), str(n), "3.0", str(10**9 + n)) for user in range(1, 71) for n in range(1, 301)]
    source.write(movies, links, ratings)
    with pytest.raises(Interrupted):
        await import_movielens(
            database, folder=source.folder, users=source.users, progress=stop, on_bad_row=source.bad_rows.append
        )
    imported = await database.fetchval("SELECT count(*) FROM movie_ratings")
    summary = await source.load()
    assert imported == 20_000
    assert summary.counts["ratings"] == RecordCounts(added=1_000, changed=0, unchanged=20_000)
    assert await database.fetchval("SELECT sum(rating_count) FROM movie_stats") == 21_000


async def test_known_movies_gain_ids_and_genres_that_they_lack(source: Source, database: asyncpg.Connection) -> None:
    by_tmdb = await add_movie(database, "Matrix", tmdb_id=603)
    by_imdb = await add_movie(database, "Haine", imdb_id="tt0113247")
    await add_genre(database, "Cyberpunk", by_tmdb)
    source.write()
    summary = await source.load()
    assert summary.counts["movies"] == RecordCounts(added=1, changed=2, unchanged=0)
    rows = await database.fetch("SELECT id, title, tmdb_id, imdb_id FROM movies ORDER BY id LIMIT 2")
    assert [tuple(row) for row in rows] == [
        (by_tmdb, "Matrix", 603, "tt0133093"),
        (by_imdb, "Haine", 406, "tt0113247"),
    ]
    genres = await database.fetch(
        "SELECT movie_id, name FROM movie_genres JOIN genres ON genres.id = genre_id ORDER BY movie_id"
    )
    assert [tuple(row) for row in genres] == [(by_tmdb, "Cyberpunk"), (by_imdb, "Drama")]


async def test_an_id_of_another_movie_is_not_moved(source: Source, database: asyncpg.Connection) -> None:
    matched = await add_movie(database, "Matrix", tmdb_id=603)
    other = await add_movie(database, "Other", imdb_id="tt0133093")
    source.write()
    await source.load()
    rows = await database.fetch("SELECT id, tmdb_id, imdb_id FROM movies ORDER BY id LIMIT 2")
    assert [tuple(row) for row in rows] == [(matched, 603, None), (other, None, "tt0133093")]


async def test_two_movies_of_the_source_with_one_tmdb_id_become_one_with_the_latest_rating(
    source: Source, database: asyncpg.Connection
) -> None:
    movies = [("1", "Emma (1996)", "Drama"), ("2", "Emma (1996)", "Drama")]
    source.write(movies, [("1", "", "7"), ("2", "", "7")], [("1", "1", "5.0", "200"), ("1", "2", "1.0", "100")])
    await source.load()
    assert await database.fetchval("SELECT count(*) FROM movies") == 1
    assert await database.fetchval("SELECT rating FROM movie_ratings") == 5
    assert not (await source.load()).is_change


async def test_a_changed_rating_is_updated(source: Source, database: asyncpg.Connection) -> None:
    source.write()
    await source.load()
    source.write(ratings=[("1", "1", "1.0", "964982800")])
    assert (await source.load()).counts["ratings"] == RecordCounts(added=0, changed=1, unchanged=0)
    rows = await database.fetch("SELECT rating_count, rating_sum FROM movie_stats ORDER BY movie_id")
    assert [tuple(row) for row in rows][:1] == [(2, 3)]


async def test_bad_rows_are_reported(source: Source) -> None:
    source.write(
        [*MOVIES, ("4", "Unlinked (2000)", ""), ("5", "", "Drama"), ("1", "Again (2000)", "")],
        [*LINKS, ("5", "", ""), ("6", "x", "")],
        [*RATINGS, ("1", "99", "3.0", "1"), ("1", "1", "5.5", "1"), ("1", "1", "3.3", "1"), ("0", "1", "3.0", "1")],
    )
    summary = await source.load()
    assert [(row.file, row.line, row.reason) for row in source.bad_rows] == [
        ("movies.csv", 6, "title is empty"),
        ("movies.csv", 7, "movie 1 is in line 2 already"),
        ("links.csv", 5, "has neither imdbId nor tmdbId"),
        ("links.csv", 6, "imdbId is no number: 'x'"),
        ("movies.csv", 5, "movie 4 has no usable link"),
        ("ratings.csv", 6, "rating in half stars is no whole number from 1 to 10: '11.0'"),
        ("ratings.csv", 7, "rating in half stars is no whole number from 1 to 10: '6.6'"),
        ("ratings.csv", 8, "userId is no whole number from 1 to 2147483647: '0'"),
        ("ratings.csv", 5, "there is no movie 99"),
    ]
    assert summary.bad_rows == {"movie": 3, "link": 2, "rating": 4}
    assert summary.counts["ratings"].added == 3


async def test_a_registered_account_gets_no_ratings(
    client: Client, source: Source, database: asyncpg.Connection
) -> None:
    stranger = await client.registered("movielens-1")
    source.write()
    summary = await source.load()
    assert summary.bad_rows == {"rating": 2}
    assert source.bad_rows[0].reason == "another account has the username movielens-1"
    owners = await database.fetch("SELECT DISTINCT user_id FROM movie_ratings")
    assert stranger.user_id not in {row["user_id"] for row in owners}


async def test_a_folder_that_lacks_a_file_is_refused(source: Source, settings: Settings) -> None:
    (source.write() / "links.csv").unlink()
    result = run("import", "movielens", str(source.folder), **variables_of(settings))
    assert result.returncode == 1
    assert result.stderr == f"marquee: {source.folder} has no links.csv, plain, .gz, .xz or .zip\n"
    with pytest.raises(FileUnusable):
        await source.load()
    assert await source.count() == [0] * 7


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Toy Story (1995)", Title("Toy Story", None, 1995)),
        ("Matrix, The (1999)", Title("The Matrix", None, 1999)),
        ("Postman, The (Postino, Il) (1994)", Title("The Postman", "Il Postino", 1994)),
        ("Eclisse, L' (1962)", Title("L'Eclisse", None, 1962)),
        ("Seven (a.k.a. Se7en) (1995)", Title("Seven", None, 1995)),
        ("Léon (a.k.a. The Professional) (Léon le tueur) (1994)", Title("Léon", "Léon le tueur", 1994)),
        ("(500) Days of Summer (2009)", Title("(500) Days of Summer", None, 2009)),
        ("Good Night, and Good Luck. (2005) ", Title("Good Night, and Good Luck.", None, 2005)),
        ("Death Note (2006\u20132007)", Title("Death Note", None, 2006)),
        ("Babylon 5", Title("Babylon 5", None, None)),
        ("Goodbye, Man", Title("Goodbye, Man", None, None)),
    ],
)
def test_titles_are_parsed(text: str, parts: Title) -> None:
    assert parse_title(text) == parts


def test_half_stars_are_rounded_up() -> None:
    ratings = ("0.5", "1.0", "1.5", "2.0", "2.5", "3.0", "3.5", "4.0", "4.5", "5.0")
    assert [whole_stars(stars) for stars in ratings] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
