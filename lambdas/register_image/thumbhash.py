"""Encodes an image as a thumbhash: about 25 bytes that a client draws while the image loads.

The format is by Evan Wallace (https://evanw.github.io/thumbhash/). It stores the lowest cosine coefficients of
luminance, of two colour differences and, if the image has transparency, of alpha. This module replaces the package on
PyPI, which fails on images with alpha and visits every pixel again for each coefficient.
"""

import math
from dataclasses import dataclass

from PIL import Image

_LONGEST_SIDE = 64
# The coefficients of a plain channel are rounding errors. Scaled up, they would show as a pattern.
_NOISE = 1e-6


@dataclass(frozen=True, kw_only=True)
class _Channel:
    """Mean of a channel, its other coefficients scaled to 0..1, and the scale."""

    dc: float
    ac: list[float]
    scale: float


def thumbhash(image: Image.Image) -> bytes:
    """Returns the thumbhash of `image`, 5 to 40 bytes. Works on a smaller copy and does not change `image`."""
    small = image.convert("RGBA")
    small.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.BOX)
    width, height = small.size
    luminance, yellow_blue, red_green, alpha = _planes(small)
    has_alpha = min(alpha) < 1.0
    longest, limit = max(width, height), 5 if has_alpha else 7
    across = max(1, _round(limit * width / longest))
    down = max(1, _round(limit * height / longest))
    size = (width, height)
    lum = _encode(luminance, size, max(3, across), max(3, down))
    yel = _encode(yellow_blue, size, 3, 3)
    red = _encode(red_green, size, 3, 3)
    landscape = width > height
    header = (
        _round(63 * lum.dc)
        | _round(31.5 + 31.5 * yel.dc) << 6
        | _round(31.5 + 31.5 * red.dc) << 12
        | _round(31 * lum.scale) << 18
        | has_alpha << 23
        | (down if landscape else across) << 24
        | _round(63 * yel.scale) << 27
        | _round(63 * red.scale) << 33
        | landscape << 39
    ).to_bytes(5, "little")
    nibbles = [*lum.ac, *yel.ac, *red.ac]
    if has_alpha:
        opacity = _encode(alpha, size, 5, 5)
        header += bytes([_round(15 * opacity.dc) | _round(15 * opacity.scale) << 4])
        nibbles += opacity.ac
    return header + _packed([_round(15 * value) for value in nibbles])


def _planes(image: Image.Image) -> tuple[list[float], list[float], list[float], list[float]]:
    """Returns luminance, yellow-blue, red-green and alpha; transparent pixels are blended with the mean colour."""
    pixels = image.tobytes()
    alpha = [value / 255 for value in pixels[3::4]]
    total = sum(alpha) or 1.0
    planes = []
    for channel in range(3):
        values = [value / 255 * opacity for value, opacity in zip(pixels[channel::4], alpha, strict=True)]
        mean = sum(values) / total
        planes.append([value + mean * (1 - opacity) for value, opacity in zip(values, alpha, strict=True)])
    red, green, blue = planes
    return (
        [(r + g + b) / 3 for r, g, b in zip(red, green, blue, strict=True)],
        [(r + g) / 2 - b for r, g, b in zip(red, green, blue, strict=True)],
        [r - g for r, g in zip(red, green, strict=True)],
        alpha,
    )


def _encode(values: list[float], size: tuple[int, int], across: int, down: int) -> _Channel:
    """Computes the cosine transform in two steps: along the rows for each column frequency, then down the columns."""
    width, height = size
    dc, ac = 0.0, []
    columns = [_transform_rows(values, size, cx) for cx in range(across)]
    for cy in range(down):
        wave = [math.cos(math.pi / height * cy * (y + 0.5)) for y in range(height)]
        cx = 0
        # Only the triangle of low frequencies is stored: cx / across + cy / down < 1.
        while cx * down < across * (down - cy):
            value = sum(map(float.__mul__, columns[cx], wave)) / (width * height)
            if cx or cy:
                ac.append(value)
            else:
                dc = value
            cx += 1
    scale = max(map(abs, ac), default=0.0)
    if scale < _NOISE:
        return _Channel(dc=dc, ac=[0.0] * len(ac), scale=0.0)
    return _Channel(dc=dc, ac=[0.5 + 0.5 / scale * value for value in ac], scale=scale)


def _transform_rows(values: list[float], size: tuple[int, int], frequency: int) -> list[float]:
    width, height = size
    wave = [math.cos(math.pi / width * frequency * (x + 0.5)) for x in range(width)]
    return [sum(map(float.__mul__, values[y * width : (y + 1) * width], wave)) for y in range(height)]


def _round(value: float) -> int:
    # The reference implementation rounds halves up; Python's round() rounds them to the even neighbour.
    return math.floor(value + 0.5)


def _packed(nibbles: list[int]) -> bytes:
    if len(nibbles) % 2:
        nibbles = [*nibbles, 0]
    return bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))
