"""Usable pictures come out upright, in sRGB and bare of metadata; the others are refused with a reason."""

import hashlib
import os
from collections.abc import Callable

import pytest
from PIL import Image, ImageCms

from lambdas.register_image.kinds import KINDS, MAX_BYTES, parse_upload_key
from lambdas.register_image.verdict import Reason, Rejected
from lambdas.register_image.verify import Picture, verify
from tests.lambdas import pictures

POSTER = KINDS["poster"]


def _pixel(picture: Picture, x: float, y: float) -> tuple[int, ...]:
    at = int(picture.image.width * x), int(picture.image.height * y)
    value = picture.image.getpixel(at)
    assert isinstance(value, tuple)
    return value[:3]


def _near(seen: tuple[int, ...], wanted: tuple[int, ...], *, by: int = 30) -> bool:
    return all(abs(a - b) <= by for a, b in zip(seen, wanted, strict=True))


def _assert_upright(picture: Picture) -> None:
    assert (picture.width, picture.height) == (240, 360)
    assert picture.image.size == (240, 360)
    assert _near(_pixel(picture, 0.25, 0.25), pictures.LEFT)
    for x, y in ((0.75, 0.25), (0.25, 0.75), (0.75, 0.75)):
        assert _near(_pixel(picture, x, y), pictures.RIGHT)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_every_orientation_comes_out_upright(orientation: int, format_: str) -> None:
    picture = verify(pictures.oriented(orientation, format_=format_), kind=POSTER)
    _assert_upright(picture)
    assert picture.image.info == {}


@pytest.mark.parametrize(
    ("data", "mime_type"),
    [
        (lambda: pictures.encoded(pictures.quartered(), "JPEG"), "image/jpeg"),
        (lambda: pictures.encoded(pictures.quartered(), "PNG"), "image/png"),
        (lambda: pictures.encoded(pictures.quartered(), "WEBP"), "image/webp"),
        (lambda: pictures.encoded(pictures.quartered(), "AVIF"), "image/avif"),
        (lambda: pictures.encoded(pictures.quartered(), "GIF"), "image/gif"),
        (
            lambda: pictures.encoded(
                pictures.quartered(), "MPO", save_all=True, append_images=[Image.new("RGB", (240, 360))]
            ),
            "image/jpeg",
        ),
        (lambda: pictures.encoded(pictures.quartered(mode="CMYK"), "JPEG"), "image/jpeg"),
        (lambda: pictures.encoded(pictures.quartered(mode="P"), "PNG"), "image/png"),
        (lambda: pictures.encoded(pictures.quartered(mode="RGBA"), "PNG"), "image/png"),
        (lambda: pictures.encoded(pictures.quartered(), "PNG") + b"<script>alert(1)</script>", "image/png"),
    ],
    ids=["jpeg", "png", "webp", "avif", "gif", "mpo", "cmyk", "palette", "rgba", "trailing html"],
)
def test_accepted_pictures(data: Callable[[], bytes], mime_type: str) -> None:
    source = data()
    picture = verify(source, kind=POSTER)
    _assert_upright(picture)
    assert picture.mime_type == mime_type
    assert picture.sha256 == hashlib.sha256(source).digest()
    assert picture.size_bytes == len(source)


def test_sixteen_bits_of_grey_keep_their_tones() -> None:
    image = Image.new("I;16", (240, 360), 128 * 256)
    picture = verify(pictures.encoded(image), kind=POSTER)
    assert _near(_pixel(picture, 0.5, 0.5), (128, 128, 128), by=2)


def test_palette_with_transparency_keeps_it() -> None:
    image = pictures.quartered().quantize(2)
    transparent = image.getpixel((1, 1))
    picture = verify(pictures.encoded(image, transparency=transparent), kind=POSTER)
    assert picture.image.mode == "RGBA"
    assert picture.image.getpixel((5, 5))[3] == 0  # type: ignore[index]  # RGBA pixels are tuples
    assert picture.image.getpixel((200, 300))[3] == 255  # type: ignore[index]  # as above


def test_an_animation_gives_its_first_frame() -> None:
    _assert_upright(verify(pictures.animated_gif(5), kind=POSTER))


def test_a_colour_profile_is_applied_and_dropped() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = pictures.encoded(pictures.quartered(), "JPEG", icc_profile=profile)
    picture = verify(data, kind=POSTER)
    _assert_upright(picture)
    assert "icc_profile" not in picture.image.info


@pytest.mark.parametrize(
    "profile",
    [
        b"garbage",
        os.urandom(500),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes(),
        b"\0" * (5 << 20),
    ],
    ids=["text", "noise", "other colour model", "huge"],
)
def test_a_broken_profile_is_passed_over(profile: bytes) -> None:
    _assert_upright(verify(pictures.encoded(pictures.quartered(), "JPEG", icc_profile=profile), kind=POSTER))


def test_broken_exif_is_passed_over() -> None:
    exif = b"Exif\0\0MM\0\x2a\xff\xff\xff\xff" + b"\xff" * 60
    _assert_upright(verify(pictures.encoded(pictures.quartered(), "JPEG", exif=exif), kind=POSTER))


