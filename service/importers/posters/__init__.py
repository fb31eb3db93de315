"""Draws a poster for a movie that has none, so that a catalogue without artwork still has covers."""

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
    """Return a JPEG of `width` x `height` pixels showing the title, and the year and director where given.

    The seed chooses colours and composition. Equal arguments give equal bytes under one version of Pillow.
    Latin letters are drawn with their accents, Cyrillic and Greek ones too; other scripts become empty boxes.

    Raises:
        ValueError: A side is below `SMALLEST_SIDE`, which leaves no room for text.
    """
    if min(width, height) < SMALLEST_SIDE:
        raise ValueError(f"a poster needs at least {SMALLEST_SIDE} pixels on each side")
    # random.Random seeded with a str would do, but its hashing is an implementation detail; sha256 is not.
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
    dice = random.Random(number)  # noqa: S311 - it draws pictures, not secrets
    frame = Frame(width, height)
    palette = dice.choice(PALETTES)
    motif = dice.choice(MOTIFS)

    image = gradient(frame, palette.top, palette.bottom)
    image.paste(draw_motif(frame, palette, motif, dice), (0, 0))
    draw_text(image, frame, palette, title=title, byline=_byline(year, director))

    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _byline(year: int | None, director: str | None) -> str:
    """Join the parts that are known with a middle dot."""
    parts = [str(year) if year is not None else "", (director or "").strip()]
    return "  ·  ".join(part for part in parts if part)
