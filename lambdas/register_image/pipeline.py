"""Takes one upload from its object to a verdict at the media service."""

import enum
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lambdas.register_image.kinds import MAX_BYTES, Kind, UploadKey, parse_upload_key
from lambdas.register_image.limits import give_back_memory
from lambdas.register_image.register import FinishedPicture, Registry
from lambdas.register_image.render import Rendition, dominant_color, render
from lambdas.register_image.storage import ObjectGone, ObjectStore, ObjectTooLarge
from lambdas.register_image.thumbhash import thumbhash
from lambdas.register_image.verdict import Rejected, too_large
from lambdas.register_image.verify import Picture, verify
from lambdas.uploads.event import ObjectEvent
from lambdas.uploads.service import UploadUnknown

_UPLOAD_THREADS = 4


class Outcome(enum.StrEnum):
    """How an upload ended. Every one of these is a success of the function."""

    REGISTERED = "registered"
    REJECTED = "rejected"
    GONE = "gone"
    UNKNOWN_UPLOAD = "unknown_upload"
    FOREIGN = "foreign"
    """Not about an upload's creation: another key, or a removal."""
    SKIPPED = "skipped"
    """The service wants no verdict any more: a later event was faster, or the file is deleted."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """An outcome and what the log should say about it."""

    outcome: Outcome
    reason: str = ""
    detail: str = ""
    renditions: int = 0


class Pipeline:
    """Verifies, renders and registers uploads; a repeat ends in the same objects and the same verdict."""

    def __init__(self, *, store: ObjectStore, registry: Registry, rendition_bucket: str) -> None:
        """Takes its collaborators; nothing is called yet."""
        self._store = store
        self._registry = registry
        self._rendition_bucket = rendition_bucket

    def process(self, upload: ObjectEvent) -> Result:
        """Runs one upload to its outcome.

        Raises whatever the storage or the service fails with (and BrokenRendition): faults that another
        delivery of the event may not meet. What the picture itself is to blame for is never raised.
        """
        key = parse_upload_key(upload.key)
        if key is None or upload.is_removal:
            return Result(outcome=Outcome.FOREIGN)
        try:
            if not self._registry.begin(upload):
                return Result(outcome=Outcome.SKIPPED)
            picture = self._verified(upload, kind=key.kind)
        except UploadUnknown:
            return Result(outcome=Outcome.UNKNOWN_UPLOAD)
        except ObjectGone:
            return Result(outcome=Outcome.GONE)
        except Rejected as verdict:
            return self._reject(upload, verdict)
        return self._register(upload, picture, key=key)

    def _verified(self, upload: ObjectEvent, *, kind: Kind) -> Picture:
        try:
            source = self._store.fetch(upload.bucket, upload.key, version_id=upload.version_id, limit=MAX_BYTES)
        except ObjectTooLarge as error:
            raise too_large() from error
        try:
            return verify(source.data, kind=kind, announced_sha256=source.announced_sha256)
        finally:
            give_back_memory()

    def _reject(self, upload: ObjectEvent, verdict: Rejected) -> Result:
        try:
            self._registry.reject(upload, verdict)
        except UploadUnknown:
            return Result(outcome=Outcome.UNKNOWN_UPLOAD, reason=verdict.reason, detail=verdict.detail)
        # Only now: had the report failed, the next delivery would find nothing to judge.
        self._store.remove_version(upload.bucket, upload.key, version_id=upload.version_id, etag=upload.etag)
        return Result(outcome=Outcome.REJECTED, reason=verdict.reason, detail=verdict.detail)

    def _register(self, upload: ObjectEvent, picture: Picture, *, key: UploadKey) -> Result:
        stored = self._stored(picture, key=key)
        finished = FinishedPicture(
            picture=picture,
            thumbhash=thumbhash(picture.image),
            dominant_color=dominant_color(picture.image),
            renditions=stored,
        )
        try:
            self._registry.register(upload, finished)
        except UploadUnknown:
            for rendition_key, _ in stored:
                self._store.remove(self._rendition_bucket, rendition_key)
            return Result(outcome=Outcome.UNKNOWN_UPLOAD)
        return Result(outcome=Outcome.REGISTERED, renditions=len(stored))

    def _stored(self, picture: Picture, *, key: UploadKey) -> Sequence[tuple[str, Rendition]]:
        """Makes and stores the renditions, storing one while the next is encoded."""
        with ThreadPoolExecutor(max_workers=_UPLOAD_THREADS) as pool:
            under_way = []
            for rendition in render(picture, kind=key.kind):
                rendition_key = rendition.key(key.rendition_prefix)
                task = pool.submit(
                    self._store.put,
                    self._rendition_bucket,
                    rendition_key,
                    rendition.data,
                    content_type=rendition.format.content_type,
                )
                under_way.append((task, rendition_key, rendition))
            for task, _, _ in under_way:
                task.result()
        return [(rendition_key, rendition) for _, rendition_key, rendition in under_way]
