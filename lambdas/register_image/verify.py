"""Decides whether bytes are a usable picture: decodes them for real, upright and in sRGB, or says why not.

Only JPEG, PNG, WebP, AVIF and GIF decoders are admitted, whatever the declared type or the name. Of an
animation the first frame is used, the orientation is applied, colours become sRGB, and nothing of the source's
metadata stays. What stands behind the picture (a second file of another type, say) is never looked at and never
passed on, because every rendition is encoded anew.
"""

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageCms, UnidentifiedImageError

from lambdas.register_image.bounds import check_header, check_least, check_structure
from lambdas.register_image.kinds import FULL_SIDE, MAX_BYTES, Kind
from lambdas.register_image.limits import TimeIsUp, bounded_memory, bounded_time
from lambdas.register_image.upright import ORIENTATIONS, TURNED, upright, within
from lambdas.register_image.verdict import Reason, Rejected, too_large

DECODE_SECONDS = 20.0
"""Processor time that decoding one picture may take: the slowest that the other bounds admit needs about 4."""
DECODE_MEMORY = 512 * 1024 * 1024
"""Bytes of address space that the process may grow by meanwhile."""

_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")
_MIME_TYPES = {
    "JPEG": "image/jpeg",
    # A JPEG with more pictures behind it, as phones write; Pillow names it so once it is open.
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "GIF": "image/gif",
}
_UNSUPPORTED = "The file is not a JPEG, PNG, WebP, AVIF or GIF picture."

_ORIENTATION_TAG = 0x0112
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
# What Pillow's decoders raise on hostile bytes, beside classes of its own: each was seen, or stands in their code.
_DECODE_ERRORS = (
    ArithmeticError,
    AssertionError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
    ImageCms.PyCMSError,
)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A verified picture."""

    image: Image.Image
    """Upright, mode RGB or RGBA, sRGB, no side longer than FULL_SIDE, without any metadata."""
    width: int
    """Width of the upright source in pixels."""
    height: int
    """Height of the upright source in pixels."""
    mime_type: str
    """Media type as found by decoding."""
    is_animated: bool
    """Whether the source had more frames than the one kept."""
    size_bytes: int
    """Size of the source."""
    sha256: bytes
    """Digest of the source."""


@dataclass(frozen=True, kw_only=True)
class _Decoded:
    image: Image.Image
    width: int
    height: int
    mime_type: str
    is_animated: bool


def verify(
    data: bytes, *, kind: Kind, announced_sha256: str = "", seconds: float = DECODE_SECONDS, memory: int = DECODE_MEMORY
) -> Picture:
    """Decodes `data` into a Picture; raises Rejected when it cannot be used as `kind`, and nothing else.

    `announced_sha256` is the hexadecimal digest that the uploader promised, empty for none; `seconds` is how much
    processor time decoding may take, and `memory` by how many bytes the process may grow meanwhile.
    """
    if len(data) > MAX_BYTES:
        raise too_large()
    digest = hashlib.sha256(data)
    if announced_sha256 and digest.hexdigest() != announced_sha256.strip().lower():
        raise Rejected(Reason.CHECKSUM_MISMATCH, "The bytes are not those that were announced.")
    check_structure(data)
    decoded = _guarded(lambda: _bounded(data, kind=kind, seconds=seconds, memory=memory), data=data)
    return Picture(
        image=decoded.image,
        width=decoded.width,
        height=decoded.height,
        mime_type=decoded.mime_type,
        is_animated=decoded.is_animated,
        size_bytes=len(data),
        sha256=digest.digest(),
    )


def _bounded(data: bytes, *, kind: Kind, seconds: float, memory: int) -> _Decoded:
    with warnings.catch_warnings(), bounded_memory(memory), bounded_time(seconds):
        # Pillow only warns between its limit and twice that; this is the backstop of tighter checks.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        # What else it remarks about a file (odd metadata) is no fault, even where warnings are errors.
        warnings.filterwarnings("ignore", category=UserWarning)
        return _decode(data, kind=kind)


def _guarded(decode: Callable[[], _Decoded], *, data: bytes) -> _Decoded:
    """Turns every way a decoder can fail into a Rejected."""
    try:
        return decode()
    except Rejected:
        raise
    except TimeIsUp as error:
        raise Rejected(Reason.TIMEOUT, "Decoding the picture takes too long.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Rejected(Reason.TOO_MANY_PIXELS, "The picture has far too many pixels.") from error
    except MemoryError as error:
        raise Rejected(Reason.TOO_COMPLEX, "Decoding the picture takes too much memory.") from error
    except UnidentifiedImageError as error:
        if _claims_to_be_picture(data):
            raise Rejected(Reason.CORRUPT, "The picture is cut off or damaged.") from error
        raise Rejected(Reason.UNSUPPORTED_FORMAT, _UNSUPPORTED) from error
    except _DECODE_ERRORS as error:
        if _is_bomb(error):
            raise Rejected(Reason.TOO_COMPLEX, "The picture unpacks to far too much.") from error
        raise Rejected(Reason.CORRUPT, "The picture is cut off or damaged.") from error


def _claims_to_be_picture(data: bytes) -> bool:
    webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    avif = data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis")
    return webp or avif or data.startswith(_MAGIC)


def _is_bomb(error: BaseException) -> bool:
    # Pillow and its libraries have no classes of their own for these.
    text = str(error).lower()
    return any(sign in text for sign in ("decompressed data too large", "text chunks", "out of memory"))


def _decode(data: bytes, *, kind: Kind) -> _Decoded:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as source:
        mime_type = _MIME_TYPES.get(source.format or "")
        if mime_type is None:
            raise Rejected(Reason.UNSUPPORTED_FORMAT, _UNSUPPORTED)
        orientation = _orientation_before_pixels(source)
        frames = check_header(source, data=data, kind=kind)
        width, height = source.size
        if source.format in ("JPEG", "MPO"):
            # Lets the decoder skip detail that no rendition keeps; it never goes below the size asked for.
            source.draft(None, within(source.size, FULL_SIDE))
        source.seek(0)
        source.load()
        orientation = orientation or _orientation(source)
        if orientation in TURNED:
            width, height = height, width
        check_least(width, height, kind=kind)
        return _Decoded(
            image=upright(source, orientation),
            width=width,
            height=height,
            mime_type=mime_type,
            is_animated=frames > 1,
        )


def _orientation_before_pixels(source: Image.Image) -> int:
    # A PNG may carry its EXIF behind the pixels, and asking for it would decode them before they are bounded.
    return 0 if source.format == "PNG" else _orientation(source)


def _orientation(source: Image.Image) -> int:
    try:
        value = source.getexif().get(_ORIENTATION_TAG, 1)
    except _DECODE_ERRORS:
        # Broken EXIF is no reason to refuse the picture: it is dropped anyway.
        return 1
    return value if value in ORIENTATIONS else 1
