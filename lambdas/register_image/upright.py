"""Brings a decoded picture into the one shape that renditions are made of: upright, sRGB, small, bare."""

import io

from PIL import Image, ImageCms

from lambdas.register_image.kinds import FULL_SIDE

_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ORIENTATIONS = frozenset(_TRANSPOSITIONS)
"""EXIF orientations that change anything."""
TURNED = frozenset({5, 6, 7, 8})
"""Orientations that exchange width and height."""

_MAX_PROFILE_BYTES = 4 * 1024 * 1024
_STRIP_PIXELS = 2_000_000
# What a profile that lies about itself raises.
_PROFILE_ERRORS = (ImageCms.PyCMSError, OSError, SyntaxError, TypeError, ValueError)


def upright(source: Image.Image, orientation: int) -> Image.Image:
    """Returns the picture turned as `orientation` says, in sRGB, no side over FULL_SIDE, without metadata.

    The mode is RGB, or RGBA where anything may be transparent.
    """
    profile = source.info.get("icc_profile")
    # Shrunk before anything else, so that colours and turns are worked on 4 megapixels at most.
    image = _to_srgb(_shrunk(source, within(source.size, FULL_SIDE)), profile)
    if orientation in ORIENTATIONS:
        image = image.transpose(_TRANSPOSITIONS[orientation])
    image.info.clear()
    return image


def within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Returns `size` with its proportions kept and no side longer than `side`."""
    longest = max(size)
    if longest <= side:
        return size
    return max(1, round(size[0] * side / longest)), max(1, round(size[1] * side / longest))


def _shrunk(source: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Returns the picture in a mode whose pixels can be averaged (L, RGB, RGBA, CMYK) and in `size`.

    A whole picture in such a mode, and again with its colours multiplied by alpha, would take several times the
    memory that it was decoded to. So strips of rows get their final width first, and all rows together their
    final height: the same two passes that a resize makes.
    """
    if source.size == size:
        return _averageable(source)
    width, height = source.size
    rows = max(1, _STRIP_PIXELS // width)
    narrowed: Image.Image | None = None
    for top in range(0, height, rows):
        strip = _averageable(source.crop((0, top, width, min(height, top + rows))))
        strip = strip.resize((size[0], strip.height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        if narrowed is None:
            narrowed = Image.new(strip.mode, (size[0], height))
        narrowed.paste(strip, (0, top))
    assert narrowed is not None  # noqa: S101 - a picture has rows, which the types do not say
    return narrowed.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _averageable(source: Image.Image) -> Image.Image:
    if source.mode in ("PA", "LA") or "transparency" in source.info:
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
        except _PROFILE_ERRORS:
            # A broken profile, or one of another colour model: viewers show the plain conversion then.
            converted = None
        if converted is not None:
            return converted
    return image if image.mode == mode else image.convert(mode)
