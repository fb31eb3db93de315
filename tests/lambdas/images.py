"""Images for tests, created on demand; the repository stores none."""

import io
import re
import struct
import zlib

from PIL import Image, ImageDraw

LEFT, RIGHT = (220, 30, 30), (30, 30, 220)
"""Colours of the upper left quarter and of the rest in `quartered`."""


def quartered(width: int = 240, height: int = 360, *, mode: str = "RGB") -> Image.Image:
    """Returns a blue image with a red upper left quarter, which makes rotations and flips visible."""
    image = Image.new("RGB", (width, height), RIGHT)
    ImageDraw.Draw(image).rectangle((0, 0, width // 2 - 1, height // 2 - 1), fill=LEFT)
    return image if mode == "RGB" else image.convert(mode)


def encoded(image: Image.Image, format_: str = "PNG", **options: object) -> bytes:
    """Returns the bytes of `image` in a format."""
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def oriented(orientation: int, *, format_: str = "JPEG") -> bytes:
    """Returns `quartered` stored so that a viewer which applies `orientation` shows it upright."""
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    image = quartered()
    if stored is not None:
        image = image.transpose(stored)
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Camera of Someone"
    return encoded(image, format_, exif=exif.tobytes())


def png_claiming(width: int, height: int) -> bytes:
    """Returns a PNG whose header claims a size that its few bytes of data do not have."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def png_with_text_bomb() -> bytes:
    """Returns a PNG with a text chunk of 20 kB that decompresses to 20 MB."""
    good = encoded(quartered())
    data = b"Comment\0\0" + zlib.compress(b"a" * 20_000_000, 9)
    chunk = struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))
    return good[:33] + chunk + good[33:]


def jpeg_with_scans(scans: int) -> bytes:
    """Returns a progressive JPEG that repeats its last scan until it has `scans` scans."""
    data = encoded(quartered(), "JPEG", progressive=True)
    starts = [found.start() for found in re.finditer(rb"\xff\xda", data)]
    last = data[starts[-1] : -2]
    return data[:-2] + last * (scans - len(starts)) + data[-2:]


def animated_gif(frames: int, *, width: int = 240, height: int = 360) -> bytes:
    """Returns a GIF whose first frame is `quartered` and whose other frames are plain."""
    others = [Image.new("RGB", (width, height), (0, 40 + number, 0)) for number in range(frames - 1)]
    return encoded(quartered(width, height), "GIF", save_all=True, append_images=others, duration=50)
