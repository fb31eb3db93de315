"""What can go wrong with files."""

from __future__ import annotations

from service.errors import NotFound, Resource


class FileNotFound(NotFound):
    """No such file, or not for this caller."""

    def __init__(self, name: object) -> None:
        super().__init__(f"no file {name}", resource=Resource("marquee.media.v1.File", str(name)))
