"""Decides whether bytes are a usable picture: decodes them for real, upright and in sRGB, or says why not.

Only JPEG, PNG, WebP, AVIF and GIF decoders are admitted, whatever the declared type. Of an animation the
first frame is used, the orientation is applied, colours become sRGB, and nothing of the source's metadata
stays.
"""

import enum
import hashlib
import io
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageCms, UnidentifiedImageError

from lambdas.register_image.kinds import FULL_SIDE, MAX_BYTES, MAX_SIDE, Kind
from lambdas.register_image.memory import bounded_memory
from lambdas.register_image.structure import count_gif_frames, count_jpeg_scans

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
# WebP's decoder keeps several whole canvases: 774 MB at 49 megapixels, which other formats take half of.
_FORMAT_MAX_PIXELS = {"WEBP": 20_000_000}
_MAX_SCANS = 100
_MAX_FRAMES = 10_000
_MAX_PROFILE_BYTES = 4 * 1024 * 1024
_DECODE_MEMORY = 640 * 1024 * 1024

_ORIENTATION_TAG = 0x0112
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TURNED = frozenset({5, 6, 7, 8})
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


class Reason(enum.StrEnum):
    """Why a picture is refused: the names of the media service's RejectionReason, without its prefix."""

    UNSUPPORTED_FORMAT = "UNSUPPORTED_FORMAT"
    CORRUPT = "CORRUPT"
    TOO_MANY_PIXELS = "TOO_MANY_PIXELS"
    TOO_LARGE = "TOO_LARGE"
    TOO_SMALL = "TOO_SMALL"
    CHECKSUM_MISMATCH = "CHECKSUM_MISMATCH"
    TOO_COMPLEX = "TOO_COMPLEX"


class Rejected(Exception):
    """The picture cannot be used. `detail` is one sentence for its uploader to read."""

    def __init__(self, reason: Reason, detail: str) -> None:
        """Keeps the reason and the sentence."""
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


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
    size_bytes: int
    """Size of the source."""
    sha256: bytes
    """Digest of the source."""


def verify(data: bytes, *, kind: Kind, announced_sha256: str = "") -> Picture:
    """Decodes `data` into a Picture; raises Rejected when it cannot be used as `kind`, and nothing else.

    `announced_sha256` is the hexadecimal digest that the uploader promised, empty for none.
    """
    if len(data) > MAX_BYTES:
        raise too_large()
    digest = hashlib.sha256(data)
    if announced_sha256 and digest.hexdigest() != announced_sha256.strip().lower():
        raise Rejected(Reason.CHECKSUM_MISMATCH, "The bytes are not those that were announced.")
    with warnings.catch_warnings(), bounded_memory(_DECODE_MEMORY):
        # Pillow only warns between its limit and twice that; this is the backstop of tighter checks below.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        # What else it remarks about a file (odd metadata) is no fault, even where warnings are errors.
        warnings.filterwarnings("ignore", category=UserWarning)
        image, width, height, mime_type = _guarded(lambda: _decode(data, kind=kind), data=data)
    return Picture(
        image=image,
        width=width,
        height=height,
        mime_type=mime_type,
        size_bytes=len(data),
        sha256=digest.digest(),
    )


def too_large() -> Rejected:
    """Returns the verdict on a source of more than MAX_BYTES."""
    return Rejected(Reason.TOO_LARGE, f"The file is larger than {MAX_BYTES // (1024 * 1024)} MiB.")


_Decoded = tuple[Image.Image, int, int, str]


def _guarded(decode: Callable[[], _Decoded], *, data: bytes) -> _Decoded:
    """Turns every way a decoder can fail into a Rejected."""
    try:
        return decode()
    except Rejected:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Rejected(Reason.TOO_MANY_PIXELS, "The picture has far too many pixels.") from error
    except MemoryError as error:
        raise Rejected(Reason.TOO_COMPLEX, "Decoding the picture takes too much memory.") from error
    except UnidentifiedImageError as error:
        if _claims_to_be_picture(data):
            raise Rejected(Reason.CORRUPT, "The picture is cut off or damaged.") from error
        raise Rejected(Reason.UNSUPPORTED_FORMAT, "The file is not a JPEG, PNG, WebP, AVIF or GIF picture.") from error
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
            raise Rejected(Reason.UNSUPPORTED_FORMAT, "The file is not a JPEG, PNG, WebP, AVIF or GIF picture.")
        orientation = _orientation_before_pixels(source)
        _check_bounds(source, data=data, kind=kind)
        width, height = source.size
        if source.format in ("JPEG", "MPO"):
            # Lets the decoder skip detail that no rendition keeps; it never goes below the size asked for.
            source.draft(None, _within(source.size, FULL_SIDE))
        source.seek(0)
        source.load()
        orientation = orientation or _orientation(source)
        if orientation in _TURNED:
            width, height = height, width
        _check_least(width, height, kind=kind)
        return _upright(source, orientation), width, height, mime_type


