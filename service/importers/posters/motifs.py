"""Pictures of posters: six geometric compositions, drawn with a palette and a seeded random generator."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import TypeAlias

from PIL import Image, ImageDraw

from service.importers.posters.palette import Colour, Frame, Palette, gradient, mix


class Canvas:
    """Drawing surface. Its unit is the width of the poster; it is drawn at twice the size for smooth edges."""

    OVERSAMPLING = 2

    def __init__(self, frame: Frame, background: Image.Image) -> None:
        self.scale = frame.width * self.OVERSAMPLING
        self.bottom = frame.art_bottom / frame.width
        self._size = (frame.width, frame.art_bottom)
        box = (0, 0, *self._size)
        self.image = background.resize(
            (self.scale, frame.art_bottom * self.OVERSAMPLING), Image.Resampling.NEAREST, box
        )
        self._draw = ImageDraw.Draw(self.image)

    def _pixels(self, *values: float) -> list[float]:
        return [value * self.scale for value in values]

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fills a circle."""
        self._draw.ellipse(self._pixels(x - radius, y - radius, x + radius, y + radius), fill=colour)

    def ring(self, x: float, y: float, radius: float, thickness: float, colour: Colour) -> None:
        """Draws the outline of a circle, inside its radius."""
        box = self._pixels(x - radius, y - radius, x + radius, y + radius)
        self._draw.ellipse(box, outline=colour, width=max(1, round(thickness * self.scale)))

    def sector(self, x: float, y: float, radius: float, start: float, end: float, colour: Colour) -> None:
        """Fills a sector of a circle; angles are in degrees, clockwise from three o'clock."""
        box = self._pixels(x - radius, y - radius, x + radius, y + radius)
        self._draw.pieslice(box, start, end, fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fills a rectangle."""
        # Pillow includes the right and bottom pixels; without the subtraction, adjacent boxes overlap by one pixel.
        x0, y0, x1, y1 = self._pixels(left, top, right, bottom)
        if x1 - 1 >= x0 and y1 - 1 >= y0:
            self._draw.rectangle((x0, y0, x1 - 1, y1 - 1), fill=colour)

    def polygon(self, points: list[tuple[float, float]], colour: Colour) -> None:
        """Fills a polygon."""
        self._draw.polygon([(x * self.scale, y * self.scale) for x, y in points], fill=colour)

    def reduced(self) -> Image.Image:
        """Returns the picture at the size of the poster."""
        return self.image.resize(self._size, Image.Resampling.BOX)


Motif: TypeAlias = Callable[[Canvas, Palette, random.Random], None]


def draw_motif(frame: Frame, palette: Palette, motif: Motif, rng: random.Random) -> Image.Image:
    """Returns the motif on the background of the part above the text."""
    canvas = Canvas(frame, gradient(frame, palette.top, palette.bottom))
    motif(canvas, palette, rng)
    return canvas.reduced()


def _shuffled(palette: Palette, rng: random.Random) -> list[Colour]:
    return rng.sample(palette.shapes, k=3)


def _sun_and_hills(canvas: Canvas, palette: Palette, rng: random.Random) -> None:
    """Draws a sun behind hills; nearer hills are darker."""
    sun, far, near = _shuffled(palette, rng)
    x, y = rng.uniform(0.3, 0.7), canvas.bottom * rng.uniform(0.36, 0.48)
    radius = rng.uniform(0.17, 0.25)
    canvas.disc(x, y, radius * 1.5, mix(palette.top, sun, 0.12))
    canvas.disc(x, y, radius * 1.24, mix(palette.top, sun, 0.26))
    canvas.disc(x, y, radius, sun)
    for layer in range(4):
        share = layer / 3
        colour = mix(mix(far, near, share), palette.bottom, 0.15 + 0.35 * share)
        base = canvas.bottom * (0.6 + 0.11 * layer)
        swell, waves, shift = rng.uniform(0.02, 0.06), rng.uniform(0.7, 1.6), rng.uniform(0, math.tau)
        crest = [(s / 80, base + swell * math.sin(math.tau * waves * s / 80 + shift)) for s in range(81)]
        canvas.polygon([(0, canvas.bottom), *crest, (1, canvas.bottom)], colour)


def _rings(canvas: Canvas, palette: Palette, rng: random.Random) -> None:
    """Draws concentric rings around a disc, with a small satellite on one of them."""
    main, second, third = _shuffled(palette, rng)
    x, y = rng.uniform(0.36, 0.64), canvas.bottom * rng.uniform(0.46, 0.56)
    step = rng.uniform(0.075, 0.1)
    count = 9
    for index in range(count, 1, -1):
        colour = mix(second, palette.top, (index - 2) / count)
        canvas.ring(x, y, step * index, step * 0.42, colour)
    canvas.disc(x, y, step * 1.35, main)
    angle = rng.uniform(0, math.tau)
    orbit = step * rng.choice((2.8, 3.8))
    canvas.disc(x + orbit * math.cos(angle), y + orbit * math.sin(angle), step * 0.62, third)


def _arches(canvas: Canvas, palette: Palette, rng: random.Random) -> None:
    """Draws nested arches around a bright opening."""
    first, second, light = _shuffled(palette, rng)
    count = rng.randint(4, 6)
    x = 0.5
    widest, narrowest = 0.44, 0.09
    for index in range(count):
        share = index / (count - 1)
        half = widest + (narrowest - widest) * share
        colour = light if index == count - 1 else mix(first, second, share)
        top = canvas.bottom * (0.1 + 0.42 * share) + half
        canvas.disc(x, top, half, colour)
        canvas.box(x - half, top, x + half, canvas.bottom, colour)
        inner = half - 0.013
        if index < count - 1:
            shade = mix(colour, palette.bottom, 0.35 + 0.3 * share)
            canvas.disc(x, top, inner, shade)
            canvas.box(x - inner, top, x + inner, canvas.bottom, shade)


def _stripes(canvas: Canvas, palette: Palette, rng: random.Random) -> None:
    """Draws broad diagonal bands behind a disc."""
    colours = _shuffled(palette, rng)
    lean = rng.choice((-1, 1)) * rng.uniform(0.35, 0.6)
    band = rng.uniform(0.08, 0.11)
    left = 0.5 - 3 * band
    for index in range(6):
        colour = mix(colours[index % 3], palette.bottom, 0.1 + 0.05 * index)
        x0, x1 = left + index * band, left + (index + 0.72) * band
        rise = lean * canvas.bottom / 2
        canvas.polygon([(x0 + rise, 0), (x1 + rise, 0), (x1 - rise, canvas.bottom), (x0 - rise, canvas.bottom)], colour)
    x, y = 0.5 - math.copysign(rng.uniform(0.12, 0.2), lean), canvas.bottom * rng.uniform(0.3, 0.42)
    radius = rng.uniform(0.14, 0.19)
    canvas.disc(x, y, radius * 1.1, palette.top)
    canvas.disc(x, y, radius, colours[0])


def _tiles(canvas: Canvas, palette: Palette, rng: random.Random) -> None:
    """Draws a grid of quarter circles, half circles and discs."""
    columns = rng.choice((4, 5))
    side = 1 / columns
    rows = math.ceil(canvas.bottom / side)
    for row in range(rows):
        for column in range(columns):
            _tile(canvas, palette, rng, column * side, row * side, side)


def _tile(canvas: Canvas, palette: Palette, rng: random.Random, x: float, y: float, side: float) -> None:
    ground, figure = rng.sample((*palette.shapes, mix(palette.top, palette.ink, 0.08)), k=2)
    canvas.box(x, y, x + side, y + side, ground)
    turn = rng.randrange(4)
    kind = rng.choice(("quarter", "half", "disc", "plain"))
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


def _rays(canvas: Canvas, palette: Palette, rng: random.Random) -> None:
    """Draws rays around a half disc on the horizon."""
    ray, sun, ground = _shuffled(palette, rng)
    x, y = rng.choice((0.3, 0.5, 0.7)), canvas.bottom * 0.8
    count = rng.choice((11, 13, 15))
    width = 180 / count
    for index in range(0, count, 2):
        start = 180 + index * width
        canvas.sector(x, y, 2.0, start, start + width, mix(palette.top, ray, 0.55))
    canvas.disc(x, y, 0.3, palette.top)
    canvas.disc(x, y, 0.27, sun)
    canvas.box(0, y, 1, canvas.bottom, mix(ground, palette.bottom, 0.3))
    for index in range(4):
        top = y + (canvas.bottom - y) * (0.14 + 0.21 * index)
        half = 0.25 - 0.05 * index
        canvas.box(x - half, top, x + half, top + 0.012, sun)


MOTIFS: tuple[Motif, ...] = (_sun_and_hills, _rings, _arches, _stripes, _tiles, _rays)
