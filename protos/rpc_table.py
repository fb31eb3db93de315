"""Writes README's table of services and rpcs from the descriptor set.

`make protos` runs it as a script. `make check` runs `is_current` and fails when the table is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from generate import GEN, ROOT
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodDescriptorProto

README = ROOT / "README.md"
BEGIN = "<!-- rpcs: `make protos` writes this table -->"
END = "<!-- end of rpcs -->"


def is_current() -> bool:
    """Returns whether README's table equals the one that the descriptor set gives."""
    text = README.read_text(encoding="utf-8")
    return _with_table(text) == text


def write() -> None:
    """Replaces the table in README."""
    README.write_text(_with_table(README.read_text(encoding="utf-8")), encoding="utf-8")


def _with_table(text: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"README.md needs the lines {BEGIN!r} and {END!r}: the table goes between them")
    return "\n".join([before + BEGIN, "", *_rows(), "", END + after])


def _rows() -> Iterator[str]:
    yield "| service | rpcs |"
    yield "|---|---|"
    descriptors = FileDescriptorSet.FromString((GEN / "marquee.binpb").read_bytes())
    for file in sorted(descriptors.file, key=lambda file: file.package):
        if file.package.startswith("marquee."):
            for service in file.service:
                rpcs = ", ".join(map(_described, service.method))
                yield f"| [`{file.package}.{service.name}`](protos/{file.name}) | {rpcs} |"


def _described(method: MethodDescriptorProto) -> str:
    return f"{method.name} (stream)" if method.server_streaming else method.name


if __name__ == "__main__":
    write()
    sys.stdout.write(f"the table of rpcs in {README.name} is up to date\n")
