"""The zip holds everything the function imports, compiled, little else, and comes out the same each time."""

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
# What a cold start loads. Seconds depend on the machine; this does not, and they follow it.
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
# What dataclasses write for themselves has no file.
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
    ("name", "needs_pictures"),
    [("lambdas.register_image.handler", "True"), ("lambdas.forget_image.handler", "False")],
    ids=["register_image", "forget_image"],
)
def test_the_zip_holds_all_that_a_handler_imports_which_is_little(
    package: Path, tmp_path: Path, name: str, needs_pictures: str
) -> None:
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path)
    imported = subprocess.run(
        # -S and -I: neither this environment's packages nor its variables are seen.
        # -B: what the zip lacks would else be written beside it.
        [sys.executable, "-I", "-S", "-B", "-c", _IMPORT, str(tmp_path), name],
        env={"AWS_DEFAULT_REGION": "us-east-1", "PATH": os.defpath},
        cwd=tmp_path,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    count, has_pictures = imported.stdout.split()
    assert int(count) <= _MOST_MODULES
    assert has_pictures == needs_pictures


def test_entries_are_sorted_dated_alike_and_plain(package: Path) -> None:
    entries = _entries(package)
    names = [entry.filename for entry in entries]
    assert names == sorted(names)
    assert len(names) == len(set(names))
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def test_nothing_unneeded_goes_along_but_licences_do(package: Path) -> None:
    names = [entry.filename for entry in _entries(package)]
    assert not [name for name in names if name.endswith(".pyi")]
    assert not [name for name in names if name.startswith("service/") or "/tests/" in name]
    data = [name.split("/") for name in names if name.startswith("botocore/data/")]
    assert {parts[2] for parts in data if len(parts) > 3} == {"s3"}
    assert [name for name in names if name.startswith("pillow-") and "LICENSE" in name]
    assert not [name for name in names if name.endswith("/RECORD")]


def test_every_source_goes_along_compiled_and_never_looked_at_again(package: Path) -> None:
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
        # PEP 552: a hash (bit 0), unchecked (bit 1 is not set).
        assert content[:8] == importlib.util.MAGIC_NUMBER + b"\1\0\0\0"
        code = marshal.loads(content[16:])  # noqa: S302 - compiled here
        assert code.co_filename == re.sub(r"__pycache__/(.+)\.[^.]+\.pyc$", r"\1.py", name)


def test_the_same_input_gives_the_same_bytes_and_is_built_once(package: Path, tmp_path: Path) -> None:
    again = build(stubs=_STUBS, output=tmp_path)
    assert again.name == package.name
    assert again.read_bytes() == package.read_bytes()
    before = again.stat().st_mtime_ns
    assert build(stubs=_STUBS, output=tmp_path) == again
    assert again.stat().st_mtime_ns == before


def test_a_change_of_the_stubs_makes_another_zip_and_removes_the_old(tmp_path: Path) -> None:
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


def test_without_the_interpreter_that_it_is_for_the_zip_has_no_bytecode_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path))
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("")
    package = build(stubs=_STUBS, output=tmp_path / "out", target="aws-arm64", requirements=requirements)
    # Whoever runs this may be of that version.
    is_here = sys.version_info[:2] == (3, 13)
    assert any(entry.filename.endswith(".pyc") for entry in _entries(package)) is is_here
    assert ("without bytecode" in caplog.text) is not is_here


def test_missing_stubs_and_packages_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="generated stubs"):
        build(stubs=tmp_path, output=tmp_path / "out")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pillow==13.0.0\n")
    with pytest.raises(BuildFailed, match="hash"):
        build(stubs=_STUBS, output=tmp_path / "out", requirements=requirements)
    assert not list((tmp_path / "out").iterdir())
