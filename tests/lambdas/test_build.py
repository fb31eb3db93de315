"""The zip contains everything that the functions import, compiled, and little else; equal input gives equal bytes."""

import importlib.util
import marshal
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from lambdas.build import BuildFailed, build

_STUBS = Path(__file__).parents[2] / "gen"
_MOST_BYTES = 20 * 1024 * 1024
# Modules that a cold start loads. Unlike its seconds, the number does not depend on the machine.
_MOST_MODULES = 480

_IMPORT = """
import sys
sys.path.insert(0, sys.argv[1])
compiled = []
sys.addaudithook(lambda event, details: event == "compile" and compiled.append(str(details[1])))
before = set(sys.modules)
handler = __import__(sys.argv[2], fromlist=["handler"])
print(len(set(sys.modules) - before), "PIL" in sys.modules)
from lambdas.uploads.storage import s3_client
s3_client()
outside = [
    name for name, module in sys.modules.items()
    if "site-packages" in (getattr(module, "__file__", None) or "")
]
assert not outside, outside
# Code that dataclasses generate has no file.
sources = [name for name in compiled if name.endswith(".py")]
assert not sources, sources
assert handler.__file__.startswith(sys.argv[1])
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(stubs=_STUBS, output=tmp_path_factory.mktemp("build"))


def _entries(package: Path) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(package) as archive:
        return archive.infolist()


def test_the_zip_is_small(package: Path) -> None:
    assert package.stat().st_size <= _MOST_BYTES


@pytest.mark.parametrize(
    ("name", "needs_pillow"),
    [("lambdas.register_image.handler", "True"), ("lambdas.forget_image.handler", "False")],
    ids=["register_image", "forget_image"],
)
def test_the_zip_contains_the_few_modules_that_a_handler_imports(
    package: Path, tmp_path: Path, name: str, needs_pillow: str
) -> None:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path)
    imported = subprocess.run(
        # -S and -I: ignores the packages and the variables of this environment.
        # -B: writes no bytecode for sources without one.
        [sys.executable, "-I", "-S", "-B", "-c", _IMPORT, str(tmp_path), name],
        env={"AWS_DEFAULT_REGION": "us-east-1", "PATH": os.defpath},
        cwd=tmp_path,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    count, has_pillow = imported.stdout.split()
    assert int(count) <= _MOST_MODULES
    assert has_pillow == needs_pillow


def test_entries_are_sorted_and_have_equal_dates_and_modes(package: Path) -> None:
    entries = _entries(package)
    names = [entry.filename for entry in entries]
    assert names == sorted(names)
    assert len(names) == len(set(names))
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def test_the_zip_contains_licences_and_no_unneeded_files(package: Path) -> None:
    names = [entry.filename for entry in _entries(package)]
    assert not [name for name in names if name.endswith(".pyi")]
    assert not [name for name in names if name.startswith("service/") or "/tests/" in name]
    data = [name.split("/") for name in names if name.startswith("botocore/data/")]
    assert {parts[2] for parts in data if len(parts) > 3} == {"s3"}
    assert [name for name in names if name.startswith("pillow-") and "LICENSE" in name]
    assert not [name for name in names if name.endswith("/RECORD")]


def test_every_source_has_unchecked_bytecode(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        bytecode = {name: archive.read(name) for name in names if name.endswith(".pyc")}
    tag = sys.implementation.cache_tag
    assert set(bytecode) == {
        f"{path.parent}/__pycache__/{path.stem}.{tag}.pyc".removeprefix("./")
        for path in map(PurePosixPath, names)
        if path.suffix == ".py"
    }
    for name, content in bytecode.items():
        # PEP 552: hash-based (bit 0 is set) and unchecked (bit 1 is not set).
        assert content[:8] == importlib.util.MAGIC_NUMBER + b"\1\0\0\0"
        code = marshal.loads(content[16:])  # noqa: S302 - this test compiled it
        assert code.co_filename == re.sub(r"__pycache__/(.+)\.[^.]+\.pyc$", r"\1.py", name)


def test_the_same_input_gives_the_same_bytes_and_is_built_once(package: Path, tmp_path: Path) -> None:
    again = build(stubs=_STUBS, output=tmp_path)
    assert again.name == package.name
    assert again.read_bytes() == package.read_bytes()
    before = again.stat().st_mtime_ns
    assert build(stubs=_STUBS, output=tmp_path) == again
    assert again.stat().st_mtime_ns == before


def test_changed_stubs_give_a_new_zip_and_remove_the_old_one(tmp_path: Path) -> None:
    stubs, requirements = tmp_path / "stubs", tmp_path / "requirements.txt"
    requirements.write_text("")
    for folder in ("marquee/media", "buf/validate"):
        (stubs / folder).mkdir(parents=True)
        (stubs / folder / "x_pb2.py").write_text("A = 1\n")
    first = build(stubs=stubs, output=tmp_path / "out", requirements=requirements)
    (stubs / "marquee/media/x_pb2.py").write_text("A = 2\n")
    second = build(stubs=stubs, output=tmp_path / "out", requirements=requirements)
    assert first.name != second.name
    assert [path.name for path in (tmp_path / "out").iterdir()] == [second.name]


def test_without_the_interpreter_of_its_target_the_zip_has_no_bytecode_and_a_warning_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path))
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("")
    package = build(stubs=_STUBS, output=tmp_path / "out", target="aws-arm64", requirements=requirements)
    # The interpreter of this test can have the target's version.
    same_version = sys.version_info[:2] == (3, 13)
    assert any(entry.filename.endswith(".pyc") for entry in _entries(package)) is same_version
    assert ("has no bytecode" in caplog.text) is not same_version


def test_missing_stubs_and_packages_raise_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="generated stubs"):
        build(stubs=tmp_path, output=tmp_path / "out")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pillow==13.0.0\n")
    with pytest.raises(BuildFailed, match="hash"):
        build(stubs=_STUBS, output=tmp_path / "out", requirements=requirements)
    assert not list((tmp_path / "out").iterdir())
