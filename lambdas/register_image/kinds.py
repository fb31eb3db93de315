"""What each kind of picture admits and which sizes are made of it."""

import re
from dataclasses import dataclass

MAX_BYTES = 15 * 1024 * 1024
"""Most bytes of a source, as the upload form promises."""
MAX_SIDE = 16_384
"""Longest side of a source in pixels: what WebP, the narrowest of the formats, can express."""
FULL_SIDE = 2000
"""Longest side of the largest rendition in pixels."""

_KEY = re.compile(r"uploads/(?P<kind>avatar|poster|backdrop|person_photo)/(?P<name>[0-9a-f]{32})")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Limits and sizes of one kind of picture; lengths are in pixels."""

    name: str
    """As it stands in keys."""
    widths: tuple[int, ...]
    """Widths of renditions, beside the full size."""
    heights: tuple[int, ...] = ()
    """Heights of further renditions."""
    max_pixels: int
    """Most width x height x frames of a source."""
    min_width: int
    """Least width of the upright source."""
    min_height: int
    """Least height of the upright source."""


@dataclass(frozen=True, kw_only=True)
class UploadKey:
    """An upload's key, taken apart."""

    kind: Kind
    name: str

    @property
    def rendition_prefix(self) -> str:
        """What the keys of the upload's renditions begin with."""
        return f"{self.kind.name}/{self.name}/"


# The widths are TMDB's, which clients know; the avatar's are powers of two for lack of a model.
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
    """Takes `uploads/<kind>/<32 hex digits>` apart; None for any other key."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    return UploadKey(kind=KINDS[found["kind"]], name=found["name"])
