"""Generated posters, so that movies without artwork have covers."""

from __future__ import annotations

import hashlib
import io
import random

from service.importers.posters.lettering import draw_text
from service.importers.posters.motifs import MOTIFS, draw_motif
from service.importers.posters.palette import PALETTES, Frame, gradient

JPEG_QUALITY = 88
SMALLEST_SIDE = 64


def draw_poster(
    *, title: str, year: int | None, director: str | None, seed: str, width: int = 1000, height: int = 1500
) -> bytes:
    """Returns a JPEG of `width` x `height` pixels with the title, and the year and director if given.

    The seed determines colours and composition. Equal arguments give equal bytes with the same version of Pillow.
    The font has Latin, Cyrillic and Greek letters with accents; letters of other scripts become empty boxes.

    Raises:
        ValueError: A side is below `SMALLEST_SIDE` and leaves no room for text.
    """
    if min(width, height) < SMALLEST_SIDE:
        raise ValueError(f"a poster needs at least {SMALLEST_SIDE} pixels on each side")
    # random.Random accepts a str, but how it hashes it is an implementation detail of Python.
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
    rng = random.Random(number)  # noqa: S311 - it draws images, not secrets
    frame = Frame(width, height)
    palette = rng.choice(PALETTES)
    motif = rng.choice(MOTIFS)

    image = gradient(frame, palette.top, palette.bottom)
    image.paste(draw_motif(frame, palette, motif, rng), (0, 0))
    draw_text(image, frame, palette, title=title, byline=_byline(year, director))

    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _byline(year: int | None, director: str | None) -> str:
    """Returns the known parts, joined by a middle dot."""
    parts = [str(year) if year is not None else "", (director or "").strip()]
    return "  ·  ".join(part for part in parts if part)
