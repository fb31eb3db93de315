"""Text of posters, in the font Manrope (SIL Open Font License), which has all Latin accents."""

from __future__ import annotations

from functools import lru_cache

from font_manrope import ManropeBold
from PIL import Image, ImageDraw, ImageFont

from service.importers.posters.palette import Frame, Palette, mix


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(ManropeBold, size)


def _wrap(words: list[str], font: ImageFont.FreeTypeFont, width: int) -> list[str] | None:
    """Returns the words in lines of at most `width` pixels; None if a single word is wider."""
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
    """Returns the text, cut with an ellipsis if it is wider than `width` pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1].rstrip()
    return f"{text}…"


def _line_height(size: int) -> int:
    return max(1, round(size * 1.12))


def fit_title(title: str, width: int, height: int, largest: int) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """Returns the largest font in which the title, wrapped at spaces, fits the box, and its lines.

    A title that is too long for the smallest font is cut with an ellipsis, so the lines always fit.
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
    most = max(1, height // _line_height(smallest))
    if len(lines) > most:
        lines = [*lines[: most - 1], _shortened(" ".join(lines[most - 1 :]), font, width)]
    return font, lines


def draw_text(image: Image.Image, frame: Frame, palette: Palette, *, title: str, byline: str) -> None:
    """Draws the title below the picture and the byline at the bottom of the poster."""
    bottom = frame.height - round(frame.height * 0.05)
    rule = bottom - round(frame.height * 0.045)
    top = frame.art_bottom + round(frame.height * 0.03)
    title_height = rule - round(frame.height * 0.015) - top

    font, lines = fit_title(title, frame.text_width, title_height, largest=max(8, round(frame.width * 0.2)))
    size = round(font.size)
    draw = ImageDraw.Draw(image)
    for index, line in enumerate(lines):
        baseline = top + round(size * 0.88) + index * _line_height(size)
        draw.text((frame.margin, baseline), line, font=font, fill=palette.ink, anchor="ls")

    muted = mix(palette.bottom, palette.ink, 0.8)
    thickness = max(1, round(frame.height * 0.002))
    rectangle = (frame.margin, rule, frame.width - frame.margin - 1, rule + thickness - 1)
    draw.rectangle(rectangle, fill=muted)
    if byline:
        small = _font(max(6, round(frame.width * 0.042)))
        line = _shortened(byline, small, frame.text_width)
        draw.text((frame.margin, bottom), line, font=small, fill=muted, anchor="ls")
