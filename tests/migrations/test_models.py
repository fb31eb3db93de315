"""The models agree with the schema that the migrations create."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import asyncpg
from aerich import Command
from tortoise import Tortoise

from service.database import migrations, orm
from service.settings import Settings

# Columns that the ORM cannot describe or must not write.
DATABASE_ONLY = {
    ("movie_genres", "popularity"),
    ("movie_genres", "release_date"),
    ("movie_genres", "release_year"),
    ("movie_genres", "vote_average"),
    ("released_files", "file_id"),
    ("released_files", "released_at"),
    ("movie_stats", "rating_average"),
    ("catalog_changes", "xid"),
    *(
        ("movie_search", column)
        for column in ("movie_id", "title_text", "title_key", "original_key", "year", "popularity", "document")
    ),
    *(("person_search", column) for column in ("person_id", "name_key", "credits", "document")),
    *(("search_words", column) for column in ("id", "word")),
    *(("genre_counts", column) for column in ("id", "genre_id", "movies")),
}
COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relkind = 'r' AND c.relnamespace = $1::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
"""


async def test_the_models_need_no_further_migration(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(migrations.migrations_folder(), folder)
    before = files(folder)
    async with orm.connected(settings):
        command = Command(orm.tortoise_config(settings), app=orm.APP, location=str(folder))
        await command.init(offline=True)
        assert await command.migrate("nothing", no_input=True, offline=True) == ""
    assert files(folder) == before


async def test_tables_and_columns_are_those_of_the_models(settings: Settings, database: asyncpg.Connection) -> None:
    actual = {(row[0], row[1]): (row[2], row[3]) for row in await database.fetch(COLUMNS, "public")}
    async with orm.connected(settings):
        models = {describe(model).db_table: describe(model) for model in Tortoise.apps[orm.APP].values()}
        fields = {
            (table, column): model.fields_map[name]
            for table, model in models.items()
            for name, column in model.fields_db_projection.items()
        }
        types = {key: str(field.get_for_dialect("postgres", "SQL_TYPE")) for key, field in fields.items()}
    # A temporary table gives PostgreSQL's own names of the types of the models.
    for table in models:
        columns = ", ".join(f'"{column}" {kind}' for (owner, column), kind in types.items() if owner == table)
        await database.execute(f'CREATE TEMPORARY TABLE "{table}" ({columns})')
    temporary = await database.fetchval("SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()")
    called = {(row[0], row[1]): row[2] for row in await database.fetch(COLUMNS, temporary)}
    wanted = {key: (called[key], not field.null) for key, field in fields.items()}
    assert actual.keys() - wanted.keys() == DATABASE_ONLY
    assert {key: actual.get(key) for key in wanted} == wanted


def describe(model: Any) -> Any:
    """Returns the metadata of a model."""
    return model._meta  # noqa: SLF001 - the only place with tables and columns


def files(folder: Path) -> list[Path]:
    """Returns the files of a folder, without byte code."""
    return sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts)
