"""Renditions have the documented sizes, formats and names, and no metadata of the source."""

import hashlib
import io
from itertools import pairwise

import pytest
from PIL import Image

from lambdas.register_image.image_kinds import KINDS
from lambdas.register_image.render import Rendition, RenditionFormat, dominant_color, render, rendition_sizes
from lambdas.register_image.thumbhash import thumbhash
from lambdas.register_image.verify import verify
from tests.lambdas import images


def _render(data: bytes, *, kind: str = "poster") -> list[Rendition]:
    return list(render(verify(data, kind=KINDS[kind]), kind=KINDS[kind]))


@pytest.mark.parametrize(
    ("kind", "source", "widths"),
    [
        ("poster", (2000, 3000), [1333, 780, 500, 342, 185, 154, 92]),
        ("poster", (400, 600), [400, 342, 185, 154, 92]),
        ("poster", (780, 1170), [780, 500, 342, 185, 154, 92]),
        ("backdrop", (3840, 2160), [2000, 1280, 780, 300]),
        ("backdrop", (300, 169), [300]),
        ("person_photo", (1000, 1500), [1000, 421, 185, 45]),
        ("person_photo", (300, 450), [300, 185, 45]),
        ("avatar", (600, 300), [600, 512, 256, 128, 64]),
        ("avatar", (64, 16_000), [8]),
    ],
)
def test_sizes(kind: str, source: tuple[int, int], widths: list[int]) -> None:
    sizes = rendition_sizes(*source, kind=KINDS[kind])
    assert [width for width, _ in sizes] == widths
    for (wider, taller), (width, height) in pairwise(sizes):
        assert wider > width
        assert taller >= height
    assert all(width <= source[0] and height <= source[1] for width, height in sizes)


def test_every_size_in_every_format() -> None:
    renditions = _render(images.encoded(images.quartered(400, 600), "JPEG"))
    assert [(r.format, r.width) for r in renditions] == [
        (format_, width) for width in (400, 342, 185, 154, 92) for format_ in RenditionFormat
    ]
    for rendition in renditions:
        with Image.open(io.BytesIO(rendition.data)) as image:
            assert image.format == rendition.format
            assert image.size == (rendition.width, rendition.height)
        assert rendition.sha256 == hashlib.sha256(rendition.data).digest()


def test_a_rendition_is_named_after_its_bytes() -> None:
    first = _render(images.encoded(images.quartered(100, 100)))
    # Repeated, because a race between the encoder threads shows only sometimes.
    for _ in range(10):
        again = _render(images.encoded(images.quartered(100, 100)))
        assert [r.key("p/") for r in first] == [r.key("p/") for r in again]
    jpeg = next(r for r in first if r.format is RenditionFormat.JPEG)
    assert jpeg.key("poster/x/") == f"poster/x/{jpeg.sha256.hex()[:16]}-w{jpeg.width}.jpg"


def test_no_metadata_survives() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SECRET-CAMERA"
    exif.get_ifd(0x8825)[2] = (48.0, 8.0, 30.0)
    source = images.encoded(
        images.quartered(), "JPEG", exif=exif.tobytes(), comment=b"SECRET-COMMENT", xmp=b"<x>SECRET-XMP</x>"
    )
    assert b"SECRET-CAMERA" in source
    renditions = _render(source)
    assert renditions
    for rendition in renditions:
        assert b"SECRET" not in rendition.data
        for marker in (b"Exif", b"ICCP", b"EXIF", b"XMP ", b"http://ns.adobe.com"):
            assert marker not in rendition.data


def test_transparency_is_kept_except_in_jpeg_which_gets_a_white_background() -> None:
    image = images.quartered(mode="RGBA")
    image.putalpha(Image.new("L", image.size, 0))
    renditions = _render(images.encoded(image))
    assert {rendition.format for rendition in renditions[:3]} == set(RenditionFormat)
    for rendition in renditions[:3]:
        with Image.open(io.BytesIO(rendition.data)) as seen:
            pixel = seen.convert("RGBA").getpixel((100, 100))
        assert isinstance(pixel, tuple)
        if rendition.format is RenditionFormat.JPEG:
            assert min(pixel) >= 250
        else:
            assert pixel[3] <= 5


def test_dominant_colour_is_the_most_frequent_colour() -> None:
    assert dominant_color(images.quartered()) == "#1e1edc"
    assert dominant_color(Image.new("RGBA", (50, 50), (0, 0, 0, 0))) == "#ffffff"


def test_thumbhash_of_a_plain_image() -> None:
    # Header computed by hand from the description of the format: luminance 0.5, no colour, no detail.
    digest = thumbhash(Image.new("RGB", (60, 90), (128, 128, 128)))
    assert digest[:5] == bytes([0x20, 0x08, 0x02, 0x05, 0x00])
    assert set(digest[5:]) == {0}


def test_thumbhash_encodes_average_shape_and_alpha() -> None:
    opaque = thumbhash(images.quartered(90, 60))
    header = int.from_bytes(opaque[:5], "little")
    assert not header >> 23 & 1
    assert header >> 39 & 1
    assert (header >> 24) & 7 == 5
    clear = thumbhash(images.quartered(60, 90, mode="RGBA").resize((300, 450)))
    assert not int.from_bytes(clear[:5], "little") >> 39 & 1
    translucent = images.quartered(mode="RGBA")
    translucent.putalpha(128)
    assert thumbhash(translucent)[2] & 0x80
    for image in (
        images.quartered(),
        translucent,
        Image.new("RGB", (2000, 1)),
        Image.new("RGB", (1, 2000)),
    ):
        assert 5 <= len(thumbhash(image)) <= 40
