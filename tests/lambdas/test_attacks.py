"""Every attack has its expected result, and only the pixels of a source reach the renditions."""

import io
import re
from dataclasses import dataclass, field

import pytest
from PIL import Image

from lambdas.register_image.image_kinds import KINDS
from lambdas.register_image.pipeline import Pipeline, UploadStatus
from lambdas.register_image.registry import ProcessedImage
from lambdas.register_image.rejection import Reason, Rejected
from lambdas.register_image.storage import StoredObject
from lambdas.register_image.verify import verify
from lambdas.uploads.event import ObjectEvent
from tests.lambdas import images
from tests.lambdas.attacks import ACCEPTED, ATTACKS, SECRET, Attack
from tests.lambdas.fakes import FakeStore

UPLOADS, RENDITIONS = "marquee-uploads", "marquee-renditions"
UPLOAD = ObjectEvent(
    is_removal=False,
    bucket=UPLOADS,
    key="uploads/poster/0123456789abcdef0123456789abcdef",
    sequencer="1",
    etag="e",
    version_id="",
    size=0,
)
ANIMATED = {"animated gif", "animated webp", "animated png"}
# Signatures of metadata in the formats of renditions.
_METADATA = re.compile(rb"Exif\0|ICC_PROFILE|http://ns\.adobe|EXIF|XMP |ICCP|<\?xpacket|colrprof")


@dataclass
class RecordingRegistry:
    """A Registry that records its results."""

    registered: list[ProcessedImage] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def begin(self, upload: ObjectEvent) -> bool:
        return upload == UPLOAD

    def register(self, upload: ObjectEvent, processed: ProcessedImage) -> None:  # noqa: ARG002
        self.registered.append(processed)

    def reject(self, upload: ObjectEvent, rejection: Rejected) -> None:  # noqa: ARG002
        self.rejected.append(rejection)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack(attack: Attack) -> None:
    store, registry = FakeStore(), RecordingRegistry()
    store.objects[UPLOADS, UPLOAD.key] = StoredObject(data=attack.build(), expected_sha256="")
    result = Pipeline(store=store, registry=registry, rendition_bucket=RENDITIONS).process(UPLOAD)
    if attack.expected == ACCEPTED:
        assert (result.status, result.reason) == (UploadStatus.REGISTERED, "")
        (processed,) = registry.registered
        assert processed.source.is_animated is (attack.name in ANIMATED)
        assert len(store.keys(RENDITIONS)) == len(processed.renditions) > 0
        for key in store.keys(RENDITIONS):
            _assert_bare(store.objects[RENDITIONS, key].data)
    else:
        assert (result.status, result.reason) == (UploadStatus.REJECTED, attack.expected)
        (rejection,) = registry.rejected
        assert rejection.detail.endswith(".")
        assert store.objects == {}


def _assert_bare(data: bytes) -> None:
    assert SECRET not in data
    assert _METADATA.search(data) is None
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert len(image.getexif()) == 0
        assert not {"exif", "xmp", "icc_profile", "comment", "photoshop"} & image.info.keys()
    # The file has no bytes after the image.
    if image.format == "JPEG":
        assert data.endswith(b"\xff\xd9")
    elif image.format == "WEBP":
        assert int.from_bytes(data[4:8], "little") + 8 == len(data)


def test_the_set_has_at_least_forty_distinct_attacks() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(names) == len(set(names))
    assert len(names) >= 40


def test_a_decode_that_takes_too_long_is_a_rejection() -> None:
    data = images.encoded(Image.effect_noise((3000, 3000), 90), "PNG")
    with pytest.raises(Rejected) as caught:
        verify(data, kind=KINDS["poster"], seconds=0.001)
    assert caught.value.reason is Reason.TIMEOUT
    # The time limit of the first call has no effect on the second.
    assert verify(data, kind=KINDS["poster"]).width == 3000


def test_a_decode_that_takes_too_much_memory_is_a_rejection() -> None:
    data = images.encoded(Image.new("RGBA", (5000, 5000)), "PNG")
    with pytest.raises(Rejected) as caught:
        verify(data, kind=KINDS["poster"], memory=1024 * 1024)
    assert caught.value.reason is Reason.TOO_COMPLEX
    assert verify(data, kind=KINDS["poster"]).width == 5000
