"""Draws a poster for a movie that has none, so that a catalogue without artwork still has covers."""

from __future__ import annotations

import hashlib
import io
import math
import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

Colour: TypeAlias = tuple[int, int, int]

JPEG_QUALITY = 88
SMALLEST_SIDE = 64


@dataclass(frozen=True)
class Palette:
    """The colours of one poster: two of the ground, three of shapes, and one for text on that ground."""

    top: Colour
    bottom: Colour
    shapes: tuple[Colour, Colour, Colour]
    ink: Colour


@dataclass(frozen=True)
class Frame:
    """Where things stand on a poster, in pixels: the picture above `art_bottom`, the text below it."""

    width: int
    height: int

    @property
    def margin(self) -> int:
        """Space kept free at either side of the text."""
        return max(1, round(self.width * 0.08))

    @property
    def art_bottom(self) -> int:
        """Height of the picture."""
        return round(self.height * 0.64)

    @property
    def text_width(self) -> int:
        """Width that text may take."""
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


def draw_poster(
    *, title: str, year: int | None, director: str | None, seed: str, width: int = 1000, height: int = 1500
) -> bytes:
    """Return a JPEG of `width` x `height` pixels showing the title, and the year and director where given.

    The seed chooses colours and composition. Equal arguments give equal bytes under one version of Pillow.
    Latin letters are drawn with their accents; letters of other scripts become empty boxes.

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

    image = _gradient(frame, palette.top, palette.bottom)
    image.paste(_artwork(frame, palette, motif, dice), (0, 0))
    _draw_text(image, frame, palette, title=_spelt(title), byline=_spelt(_byline(year, director)))

    buffer = io.BytesIO()
    image.save(buffer, format="JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    """Blend two colours; share 0 gives the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def _gradient(frame: Frame, top: Colour, bottom: Colour) -> Image.Image:
    """Fill the frame with a vertical gradient."""
    column = Image.new("RGB", (1, frame.height))
    last = max(1, frame.height - 1)
    column.putdata([_mix(top, bottom, y / last) for y in range(frame.height)])
    return column.resize((frame.width, frame.height), Image.Resampling.NEAREST)


