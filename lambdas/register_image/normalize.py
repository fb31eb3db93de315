"""Normalizes a decoded image for rendering: upright, sRGB, at most FULL_SIDE per side, without metadata."""

import io

from PIL import Image, ImageCms

from lambdas.register_image.image_kinds import FULL_SIDE

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
"""EXIF orientations that require a transformation."""
SWAPPED_SIDES = frozenset({5, 6, 7, 8})
"""Orientations that swap width and height."""

_MAX_PROFILE_BYTES = 4 * 1024 * 1024
_STRIP_PIXELS = 2_000_000
# Errors that a malformed profile raises.
_PROFILE_ERRORS = (ImageCms.PyCMSError, OSError, SyntaxError, TypeError, ValueError)


def normalize(source: Image.Image, orientation: int) -> Image.Image:
    """Returns the image upright, in sRGB, with no side longer than FULL_SIDE and without metadata.

    The mode is RGB, or RGBA if the image can be transparent.
    """
    profile = source.info.get("icc_profile")
    # Shrunk first, so that the colour conversion and the transposition process at most 4 megapixels.
    image = _to_srgb(_shrink(source, fit_within(source.size, FULL_SIDE)), profile)
    if orientation in ORIENTATIONS:
        image = image.transpose(_TRANSPOSITIONS[orientation])
    image.info.clear()
    return image


def fit_within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Returns `size` scaled down, with the same proportions, so that no side is longer than `side`."""
    longest = max(size)
    if longest <= side:
        return size
    return max(1, round(size[0] * side / longest)), max(1, round(size[1] * side / longest))


def _shrink(source: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Returns the image in `size` and in a mode whose pixels can be averaged (L, RGB, RGBA, CMYK).

    Converting the whole image, and multiplying its colours by alpha, would need several times the memory of the decoded
    image. Therefore strips of rows are scaled to the final width first, and then all rows together to the final
    height. A resize makes the same two passes.
    """
    if source.size == size:
        return _to_averageable(source)
    width, height = source.size
    rows = max(1, _STRIP_PIXELS // width)
    narrowed: Image.Image | None = None
    for top in range(0, height, rows):
        strip = _to_averageable(source.crop((0, top, width, min(height, top + rows))))
        strip = strip.resize((size[0], strip.height), Image.Resampling.LANCZOS, reducing_gap=2.0)
        if narrowed is None:
            narrowed = Image.new(strip.mode, (size[0], height))
        narrowed.paste(strip, (0, top))
    assert narrowed is not None  # noqa: S101 - an image has at least one row, which the types do not say
    return narrowed.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _to_averageable(source: Image.Image) -> Image.Image:
    if source.mode in ("PA", "LA") or "transparency" in source.info:
        return source.convert("RGBA")
    if source.mode.startswith("I"):
        # Takes the upper 8 of 16 bits of grey. Pillow's own conversion would clip values at 255.
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
            # The profile is broken or belongs to another colour model. Viewers then ignore it, too.
            converted = None
        if converted is not None:
            return converted
    return image if image.mode == mode else image.convert(mode)
