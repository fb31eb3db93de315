"""Builds the functions' zip: handlers, pinned packages, generated stubs and the bytecode of all, reproducibly.

As a script, `python lambdas/build.py --stubs gen --output .marquee/build --target local` prints the zip's
path.
"""

import argparse
import hashlib
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)
_HERE = Path(__file__).resolve().parent
_REQUIREMENTS = _HERE.parent / "requirements" / "lambda.txt"
_COMPILER = _HERE / "bytecode.py"
# One zip holds every function: they differ in a few kilobytes of their own, and a warm cache serves both.
_CODE_FOLDERS = ("uploads", "register_image", "forget_image")
# What the functions import of the generated code.
_STUB_FOLDERS = ("marquee/media", "buf/validate")
# The oldest moment a zip can express.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644
_AWS_PYTHON = "3.13"
_AWS_PLATFORMS = {"aws-arm64": "aarch64-manylinux_2_28", "aws-x86_64": "x86_64-manylinux_2_28"}

TARGETS = ("local", *_AWS_PLATFORMS)
"""What a zip can be built for: the interpreter that builds it, or AWS Lambda's on either processor."""


class BuildFailed(RuntimeError):
    """The packages could not be installed; the message holds the installer's own words."""


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A file of the zip: where it stands there and where it comes from."""

    name: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class _Interpreter:
    """Who compiles: of the version that the functions run on, since no other reads what it makes."""

    path: str
    cache_tag: str
    """Stands in the names of what it makes."""


def build(*, stubs: Path, output: Path, target: str = "local", requirements: Path = _REQUIREMENTS) -> Path:
    """Returns the zip's path in folder `output`, where it is built unless the same input was built before.

    `stubs` is the folder of the generated packages `marquee` and `buf`. Older zips of the same target are
    removed. Two builds at a time do not disturb each other. Where this machine has no interpreter of the
    target's version the zip goes without bytecode, and a warning is logged: it takes more than twice as long to import.
    Raises BuildFailed when installing or compiling fails, FileNotFoundError when the stubs are missing.
    """
    own = [*_code_entries(), *_stub_entries(stubs)]
    interpreter = _find_interpreter(target)
    digest = _input_digest(own, requirements=requirements, target=target, interpreter=interpreter)
    destination = output / f"functions-{target}-{digest[:16]}.zip"
    if destination.exists():
        return destination
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="marquee-build-") as scratch:
        packages = Path(scratch) / "packages"
        _install(packages, requirements=requirements, target=target)
        entries = [*own, *_package_entries(packages)]
        if interpreter is not None:
            entries += _compiled(entries, folder=Path(scratch) / "bytecode", interpreter=interpreter)
        draft = output / f".{destination.name}.{os.getpid()}"
        _write_zip(draft, entries)
    draft.replace(destination)
    for old in output.glob(f"functions-{target}-*.zip"):
        if old != destination:
            old.unlink(missing_ok=True)
    return destination


def _code_entries() -> Iterator[_Entry]:
    yield _Entry(name="lambdas/__init__.py", path=_HERE / "__init__.py")
    for path in sorted(path for folder in _CODE_FOLDERS for path in (_HERE / folder).rglob("*.py")):
        yield _Entry(name=f"lambdas/{path.relative_to(_HERE).as_posix()}", path=path)


def _stub_entries(stubs: Path) -> Iterator[_Entry]:
    for folder in _STUB_FOLDERS:
        if not (stubs / folder).is_dir():
            raise FileNotFoundError(f"there are no generated stubs in {stubs / folder}")
        for path in sorted((stubs / folder).rglob("*.py")):
            yield _Entry(name=path.relative_to(stubs).as_posix(), path=path)
    for package in ("marquee", "buf"):
        initial = stubs / package / "__init__.py"
        if initial.exists():
            yield _Entry(name=f"{package}/__init__.py", path=initial)


def _package_entries(packages: Path) -> Iterator[_Entry]:
    for path in packages.rglob("*"):
        if path.is_file():
            name = path.relative_to(packages).as_posix()
            if _is_needed(name):
                yield _Entry(name=name, path=path)


def _is_needed(name: str) -> bool:
    """Tells whether an installed file has to go along: not what only tests, type checkers or pip read."""
    parts = name.split("/")
    if name.endswith((".pyi", ".pyc", ".pyx", ".pxd", ".pxi", "py.typed")) or parts[0] in ("bin", ".lock"):
        return False
    if {"tests", "testing", "__pycache__"} & set(parts):
        return False
    if parts[0].endswith(".dist-info"):
        # Licences want to travel with the code they cover.
        return "licen" in name.lower() or "notice" in name.lower()
    if parts[:2] == ["botocore", "data"] and len(parts) > 3:  # noqa: PLR2004 - deeper than data/<one file>
        return parts[2] == "s3" and not parts[-1].startswith("examples")
    return True


def _input_digest(
    entries: Sequence[_Entry], *, requirements: Path, target: str, interpreter: _Interpreter | None
) -> str:
    digest = hashlib.sha256()
    machine = f"{sys.platform} {os.uname().machine}" if target == "local" else ""
    digest.update(f"{target} {machine} {interpreter and interpreter.cache_tag}\n".encode())
    for name, path in [
        *((entry.name, entry.path) for entry in entries),
        ("requirements", requirements),
        ("build", Path(__file__)),
        ("bytecode", _COMPILER),
    ]:
        content = path.read_bytes()
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _install(packages: Path, *, requirements: Path, target: str) -> None:
    command = [*_uv(), "pip", "install", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--only-binary", ":all:", "--link-mode", "copy", "--target", str(packages)]
    if target == "local":
        command += ["--python", sys.executable]
    else:
        command += ["--python-version", _AWS_PYTHON, "--python-platform", _AWS_PLATFORMS[target]]
    finished = subprocess.run([*command, "-r", str(requirements)], check=False, capture_output=True, text=True)
    if finished.returncode:
        raise BuildFailed(finished.stderr.strip())


def _find_interpreter(target: str) -> _Interpreter | None:
    if target == "local":
        return _Interpreter(path=sys.executable, cache_tag=sys.implementation.cache_tag or "")
    command = [*_uv(), "python", "find", "--no-python-downloads", "--no-project", _AWS_PYTHON]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    if found.returncode:
        log.warning("no Python %s here: the zip goes without bytecode, and imports slower", _AWS_PYTHON)
        return None
    return _Interpreter(path=found.stdout.strip(), cache_tag=f"cpython-{_AWS_PYTHON.replace('.', '')}")


def _compiled(entries: Sequence[_Entry], *, folder: Path, interpreter: _Interpreter) -> list[_Entry]:
    """Returns the bytecode of every source among the entries, under the names that imports look for."""
    made, lines = [], []
    # In one order and with one seed for hashes: what stands in bytecode depends on both.
    for source in sorted((entry for entry in entries if entry.name.endswith(".py")), key=lambda entry: entry.name):
        package, _, module = source.name.removesuffix(".py").rpartition("/")
        name = f"{package}/__pycache__/{module}.{interpreter.cache_tag}.pyc".lstrip("/")
        made.append(_Entry(name=name, path=folder / name))
        lines.append(f"{source.path}\t{folder / name}\t{source.name}\n")
    finished = subprocess.run(
        # -s, -S and -P: nothing but its own library.
        [interpreter.path, "-s", "-S", "-P", str(_COMPILER)],
        input="".join(lines),
        env={"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    if finished.returncode:
        raise BuildFailed(finished.stderr.strip())
    return made


def _uv() -> list[str]:
    if importlib.util.find_spec("uv") is not None:
        return [sys.executable, "-m", "uv"]
    found = shutil.which("uv")
    if found is None:
        raise BuildFailed("uv is neither importable nor on the PATH")
    return [found]


def _write_zip(destination: Path, entries: Sequence[_Entry]) -> None:
    with zipfile.ZipFile(destination, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for entry in sorted(entries, key=lambda entry: entry.name):
            info = zipfile.ZipInfo(entry.name, date_time=_TIMESTAMP)
            info.external_attr = _FILE_MODE << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, whatever system builds: the modes are its
            archive.writestr(info, entry.path.read_bytes())


def main() -> None:
    """Builds as the command line says and prints the zip's path."""
    parser = argparse.ArgumentParser(description="Builds the Lambda functions' zip.")
    parser.add_argument("--stubs", type=Path, default=_HERE.parent / "gen", help="generated stubs")
    parser.add_argument("--output", type=Path, default=_HERE.parent / "dist" / "lambdas", help="folder for the zip")
    parser.add_argument("--target", choices=TARGETS, default="local", help="where the zip will run")
    arguments = parser.parse_args()
    path = build(stubs=arguments.stubs, output=arguments.output, target=arguments.target)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
