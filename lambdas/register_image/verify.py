"""Verifies that bytes are a usable image by decoding them, or raises Rejected with the reason.

Only the decoders of JPEG, PNG, WebP, AVIF and GIF are used; the declared type and the name do not matter. The result is
the first frame of an animation, upright, in sRGB and without metadata. Bytes after the image (for example a second file
of another type) are not read, and they cannot reach a rendition because every rendition is encoded again.
"""

import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageCms, UnidentifiedImageError

from lambdas.register_image.image_kinds import FULL_SIDE, MAX_BYTES, Kind
from lambdas.register_image.normalize import ORIENTATIONS, SWAPPED_SIDES, fit_within, normalize
from lambdas.register_image.rejection import Reason, Rejected, file_too_large
from lambdas.register_image.resource_limits import TimeLimitExceeded, limited_memory, limited_time
from lambdas.register_image.size_checks import check_header, check_minimum_size, check_structure

DECODE_SECONDS = 20.0
"""Maximum processor seconds for decoding one image; the slowest image within the other limits needs about 4."""
DECODE_MEMORY = 512 * 1024 * 1024
"""Maximum growth of the process's address space during decoding, in bytes."""

_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF")
_MIME_TYPES = {
    "JPEG": "image/jpeg",
    # A JPEG with more images after it, as phones write. Pillow uses this name after it has opened the file.
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "GIF": "image/gif",
}
_UNSUPPORTED = "The file is not a JPEG, PNG, WebP, AVIF or GIF image."
_CORRUPT = "The image is truncated or damaged."

_ORIENTATION_TAG = 0x0112
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
# Errors that the decoders of Pillow raise for hostile bytes, in addition to Pillow's own classes. Each was observed in
# a test or found in their code.
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
class VerifiedImage:
    """A verified and normalized image."""

    pixels: Image.Image
    """Upright, mode RGB or RGBA, sRGB, no side longer than FULL_SIDE, without metadata."""
    width: int
    """Width of the upright source in pixels."""
    height: int
    """Height of the upright source in pixels."""
    mime_type: str
    """Media type that decoding found."""
    is_animated: bool
    """True if the source has more than one frame."""
    size_bytes: int
    """Size of the source in bytes."""
    sha256: bytes
    """SHA-256 digest of the source."""


@dataclass(frozen=True, kw_only=True)
class _Decoded:
    pixels: Image.Image
    width: int
    height: int
    mime_type: str
    is_animated: bool


def verify(
    data: bytes, *, kind: Kind, expected_sha256: str = "", seconds: float = DECODE_SECONDS, memory: int = DECODE_MEMORY
) -> VerifiedImage:
    """Decodes `data` into a VerifiedImage; raises Rejected, and nothing else, if it cannot be used as `kind`.

    `expected_sha256` is the hexadecimal digest that the uploader sent, or empty. `seconds` limits the processor time of
    decoding, and `memory` the growth of the process in bytes.
    """
    if len(data) > MAX_BYTES:
        raise file_too_large()
    digest = hashlib.sha256(data)
    if expected_sha256 and digest.hexdigest() != expected_sha256.strip().lower():
        raise Rejected(Reason.CHECKSUM_MISMATCH, "The file does not match the SHA-256 checksum of the upload.")
    check_structure(data)
    decoded = _reject_errors(lambda: _decode_limited(data, kind=kind, seconds=seconds, memory=memory), data=data)
    return VerifiedImage(
        pixels=decoded.pixels,
        width=decoded.width,
        height=decoded.height,
        mime_type=decoded.mime_type,
        is_animated=decoded.is_animated,
        size_bytes=len(data),
        sha256=digest.digest(),
    )


def _decode_limited(data: bytes, *, kind: Kind, seconds: float, memory: int) -> _Decoded:
    with warnings.catch_warnings(), limited_memory(memory), limited_time(seconds):
        # Pillow only warns when an image exceeds its limit by less than a factor of two. The checks in size_checks
        # are stricter; this is the last line of defence.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        # Other warnings (about unusual metadata) are no error, even if the caller turns warnings into errors.
        warnings.filterwarnings("ignore", category=UserWarning)
        return _decode(data, kind=kind)


def _reject_errors(decode: Callable[[], _Decoded], *, data: bytes) -> _Decoded:
    """Calls `decode` and raises Rejected for every error of a decoder."""
    try:
        return decode()
    except Rejected:
        raise
    except TimeLimitExceeded as error:
        raise Rejected(Reason.TIMEOUT, "Decoding the image takes too long.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Rejected(Reason.TOO_MANY_PIXELS, "The image has far too many pixels.") from error
    except MemoryError as error:
        raise Rejected(Reason.TOO_COMPLEX, "Decoding the image takes too much memory.") from error
    except UnidentifiedImageError as error:
        if _has_image_signature(data):
            raise Rejected(Reason.CORRUPT, _CORRUPT) from error
        raise Rejected(Reason.UNSUPPORTED_FORMAT, _UNSUPPORTED) from error
    except _DECODE_ERRORS as error:
        if _is_bomb(error):
            raise Rejected(Reason.TOO_COMPLEX, "The image decompresses to too much data.") from error
        raise Rejected(Reason.CORRUPT, _CORRUPT) from error


def _has_image_signature(data: bytes) -> bool:
    webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    avif = data[4:8] == b"ftyp" and data[8:12] in (b"avif", b"avis")
    return webp or avif or data.startswith(_MAGIC)


def _is_bomb(error: BaseException) -> bool:
    # Pillow and its libraries have no exception class for these errors.
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
            # The decoder may skip detail that no rendition needs. It never goes below the requested size.
            source.draft(None, fit_within(source.size, FULL_SIDE))
        source.seek(0)
        source.load()
        orientation = orientation or _orientation(source)
        if orientation in SWAPPED_SIDES:
            width, height = height, width
        check_minimum_size(width, height, kind=kind)
        return _Decoded(
            pixels=normalize(source, orientation),
            width=width,
            height=height,
            mime_type=mime_type,
            is_animated=frames > 1,
        )


def _orientation_before_pixels(source: Image.Image) -> int:
    # A PNG can have its EXIF after the pixels. Reading it would decode them before their number is checked.
    return 0 if source.format == "PNG" else _orientation(source)


def _orientation(source: Image.Image) -> int:
    try:
        value = source.getexif().get(_ORIENTATION_TAG, 1)
    except _DECODE_ERRORS:
        # Broken EXIF is no reason for a rejection, because the metadata is removed anyway.
        return 1
    return value if value in ORIENTATIONS else 1
