"""Builds the reproducible zip of the functions: handlers, pinned packages, generated stubs and their bytecode.

As a script, `python lambdas/build.py --stubs gen --output .marquee/build --target local` prints the path of the zip.
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
# Both functions share one zip, because they differ only by a few kilobytes.
_CODE_FOLDERS = ("uploads", "register_image", "forget_image")
# The generated packages that the functions import.
_STUB_FOLDERS = ("marquee/media", "buf/validate")
# The earliest date that a zip can store.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644
_AWS_PYTHON = "3.13"
_AWS_PLATFORMS = {"aws-arm64": "aarch64-manylinux_2_28", "aws-x86_64": "x86_64-manylinux_2_28"}

TARGETS = ("local", *_AWS_PLATFORMS)
"""Targets of a zip: the interpreter that runs the build, or AWS Lambda on one of its processors."""


class BuildFailed(RuntimeError):
    """Installing or compiling the packages failed; the message is that of the installer or compiler."""


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A file of the zip: its name in the zip and its source path."""

    name: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class _Interpreter:
    """The interpreter that compiles. It needs the Python version of the functions, because bytecode depends on it."""

    path: str
    cache_tag: str
    """Part of the names of its bytecode files."""


def build(*, stubs: Path, output: Path, target: str = "local", requirements: Path = _REQUIREMENTS) -> Path:
    """Builds the zip in the folder `output`, unless it exists for the same input, and returns its path.

    `stubs` is the folder of the generated packages `marquee` and `buf`. Removes older zips of the same target. Two
    concurrent builds do not affect each other. If this machine has no interpreter of the target's version, the zip
    has no bytecode and takes more than twice as long to import; a warning is logged. Raises BuildFailed if installing
    or compiling fails, and FileNotFoundError if the stubs are missing.
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
            entries += _compile(entries, folder=Path(scratch) / "bytecode", interpreter=interpreter)
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
            raise FileNotFoundError(f"there are no generated stubs in {stubs / folder}: run `make protos` first")
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
    """Returns whether the functions need an installed file; only tests, type checkers or pip read the others."""
    parts = name.split("/")
    if name.endswith((".pyi", ".pyc", ".pyx", ".pxd", ".pxi", "py.typed")) or parts[0] in ("bin", ".lock"):
        return False
    if {"tests", "testing", "__pycache__"} & set(parts):
        return False
    if parts[0].endswith(".dist-info"):
        # A licence must accompany the code that it covers.
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
        log.warning("Python %s not found: the zip has no bytecode and imports more slowly", _AWS_PYTHON)
        return None
    return _Interpreter(path=found.stdout.strip(), cache_tag=f"cpython-{_AWS_PYTHON.replace('.', '')}")


def _compile(entries: Sequence[_Entry], *, folder: Path, interpreter: _Interpreter) -> list[_Entry]:
    """Compiles every source among the entries; returns the bytecode files under the names that imports use."""
    compiled, lines = [], []
    # The order and the hash seed are fixed, because the bytecode depends on both.
    for source in sorted((entry for entry in entries if entry.name.endswith(".py")), key=lambda entry: entry.name):
        package, _, module = source.name.removesuffix(".py").rpartition("/")
        name = f"{package}/__pycache__/{module}.{interpreter.cache_tag}.pyc".lstrip("/")
        compiled.append(_Entry(name=name, path=folder / name))
        lines.append(f"{source.path}\t{folder / name}\t{source.name}\n")
    finished = subprocess.run(
        # -s, -S and -P: imports only from the standard library.
        [interpreter.path, "-s", "-S", "-P", str(_COMPILER)],
        input="".join(lines),
        env={"PYTHONHASHSEED": "0", "PYTHONUTF8": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    if finished.returncode:
        raise BuildFailed(finished.stderr.strip())
    return compiled


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
            info.create_system = 3  # Unix, on every build system, because the file modes are those of Unix
            archive.writestr(info, entry.path.read_bytes())


def main() -> None:
    """Builds the zip with the options of the command line and prints its path."""
    parser = argparse.ArgumentParser(description="Builds the zip of the Lambda functions.")
    parser.add_argument("--stubs", type=Path, default=_HERE.parent / "gen", help="folder of the generated stubs")
    parser.add_argument("--output", type=Path, default=_HERE.parent / "dist" / "lambdas", help="folder of the zip")
    parser.add_argument("--target", choices=TARGETS, default="local", help="platform that will run the functions")
    arguments = parser.parse_args()
    path = build(stubs=arguments.stubs, output=arguments.output, target=arguments.target)
    sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