def _orientation_before_pixels(source: Image.Image) -> int:
    # A PNG may carry its EXIF behind the pixels, and asking for it would decode them before they are bounded.
    return 0 if source.format == "PNG" else _orientation(source)


def _orientation(source: Image.Image) -> int:
    try:
        value = source.getexif().get(_ORIENTATION_TAG, 1)
    except _DECODE_ERRORS:
        # Broken EXIF is no reason to refuse the picture: it is dropped anyway.
        return 1
    return value if value in _TRANSPOSITIONS else 1


def _check_bounds(source: Image.Image, *, data: bytes, kind: Kind) -> None:
    width, height = source.size
    if max(width, height) > MAX_SIDE:
        raise Rejected(Reason.TOO_MANY_PIXELS, f"A side is longer than {MAX_SIDE} pixels.")
    most = min(kind.max_pixels, _FORMAT_MAX_PIXELS.get(source.format or "", kind.max_pixels))
    # Before the frames are counted, which costs time of its own.
    _check_pixels(width * height, most=most)
    _check_pixels(width * height * _frames(source, data=data), most=most)
    if source.format in ("JPEG", "MPO") and count_jpeg_scans(data, limit=_MAX_SCANS) > _MAX_SCANS:
        raise Rejected(Reason.TOO_COMPLEX, f"The JPEG has more than {_MAX_SCANS} scans.")


def _check_pixels(pixels: int, *, most: int) -> None:
    if pixels > most:
        raise Rejected(
            Reason.TOO_MANY_PIXELS,
            f"The picture has {pixels} pixels (width x height x frames); at most {most} are admitted.",
        )


def _frames(source: Image.Image, *, data: bytes) -> int:
    if source.format == "GIF":
        frames = count_gif_frames(data, limit=_MAX_FRAMES)
    elif source.format == "MPO":
        # The pictures behind the first are no animation and are never decoded.
        frames = 1
    else:
        frames = getattr(source, "n_frames", 1)
    if frames > _MAX_FRAMES:
        raise Rejected(Reason.TOO_COMPLEX, f"The animation has more than {_MAX_FRAMES} frames.")
    return max(1, frames)


def _check_least(width: int, height: int, *, kind: Kind) -> None:
    if width < kind.min_width or height < kind.min_height:
        raise Rejected(
            Reason.TOO_SMALL,
            f"The picture is {width} x {height} pixels, less than {kind.min_width} x {kind.min_height}.",
        )


def _within(size: tuple[int, int], side: int) -> tuple[int, int]:
    longest = max(size)
    if longest <= side:
        return size
    return max(1, round(size[0] * side / longest)), max(1, round(size[1] * side / longest))


def _upright(source: Image.Image, orientation: int) -> Image.Image:
    profile = source.info.get("icc_profile")
    image = _resizable(source)
    # Shrunk before anything else, so that colours and turns are worked on 4 megapixels at most.
    image = image.resize(_within(image.size, FULL_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    image = _to_srgb(image, profile)
    if orientation in _TRANSPOSITIONS:
        image = image.transpose(_TRANSPOSITIONS[orientation])
    image.info.clear()
    return image


def _resizable(source: Image.Image) -> Image.Image:
    """Returns the picture in a mode whose pixels can be averaged: L, RGB, RGBA, CMYK."""
    if source.mode == "PA" or (source.mode == "P" and "transparency" in source.info):
        return source.convert("RGBA")
    if source.mode == "LA" or "transparency" in source.info:
        return source.convert("RGBA")
    if source.mode.startswith("I"):
        # 16 bits of grey: keep the upper eight. Pillow's own conversion would clip at 255.
        return source.point(lambda value: value * (1 / 256)).convert("L")
    if source.mode in ("L", "RGB", "RGBA", "CMYK"):
        return source
    return source.convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile and len(profile) <= _MAX_PROFILE_BYTES:
        try:
            converted = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode=mode,
            )
        except _DECODE_ERRORS:
            # A broken profile, or one of another colour model: viewers show the plain conversion then.
            converted = None
        if converted is not None:
            return converted
    return image if image.mode == mode else image.convert(mode)
