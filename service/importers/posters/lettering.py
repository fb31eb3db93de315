"""The words on posters, in Manrope (SIL Open Font License), which has every Latin accent."""

from __future__ import annotations

from functools import lru_cache

from font_manrope import ManropeBold
from PIL import Image, ImageDraw, ImageFont

from service.importers.posters.palette import Frame, Palette, mix


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(ManropeBold, size)


def _wrap(words: list[str], font: ImageFont.FreeTypeFont, width: int) -> list[str] | None:
    """Break the words into lines no wider than `width`; None if a single word is wider."""
    lines: list[str] = []
    for word in words:
        if font.getlength(word) > width:
            return None
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


def _shortened(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """Cut the text with an ellipsis so that it fits the width."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
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


def draw_text(image: Image.Image, frame: Frame, palette: Palette, *, title: str, byline: str) -> None:
    """Set the title below the picture and the byline along the foot of the poster."""
    foot = frame.height - round(frame.height * 0.05)
    rule = foot - round(frame.height * 0.045)
    top = frame.art_bottom + round(frame.height * 0.03)
    room = rule - round(frame.height * 0.015) - top

    font, lines = fit_title(title, frame.text_width, room, largest=max(8, round(frame.width * 0.2)))
    size = round(font.size)
    draw = ImageDraw.Draw(image)
    for index, line in enumerate(lines):
        baseline = top + round(size * 0.88) + index * _line_height(size)
        draw.text((frame.margin, baseline), line, font=font, fill=palette.ink, anchor="ls")

    quiet = mix(palette.bottom, palette.ink, 0.8)
    thickness = max(1, round(frame.height * 0.002))
    ends = (frame.margin, rule, frame.width - frame.margin - 1, rule + thickness - 1)
    draw.rectangle(ends, fill=quiet)
    if byline:
        small = _font(max(6, round(frame.width * 0.042)))
        line = _shortened(byline, small, frame.text_width)
        draw.text((frame.margin, foot), line, font=small, fill=quiet, anchor="ls")
