"""The wheel in a clean environment: every command of README's table for operators works or says what it needs."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer

from service.cli.application import app
from service.supervisor.ports import free_port
from tests.client import PASSWORD
from tests.processes import ROOT, environment

pytestmark = pytest.mark.timeout(300)
TIMEOUT = 120.0
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}") or "uv"
HELP_OF_ALL = """
import sys
from typer.testing import CliRunner
from service.cli.application import app

for line in sys.stdin.read().splitlines():
    done = CliRunner().invoke(app, [*line.split(), "--help"])
    if done.exit_code or "Usage: " not in done.output:
        print(line, done.output, done.exception)
"""


class Done(NamedTuple):
    """Result of a command."""

    code: int
    output: str
    errors: str


class Installation:
    """An environment with the wheel."""

    def __init__(self, folder: Path) -> None:
        self.python = folder / "bin" / "python"
        self.marquee = folder / "bin" / "marquee"
        self._folder = folder.parent

    def run(self, *arguments: str, typed: str = "", **variables: object) -> Done:
        """Runs a command outside the checkout."""
        done = subprocess.run(
            [self.marquee, *arguments],
            cwd=self._folder,
            env=environment(**variables),
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    execute(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installation(wheel: Path) -> Installation:
    """A clean environment with the pinned packages of a server and the wheel."""
    folder = wheel.parent / "environment"
    execute(UV, "venv", "--quiet", "--python", sys.executable, str(folder))
    python = str(folder / "bin" / "python")
    pins = str(ROOT / "requirements" / "server.txt")
    execute(UV, "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", pins)
    execute(UV, "pip", "install", "--quiet", "--python", python, "--no-deps", str(wheel))
    return Installation(folder)


@pytest.fixture
def variables(variables: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """The same with a folder for keys that does not exist yet."""
    return variables | {"keys_dir": tmp_path / "keys"}


def execute(*arguments: str) -> None:
    """Runs a tool; shows its output if it fails."""
    done = subprocess.run(
        arguments,
        env={"UV_SYSTEM_CERTS": "true", **os.environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def documented_commands() -> list[str]:
    """Returns the commands of README's table for operators, such as "migrate up".

    A cell names one command in full and then others of the same group: "`marquee migrate up`, `down`, `status`".
    """
    commands = []
    group: list[str] = []
    for cell in re.findall(r"^\| (`marquee [^|]*) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE):
        for span in re.findall("`([^`]*)`", cell):
            words = re.match(r"(?:marquee )?([a-z- ]*[a-z])", span.split(" --")[0])
            assert words, span
            path = [*([] if span.startswith("marquee ") else group), *words[1].split()]
            group = path[:-1]
            commands.append(" ".join(path))
    return commands


def commands_of(application: Any, path: Sequence[str] = ()) -> Iterator[str]:
    """Yields the commands of the application that are not hidden."""
    for name, command in application.commands.items():
        if hasattr(command, "commands"):
            yield from commands_of(command, (*path, name))
        elif not command.hidden:
            yield " ".join((*path, name))


def test_readme_lists_every_command() -> None:
    commands = {name for name in commands_of(typer.main.get_command(app)) if not name.startswith("local ")}
    assert set(documented_commands()) == commands


def test_every_documented_command_is_installed(installation: Installation) -> None:
    done = subprocess.run(
        [installation.python, "-c", HELP_OF_ALL],
        cwd=installation.python.parent,
        env=environment(),
        input="\n".join(documented_commands()),
        capture_output=True,
        text=True,
        check=True,
        timeout=TIMEOUT,
    )
    assert done.stdout == ""


def test_the_embedded_stack_is_not_installed(installation: Installation) -> None:
    done = installation.run("local", "run")
    assert done.code == 2
    assert "No such command 'local'" in done.errors


def test_the_commands_of_an_operator_work(installation: Installation, variables: dict[str, Any]) -> None:
    def run(*arguments: str, typed: str = "") -> Done:
        return installation.run(*arguments, typed=typed, **variables)

    assert run("keys", "rotate").code == 0
    with ThreadPoolExecutor(3) as pool:
        results = list(
            pool.map(
                lambda arguments: run(*arguments, typed=f"{PASSWORD}\n"),
                (
                    ("config",),
                    ("migrate", "up"),
                    ("migrate", "status"),
                    ("keys", "list"),
                    ("tokens", "issue", "--service", "register-image", "--scope", "media.register"),
                    ("tokens", "list"),
                    ("users", "create", "ada", "--email", "ada@example.org", "--staff"),
                    ("users", "list"),
                    ("media", "sweep"),
                    ("recommend", "status"),
                    ("import", "sample", "--no-posters"),
                ),
            )
        )
    assert [(done.code, done.errors) for done in results] == [(0, "")] * len(results)
    assert "60 films added" in results[-1].output


def test_posters_name_the_extra_that_they_need(installation: Installation, variables: dict[str, Any]) -> None:
    done = installation.run("import", "sample", **variables)
    assert (done.code, done.output) == (1, "")
    assert done.errors == (
        "marquee: posters are drawn with the packages pillow and font-manrope:"
        " install the extra `posters` of marquee-server, or pass --no-posters\n"
    )


@pytest.mark.parametrize("extra", ["redis", "posters"])
def test_the_extras_are_named_in_the_wheel(installation: Installation, extra: str) -> None:
    extras = "from importlib.metadata import metadata; print(metadata('marquee-server').get_all('Provides-Extra'))"
    done = subprocess.run([installation.python, "-c", extras], capture_output=True, text=True, check=True)
    assert repr(extra) in done.stdout


def test_the_server_serves_and_stops(installation: Installation, variables: dict[str, Any]) -> None:
    """With the packages of the extra `redis`, and a shared store that is away."""
    variables |= {"port": free_port(), "workers": 1, "shared_store_url": f"redis://127.0.0.1:{free_port()}"}
    assert installation.run("keys", "rotate", **variables).code == 0
    server = subprocess.Popen(
        [installation.marquee, "serve"],
        cwd=installation.python.parent,
        env=environment(**variables),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        while "worker.became_ready" not in (line := server.stderr.readline()):
            assert line
        assert installation.run("health", **variables).code == 0
        server.send_signal(signal.SIGTERM)
        _, log = server.communicate(timeout=TIMEOUT)
    finally:
        server.kill()
    assert server.returncode == 0
    assert "Traceback" not in log
