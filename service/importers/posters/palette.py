"""Colours of posters and the layout of a poster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from PIL import Image

Colour: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """Colours of a poster: two for the background, three for shapes and one for text."""

    top: Colour
    bottom: Colour
    shapes: tuple[Colour, Colour, Colour]
    ink: Colour


@dataclass(frozen=True)
class Frame:
    """Layout of a poster in pixels: the picture is above `art_bottom`, the text below it."""

    width: int
    height: int

    @property
    def margin(self) -> int:
        """Free space on both sides of the text."""
        return max(1, round(self.width * 0.08))

    @property
    def art_bottom(self) -> int:
        """Height of the picture."""
        return round(self.height * 0.64)

    @property
    def text_width(self) -> int:
        """Maximum width of text."""
        return max(1, self.width - 2 * self.margin)


PALETTES: tuple[Palette, ...] = (
    Palette((22, 33, 62), (15, 20, 38), ((233, 196, 106), (231, 111, 81), (42, 157, 143)), (250, 243, 221)),
    Palette((244, 235, 217), (232, 214, 184), ((193, 58, 44), (38, 70, 83), (222, 158, 54)), (35, 31, 32)),
    Palette((64, 18, 39), (32, 10, 24), ((240, 113, 103), (254, 209, 162), (150, 40, 76)), (255, 236, 217)),
    Palette((15, 61, 62), (8, 33, 38), ((226, 220, 200), (221, 130, 62), (64, 130, 118)), (244, 240, 226)),
    Palette((226, 232, 228), (193, 208, 204), ((47, 93, 98), (222, 107, 72), (238, 180, 98)), (23, 42, 45)),
    Palette((46, 31, 71), (20, 14, 38), ((255, 143, 112), (126, 87, 194), (255, 205, 130)), (247, 236, 255)),
    Palette((250, 218, 195), (240, 178, 150), ((118, 42, 84), (214, 75, 66), (46, 64, 102)), (52, 20, 46)),
    Palette((26, 26, 28), (12, 12, 14), ((214, 40, 40), (234, 226, 183), (120, 120, 124)), (245, 245, 240)),
    Palette((29, 66, 96), (12, 32, 54), ((248, 202, 90), (126, 187, 207), (240, 128, 90)), (240, 247, 250)),
    Palette((236, 226, 150), (219, 190, 92), ((38, 84, 72), (196, 72, 48), (66, 52, 40)), (36, 30, 22)),
)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Returns a blend of two colours: the first at share 0, the second at share 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def gradient(frame: Frame, top: Colour, bottom: Colour) -> Image.Image:
    """Returns a vertical gradient of the size of the frame."""
    column = Image.new("RGB", (1, frame.height))
    last = max(1, frame.height - 1)
    column.putdata([mix(top, bottom, y / last) for y in range(frame.height)])
    return column.resize((frame.width, frame.height), Image.Resampling.NEAREST)
