"""Counts what makes a file expensive to decode, from its bytes, before a decoder sees it."""

import contextlib
import re
from dataclasses import dataclass

# JPEG markers, each behind an FF.
_MARKER = 0xFF
_SOS = 0xDA
_EOI = 0xD9
# First bytes of a GIF's blocks.
_EXTENSION = 0x21
_IMAGE = 0x2C
_TRAILER = 0x3B
# Inside entropy-coded data an FF is followed by 00 (stuffing), D0-D7 (restart) or FF (fill); anything else is
# a marker.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# Markers that stand alone, without a length: TEM, RST0-7, SOI.
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})


def count_jpeg_scans(data: bytes, *, limit: int) -> int:
    """Returns the number of scans (SOS markers) of a JPEG's first picture, at most `limit` + 1.

    A decoder's work grows with pixels times scans, and a scan costs an attacker about 90 bytes. Bytes inside
    metadata segments are not taken for markers; what is no JPEG has none.
    """
    scans = 0
    position = 2
    while scans <= limit:
        found = _NEXT_MARKER.search(data, position)
        if found is None or data[found.start() + 1] == _EOI:
            break
        marker = data[found.start() + 1]
        position = found.end()
        if marker in _BARE_MARKERS:
            continue
        scans += marker == _SOS
        position += max(2, int.from_bytes(data[position : position + 2], "big"))
    return scans


def count_jpeg_segments(data: bytes, *, limit: int) -> int:
    """Returns the number of steps to a JPEG's first scan, at most `limit` + 1; 0 for what is no JPEG.

    A step is a segment, or a byte of padding between two.
    """
    steps = 0
    position = 2
    while data.startswith(b"\xff\xd8") and steps <= limit and position + 1 < len(data):
        steps += 1
        marker = data[position + 1]
        if data[position] != _MARKER or marker in (0, _MARKER):
            position += 1
        elif marker in (_SOS, _EOI):
            break
        elif marker in _BARE_MARKERS:
            position += 2
        else:
            position += 2 + max(2, int.from_bytes(data[position + 2 : position + 4], "big"))
    return steps


def is_progressive_jpeg(data: bytes) -> bool:
    """Tells whether a JPEG has more than one scan, so that its decoder keeps all coefficients."""
    return count_jpeg_scans(data, limit=1) > 1


def count_png_chunks(data: bytes, *, limit: int) -> int:
    """Returns the number of a PNG's chunks, at most `limit` + 1; 0 for what is no PNG."""
    chunks = 0
    position = 8
    while data.startswith(b"\x89PNG\r\n\x1a\n") and chunks <= limit and position + 8 <= len(data):
        chunks += 1
        position += 12 + int.from_bytes(data[position : position + 4], "big")
    return chunks


def webp_canvas(data: bytes) -> tuple[int, int] | None:
    """Returns the width and height that an extended WebP claims; None for any other file."""
    if data[:4] != b"RIFF" or data[8:16] != b"WEBPVP8X":
        return None
    return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1


@dataclass(frozen=True, kw_only=True)
class GifParts:
    """What a GIF consists of."""

    frames: int
    blocks: int
    """Sub-blocks of all frames and extensions."""


def count_gif_parts(data: bytes, *, most_frames: int, most_blocks: int) -> GifParts:
    """Returns the parts of a GIF without decoding it; counting ends soon after either bound is passed.

    Stops quietly where the file is cut or garbled: the decoder tells about that. What is no GIF has no parts.
    """
    frames = blocks = 0
    with contextlib.suppress(IndexError):
        position = 13 + _color_table_bytes(data[10]) if data[:4] == b"GIF8" else len(data)
        while frames <= most_frames and blocks <= most_blocks and data[position] != _TRAILER:
            if data[position] == _EXTENSION:
                position += 2
            elif data[position] == _IMAGE:
                frames += 1
                position += 11 + _color_table_bytes(data[position + 9])
            else:
                break
            while data[position] and blocks <= most_blocks:
                blocks += 1
                position += data[position] + 1
            position += 1
    return GifParts(frames=frames, blocks=blocks)


def _color_table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
