"""Generates the `marquee` stubs and the descriptor set from the protos.

`make protos` and the build hook of the wheel both run this script. It writes

- `gen/marquee/**` and `gen/buf/**`: typed Python stubs (mypy-protobuf), importable when `gen` is on the path;
- `gen/marquee.binpb`: a self-contained FileDescriptorSet with comments, for grpcurl, buf, Envoy and the
  generators of other languages.

Third-party protos come from installed packages: google/* from googleapis-common-protos, and buf/validate from
protovalidate, which contains its schema only as a descriptor.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
GEN = ROOT / "gen"
MYPY_PLUGINS = ("protoc-gen-mypy", "protoc-gen-mypy_grpc")
GENERATORS = ("grpcio-tools", "mypy-protobuf", "protovalidate", "googleapis-common-protos")


class GenerationFailed(RuntimeError):
    """protoc rejected the protos; its message is on standard error."""


def generate(target: Path = GEN, *, force: bool = False) -> bool:
    """Writes the stubs of the current protos to the folder `target`; returns whether it wrote anything.

    Without `force`, a target that was made from the same protos by the same generators stays as it is. The target is
    replaced as a whole, so a failure never leaves a partial one. Raises GenerationFailed.
    """
    stamp = _fingerprint()
    stamp_file = target / ".stamp"
    if not force and stamp_file.is_file() and stamp_file.read_text() == stamp:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".gen-") as work:
        fresh = Path(work, "gen")
        fresh.mkdir()
        _generate_stubs(fresh)
        describe(PROTOS, fresh / "marquee.binpb")
        _mark_packages(fresh)
        (fresh / ".stamp").write_text(stamp)
        if target.exists():
            target.rename(Path(work, "old"))
        fresh.rename(target)
    return True


def _own_protos(protos: Path) -> list[str]:
    return sorted(path.relative_to(protos).as_posix() for path in (protos / "marquee").rglob("*.proto"))


def _fingerprint() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in _own_protos(PROTOS):
        digest.update(f"{name}\0".encode() + (PROTOS / name).read_bytes())
    for package in GENERATORS:
        digest.update(f"{package} {metadata.version(package)}\0".encode())
    return digest.hexdigest()


def describe(protos: Path, out: Path) -> None:
    """Writes the self-contained descriptor set, with comments, of the protos in a folder. Raises GenerationFailed."""
    arguments = ["--include_imports", "--include_source_info", f"--descriptor_set_out={out}"]
    _protoc(protos, arguments, _own_protos(protos))


def _generate_stubs(out: Path) -> None:
    own = _own_protos(PROTOS)
    with_services = [name for name in own if "\nservice " in (PROTOS / name).read_text()]
    messages = [f"--python_out={out}", f"--mypy_out=quiet:{out}"]
    _protoc(PROTOS, messages, [*own, "buf/validate/validate.proto"])
    _protoc(PROTOS, [f"--grpc_python_out={out}", f"--mypy_grpc_out=quiet:{out}"], with_services)


def _protoc(protos: Path, arguments: list[str], sources: list[str]) -> None:
    # Imported late: a target that is up to date does not need it.
    from grpc_tools import protoc

    with tempfile.NamedTemporaryFile(suffix=".binpb") as validate_set:
        validate_set.write(_validate_schema())
        validate_set.flush()
        inputs = [
            f"-I{protos}",
            f"-I{metadata.distribution('googleapis-common-protos').locate_file('')}",
            f"-I{Path(protoc.__file__).parent / '_proto'}",
            f"--descriptor_set_in={validate_set.name}",
            *(f"--plugin={name}={Path(sys.executable).parent / name}" for name in MYPY_PLUGINS),
        ]
        if protoc.main(["protoc", *inputs, *arguments, *sources]) != 0:
            raise GenerationFailed("protoc rejected: " + " ".join(sources))


def _validate_schema() -> bytes:
    """Returns buf/validate/validate.proto as a FileDescriptorSet of one file: field 1, length-delimited."""
    from protovalidate._gen.buf.validate import validate_pb

    file = validate_pb.desc().proto.to_binary()
    return b"\x0a" + _varint(len(file)) + file


def _varint(value: int) -> bytes:
    """Encodes a length as a protobuf varint: seven bits per byte, the lowest bits first."""
    encoded = bytearray()
    while value >> 7:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _mark_packages(out: Path) -> None:
    """Makes `marquee` a regular typed package; `buf` stays a namespace package that other distributions can extend."""
    package = out / "marquee"
    for folder in (package, *(path for path in package.rglob("*") if path.is_dir())):
        (folder / "__init__.py").write_text('"""Generated from the protos: do not edit."""\n')
    (package / "py.typed").touch()


if __name__ == "__main__":
    done = generate(force="--force" in sys.argv[1:])
    print("stubs generated in gen/" if done else "stubs in gen/ are up to date")
