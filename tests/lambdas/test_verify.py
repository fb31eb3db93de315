"""Usable images come out upright, in sRGB and without metadata; the others are rejected with a reason."""

import hashlib
import os
from collections.abc import Callable

import pytest
from PIL import Image, ImageCms

from lambdas.register_image.image_kinds import KINDS, MAX_BYTES, parse_upload_key
from lambdas.register_image.rejection import Reason, Rejected
from lambdas.register_image.verify import VerifiedImage, verify
from tests.lambdas import images

POSTER = KINDS["poster"]


def _pixel(verified: VerifiedImage, x: float, y: float) -> tuple[int, ...]:
    at = int(verified.pixels.width * x), int(verified.pixels.height * y)
    value = verified.pixels.getpixel(at)
    assert isinstance(value, tuple)
    return value[:3]


def _near(seen: tuple[int, ...], wanted: tuple[int, ...], *, by: int = 30) -> bool:
    return all(abs(a - b) <= by for a, b in zip(seen, wanted, strict=True))


def _assert_upright(verified: VerifiedImage) -> None:
    assert (verified.width, verified.height) == (240, 360)
    assert verified.pixels.size == (240, 360)
    assert _near(_pixel(verified, 0.25, 0.25), images.LEFT)
    for x, y in ((0.75, 0.25), (0.25, 0.75), (0.75, 0.75)):
        assert _near(_pixel(verified, x, y), images.RIGHT)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_every_orientation_comes_out_upright(orientation: int, format_: str) -> None:
    verified = verify(images.oriented(orientation, format_=format_), kind=POSTER)
    _assert_upright(verified)
    assert verified.pixels.info == {}


@pytest.mark.parametrize(
    ("data", "mime_type"),
    [
        (lambda: images.encoded(images.quartered(), "JPEG"), "image/jpeg"),
        (lambda: images.encoded(images.quartered(), "PNG"), "image/png"),
        (lambda: images.encoded(images.quartered(), "WEBP"), "image/webp"),
        (lambda: images.encoded(images.quartered(), "AVIF"), "image/avif"),
        (lambda: images.encoded(images.quartered(), "GIF"), "image/gif"),
        (
            lambda: images.encoded(
                images.quartered(), "MPO", save_all=True, append_images=[Image.new("RGB", (240, 360))]
            ),
            "image/jpeg",
        ),
        (lambda: images.encoded(images.quartered(mode="CMYK"), "JPEG"), "image/jpeg"),
        (lambda: images.encoded(images.quartered(mode="P"), "PNG"), "image/png"),
        (lambda: images.encoded(images.quartered(mode="RGBA"), "PNG"), "image/png"),
        (lambda: images.encoded(images.quartered(), "PNG") + b"<script>alert(1)</script>", "image/png"),
    ],
    ids=["jpeg", "png", "webp", "avif", "gif", "mpo", "cmyk", "palette", "rgba", "trailing html"],
)
def test_accepted_images(data: Callable[[], bytes], mime_type: str) -> None:
    source = data()
    verified = verify(source, kind=POSTER)
    _assert_upright(verified)
    assert verified.mime_type == mime_type
    assert verified.sha256 == hashlib.sha256(source).digest()
    assert verified.size_bytes == len(source)


def test_sixteen_bits_of_grey_keep_their_tones() -> None:
    image = Image.new("I;16", (240, 360), 128 * 256)
    verified = verify(images.encoded(image), kind=POSTER)
    assert _near(_pixel(verified, 0.5, 0.5), (128, 128, 128), by=2)


def test_palette_with_transparency_keeps_it() -> None:
    image = images.quartered().quantize(2)
    transparent = image.getpixel((1, 1))
    verified = verify(images.encoded(image, transparency=transparent), kind=POSTER)
    assert verified.pixels.mode == "RGBA"
    assert verified.pixels.getpixel((5, 5))[3] == 0  # type: ignore[index]  # RGBA pixels are tuples
    assert verified.pixels.getpixel((200, 300))[3] == 255  # type: ignore[index]  # as above


def test_an_animation_gives_its_first_frame() -> None:
    _assert_upright(verify(images.animated_gif(5), kind=POSTER))


def test_a_colour_profile_is_applied_and_dropped() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = images.encoded(images.quartered(), "JPEG", icc_profile=profile)
    verified = verify(data, kind=POSTER)
    _assert_upright(verified)
    assert "icc_profile" not in verified.pixels.info


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
def test_a_broken_profile_is_ignored(profile: bytes) -> None:
    _assert_upright(verify(images.encoded(images.quartered(), "JPEG", icc_profile=profile), kind=POSTER))


def test_broken_exif_is_ignored() -> None:
    exif = b"Exif\0\0MM\0\x2a\xff\xff\xff\xff" + b"\xff" * 60
    _assert_upright(verify(images.encoded(images.quartered(), "JPEG", exif=exif), kind=POSTER))


