"""Values that media's services take and return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NewType

from service.media.enums import FileKind, ImageFormat
from service.media.models import File

FileId = NewType("FileId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """An announced upload; an avatar has neither movie nor person."""

    kind: FileKind
    file_name: str
    content_type: str
    size_bytes: int
    movie_id: int | None = None
    person_id: int | None = None
    sha256: bytes | None = None


@dataclass(frozen=True, slots=True)
class Rendition:
    """One size and format of an image; `url` is public."""

    format: ImageFormat
    width: int
    height: int
    size_bytes: int
    url: str


@dataclass(frozen=True, slots=True)
class Image:
    """A verified image; renditions are sorted by width, then format."""

    file_id: FileId
    width: int
    height: int
    thumbhash: bytes
    dominant_color: str
    renditions: tuple[Rendition, ...]

    def url(self, *, preferred_width: int = 0) -> str:
        """Returns the URL of a JPEG, which every client can show; empty if there is none.

        Chooses the narrowest that is at least as wide as preferred, else the widest; 0 chooses the widest.
        """
        jpegs = [rendition for rendition in self.renditions if rendition.format is ImageFormat.JPEG]
        wide = (r for r in jpegs if preferred_width and r.width >= preferred_width)
        best = next(wide, jpegs[-1] if jpegs else None)
        return best.url if best else ""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file, with its image if it is READY."""

    file: File
    image: Image | None


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """Identity of an object version, from its storage event."""

    bucket: str
    key: str
    sequencer: str
    etag: str
    version_id: str


@dataclass(frozen=True, slots=True)
class StoredRendition:
    """A rendition as the Lambda function stored it."""

    key: str
    format: ImageFormat
    width: int
    height: int
    size_bytes: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class VerifiedImage:
    """Properties of an image that the Lambda function decoded."""

    mime_type: str
    size_bytes: int
    width: int
    height: int
    sha256: bytes
    thumbhash: bytes
    dominant_color: str
    is_animated: bool
    """True if the source has several frames; only the first was used."""
    renditions: Sequence[StoredRendition]
