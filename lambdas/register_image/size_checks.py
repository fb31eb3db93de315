"""Rejects images that are expensive to decode: first by the bytes alone, then by the header."""

from PIL import Image

from lambdas.register_image.file_structure import (
    count_gif_parts,
    count_jpeg_scans,
    count_jpeg_segments,
    count_png_chunks,
    is_progressive_jpeg,
    webp_canvas,
)
from lambdas.register_image.image_kinds import MAX_SIDE, Kind
from lambdas.register_image.rejection import Reason, Rejected

# The WebP decoder allocates several whole canvases. The AVIF decoder allocates the planes, the colours and a copy:
# 418 MB for 20 megapixels with ten bits and alpha.
FORMAT_MAX_PIXELS = {"WEBP": 16_000_000, "AVIF": 16_000_000}
# The decoder holds all coefficients of a progressive JPEG, two bytes each: 320 MB for 40 megapixels in four colours.
PROGRESSIVE_CMYK_MAX_PIXELS = 30_000_000
# Each scan visits every pixel, which takes about 30 ms for 40 megapixels. A usual progressive JPEG has about 10 scans.
_MAX_SCANS = 100
MAX_FRAMES = 10_000
# Pillow reads each part of a file with a step in Python, and its cost for joining some parts is quadratic.
_MAX_SEGMENTS = 2_000
_MAX_CHUNKS = 20_000
_MAX_BLOCKS = 400_000


def check_structure(data: bytes) -> None:
    """Raises Rejected if opening the file is already too expensive; accepts any bytes."""
    # The WebP reader allocates two canvases of the claimed size when it opens a file.
    width, height = webp_canvas(data) or (1, 1)
    _check_pixels(width * height, max_pixels=FORMAT_MAX_PIXELS["WEBP"])
    if count_jpeg_segments(data, limit=_MAX_SEGMENTS) > _MAX_SEGMENTS:
        raise Rejected(Reason.TOO_COMPLEX, f"The JPEG has more than {_MAX_SEGMENTS} segments.")
    if count_png_chunks(data, limit=_MAX_CHUNKS) > _MAX_CHUNKS:
        raise Rejected(Reason.TOO_COMPLEX, f"The PNG has more than {_MAX_CHUNKS} chunks.")
    if count_gif_parts(data, max_frames=MAX_FRAMES, max_blocks=_MAX_BLOCKS).blocks > _MAX_BLOCKS:
        raise Rejected(Reason.TOO_COMPLEX, f"The GIF has more than {_MAX_BLOCKS} blocks.")


def check_header(source: Image.Image, *, data: bytes, kind: Kind) -> int:
    """Returns the number of frames of an image that is open but not decoded; raises Rejected if it is too large."""
    width, height = source.size
    if max(width, height) > MAX_SIDE:
        raise Rejected(Reason.TOO_MANY_PIXELS, f"A side is longer than {MAX_SIDE} pixels.")
    max_pixels = _max_pixels(source, data=data, kind=kind)
    # Checked before the frames are counted, because counting takes time, too.
    _check_pixels(width * height, max_pixels=max_pixels)
    frames = _count_frames(source, data=data)
    _check_pixels(width * height * frames, max_pixels=max_pixels)
    if source.format in ("JPEG", "MPO") and count_jpeg_scans(data, limit=_MAX_SCANS) > _MAX_SCANS:
        raise Rejected(Reason.TOO_COMPLEX, f"The JPEG has more than {_MAX_SCANS} scans.")
    return frames


def check_minimum_size(width: int, height: int, *, kind: Kind) -> None:
    """Raises Rejected if an upright image is smaller than the minimum size of its kind."""
    if width < kind.min_width or height < kind.min_height:
        raise Rejected(
            Reason.TOO_SMALL,
            f"The image has {width} x {height} pixels; it needs at least {kind.min_width} x {kind.min_height}.",
        )


def _max_pixels(source: Image.Image, *, data: bytes, kind: Kind) -> int:
    if source.mode == "CMYK" and is_progressive_jpeg(data):
        return min(kind.max_pixels, PROGRESSIVE_CMYK_MAX_PIXELS)
    return min(kind.max_pixels, FORMAT_MAX_PIXELS.get(source.format or "", kind.max_pixels))


def _check_pixels(pixels: int, *, max_pixels: int) -> None:
    if pixels > max_pixels:
        raise Rejected(
            Reason.TOO_MANY_PIXELS,
            f"The image has {pixels} pixels (width x height x frames); at most {max_pixels} are allowed.",
        )


def _count_frames(source: Image.Image, *, data: bytes) -> int:
    if source.format == "GIF":
        frames = count_gif_parts(data, max_frames=MAX_FRAMES, max_blocks=_MAX_BLOCKS).frames
    elif source.format == "MPO":
        # The images after the first are not an animation and are never decoded.
        frames = 1
    else:
        frames = getattr(source, "n_frames", 1)
    if frames > MAX_FRAMES:
        raise Rejected(Reason.TOO_MANY_FRAMES, f"The animation has more than {MAX_FRAMES} frames.")
    return max(1, frames)