_JPEG = pictures.encoded(pictures.quartered(), "JPEG")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (lambda: b"hello world, I am a poster", Reason.UNSUPPORTED_FORMAT),
        (lambda: b"", Reason.UNSUPPORTED_FORMAT),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", Reason.UNSUPPORTED_FORMAT),
        (lambda: pictures.encoded(pictures.quartered(), "TIFF"), Reason.UNSUPPORTED_FORMAT),
        (lambda: pictures.encoded(pictures.quartered(), "BMP"), Reason.UNSUPPORTED_FORMAT),
        (lambda: pictures.encoded(pictures.quartered(), "ICO"), Reason.UNSUPPORTED_FORMAT),
        (lambda: pictures.encoded(pictures.quartered(), "PDF"), Reason.UNSUPPORTED_FORMAT),
        (lambda: _JPEG[: len(_JPEG) // 2], Reason.CORRUPT),
        (lambda: pictures.encoded(pictures.quartered())[:200], Reason.CORRUPT),
        (lambda: pictures.encoded(pictures.quartered())[:10], Reason.CORRUPT),
        (lambda: pictures.encoded(pictures.quartered(), "WEBP")[:60], Reason.CORRUPT),
        (lambda: pictures.encoded(pictures.quartered(), "AVIF")[:300], Reason.CORRUPT),
        (lambda: pictures.encoded(pictures.quartered(), "GIF")[:900], Reason.CORRUPT),
        (lambda: pictures.png_claiming(300, 300), Reason.CORRUPT),
        (lambda: pictures.png_claiming(8000, 6000), Reason.TOO_MANY_PIXELS),
        (lambda: pictures.png_claiming(16_000, 16_000), Reason.TOO_MANY_PIXELS),
        (lambda: pictures.png_claiming(60_000, 60_000), Reason.TOO_MANY_PIXELS),
        (lambda: pictures.png_claiming(20_000, 100), Reason.TOO_MANY_PIXELS),
        (lambda: pictures.animated_gif(30, width=1300, height=1100), Reason.TOO_MANY_PIXELS),
        (lambda: b"\0" * (MAX_BYTES + 1), Reason.TOO_LARGE),
        (lambda: pictures.encoded(pictures.quartered(60, 90)), Reason.TOO_SMALL),
        (lambda: pictures.jpeg_with_scans(150), Reason.TOO_COMPLEX),
        (pictures.png_with_text_bomb, Reason.TOO_COMPLEX),
    ],
)
def test_refused_pictures(data: Callable[[], bytes], reason: Reason) -> None:
    with pytest.raises(Rejected) as refused:
        verify(data(), kind=POSTER)
    assert refused.value.reason is reason
    assert 0 < len(refused.value.detail) <= 500


def test_scans_up_to_the_limit_pass() -> None:
    verify(pictures.jpeg_with_scans(90), kind=POSTER)


def test_scan_markers_inside_metadata_do_not_count() -> None:
    _assert_upright(verify(pictures.encoded(pictures.quartered(), "JPEG", comment=b"\xff\xda" * 500), kind=POSTER))


def test_an_avatar_may_have_fewer_pixels_than_a_poster() -> None:
    data = pictures.png_claiming(6000, 5000)
    with pytest.raises(Rejected) as avatar:
        verify(data, kind=KINDS["avatar"])
    with pytest.raises(Rejected) as poster:
        verify(data, kind=POSTER)
    assert (avatar.value.reason, poster.value.reason) == (Reason.TOO_MANY_PIXELS, Reason.CORRUPT)


def test_announced_checksum() -> None:
    digest = hashlib.sha256(_JPEG).hexdigest()
    verify(_JPEG, kind=POSTER, announced_sha256=digest.upper())
    with pytest.raises(Rejected) as refused:
        verify(_JPEG, kind=POSTER, announced_sha256=digest.replace(digest[0], "x"))
    assert refused.value.reason is Reason.CHECKSUM_MISMATCH


def test_every_way_to_cut_a_file_is_a_verdict() -> None:
    for format_ in ("JPEG", "PNG", "WEBP", "AVIF", "GIF"):
        whole = pictures.encoded(pictures.quartered(), format_)
        for step in range(0, len(whole), max(1, len(whole) // 40)):
            try:
                verify(whole[:step], kind=POSTER)
            except Rejected as refused:
                assert refused.reason in (Reason.CORRUPT, Reason.UNSUPPORTED_FORMAT)  # noqa: PT017


def test_noise_in_a_file_is_a_verdict_or_a_picture() -> None:
    for format_ in ("JPEG", "PNG", "WEBP", "AVIF", "GIF"):
        whole = bytearray(pictures.encoded(pictures.quartered(), format_))
        for position in range(8, len(whole), max(1, len(whole) // 40)):
            noisy = bytes(whole[:position]) + b"\xff\x00\x5a" + bytes(whole[position + 3 :])
            try:
                verify(noisy, kind=POSTER)
            except Rejected as refused:
                assert refused.reason is not Reason.TOO_LARGE  # noqa: PT017


def test_large_pictures_are_bounded_but_their_size_is_told() -> None:
    picture = verify(pictures.encoded(pictures.quartered(3000, 2400), "JPEG"), kind=POSTER)
    assert (picture.width, picture.height) == (3000, 2400)
    assert picture.image.size == (2000, 1600)


@pytest.mark.parametrize(
    "key",
    [
        "uploads/poster/0123456789ABCDEF0123456789abcdef",
        "uploads/poster/0123456789abcdef0123456789abcdef0",
        "uploads/logo/0123456789abcdef0123456789abcdef",
        "uploads/poster/../0123456789abcdef0123456789abcdef",
        "poster/0123456789abcdef0123456789abcdef",
        "uploads/poster/0123456789abcdef0123456789abcdef\n",
    ],
)
def test_foreign_keys(key: str) -> None:
    assert parse_upload_key(key) is None


def test_upload_keys() -> None:
    key = parse_upload_key("uploads/person_photo/0123456789abcdef0123456789abcdef")
    assert key is not None
    assert key.kind is KINDS["person_photo"]
    assert key.rendition_prefix == "person_photo/0123456789abcdef0123456789abcdef/"
