"""The models and the schema that the migrations make say the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import asyncpg
from aerich import Command
from tortoise import Model, Tortoise

from service import db, migrate
from service.settings import Settings

# What the ORM has no word for or must not write.
DATABASE_ONLY = {
    ("movies", "search"),
    ("movie_stats", "rating_average"),
    ("catalog_changes", "xid"),
}
COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relkind = 'r' AND c.relnamespace = $1::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
"""


async def test_the_models_need_no_further_migration(settings: Settings, tmp_path: Path) -> None:
    shutil.copytree(migrate.migrations_folder(), tmp_path / "migrations")
    before = sorted(tmp_path.rglob("*"))
    async with db.connected(settings):
        command = Command(db.tortoise_config(settings), app=db.APP, location=str(tmp_path / "migrations"))
        await command.init(offline=True)
        assert await command.migrate("nothing", no_input=True, offline=True) == ""
    assert [path for path in sorted(tmp_path.rglob("*")) if "__pycache__" not in path.parts] == before


async def test_tables_and_columns_are_those_of_the_models(settings: Settings, database: asyncpg.Connection) -> None:
    actual = {(row[0], row[1]): (row[2], row[3]) for row in await database.fetch(COLUMNS, "public")}
    async with db.connected(settings):
        models: list[type[Model]] = list(Tortoise.apps[db.APP].values())
        for model in models:
            definitions = [f'"{name}" {sql_type(field)}' for name, field in columns(model).items()]
            await database.execute(f'CREATE TEMPORARY TABLE "{model._meta.db_table}" ({", ".join(definitions)})')
        # PostgreSQL itself tells how it calls the models' types.
        named = await database.fetch(
            COLUMNS, await database.fetchval("SELECT nspname FROM pg_namespace WHERE oid = pg_my_temp_schema()")
        )
        types = {(row[0], row[1]): row[2] for row in named}
        wanted = {
            (model._meta.db_table, name): (types[model._meta.db_table, name], not field.null)
            for model in models
            for name, field in columns(model).items()
        }
    assert actual.keys() - wanted.keys() == DATABASE_ONLY
    assert {key: actual.get(key) for key in wanted} == wanted


def columns(model: type[Model]) -> dict[str, Any]:
    """Returns a model's fields by the names of their columns."""
    return {
        model._meta.fields_db_projection[name]: model._meta.fields_map[name]
        for name in model._meta.fields_db_projection
    }


def sql_type(field: Any) -> str:
    """Returns the type that a field's column has."""
    return str(field.get_for_dialect("postgres", "SQL_TYPE"))
