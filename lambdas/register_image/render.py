"""Creates the renditions of a verified image, and finds its dominant colour."""

import enum
import functools
import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image

from lambdas.register_image.image_kinds import FULL_SIDE, Kind
from lambdas.register_image.verify import VerifiedImage

_METADATA = ("exif", "icc_profile", "xmp", "XML:com.adobe.xmp", "comment", "photoshop")
_ENCODERS = 2


class RenditionFormat(enum.StrEnum):
    """Formats of renditions: the names of the media service's ImageFormat without their prefix."""

    AVIF = "AVIF"
    WEBP = "WEBP"
    JPEG = "JPEG"

    @property
    def extension(self) -> str:
        """File name extension."""
        return {"AVIF": "avif", "WEBP": "webp", "JPEG": "jpg"}[self]

    @property
    def content_type(self) -> str:
        """Media type."""
        return f"image/{self.lower()}"


class BrokenRendition(RuntimeError):
    """An encoder wrote a wrong image. This is a fault of the function and not of the upload."""


@dataclass(frozen=True, kw_only=True)
class Rendition:
    """One size and format of an image, encoded."""

    format: RenditionFormat
    width: int
    height: int
    data: bytes
    sha256: bytes

    def key(self, prefix: str) -> str:
        """Returns the rendition's key. It contains a hash of the bytes, so the content of a key never changes."""
        return f"{prefix}{self.sha256.hex()[:16]}-w{self.width}.{self.format.extension}"


def rendition_sizes(width: int, height: int, *, kind: Kind) -> list[tuple[int, int]]:
    """Returns the sizes of the renditions of an upright source, largest first, with distinct widths.

    The first size is the full size, at most FULL_SIDE per side. The sizes of the kind follow if they are smaller. No
    rendition is larger than the source.
    """
    full = min(1.0, FULL_SIDE / max(width, height))
    factors = {full, *(w / width for w in kind.widths), *(h / height for h in kind.heights)}
    sizes: dict[int, tuple[int, int]] = {}
    for factor in sorted((factor for factor in factors if factor <= full), reverse=True):
        size = max(1, round(width * factor)), max(1, round(height * factor))
        sizes.setdefault(size[0], size)
    return list(sizes.values())


def render(source: VerifiedImage, *, kind: Kind) -> Iterator[Rendition]:
    """Yields every rendition, largest size first, and checks each by decoding it again.

    Each size is scaled from the previous one. Raises BrokenRendition if a check fails.
    """
    image = source.pixels
    # The encoders release the interpreter lock, so two formats are encoded at the same time on two processors.
    with ThreadPoolExecutor(max_workers=_ENCODERS) as encoders:
        for size in rendition_sizes(source.width, source.height, kind=kind):
            if image.size != size:
                image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
            yield from encoders.map(functools.partial(_create, image), RenditionFormat)


def dominant_color(image: Image.Image) -> str:
    """Returns the most frequent colour as #rrggbb; transparent pixels count as if they were on white."""
    small = flattened(image)
    small.thumbnail((64, 64), Image.Resampling.BOX)
    reduced = small.quantize(colors=8, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    counts = reduced.histogram()[:8]
    index = counts.index(max(counts))
    red, green, blue = (reduced.getpalette() or [])[index * 3 : index * 3 + 3]
    return f"#{red:02x}{green:02x}{blue:02x}"


def flattened(image: Image.Image) -> Image.Image:
    """Returns a copy without transparency on a white background."""
    if image.mode != "RGBA":
        return image.copy()
    background = Image.new("RGB", image.size, "white")
    background.paste(image, mask=image.getchannel("A"))
    return background


def _create(image: Image.Image, format_: RenditionFormat) -> Rendition:
    # Each encoder needs its own copy: Pillow stores the options of a running save on the image.
    return _check(_encode(image.copy(), format_), format_, image.size)


def _encode(image: Image.Image, format_: RenditionFormat) -> bytes:
    out = io.BytesIO()
    match format_:
        case RenditionFormat.AVIF:
            # Speed 9 takes a third of the time of speed 8 with the same size and fidelity; speed 10 is not faster.
            image.save(out, "AVIF", quality=60, speed=9)
        case RenditionFormat.WEBP:
            image.save(out, "WEBP", quality=78)
        case RenditionFormat.JPEG:
            opaque = flattened(image) if image.mode == "RGBA" else image
            opaque.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    return out.getvalue()


def _check(data: bytes, format_: RenditionFormat, size: tuple[int, int]) -> Rendition:
    try:
        with Image.open(io.BytesIO(data), formats=(format_,)) as image:
            image.load()
            leaked = [name for name in _METADATA if image.info.get(name)]
            if image.size != size or leaked or len(image.getexif()):
                raise BrokenRendition(f"{format_} {size}: the encoder wrote {image.size} with {leaked}")
    except (OSError, ValueError, SyntaxError) as error:
        raise BrokenRendition(f"{format_} {size}: the encoded bytes cannot be decoded") from error
    return Rendition(format=format_, width=size[0], height=size[1], data=data, sha256=hashlib.sha256(data).digest())
