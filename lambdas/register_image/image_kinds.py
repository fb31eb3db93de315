"""Limits and rendition sizes of each kind of image."""

import re
from dataclasses import dataclass

MAX_BYTES = 15 * 1024 * 1024
"""Maximum size of a source in bytes; the upload form enforces the same limit."""
MAX_SIDE = 16_384
"""Maximum side of a source in pixels; WebP, the format with the lowest limit, cannot store more."""
FULL_SIDE = 2000
"""Maximum side of the largest rendition in pixels."""

_KEY = re.compile(r"uploads/(?P<kind>avatar|poster|backdrop|person_photo)/(?P<name>[0-9a-f]{32})")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Limits and rendition sizes of one kind of image; lengths are in pixels."""

    name: str
    """Name in object keys."""
    widths: tuple[int, ...]
    """Widths of the renditions, in addition to the full size."""
    heights: tuple[int, ...] = ()
    """Heights of additional renditions."""
    max_pixels: int
    """Maximum of width x height x frames of a source."""
    min_width: int
    """Minimum width of the upright source."""
    min_height: int
    """Minimum height of the upright source."""


@dataclass(frozen=True, kw_only=True)
class UploadKey:
    """Parsed key of an upload."""

    kind: Kind
    name: str

    @property
    def rendition_prefix(self) -> str:
        """Prefix of the keys of the upload's renditions."""
        return f"{self.kind.name}/{self.name}/"


# The widths are those of TMDB, which clients know. TMDB has no avatars, so their widths are powers of two.
KINDS = {
    kind.name: kind
    for kind in (
        Kind(name="avatar", widths=(64, 128, 256, 512), max_pixels=24_000_000, min_width=64, min_height=64),
        Kind(
            name="poster",
            widths=(92, 154, 185, 342, 500, 780),
            max_pixels=40_000_000,
            min_width=92,
            min_height=92,
        ),
        Kind(name="backdrop", widths=(300, 780, 1280), max_pixels=40_000_000, min_width=300, min_height=100),
        Kind(
            name="person_photo",
            widths=(45, 185),
            heights=(632,),
            max_pixels=40_000_000,
            min_width=45,
            min_height=45,
        ),
    )
}


def parse_upload_key(key: str) -> UploadKey | None:
    """Parses `uploads/<kind>/<32 hex digits>`; returns None for any other key."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    return UploadKey(kind=KINDS[found["kind"]], name=found["name"])
