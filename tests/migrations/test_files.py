"""The migration files: their names, new ones, and their place in a checkout and in a wheel."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from service.database import migrations
from service.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "migrations/marquee"


def relative_files(folder: Path) -> set[str]:
    """Returns the paths of the files below a folder, without byte code."""
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {str(path) for path in files if "__pycache__" not in path.parts}


def test_names_have_four_digits_a_time_and_a_topic_and_count_from_zero() -> None:
    names = sorted(path.name for path in FOLDER.glob("*.py"))
    assert all(re.fullmatch(r"\d{4}_\d{14}_[a-z0-9_]+\.py", name) for name in names)
    assert [int(name[:4]) for name in names] == list(range(len(names)))
    assert tuple(name.removesuffix(".py") for name in names) == migrations.known_versions()


def test_the_baseline_runs_every_sql_file() -> None:
    (baseline,) = FOLDER.glob("0000_*.py")
    constants = {
        node.value
        for node in ast.walk(ast.parse(baseline.read_text()))
        if isinstance(node, ast.Constant) and str(node.value).endswith(".sql")
    }
    assert constants == {path.name for path in (FOLDER / "baseline").iterdir()}


def test_a_checkout_uses_its_own_files() -> None:
    assert migrations.migrations_folder() == ROOT / "migrations"


async def test_a_wheel_brings_the_same_files(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    process = await asyncio.create_subprocess_exec(*build, stdout=subprocess.DEVNULL)
    assert await process.wait() == 0
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    assert relative_files(installed / "service/migrations") == relative_files(ROOT / "migrations")
    program = "from service.database import migrations; print(migrations.migrations_folder())"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        stdout=subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert Path(printed.decode().strip()) == installed / "service/migrations"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the package and the migrations, to write files into."""
    for folder in ("service", "migrations"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


async def create(checkout: Path, settings: Settings, *arguments: str) -> str:
    """Runs `marquee local migration` in a checkout and returns its output."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(checkout), str(ROOT / "gen")]),
        "MARQUEE_PROFILE": "development",
        "MARQUEE_DATABASE_URL": settings.database_url.get_secret_value(),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "service", "local", "migration", *arguments),
        cwd=checkout,
        env=environment,
        stdout=subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode().strip()


async def test_a_changed_model_gets_the_next_number(checkout: Path, settings: Settings) -> None:
    models = checkout / "service/catalog/models.py"
    title = "    title = fields.CharField(max_length=500)\n"
    models.write_text(models.read_text().replace(title, title + "    runtime = fields.IntField(null=True)\n", 1))
    printed = await create(checkout, settings, "add_runtime")
    newest = sorted((checkout / "migrations/marquee").glob("*.py"))[-1]
    assert printed == f"wrote migrations/marquee/{newest.name}"
    assert re.fullmatch(rf"{len(migrations.known_versions()):04}_\d{{14}}_add_runtime\.py", newest.name)
    assert 'ALTER TABLE "movies" ADD "runtime" INT' in newest.read_text()


async def test_without_a_changed_model_a_file_is_written_on_demand(checkout: Path, settings: Settings) -> None:
    before = relative_files(checkout / "migrations")
    assert await create(checkout, settings, "nothing") == "the models have not changed"
    assert relative_files(checkout / "migrations") == before
    printed = await create(checkout, settings, "trigger", "--empty")
    (written,) = relative_files(checkout / "migrations") - before
    assert printed == f"wrote migrations/{written}"
    assert "MODELS_STATE" in (checkout / "migrations" / written).read_text()
