"""Generates the `marquee` stubs and the descriptor set from the protos.

One script for everyone: `make protos` runs it, and so does the wheel's build hook. It writes

- `gen/marquee/**` and `gen/buf/**`: Python stubs with types (mypy-protobuf), importable with `gen` on the path;
- `gen/marquee.binpb`: a self-contained FileDescriptorSet with comments, for grpcurl, buf, Envoy and the
  generators of other languages.

Third-party protos come from installed packages: google/* from googleapis-common-protos, buf/validate out of
protovalidate, which carries its schema as a descriptor only.
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
    """protoc refused the protos; its own message is on standard error."""


def generate(target: Path = GEN, *, force: bool = False) -> bool:
    """Makes `target` hold the stubs of the protos as they stand.

    Returns whether anything was done: a target made from the same protos by the same generators is left alone
    unless `force`. The target appears whole or not at all. Raises GenerationFailed.
    """
    stamp = _fingerprint()
    stamp_file = target / ".stamp"
    if not force and stamp_file.is_file() and stamp_file.read_text() == stamp:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".gen-") as work:
        fresh = Path(work, "gen")
        fresh.mkdir()
        _run_protoc(fresh, Path(work, "validate.binpb"))
        _mark_packages(fresh)
        (fresh / ".stamp").write_text(stamp)
        if target.exists():
            target.rename(Path(work, "old"))
        fresh.rename(target)
    return True


def _own_protos() -> list[str]:
    return sorted(path.relative_to(PROTOS).as_posix() for path in (PROTOS / "marquee").rglob("*.proto"))


def _fingerprint() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for name in _own_protos():
        digest.update(f"{name}\0".encode() + (PROTOS / name).read_bytes())
    for package in GENERATORS:
        digest.update(f"{package} {metadata.version(package)}\0".encode())
    return digest.hexdigest()


def _run_protoc(out: Path, validate_set: Path) -> None:
    # Only needed when there is something to generate.
    from grpc_tools import protoc
    from protovalidate._gen.buf.validate import validate_pb

    descriptor = validate_pb.desc().proto.to_binary()
    # A FileDescriptorSet of one file: field 1, length-delimited.
    validate_set.write_bytes(b"\x0a" + _varint(len(descriptor)) + descriptor)
    inputs = [
        f"-I{PROTOS}",
        f"-I{metadata.distribution('googleapis-common-protos').locate_file('')}",
        f"-I{Path(protoc.__file__).parent / '_proto'}",
        f"--descriptor_set_in={validate_set}",
        *(f"--plugin={name}={Path(sys.executable).parent / name}" for name in MYPY_PLUGINS),
    ]
    messages = [f"--python_out={out}", f"--mypy_out=quiet:{out}"]
    services = [f"--grpc_python_out={out}", f"--mypy_grpc_out=quiet:{out}"]
    bundle = ["--include_imports", "--include_source_info", f"--descriptor_set_out={out / 'marquee.binpb'}"]
    own = _own_protos()
    with_services = [name for name in own if "\nservice " in (PROTOS / name).read_text()]
    for outputs, sources in (
        (messages, [*own, "buf/validate/validate.proto"]),
        (services, with_services),
        (bundle, own),
    ):
        if protoc.main(["protoc", *inputs, *outputs, *sources]) != 0:
            raise GenerationFailed("protoc refused: " + " ".join(sources))


def _varint(value: int) -> bytes:
    """Encodes a length as the wire does: seven bits a byte, the lowest first."""
    encoded = bytearray()
    while value >> 7:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _mark_packages(out: Path) -> None:
    """Makes `marquee` a regular typed package; `buf` stays a namespace that others may share."""
    package = out / "marquee"
    for folder in (package, *(path for path in package.rglob("*") if path.is_dir())):
        (folder / "__init__.py").write_text('"""Generated from the protos: do not edit."""\n')
    (package / "py.typed").touch()


if __name__ == "__main__":
    done = generate(force="--force" in sys.argv[1:])
    print("stubs generated in gen/" if done else "stubs in gen/ are up to date")
