"""Media limits and renditions: the service publishes the same values that the functions use."""

from __future__ import annotations

from typing import Any

from marquee.media.v1 import media_pb2

from lambdas.register_image import size_checks
from lambdas.register_image.image_kinds import FULL_SIDE, KINDS, MAX_BYTES, MAX_SIDE
from lambdas.register_image.render import RenditionFormat
from service.media.enums import FileKind
from tests.client import Client

CREATE = media_pb2.CreateUploadRequest.DESCRIPTOR.fields_by_name
REGISTER = media_pb2.RegisterFileRequest.DESCRIPTOR.fields_by_name


async def test_the_configuration_equals_that_of_the_functions(client: Client) -> None:
    configuration = await client.media.GetImageConfiguration(media_pb2.GetImageConfigurationRequest())
    names = [media_pb2.FileKind.Name(kind.kind).removeprefix("FILE_KIND_").lower() for kind in configuration.kinds]
    assert names == [kind.value for kind in FileKind]
    assert set(names) == KINDS.keys()
    for name, kind in zip(names, configuration.kinds, strict=True):
        made = KINDS[name]
        assert (tuple(kind.widths), tuple(kind.heights)) == (made.widths, made.heights)
        assert (kind.max_pixels, kind.min_width, kind.min_height) == (made.max_pixels, made.min_width, made.min_height)
    assert (configuration.max_bytes, configuration.max_side, configuration.full_side) == (
        MAX_BYTES,
        MAX_SIDE,
        FULL_SIDE,
    )
    assert configuration.max_frames == size_checks.MAX_FRAMES
    made_in = {media_pb2.ImageFormat.Name(made).removeprefix("IMAGE_FORMAT_") for made in configuration.formats}
    assert made_in == {made.value for made in RenditionFormat}
    least = {
        accepted.content_type: accepted.max_pixels for accepted in configuration.accepted_types if accepted.max_pixels
    }
    assert least == {f"image/{name.lower()}": most for name, most in size_checks.FORMAT_MAX_PIXELS.items()}
    four = {accepted.content_type: accepted.max_progressive_cmyk_pixels for accepted in configuration.accepted_types}
    assert {name: most for name, most in four.items() if most} == {
        "image/jpeg": size_checks.PROGRESSIVE_CMYK_MAX_PIXELS
    }


async def test_the_configuration_agrees_with_the_rules_of_the_contract(client: Client) -> None:
    configuration = await client.media.GetImageConfiguration(media_pb2.GetImageConfigurationRequest())
    types = [accepted.content_type for accepted in configuration.accepted_types]
    for field in (CREATE["content_type"], REGISTER["mime_type"]):
        assert getattr(rules(field).string, "in") == types
    assert rules(CREATE["size_bytes"]).int64.lte == configuration.max_bytes


def rules(field: Any) -> Any:
    """Returns the rules that the contract states for a field."""
    (found,) = (value for option, value in field.GetOptions().ListFields() if option.full_name == "buf.validate.field")
    return found
