"""Limits of uploads and sizes of renditions: the same numbers as in the Lambda functions, which tests compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.media.enums import FileKind, ImageFormat

MAX_BYTES = 15 * 1024 * 1024
"""Maximum bytes of an upload; the contract has the same bound of size_bytes."""
MAX_SIDE = 16_384
"""Longest side of an upload in pixels."""
FULL_SIDE = 2000
"""Longest side of the largest rendition in pixels."""
MAX_FRAMES = 10_000
FORMATS = (ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.AVIF)
"""In the order of the contract."""
ACCEPTED_TYPES: Mapping[str, int] = {
    "image/jpeg": 0,
    "image/png": 0,
    "image/webp": 16_000_000,
    "image/avif": 16_000_000,
    "image/gif": 0,
}
"""Maximum pixels of a media type if lower than the limit of each kind, else 0."""
MAX_PROGRESSIVE_CMYK_PIXELS: Mapping[str, int] = {"image/jpeg": 30_000_000}
"""Maximum pixels of a progressive CMYK image, for media types that have them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindLimits:
    """Limits and rendition sizes of one kind; lengths are in pixels."""

    widths: tuple[int, ...]
    heights: tuple[int, ...] = ()
    max_pixels: int
    """Width x height x frames."""
    min_width: int
    min_height: int


KINDS: Mapping[FileKind, KindLimits] = {
    FileKind.AVATAR: KindLimits(widths=(64, 128, 256, 512), max_pixels=24_000_000, min_width=64, min_height=64),
    FileKind.POSTER: KindLimits(
        widths=(92, 154, 185, 342, 500, 780), max_pixels=40_000_000, min_width=92, min_height=92
    ),
    FileKind.BACKDROP: KindLimits(widths=(300, 780, 1280), max_pixels=40_000_000, min_width=300, min_height=100),
    FileKind.PERSON_PHOTO: KindLimits(
        widths=(45, 185), heights=(632,), max_pixels=40_000_000, min_width=45, min_height=45
    ),
}
