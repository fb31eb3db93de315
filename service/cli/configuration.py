"""`marquee config`, and the settings as every command reads them."""

from __future__ import annotations

import enum
import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pydantic import ValidationError

    from service.settings import Settings

SIMILARITY = 70
"""Least similarity, of 100, of a known name that is suggested for an unknown one."""


class ConfigFormat(enum.StrEnum):
    """Format of `marquee config`."""

    TABLE = "table"
    ENV = "env"
    JSON = "json"


def config(
    *,
    output: Annotated[
        ConfigFormat, typer.Option("--format", help="Table with descriptions, shell assignments or JSON.")
    ] = ConfigFormat.TABLE,
) -> None:
    """Print the effective settings, secrets masked."""
    from service.cli.output import print_json, print_line, print_table
    from service.settings import description_of, fields_by_topic, variable_name

    values: dict[str, Any] = read_settings().model_dump(mode="json")
    fields = {name: field for topic in fields_by_topic().values() for name, field in topic.items()}
    match output:
        case ConfigFormat.JSON:
            print_json({variable_name(name): values[name] for name in fields})
        case ConfigFormat.ENV:
            for name in fields:
                print_line(f"{variable_name(name)}={shlex.quote(format_value(values[name]))}")
        case ConfigFormat.TABLE:
            rows = [
                (variable_name(name), format_value(values[name]), description_of(field))
                for name, field in fields.items()
            ]
            print_table(("variable", "value", "meaning"), rows, folded=("meaning",))


def read_settings(*, serving: bool = False, warn: bool = True) -> Settings:
    """Returns the settings of the environment, or of the running local stack of this checkout.

    `serving` also checks the settings that only a server needs. `warn` prints unknown MARQUEE_* variables. For an
    invalid setting prints a sentence and exits with 78 (EX_CONFIG).
    """
    import pydantic

    from service.settings import Settings

    _use_local_stack()
    if warn:
        _warn_of_unknown_variables()
    try:
        settings = Settings()
        return settings.for_serving() if serving else settings
    except pydantic.ValidationError as error:
        sentences = _sentences(error)
    except ValueError as error:
        sentences = [str(error)]
    for sentence in sentences:
        typer.echo(f"marquee: {sentence}", err=True)
    sys.exit(os.EX_CONFIG)


def _use_local_stack() -> None:
    """Adds the settings of the local stack to the environment if it runs and no database is set."""
    if "MARQUEE_DATABASE_URL" in os.environ or not find_spec("service.local"):
        return
    data = Path(os.environ.get("MARQUEE_LOCAL_DATA") or Path(__file__).parents[2] / ".marquee")
    if not data.is_dir():
        return
    from service.local.layout import Layout, read_environment
    from service.local.status import read_status

    layout = Layout(data.resolve())
    try:
        stack = read_environment(layout) if read_status(layout) is not None else {}
    except FileNotFoundError:  # The stack starts for the first time.
        stack = {}
    if not stack:
        return
    # What the operator set wins, except for AWS: credentials of a real account do not fit the local endpoint.
    os.environ.update({name: value for name, value in stack.items() if name not in os.environ or "AWS" in name})
    typer.echo(f"marquee: using the local stack in {layout.root}", err=True)


def _warn_of_unknown_variables() -> None:
    from service.settings import OTHER_VARIABLES, PREFIX, Settings, variable_name

    known = [*map(variable_name, Settings.model_fields), *OTHER_VARIABLES]
    for name in sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known):
        from rapidfuzz import fuzz, process

        match = process.extractOne(name, known, scorer=fuzz.ratio, score_cutoff=SIMILARITY)
        suggestion = f"; did you mean {match[0]}?" if match else ""
        typer.echo(f"marquee: warning: {name} is not a setting{suggestion}", err=True)


def _sentences(error: ValidationError) -> list[str]:
    """Returns one sentence per invalid setting, without the words that pydantic puts before a message."""
    from service.settings import variable_name

    sentences = []
    for problem in error.errors():
        cause = problem.get("ctx", {}).get("error")
        name = "".join(f"{variable_name(str(part))}: " for part in problem["loc"])
        sentences.append(f"{name}{cause or problem['msg']}")
    return sentences


def format_value(value: object) -> str:
    """Returns the text of a setting for its environment variable."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
    return str(value)
