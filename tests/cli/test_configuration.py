"""`marquee config`, the settings of every command, and their generated documentation."""

from __future__ import annotations

import fcntl
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from service.cli.application import app
from service.cli.settings_reference import env_example, settings_page
from service.local.layout import Layout, write_environment
from service.settings import OTHER_VARIABLES, Settings, fields_by_topic, variable_name
from tests.processes import ROOT, environment, run

SECRETS = {name: f"secret-{name}-" + "x" * 32 for name in ("index_key", "page_token_key", "data_keys")}
DATABASE = {"database_url": "postgresql://ada:hunter2@db/marquee"}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Path]:
    """The data folder of a running stack."""
    layout = Layout(tmp_path)
    write_environment(
        layout,
        {
            "MARQUEE_DATABASE_URL": "postgresql://stack@/marquee?host=/stack",
            "MARQUEE_PROFILE": "development",
            "MARQUEE_PORT": "50099",
        },
    )
    with layout.lock_file.open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield tmp_path


def call(*arguments: str, **variables: object) -> Result:
    """Runs a command in this process."""
    return CliRunner().invoke(app, arguments, env=environment(**variables))


def test_config_prints_every_setting_in_full_and_no_secret(variables: dict[str, Any]) -> None:
    done = run("config", **variables | SECRETS | DATABASE)
    assert done.returncode == 0
    names = [line.split()[0] for line in done.stdout.splitlines()[1:]]
    assert names == [variable_name(name) for topic in fields_by_topic().values() for name in topic]
    assert set(names) == set(map(variable_name, Settings.model_fields))
    assert "hunter2" not in done.stdout
    assert "secret-" not in done.stdout
    assert str(variables["keys_dir"]) in done.stdout


def test_names_are_complete_in_a_narrow_pipe() -> None:
    done = CliRunner().invoke(app, ["config"], env=environment() | {"COLUMNS": "40"})
    (line,) = [line for line in done.output.splitlines() if line.startswith("MARQUEE_PASSWORD_ATTEMPTS_ACCOUNT_PEER ")]
    assert line.endswith("A success resets the count.")


@pytest.mark.parametrize("output", ["env", "json"])
def test_config_is_readable_by_programs(output: str) -> None:
    done = call("config", "--format", output, **DATABASE, rate_limit_read="", workers=3)
    assert done.exit_code == 0
    if output == "json":
        values = {name: str(value) for name, value in json.loads(done.stdout).items()}
    else:
        values = dict(word.split("=", 1) for word in shlex.split(done.stdout))
    assert set(values) == set(map(variable_name, Settings.model_fields))
    assert values["MARQUEE_WORKERS"] == "3"
    assert values["MARQUEE_RATE_LIMIT_READ"] == ""
    assert set(values["MARQUEE_DATABASE_URL"]) == {"*"}


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("databse_url", "; did you mean MARQUEE_DATABASE_URL?"),
        ("pasword_memory_kb", "; did you mean MARQUEE_PASSWORD_MEMORY_KIB?"),
        ("xyzzy", ""),
    ],
)
def test_an_unknown_variable_is_a_warning_with_the_nearest_name(name: str, suggestion: str) -> None:
    done = call("config", **{name: "1"})
    assert done.exit_code == 0
    assert done.stderr == f"marquee: warning: MARQUEE_{name.upper()} is not a setting{suggestion}\n"


def test_variables_of_other_programs_are_no_warning() -> None:
    done = CliRunner().invoke(app, ["config"], env=environment() | dict.fromkeys(OTHER_VARIABLES, "1"))
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("port", "x", "MARQUEE_PORT: Input should be a valid integer, unable to parse string as an integer"),
        ("rate_limit_read", "3", 'MARQUEE_RATE_LIMIT_READ: must be one rate, such as "600/minute" or "10/15minute"'),
        ("token_audience", "", "MARQUEE_TOKEN_AUDIENCE must not be empty: tokens of other systems would pass"),
        (
            "database_url",
            "postgresql://ada:pa/ss#word@db/marquee",
            (
                "MARQUEE_DATABASE_URL has a port that is not a number;"
                " write special characters of the password as %XX, such as %2F for a slash"
            ),
        ),
    ],
)
def test_a_wrong_setting_is_one_plain_sentence(variable: str, value: str, sentence: str) -> None:
    done = call("config", **{variable: value})
    assert (done.exit_code, done.stderr) == (78, f"marquee: {sentence}\n")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db/marquee",
        "postgresql://ada:x%2Fy@db1:5432,db2:5433/marquee?target_session_attrs=primary",
        "postgres://postgres@/marquee?host=/run/postgresql",
        "postgresql://[::1]:5432/marquee",
    ],
)
def test_the_usual_database_urls_are_accepted(url: str) -> None:
    assert call("config", database_url=url).exit_code == 0


def test_commands_use_the_running_local_stack(stack: Path) -> None:
    done = run("config", "--format", "env", local_data=stack)
    assert done.stderr == f"marquee: using the local stack in {stack}\n"
    assert "MARQUEE_PORT=50099\n" in done.stdout
    assert "MARQUEE_PROFILE=development\n" in done.stdout


def test_variables_of_the_shell_win_over_the_local_stack(stack: Path) -> None:
    done = run("config", "--format", "env", local_data=stack, port=50100)
    assert "MARQUEE_PORT=50100\n" in done.stdout
    done = run("config", "--format", "env", local_data=stack, **DATABASE)
    assert done.stderr == ""
    assert "MARQUEE_PORT=50051\n" in done.stdout


def test_a_stopped_local_stack_is_not_used(tmp_path: Path) -> None:
    write_environment(Layout(tmp_path), {"MARQUEE_PORT": "50099"})
    for _ in range(2):
        done = run("config", "--format", "env", local_data=tmp_path)
        assert done.stderr == ""
        assert "MARQUEE_PORT=50051\n" in done.stdout
        (tmp_path / "lock").touch()


def test_the_documentation_of_the_settings_is_up_to_date() -> None:
    """To update both files: `python -m service.cli.settings_reference`."""
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == settings_page()
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == env_example()
    undocumented = [name for name in Settings.model_fields if not Settings.model_fields[name].description]
    assert undocumented == []
