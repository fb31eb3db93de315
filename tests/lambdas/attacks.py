"""The attack set: files that try to exhaust, confuse or leak, each with its expected result.

Each file is small and takes less than a second to build. `ACCEPTED` means that the image is harmless after it is
encoded again, because the dangerous part of the file is not copied.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageCms

from lambdas.register_image.image_kinds import MAX_BYTES
from lambdas.register_image.rejection import Reason
from tests.lambdas import images
from tests.lambdas.deep_avif import deep_avif

ACCEPTED = "ACCEPTED"
SECRET = b"SECRET-OF-THE-SOURCE"
"""Content of every part of a file that must not reach a rendition."""
_ZIP = b"PK\x03\x04\x14\x00\x00\x00\x00\x00" + SECRET + b"PK\x05\x06" + b"\0" * 18
_HTML = b"<!doctype html><script>alert('" + SECRET + b"')</script>"
_UNSUPPORTED, _CORRUPT = Reason.UNSUPPORTED_FORMAT, Reason.CORRUPT
_PIXELS, _COMPLEX = Reason.TOO_MANY_PIXELS, Reason.TOO_COMPLEX


@dataclass(frozen=True)
class Attack:
    """One hostile file."""

    name: str
    build: Callable[[], bytes]
    expected: str
    """A Reason, or ACCEPTED."""


def _saved(format_: str, *, mode: str = "RGB", **options: object) -> bytes:
    return images.encoded(images.quartered(mode=mode), format_, **options)


def _plain(width: int, height: int, *, mode: str = "RGB", format_: str = "PNG", **options: object) -> bytes:
    return images.encoded(Image.new(mode, (width, height), 0), format_, **options)


def _jpeg_with(segments: bytes) -> bytes:
    good = _saved("JPEG")
    return good[:2] + segments + good[2:]


def _segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png_with(chunks: bytes) -> bytes:
    good = _saved("PNG")
    return good[:33] + chunks + good[33:]


def _bomb(size: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(b"a" * 1_000_000) for _ in range(size // 1_000_000)) + packer.flush()


def _png_raw(rows: bytes, *, width: int = 240, height: int = 360) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = _png_chunk(b"IHDR", header) + _png_chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + body + _png_chunk(b"IEND", b"")


def _apng(frames: int) -> bytes:
    others = [Image.new("RGB", (240, 360), (0, 40 + number, 0)) for number in range(2)]
    whole = _saved("PNG", save_all=True, append_images=others, duration=50)
    at = whole.index(b"acTL")
    return whole[: at - 4] + _png_chunk(b"acTL", struct.pack(">II", frames, 0)) + whole[at + 16 :]


def _webp_animation() -> bytes:
    others = [Image.new("RGB", (240, 360), (0, 40 + number, 0)) for number in range(3)]
    return _saved("WEBP", save_all=True, append_images=others, duration=50)


def _webp_canvas(side: int) -> bytes:
    whole = _webp_animation()
    claimed = (side - 1).to_bytes(3, "little")
    return whole[:24] + claimed + claimed + whole[30:]


def _avif_claiming(width: int, height: int) -> bytes:
    whole = _plain(4000, 4000, format_="AVIF", speed=10)
    at = whole.index(b"ispe") + 8
    return whole[:at] + struct.pack(">II", width, height) + whole[at + 8 :]


def _gif_frame_beyond_screen(side: int) -> bytes:
    whole = bytearray(_saved("GIF"))
    at = whole.index(b"\x2c\0\0\0\0")
    whole[at + 5 : at + 9] = struct.pack("<HH", side, side)
    return bytes(whole)


def _gif_with_comment(block: int, count: int) -> bytes:
    whole = _saved("GIF")
    at = whole.index(b"\x2c\0\0\0\0")
    return whole[:at] + b"\x21\xfe" + (bytes([block]) + b"c" * block) * count + b"\0" + whole[at:]


def _resized_jpeg(width: int, height: int) -> bytes:
    """Returns a JPEG whose header claims another size than that of its scan."""
    whole = bytearray(_saved("JPEG"))
    at = whole.index(b"\xff\xc0")
    whole[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(whole)


def _two_headers() -> bytes:
    whole = _saved("JPEG")
    header = re.search(rb"\xff\xc0\x00\x11.{15}", whole, re.DOTALL)
    assert header is not None
    return whole[: header.end()] + header[0] + whole[header.end() :]


def _profile(model: Literal["LAB", "sRGB"]) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(model)).tobytes()


def _profile_counting(tags: int) -> bytes:
    profile = bytearray(_profile("sRGB"))
    profile[128:132] = struct.pack(">I", tags)
    return bytes(profile)


def _with_secret_metadata(format_: str) -> bytes:
    exif = Image.Exif()
    exif[0x010F] = SECRET.decode()
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 30.0)
    return _saved(format_, exif=exif.tobytes(), xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>")


ATTACKS = (
    # Not an image, or not in a supported format.
    Attack("empty", lambda: b"", _UNSUPPORTED),
    Attack("html", lambda: _HTML, _UNSUPPORTED),
    Attack("svg with a script", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", _UNSUPPORTED),
    Attack("zip", lambda: _ZIP, _UNSUPPORTED),
    Attack("pdf", lambda: _saved("PDF"), _UNSUPPORTED),
    Attack("postscript", lambda: _saved("EPS"), _UNSUPPORTED),
    Attack("tiff", lambda: _saved("TIFF"), _UNSUPPORTED),
    Attack("bmp", lambda: _saved("BMP"), _UNSUPPORTED),
    Attack("ico", lambda: _saved("ICO"), _UNSUPPORTED),
    Attack("jpeg 2000", lambda: _saved("JPEG2000"), _UNSUPPORTED),
    Attack("html before a jpeg", lambda: _HTML + _saved("JPEG"), _UNSUPPORTED),
    Attack("zip before a png", lambda: _ZIP + _saved("PNG"), _UNSUPPORTED),
    # Polyglots: an image that is also a file of another type.
    Attack("jpeg and html behind", lambda: _saved("JPEG") + _HTML, ACCEPTED),
    Attack("jpeg and zip behind", lambda: _saved("JPEG") + _ZIP, ACCEPTED),
    Attack("png and html behind", lambda: _saved("PNG") + _HTML, ACCEPTED),
    Attack("png and zip behind", lambda: _saved("PNG") + _ZIP, ACCEPTED),
    Attack("gif and html behind", lambda: _saved("GIF") + _HTML, ACCEPTED),
    Attack("webp and zip behind", lambda: _saved("WEBP") + _ZIP, ACCEPTED),
    Attack("jpeg and video behind", lambda: _saved("JPEG") + b"\0\0\0\x18ftypmp42" + SECRET, ACCEPTED),
    Attack("html in a jpeg comment", lambda: _jpeg_with(_segment(0xFE, _HTML)), ACCEPTED),
    Attack("html in a png text", lambda: _png_with(_png_chunk(b"tEXt", b"Comment\0" + _HTML)), ACCEPTED),
    Attack("html in a gif comment", lambda: _saved("GIF", comment=_HTML), ACCEPTED),
    Attack("script in a gif", lambda: _saved("GIF", comment=b"*/=1;" + SECRET), ACCEPTED),
    # Truncated or damaged.
    Attack("half a jpeg", lambda: _saved("JPEG")[:2500], _CORRUPT),
    Attack("jpeg without its last bytes", lambda: _saved("JPEG")[:-40], _CORRUPT),
    Attack("half a png", lambda: _saved("PNG")[:250], _CORRUPT),
    Attack("half a gif", lambda: _saved("GIF")[:900], _CORRUPT),
    Attack("half a webp", lambda: _saved("WEBP")[:60], _CORRUPT),
    Attack("half an avif", lambda: _saved("AVIF")[:300], _CORRUPT),
    Attack("png header with a wrong checksum", lambda: _saved("PNG")[:29] + b"\0\0\0\0", _CORRUPT),
    Attack("png with too few rows", lambda: _png_raw(b"\0" * 5000), _CORRUPT),
    Attack("jpeg that names its size twice", _two_headers, _CORRUPT),
    Attack("jpeg without height", lambda: _resized_jpeg(240, 0), _CORRUPT),
    # More than a limit allows.
    Attack("more bytes than admitted", lambda: _saved("JPEG") + b"\0" * MAX_BYTES, Reason.TOO_LARGE),
    Attack("png of 60000 x 60000", lambda: images.png_claiming(60_000, 60_000), _PIXELS),
    Attack("png of 1 x 60000", lambda: _plain(1, 60_000), _PIXELS),
    Attack("png of 60000 x 1", lambda: _plain(60_000, 1), _PIXELS),
    Attack("png of 48 megapixels", lambda: images.png_claiming(8000, 6000), _PIXELS),
    Attack("jpeg of 65500 x 65500", lambda: _resized_jpeg(65_500, 65_500), _PIXELS),
    Attack("webp canvas of 16383 x 16383", lambda: _webp_canvas(16_383), _PIXELS),
    Attack("avif of 30000 x 30000", lambda: _avif_claiming(30_000, 30_000), _CORRUPT),
    Attack("avif larger inside than it says", lambda: _avif_claiming(300, 300), ACCEPTED),
    Attack("gif frame beyond the screen", lambda: _gif_frame_beyond_screen(60_000), _PIXELS),
    Attack("one pixel", lambda: _plain(1, 1), Reason.TOO_SMALL),
    Attack("animation of many pixels", lambda: images.animated_gif(30, width=1300, height=1100), _PIXELS),
    Attack("gif of 10001 frames", lambda: _many_frames(10_001), Reason.TOO_MANY_FRAMES),
    Attack("apng claiming 2 billion frames", lambda: _apng(0x7FFF_FFFF), Reason.TOO_MANY_FRAMES),
    Attack("jpeg of 150 scans", lambda: images.jpeg_with_scans(150), _COMPLEX),
    Attack("jpeg of 1600 scans", lambda: images.jpeg_with_scans(1600), _COMPLEX),
    Attack("jpeg exif in 100000 pieces", lambda: _jpeg_with(_segment(0xE1, b"Exif\0\0ab") * 100_000), _COMPLEX),
    Attack("jpeg of 100000 comments", lambda: _jpeg_with(_segment(0xFE, b"") * 100_000), _COMPLEX),
    Attack("jpeg with a megabyte of padding", lambda: _jpeg_with(b"\xff" * 1_000_000), _COMPLEX),
    Attack("png of 100000 chunks", lambda: _png_with(_png_chunk(b"abCd", b"") * 100_000), _COMPLEX),
    Attack("gif comment in a million blocks", lambda: _gif_with_comment(1, 1_000_000), _COMPLEX),
    Attack("gif comment of megabytes", lambda: _gif_with_comment(255, 20_000), ACCEPTED),
    # Decompresses to far more data.
    Attack("bomb in zTXt", images.png_with_text_bomb, _COMPLEX),
    Attack("bomb in iTXt", lambda: _png_with(_png_chunk(b"iTXt", b"a\0\1\0\0\0" + _bomb(50_000_000))), _COMPLEX),
    Attack("bomb in iCCP", lambda: _png_with(_png_chunk(b"iCCP", b"a\0\0" + _bomb(100_000_000))), _COMPLEX),
    Attack("hundred small bombs in zTXt", lambda: _png_with(_small_bombs(100)), _COMPLEX),
    Attack("png rows without end", lambda: _png_raw(b"\0" * 50_000_000), ACCEPTED),
    # Unusual but acceptable.
    Attack("profile of noise", lambda: _saved("JPEG", icc_profile=bytes(range(256)) * 4), ACCEPTED),
    Attack("profile of another model", lambda: _saved("JPEG", icc_profile=_profile("LAB")), ACCEPTED),
    Attack(
        "profile counting 4 billion tags", lambda: _saved("JPEG", icc_profile=_profile_counting(2**32 - 1)), ACCEPTED
    ),
    Attack("profile of 5 MB", lambda: _saved("JPEG", icc_profile=b"\0" * (5 << 20)), ACCEPTED),
    Attack("profile for colours on grey", lambda: _saved("PNG", mode="L", icc_profile=_profile("sRGB")), ACCEPTED),
    Attack("exif that points nowhere", lambda: _saved("JPEG", exif=b"Exif\0\0MM\0\x2a" + b"\xff" * 64), ACCEPTED),
    Attack("exif that points at itself", lambda: _saved("JPEG", exif=_circular_exif()), ACCEPTED),
    Attack("cmyk", lambda: _saved("JPEG", mode="CMYK"), ACCEPTED),
    Attack("sixteen bits of grey", lambda: _plain(240, 360, mode="I;16"), ACCEPTED),
    Attack("one bit", lambda: _saved("PNG", mode="1"), ACCEPTED),
    Attack("palette with alpha", lambda: _saved("PNG", mode="P", transparency=bytes(range(256))), ACCEPTED),
    Attack("grey with alpha", lambda: _saved("PNG", mode="LA"), ACCEPTED),
    Attack("animated gif", lambda: images.animated_gif(5), ACCEPTED),
    Attack("animated webp", _webp_animation, ACCEPTED),
    Attack("animated png", lambda: _apng(3), ACCEPTED),
    *(
        Attack(f"orientation {value}", lambda value=value: images.oriented(value), ACCEPTED)  # type: ignore[misc]  # mypy does not infer the type of the default
        for value in range(1, 9)
    ),
    *(
        Attack(f"secret metadata in {format_}", lambda format_=format_: _with_secret_metadata(format_), ACCEPTED)  # type: ignore[misc]  # as above
        for format_ in ("JPEG", "PNG", "WEBP", "AVIF")
    ),
)
LARGEST = (
    Attack("40 megapixels with alpha", lambda: _plain(6320, 6320, mode="RGBA"), ACCEPTED),
    Attack("40 megapixels of grey with alpha", lambda: _plain(6320, 6320, mode="LA"), ACCEPTED),
    Attack("40 megapixels of palette", lambda: _plain(6320, 6320, mode="P", format_="GIF", transparency=0), ACCEPTED),
    Attack("39 megapixels, one side longest", lambda: _plain(16_384, 2400), ACCEPTED),
    Attack("progressive cmyk of 30 megapixels", lambda: _progressive_cmyk(5470), ACCEPTED),
    Attack("progressive cmyk of 40 megapixels", lambda: _progressive_cmyk(6320), _PIXELS),
    Attack(
        "16 megapixels of webp with alpha", lambda: _plain(4000, 4000, mode="RGBA", format_="WEBP", method=0), ACCEPTED
    ),
    Attack("16 megapixels of avif", lambda: _plain(4000, 4000, format_="AVIF", speed=10), ACCEPTED),
    Attack("16 megapixels of avif, ten bits with alpha", deep_avif, ACCEPTED),
    Attack("20 megapixels of avif", lambda: _plain(4470, 4470, format_="AVIF", speed=10), _PIXELS),
)
"""The largest images within the limits, where memory was highest, and images just beyond. Slower to build."""


def _many_frames(count: int) -> bytes:
    whole = _plain(64, 92, format_="GIF")
    tiny = b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    return whole[:-1] + tiny * (count - 1) + whole[-1:]


def _small_bombs(count: int) -> bytes:
    return _png_chunk(b"zTXt", b"a\0\0" + _bomb(1_000_000)) * count


def _circular_exif() -> bytes:
    # The entry 0x8769 of the directory points to the directory itself, and so does its link to the next directory.
    entry = struct.pack(">HHII", 0x8769, 4, 1, 8)
    return b"Exif\0\0MM\0\x2a\0\0\0\x08" + struct.pack(">H", 1) + entry + struct.pack(">I", 8)


def _progressive_cmyk(side: int) -> bytes:
    return _plain(side, side, mode="CMYK", format_="JPEG", progressive=True, subsampling=0)
