"""Every attack ends in its verdict, and nothing of a source but its picture comes through."""

import io
import re
from dataclasses import dataclass, field

import pytest
from PIL import Image

from lambdas.register_image.kinds import KINDS
from lambdas.register_image.pipeline import Outcome, Pipeline
from lambdas.register_image.register import FinishedPicture
from lambdas.register_image.storage import StoredObject
from lambdas.register_image.verdict import Reason, Rejected
from lambdas.register_image.verify import verify
from lambdas.uploads.event import ObjectEvent
from tests.lambdas import pictures
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
# What metadata begins with in the formats of renditions.
_METADATA = re.compile(rb"Exif\0|ICC_PROFILE|http://ns\.adobe|EXIF|XMP |ICCP|<\?xpacket|colrprof")


@dataclass
class Verdicts:
    """A Registry that keeps what it is told."""

    registered: list[FinishedPicture] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    def begin(self, upload: ObjectEvent) -> bool:
        return upload == UPLOAD

    def register(self, upload: ObjectEvent, finished: FinishedPicture) -> None:  # noqa: ARG002
        self.registered.append(finished)

    def reject(self, upload: ObjectEvent, verdict: Rejected) -> None:  # noqa: ARG002
        self.rejected.append(verdict)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack(attack: Attack) -> None:
    store, verdicts = FakeStore(), Verdicts()
    store.objects[UPLOADS, UPLOAD.key] = StoredObject(data=attack.build(), announced_sha256="")
    result = Pipeline(store=store, registry=verdicts, rendition_bucket=RENDITIONS).process(UPLOAD)
    if attack.verdict == ACCEPTED:
        assert (result.outcome, result.reason) == (Outcome.REGISTERED, "")
        (finished,) = verdicts.registered
        assert finished.picture.is_animated is (attack.name in ANIMATED)
        for key in store.keys(RENDITIONS):
            _assert_bare(store.objects[RENDITIONS, key].data)
    else:
        assert (result.outcome, result.reason) == (Outcome.REJECTED, attack.verdict)
        (verdict,) = verdicts.rejected
        assert verdict.detail.endswith(".")
        assert store.objects == {}


def _assert_bare(data: bytes) -> None:
    assert SECRET not in data
    assert _METADATA.search(data) is None
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert len(image.getexif()) == 0
        assert not {"exif", "xmp", "icc_profile", "comment", "photoshop"} & image.info.keys()
    # Nothing follows the picture that its format does not count.
    if image.format == "JPEG":
        assert data.endswith(b"\xff\xd9")
    elif image.format == "WEBP":
        assert int.from_bytes(data[4:8], "little") + 8 == len(data)


def test_there_are_enough_kinds() -> None:
    names = [attack.name for attack in ATTACKS]
    assert len(names) == len(set(names))
    assert len(names) >= 40


def test_a_decode_that_takes_too_long_is_a_rejection() -> None:
    data = pictures.encoded(Image.effect_noise((3000, 3000), 90), "PNG")
    with pytest.raises(Rejected) as caught:
        verify(data, kind=KINDS["poster"], seconds=0.001)
    assert caught.value.reason is Reason.TIMEOUT
    # The alarm is off again.
    assert verify(data, kind=KINDS["poster"]).width == 3000


def test_a_decode_that_takes_too_much_memory_is_a_rejection() -> None:
    data = pictures.encoded(Image.new("RGBA", (5000, 5000)), "PNG")
    with pytest.raises(Rejected) as caught:
        verify(data, kind=KINDS["poster"], memory=1024 * 1024)
    assert caught.value.reason is Reason.TOO_COMPLEX
    assert verify(data, kind=KINDS["poster"]).width == 5000