class Canvas:
    """A surface measured in widths of the poster, drawn oversized and then reduced for smooth edges."""

    OVERSAMPLING = 2

    def __init__(self, frame: Frame, ground: Image.Image) -> None:
        self.scale = frame.width * self.OVERSAMPLING
        self.bottom = frame.art_bottom / frame.width
        self._size = (frame.width, frame.art_bottom)
        box = (0, 0, *self._size)
        self.image = ground.resize((self.scale, frame.art_bottom * self.OVERSAMPLING), Image.Resampling.NEAREST, box)
        self._draw = ImageDraw.Draw(self.image)

    def _pixels(self, *values: float) -> list[float]:
        return [value * self.scale for value in values]

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        self._draw.ellipse(self._pixels(x - radius, y - radius, x + radius, y + radius), fill=colour)

    def ring(self, x: float, y: float, radius: float, thickness: float, colour: Colour) -> None:
        """Stroke a circle just inside its radius."""
        box = self._pixels(x - radius, y - radius, x + radius, y + radius)
        self._draw.ellipse(box, outline=colour, width=max(1, round(thickness * self.scale)))

    def sector(self, x: float, y: float, radius: float, start: float, end: float, colour: Colour) -> None:
        """Fill a slice of a circle; angles in degrees, clockwise from three o'clock."""
        box = self._pixels(x - radius, y - radius, x + radius, y + radius)
        self._draw.pieslice(box, start, end, fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill a rectangle."""
        # Pillow includes the right and bottom pixel, so neighbours would overlap by one.
        x0, y0, x1, y1 = self._pixels(left, top, right, bottom)
        if x1 - 1 >= x0 and y1 - 1 >= y0:
            self._draw.rectangle((x0, y0, x1 - 1, y1 - 1), fill=colour)

    def polygon(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon([(x * self.scale, y * self.scale) for x, y in points], fill=colour)

    def reduced(self) -> Image.Image:
        """Return the finished picture at the size of the poster."""
        return self.image.resize(self._size, Image.Resampling.BOX)


Motif: TypeAlias = Callable[[Canvas, Palette, random.Random], None]


def _artwork(frame: Frame, palette: Palette, motif: Motif, dice: random.Random) -> Image.Image:
    """Draw the motif over the part of the ground that lies above the text."""
    canvas = Canvas(frame, _gradient(frame, palette.top, palette.bottom))
    motif(canvas, palette, dice)
    return canvas.reduced()


def _shuffled(palette: Palette, dice: random.Random) -> list[Colour]:
    return dice.sample(palette.shapes, k=3)


def _sun_and_hills(canvas: Canvas, palette: Palette, dice: random.Random) -> None:
    """A sun, or a moon, behind rolling hills that darken towards the viewer."""
    sun, far, near = _shuffled(palette, dice)
    x, y = dice.uniform(0.3, 0.7), canvas.bottom * dice.uniform(0.36, 0.48)
    radius = dice.uniform(0.17, 0.25)
    canvas.disc(x, y, radius * 1.5, _mix(palette.top, sun, 0.12))
    canvas.disc(x, y, radius * 1.24, _mix(palette.top, sun, 0.26))
    canvas.disc(x, y, radius, sun)
    for layer in range(4):
        share = layer / 3
        colour = _mix(_mix(far, near, share), palette.bottom, 0.15 + 0.35 * share)
        base = canvas.bottom * (0.6 + 0.11 * layer)
        swell, waves, shift = dice.uniform(0.02, 0.06), dice.uniform(0.7, 1.6), dice.uniform(0, math.tau)
        crest = [(s / 80, base + swell * math.sin(math.tau * waves * s / 80 + shift)) for s in range(81)]
        canvas.polygon([(0, canvas.bottom), *crest, (1, canvas.bottom)], colour)


def _rings(canvas: Canvas, palette: Palette, dice: random.Random) -> None:
    """Concentric rings around an off-centre disc, with one small satellite on its orbit."""
    main, second, third = _shuffled(palette, dice)
    x, y = dice.uniform(0.36, 0.64), canvas.bottom * dice.uniform(0.46, 0.56)
    step = dice.uniform(0.075, 0.1)
    count = 9
    for index in range(count, 1, -1):
        colour = _mix(second, palette.top, (index - 2) / count)
        canvas.ring(x, y, step * index, step * 0.42, colour)
    canvas.disc(x, y, step * 1.35, main)
    angle = dice.uniform(0, math.tau)
    orbit = step * dice.choice((2.8, 3.8))
    canvas.disc(x + orbit * math.cos(angle), y + orbit * math.sin(angle), step * 0.62, third)


def _arches(canvas: Canvas, palette: Palette, dice: random.Random) -> None:
    """Nested archways leading to a bright opening."""
    first, second, light = _shuffled(palette, dice)
    count = dice.randint(4, 6)
    x = 0.5
    widest, narrowest = 0.44, 0.09
    for index in range(count):
        share = index / (count - 1)
        half = widest + (narrowest - widest) * share
        colour = light if index == count - 1 else _mix(first, second, share)
        top = canvas.bottom * (0.1 + 0.42 * share) + half
        canvas.disc(x, top, half, colour)
        canvas.box(x - half, top, x + half, canvas.bottom, colour)
        inner = half - 0.013
        if index < count - 1:
            shade = _mix(colour, palette.bottom, 0.35 + 0.3 * share)
            canvas.disc(x, top, inner, shade)
            canvas.box(x - inner, top, x + inner, canvas.bottom, shade)


def _stripes(canvas: Canvas, palette: Palette, dice: random.Random) -> None:
    """Broad diagonal bands crossing behind a disc that is cut by them."""
    colours = _shuffled(palette, dice)
    lean = dice.choice((-1, 1)) * dice.uniform(0.35, 0.6)
    band = dice.uniform(0.08, 0.11)
    left = 0.5 - 3 * band
    for index in range(6):
        colour = _mix(colours[index % 3], palette.bottom, 0.1 + 0.05 * index)
        x0, x1 = left + index * band, left + (index + 0.72) * band
        rise = lean * canvas.bottom / 2
        canvas.polygon([(x0 + rise, 0), (x1 + rise, 0), (x1 - rise, canvas.bottom), (x0 - rise, canvas.bottom)], colour)
    x, y = 0.5 - math.copysign(dice.uniform(0.12, 0.2), lean), canvas.bottom * dice.uniform(0.3, 0.42)
    radius = dice.uniform(0.14, 0.19)
    canvas.disc(x, y, radius * 1.1, palette.top)
    canvas.disc(x, y, radius, colours[0])


def _tiles(canvas: Canvas, palette: Palette, dice: random.Random) -> None:
    """A grid of quarter-circles, half-circles and discs in the manner of old textile prints."""
    columns = dice.choice((4, 5))
    side = 1 / columns
    rows = math.ceil(canvas.bottom / side)
    for row in range(rows):
        for column in range(columns):
            _tile(canvas, palette, dice, column * side, row * side, side)


def _tile(canvas: Canvas, palette: Palette, dice: random.Random, x: float, y: float, side: float) -> None:
    ground, figure = dice.sample((*palette.shapes, _mix(palette.top, palette.ink, 0.08)), k=2)
    canvas.box(x, y, x + side, y + side, ground)
    turn = dice.randrange(4)
    kind = dice.choice(("quarter", "half", "disc", "plain"))
    if kind == "quarter":
        corners = ((x, y, 0), (x + side, y, 90), (x + side, y + side, 180), (x, y + side, 270))
        corner_x, corner_y, start = corners[turn]
        canvas.sector(corner_x, corner_y, side, start, start + 90, figure)
    elif kind == "half":
        edges = (
            (x + side / 2, y, 0),
            (x + side, y + side / 2, 90),
            (x + side / 2, y + side, 180),
            (x, y + side / 2, 270),
        )
        edge_x, edge_y, start = edges[turn]
        canvas.sector(edge_x, edge_y, side / 2, start, start + 180, figure)
    elif kind == "disc":
        canvas.disc(x + side / 2, y + side / 2, side * 0.34, figure)
        canvas.disc(x + side / 2, y + side / 2, side * 0.14, ground)


def _rays(canvas: Canvas, palette: Palette, dice: random.Random) -> None:
    """Rays fanning out from a half-risen disc on the horizon."""
    ray, sun, ground = _shuffled(palette, dice)
    x, y = dice.choice((0.3, 0.5, 0.7)), canvas.bottom * 0.8
    count = dice.choice((11, 13, 15))
    width = 180 / count
    for index in range(0, count, 2):
        start = 180 + index * width
        canvas.sector(x, y, 2.0, start, start + width, _mix(palette.top, ray, 0.55))
    canvas.disc(x, y, 0.3, palette.top)
    canvas.disc(x, y, 0.27, sun)
    canvas.box(0, y, 1, canvas.bottom, _mix(ground, palette.bottom, 0.3))
    for index in range(4):
        top = y + (canvas.bottom - y) * (0.14 + 0.21 * index)
        half = 0.25 - 0.05 * index
        canvas.box(x - half, top, x + half, top + 0.012, sun)


MOTIFS: tuple[Motif, ...] = (_sun_and_hills, _rings, _arches, _stripes, _tiles, _rays)


def _byline(year: int | None, director: str | None) -> str:
    """Join the parts that are known with a middle dot."""
    parts = [str(year) if year is not None else "", (director or "").strip()]
    return "  ·  ".join(part for part in parts if part)


# The bundled font is plain ASCII and a little punctuation. What Unicode cannot take apart is respelt here.
RESPELT = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
        "œ": "oe",
        "Œ": "OE",
        "ø": "o\u0338",
        "Ø": "O\u0338",
        "ł": "l\u0338",
        "Ł": "L\u0338",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "Th",
        "\u0131": "i",
        "½": " 1\u20442",
        "¼": " 1\u20444",
        "¾": " 3\u20444",
        "\u2013": "-",
        "\u2014": "-",
        "¡": "",
        "¿": "",
        "„": '"',
        "\u201a": "'",
        "\u00d7": "x",
    }
)

Strokes: TypeAlias = tuple[tuple[tuple[float, float], ...], ...]

# Lines of each accent, in font sizes: x from the middle of the letter, y upwards from its top.
ABOVE: dict[str, Strokes] = {
    "\u0300": (((-0.09, 0.20), (0.04, 0.08)),),
    "\u0301": (((0.09, 0.20), (-0.04, 0.08)),),
    "\u0302": (((-0.12, 0.08), (0, 0.19), (0.12, 0.08)),),
    "\u0303": (((-0.13, 0.09), (-0.07, 0.15), (0.07, 0.09), (0.13, 0.15)),),
    "\u0304": (((-0.12, 0.13), (0.12, 0.13)),),
    "\u0306": (((-0.12, 0.19), (-0.07, 0.11), (0, 0.085), (0.07, 0.11), (0.12, 0.19)),),
    "\u0307": (((0, 0.13), (0.001, 0.13)),),
    "\u0308": (((-0.11, 0.13), (-0.109, 0.13)), ((0.11, 0.13), (0.111, 0.13))),
    "\u030a": (
        tuple((0.075 * math.cos(a), 0.145 + 0.075 * math.sin(a)) for a in (n * math.pi / 8 for n in range(18))),
    ),
    "\u030b": (((0.0, 0.20), (-0.09, 0.08)), ((0.15, 0.20), (0.06, 0.08))),
    "\u030c": (((-0.12, 0.19), (0, 0.08), (0.12, 0.19)),),
}
# The same for what hangs below: y from the baseline, downwards negative.
BELOW: dict[str, Strokes] = {
    "\u0323": (((0, -0.14), (0.001, -0.14)),),
    "\u0326": (((0.02, -0.1), (-0.03, -0.19)),),
    "\u0327": (((0.0, -0.03), (0.05, -0.1), (0.03, -0.17), (-0.06, -0.18)),),
    "\u0328": (((0.1, -0.02), (0.05, -0.1), (0.08, -0.16), (0.15, -0.16)),),
}
SLASH = "\u0338"


def _spelt(text: str) -> str:
    """Respell the text in characters of the bundled font, each followed by its accents."""
    return unicodedata.normalize("NFKD", text.translate(RESPELT))


def _bare(text: str) -> str:
    """Drop the accents of a spelt text."""
    return "".join(letter for letter in text if not unicodedata.combining(letter))


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size=size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType, so text cannot be drawn at a chosen size")
    return font


def _width(text: str, font: ImageFont.FreeTypeFont) -> float:
    return font.getlength(_bare(text))


@dataclass(frozen=True)
class Pen:
    """What text is written with; `weight` thickens the one weight that the bundled font has."""

    font: ImageFont.FreeTypeFont
    colour: Colour
    weight: int = 0

    def write(self, image: Image.Image, x: int, baseline: int, text: str) -> None:
        """Write one line of spelt text on the image."""
        bare = ""
        for letter in text:
            if not unicodedata.combining(letter):
                bare += letter
            elif bare:
                left = x + self.font.getlength(bare) - self.font.getlength(bare[-1])
                self._accent(image, left, baseline, bare[-1], letter)
        ImageDraw.Draw(image).text(
            (x, baseline),
            bare,
            font=self.font,
            fill=self.colour,
            anchor="ls",
            stroke_width=self.weight,
            stroke_fill=self.colour,
        )

    def _accent(self, image: Image.Image, x: float, baseline: int, letter: str, accent: str) -> None:
        """Draw one accent over, under or through the letter that starts at `x`."""
        size = self.font.size
        left, top, right, bottom = self.font.getbbox(letter, anchor="ls")
        middle = x + (left + right) / 2
        if accent == SLASH:
            # Through all of an o, but only across the stem of an l.
            stem = left + size * 0.1 if letter in "lL" else (left + right) / 2
            half = size * 0.13 if letter in "lL" else (right - left) * 0.42
            rise = half * 0.7 if letter in "lL" else (bottom - top) * 0.48
            centre = baseline + (top + bottom) / 2
            self._line(image, ((x + stem - half, centre + rise), (x + stem + half, centre - rise)), share=0.6)
            return
        origin = baseline if accent in BELOW else baseline + top
        for stroke in ABOVE.get(accent) or BELOW.get(accent, ()):
            self._line(image, tuple((middle + dx * size, origin - dy * size) for dx, dy in stroke))

    def _line(self, image: Image.Image, points: tuple[tuple[float, float], ...], share: float = 1) -> None:
        """Draw a line with round ends, through a mask four times as large because Pillow's own are jagged."""
        thick = (self.font.size * 0.085 + self.weight) * share
        left = math.floor(min(x for x, _ in points) - thick)
        top = math.floor(min(y for _, y in points) - thick)
        width = math.ceil(max(x for x, _ in points) + thick) - left
        height = math.ceil(max(y for _, y in points) + thick) - top
        mask = Image.new("L", (width * 4, height * 4))
        draw = ImageDraw.Draw(mask)
        large = [((x - left) * 4, (y - top) * 4) for x, y in points]
        draw.line(large, fill=255, width=max(1, round(thick * 4)), joint="curve")
        for x, y in (large[0], large[-1]):
            draw.ellipse((x - thick * 2, y - thick * 2, x + thick * 2, y + thick * 2), fill=255)
        image.paste(self.colour, (left, top), mask.resize((width, height), Image.Resampling.BOX))


def _wrap(words: list[str], font: ImageFont.FreeTypeFont, width: int) -> list[str] | None:
    """Break the words into lines no wider than `width`; None if a single word is wider."""
    lines: list[str] = []
    for word in words:
        if _width(word, font) > width:
            return None
        if lines and _width(f"{lines[-1]} {word}", font) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


def _shortened(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """Cut the text with an ellipsis so that it fits the width."""
    if _width(text, font) <= width:
        return text
    while text and _width(f"{text}…", font) > width:
        text = text[:-1].rstrip()
    return f"{text}…"


def _line_height(size: int) -> int:
    return max(1, round(size * 1.12))


def fit_title(title: str, width: int, height: int, largest: int) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """Choose the largest font in which a spelt title, wrapped at spaces, fits the box; also its lines.

    A title too long even for the smallest font is cut with an ellipsis, so the lines always fit.
    """
    words = title.split()
    smallest = max(6, largest // 5)
    size = largest
    while size >= smallest:
        font = _font(size)
        lines = _wrap(words, font, width)
        if lines is not None and len(lines) * _line_height(size) <= height:
            return font, lines
        size = min(size - 1, round(size * 0.94))
    font = _font(smallest)
    lines = _wrap([_shortened(word, font, width) for word in words], font, width) or []
    kept = max(1, height // _line_height(smallest))
    if len(lines) > kept:
        lines = [*lines[: kept - 1], _shortened(" ".join(lines[kept - 1 :]), font, width)]
    return font, lines


def _draw_text(image: Image.Image, frame: Frame, palette: Palette, *, title: str, byline: str) -> None:
    """Set the title below the picture and the byline along the foot of the poster."""
    foot = frame.height - round(frame.height * 0.05)
    rule = foot - round(frame.height * 0.045)
    top = frame.art_bottom + round(frame.height * 0.03)
    room = rule - round(frame.height * 0.015) - top

    font, lines = fit_title(title, frame.text_width, room, largest=max(8, round(frame.width * 0.2)))
    size = round(font.size)
    pen = Pen(font, palette.ink, weight=round(size / 42))
    for index, line in enumerate(lines):
        pen.write(image, frame.margin, top + round(size * 0.88) + index * _line_height(size), line)

    quiet = _mix(palette.bottom, palette.ink, 0.8)
    thickness = max(1, round(frame.height * 0.002))
    ends = (frame.margin, rule, frame.width - frame.margin - 1, rule + thickness - 1)
    ImageDraw.Draw(image).rectangle(ends, fill=quiet)
    if byline:
        small = _font(max(6, round(frame.width * 0.042)))
        Pen(small, quiet).write(image, frame.margin, foot, _shortened(byline, small, frame.text_width))