_JPEG = images.encoded(images.quartered(), "JPEG")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (lambda: b"hello world, I am a poster", Reason.UNSUPPORTED_FORMAT),
        (lambda: b"", Reason.UNSUPPORTED_FORMAT),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", Reason.UNSUPPORTED_FORMAT),
        (lambda: images.encoded(images.quartered(), "TIFF"), Reason.UNSUPPORTED_FORMAT),
        (lambda: images.encoded(images.quartered(), "BMP"), Reason.UNSUPPORTED_FORMAT),
        (lambda: images.encoded(images.quartered(), "ICO"), Reason.UNSUPPORTED_FORMAT),
        (lambda: images.encoded(images.quartered(), "PDF"), Reason.UNSUPPORTED_FORMAT),
        (lambda: _JPEG[: len(_JPEG) // 2], Reason.CORRUPT),
        (lambda: images.encoded(images.quartered())[:200], Reason.CORRUPT),
        (lambda: images.encoded(images.quartered())[:10], Reason.CORRUPT),
        (lambda: images.encoded(images.quartered(), "WEBP")[:60], Reason.CORRUPT),
        (lambda: images.encoded(images.quartered(), "AVIF")[:300], Reason.CORRUPT),
        (lambda: images.encoded(images.quartered(), "GIF")[:900], Reason.CORRUPT),
        (lambda: images.png_claiming(300, 300), Reason.CORRUPT),
        (lambda: images.png_claiming(8000, 6000), Reason.TOO_MANY_PIXELS),
        (lambda: images.png_claiming(16_000, 16_000), Reason.TOO_MANY_PIXELS),
        (lambda: images.png_claiming(60_000, 60_000), Reason.TOO_MANY_PIXELS),
        (lambda: images.png_claiming(20_000, 100), Reason.TOO_MANY_PIXELS),
        (lambda: images.animated_gif(30, width=1300, height=1100), Reason.TOO_MANY_PIXELS),
        (lambda: b"\0" * (MAX_BYTES + 1), Reason.TOO_LARGE),
        (lambda: images.encoded(images.quartered(60, 90)), Reason.TOO_SMALL),
        (lambda: images.jpeg_with_scans(150), Reason.TOO_COMPLEX),
        (images.png_with_text_bomb, Reason.TOO_COMPLEX),
    ],
)
def test_rejected_images(data: Callable[[], bytes], reason: Reason) -> None:
    with pytest.raises(Rejected) as rejection:
        verify(data(), kind=POSTER)
    assert rejection.value.reason is reason
    assert 0 < len(rejection.value.detail) <= 500


def test_scans_up_to_the_limit_pass() -> None:
    verify(images.jpeg_with_scans(90), kind=POSTER)


def test_scan_markers_inside_metadata_do_not_count() -> None:
    _assert_upright(verify(images.encoded(images.quartered(), "JPEG", comment=b"\xff\xda" * 500), kind=POSTER))


def test_an_avatar_may_have_fewer_pixels_than_a_poster() -> None:
    data = images.png_claiming(6000, 5000)
    with pytest.raises(Rejected) as avatar:
        verify(data, kind=KINDS["avatar"])
    with pytest.raises(Rejected) as poster:
        verify(data, kind=POSTER)
    assert (avatar.value.reason, poster.value.reason) == (Reason.TOO_MANY_PIXELS, Reason.CORRUPT)


def test_expected_checksum() -> None:
    digest = hashlib.sha256(_JPEG).hexdigest()
    verify(_JPEG, kind=POSTER, expected_sha256=digest.upper())
    with pytest.raises(Rejected) as rejection:
        verify(_JPEG, kind=POSTER, expected_sha256=digest.replace(digest[0], "x"))
    assert rejection.value.reason is Reason.CHECKSUM_MISMATCH


@pytest.mark.parametrize(("format_", "trailer"), [("JPEG", 0), ("PNG", 21), ("WEBP", 0), ("AVIF", 0), ("GIF", 2)])
def test_a_file_truncated_anywhere_is_rejected_unless_all_pixels_are_there(format_: str, trailer: int) -> None:
    """PNG and GIF end with `trailer` bytes without pixels: the end marker, in PNG also checksums."""
    whole = images.encoded(images.quartered(), format_)
    end = len(whole) - trailer
    for size in (*range(0, end, len(whole) // 40), end - 1):
        with pytest.raises(Rejected) as rejection:
            verify(whole[:size], kind=POSTER)
        assert rejection.value.reason in (Reason.CORRUPT, Reason.UNSUPPORTED_FORMAT), size
    pixels = verify(whole, kind=POSTER).pixels.tobytes()
    for size in range(end, len(whole)):
        assert verify(whole[:size], kind=POSTER).pixels.tobytes() == pixels, size


def test_noise_in_a_file_gives_a_rejection_or_an_image() -> None:
    for format_ in ("JPEG", "PNG", "WEBP", "AVIF", "GIF"):
        whole = bytearray(images.encoded(images.quartered(), format_))
        for position in range(8, len(whole), max(1, len(whole) // 40)):
            noisy = bytes(whole[:position]) + b"\xff\x00\x5a" + bytes(whole[position + 3 :])
            try:
                verify(noisy, kind=POSTER)
            except Rejected as rejection:
                assert rejection.reason is not Reason.TOO_LARGE  # noqa: PT017


def test_large_images_are_scaled_down_but_report_their_size() -> None:
    verified = verify(images.encoded(images.quartered(3000, 2400), "JPEG"), kind=POSTER)
    assert (verified.width, verified.height) == (3000, 2400)
    assert verified.pixels.size == (2000, 1600)


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
