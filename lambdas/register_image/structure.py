"""Counts what makes a file expensive to decode, from its bytes, before a decoder sees it."""

import contextlib
import re

# JPEG markers, each behind an FF.
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


def count_gif_frames(data: bytes, *, limit: int) -> int:
    """Returns the number of frames of a GIF, at most `limit` + 1, without decoding one.

    Stops quietly where the file is cut or garbled: the decoder tells about that.
    """
    frames = 0
    with contextlib.suppress(IndexError):
        position = 13 + _color_table_bytes(data[10])
        while frames <= limit and data[position] != _TRAILER:
            if data[position] == _EXTENSION:
                position = _after_sub_blocks(data, position + 2)
            elif data[position] == _IMAGE:
                frames += 1
                position = _after_sub_blocks(data, position + 11 + _color_table_bytes(data[position + 9]))
            else:
                break
    return frames


def _color_table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_sub_blocks(data: bytes, position: int) -> int:
    while data[position]:
        position += data[position] + 1
    return position + 1
