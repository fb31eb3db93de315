"""Refuses what would be expensive to decode: from the bytes alone, then from what the header claims."""

from PIL import Image

from lambdas.register_image.kinds import MAX_SIDE, Kind
from lambdas.register_image.structure import (
    count_gif_parts,
    count_jpeg_scans,
    count_jpeg_segments,
    count_png_chunks,
    is_progressive_jpeg,
    webp_canvas,
)
from lambdas.register_image.verdict import Reason, Rejected

# WebP's decoder keeps several whole canvases, AVIF's its planes, their colours and a copy: 418 MB at 20 megapixels of
# ten bits with alpha.
FORMAT_MAX_PIXELS = {"WEBP": 16_000_000, "AVIF": 16_000_000}
# All coefficients of a progressive JPEG stay in memory, two bytes each: 320 MB at 40 megapixels in four colours.
PROGRESSIVE_CMYK_MAX_PIXELS = 30_000_000
# Each scan visits every pixel: about 30 ms at 40 megapixels. An honest progressive JPEG has about 10.
_MAX_SCANS = 100
MAX_FRAMES = 10_000
# Each part of a file costs the reader a step in Python, and joining parts is quadratic in places.
_MAX_SEGMENTS = 2_000
_MAX_CHUNKS = 20_000
_MAX_BLOCKS = 400_000


def check_structure(data: bytes) -> None:
    """Raises Rejected for a file that opening alone is too much for; `data` need not be a picture."""
    # WebP's reader makes two canvases of the size claimed as soon as a file is opened.
    width, height = webp_canvas(data) or (1, 1)
    _check_pixels(width * height, most=FORMAT_MAX_PIXELS["WEBP"])
    if count_jpeg_segments(data, limit=_MAX_SEGMENTS) > _MAX_SEGMENTS:
        raise Rejected(Reason.TOO_COMPLEX, f"The JPEG has more than {_MAX_SEGMENTS} segments.")
    if count_png_chunks(data, limit=_MAX_CHUNKS) > _MAX_CHUNKS:
        raise Rejected(Reason.TOO_COMPLEX, f"The PNG has more than {_MAX_CHUNKS} chunks.")
    if count_gif_parts(data, most_frames=MAX_FRAMES, most_blocks=_MAX_BLOCKS).blocks > _MAX_BLOCKS:
        raise Rejected(Reason.TOO_COMPLEX, f"The GIF has more than {_MAX_BLOCKS} blocks.")


def check_header(source: Image.Image, *, data: bytes, kind: Kind) -> int:
    """Returns the number of frames of a picture that is open but not decoded; raises Rejected for too much of it."""
    width, height = source.size
    if max(width, height) > MAX_SIDE:
        raise Rejected(Reason.TOO_MANY_PIXELS, f"A side is longer than {MAX_SIDE} pixels.")
    most = _most_pixels(source, data=data, kind=kind)
    # Before the frames are counted, which costs time of its own.
    _check_pixels(width * height, most=most)
    frames = _frames(source, data=data)
    _check_pixels(width * height * frames, most=most)
    if source.format in ("JPEG", "MPO") and count_jpeg_scans(data, limit=_MAX_SCANS) > _MAX_SCANS:
        raise Rejected(Reason.TOO_COMPLEX, f"The JPEG has more than {_MAX_SCANS} scans.")
    return frames


def check_least(width: int, height: int, *, kind: Kind) -> None:
    """Raises Rejected for an upright picture below the kind's least size."""
    if width < kind.min_width or height < kind.min_height:
        raise Rejected(
            Reason.TOO_SMALL,
            f"The picture is {width} x {height} pixels, less than {kind.min_width} x {kind.min_height}.",
        )


def _most_pixels(source: Image.Image, *, data: bytes, kind: Kind) -> int:
    if source.mode == "CMYK" and is_progressive_jpeg(data):
        return min(kind.max_pixels, PROGRESSIVE_CMYK_MAX_PIXELS)
    return min(kind.max_pixels, FORMAT_MAX_PIXELS.get(source.format or "", kind.max_pixels))


def _check_pixels(pixels: int, *, most: int) -> None:
    if pixels > most:
        raise Rejected(
            Reason.TOO_MANY_PIXELS,
            f"The picture has {pixels} pixels (width x height x frames); at most {most} are admitted.",
        )


def _frames(source: Image.Image, *, data: bytes) -> int:
    if source.format == "GIF":
        frames = count_gif_parts(data, most_frames=MAX_FRAMES, most_blocks=_MAX_BLOCKS).frames
    elif source.format == "MPO":
        # The pictures behind the first are no animation and are never decoded.
        frames = 1
    else:
        frames = getattr(source, "n_frames", 1)
    if frames > MAX_FRAMES:
        raise Rejected(Reason.TOO_MANY_FRAMES, f"The animation has more than {MAX_FRAMES} frames.")
    return max(1, frames)
