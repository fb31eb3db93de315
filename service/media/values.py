"""What travels between media's functions and their callers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NewType

from service.media.models import File, FileKind, ImageFormat

FileId = NewType("FileId", int)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture that somebody wants to upload, as they announce it; an avatar has neither movie nor person."""

    kind: FileKind
    file_name: str
    content_type: str
    size_bytes: int
    movie_id: int | None = None
    person_id: int | None = None
    sha256: bytes | None = None


@dataclass(frozen=True, slots=True)
class Rendition:
    """One size and format of a picture; `url` is public."""

    format: ImageFormat
    width: int
    height: int
    size_bytes: int
    url: str


@dataclass(frozen=True, slots=True)
class Image:
    """A verified picture; renditions by width, then format."""

    file_id: FileId
    width: int
    height: int
    thumbhash: bytes
    dominant_color: str
    renditions: tuple[Rendition, ...]

    def url(self, *, preferred_width: int = 0) -> str:
        """Returns the URL of a JPEG, which every client can show; empty when there is none.

        It is the narrowest at least as wide as preferred, else the widest; 0 prefers that.
        """
        pictures = [rendition for rendition in self.renditions if rendition.format is ImageFormat.JPEG]
        wide = (r for r in pictures if preferred_width and r.width >= preferred_width)
        best = next(wide, pictures[-1] if pictures else None)
        return best.url if best else ""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file, with its picture once that is READY."""

    file: File
    image: Image | None


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """The storage event that a verdict answers."""

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
class VerifiedPicture:
    """What decoding found out about an object."""

    mime_type: str
    size_bytes: int
    width: int
    height: int
    sha256: bytes
    thumbhash: bytes
    dominant_color: str
    is_animated: bool
    """Only the first of several frames was taken."""
    renditions: Sequence[StoredRendition]
