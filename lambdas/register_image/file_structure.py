"""Counts the parts of a file that make it expensive to decode, from its bytes and without a decoder."""

import contextlib
import re
from dataclasses import dataclass

# JPEG markers; each follows an FF byte.
_MARKER = 0xFF
_SOS = 0xDA
_EOI = 0xD9
# First bytes of the blocks of a GIF.
_EXTENSION = 0x21
_IMAGE = 0x2C
_TRAILER = 0x3B
# In entropy-coded data 00 (stuffing), D0-D7 (restart) or FF (fill) can follow an FF; anything else is a marker.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# Markers without a length: TEM, RST0-7, SOI.
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})


def count_jpeg_scans(data: bytes, *, limit: int) -> int:
    """Returns the number of scans (SOS markers) of a JPEG's first image, at most `limit` + 1; 0 for other files.

    The work of a decoder grows with pixels times scans, and a scan costs an attacker about 90 bytes. Bytes inside
    metadata segments do not count as markers.
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
    """Returns the number of steps to a JPEG's first scan, at most `limit` + 1; 0 for other files.

    A step is a segment, or a byte of padding between two segments.
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
    """Returns whether a JPEG has more than one scan, so that its decoder holds all coefficients in memory."""
    return count_jpeg_scans(data, limit=1) > 1


def count_png_chunks(data: bytes, *, limit: int) -> int:
    """Returns the number of chunks of a PNG, at most `limit` + 1; 0 for other files."""
    chunks = 0
    position = 8
    while data.startswith(b"\x89PNG\r\n\x1a\n") and chunks <= limit and position + 8 <= len(data):
        chunks += 1
        position += 12 + int.from_bytes(data[position : position + 4], "big")
    return chunks


def webp_canvas(data: bytes) -> tuple[int, int] | None:
    """Returns the width and height in the header of an extended WebP; None for other files."""
    if data[:4] != b"RIFF" or data[8:16] != b"WEBPVP8X":
        return None
    return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1


@dataclass(frozen=True, kw_only=True)
class GifParts:
    """Number of parts of a GIF."""

    frames: int
    blocks: int
    """Sub-blocks of all frames and extensions together."""


def count_gif_parts(data: bytes, *, max_frames: int, max_blocks: int) -> GifParts:
    """Counts the parts of a GIF without decoding it; stops soon after either limit is exceeded.

    Also stops, without an error, where the file is truncated or damaged, because the decoder reports that. Other files
    have no parts.
    """
    frames = blocks = 0
    with contextlib.suppress(IndexError):
        position = 13 + _color_table_bytes(data[10]) if data[:4] == b"GIF8" else len(data)
        while frames <= max_frames and blocks <= max_blocks and data[position] != _TRAILER:
            if data[position] == _EXTENSION:
                position += 2
            elif data[position] == _IMAGE:
                frames += 1
                position += 11 + _color_table_bytes(data[position + 9])
            else:
                break
            while data[position] and blocks <= max_blocks:
                blocks += 1
                position += data[position] + 1
            position += 1
    return GifParts(frames=frames, blocks=blocks)


def _color_table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
