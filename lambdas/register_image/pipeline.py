"""Processes one upload: from its object in S3 to a result at the media service."""

import enum
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lambdas.register_image.image_kinds import MAX_BYTES, Kind, UploadKey, parse_upload_key
from lambdas.register_image.registry import ProcessedImage, Registry
from lambdas.register_image.rejection import Rejected, file_too_large
from lambdas.register_image.render import Rendition, dominant_color, render
from lambdas.register_image.resource_limits import release_memory
from lambdas.register_image.storage import ObjectGone, ObjectStore, ObjectTooLarge
from lambdas.register_image.thumbhash import thumbhash
from lambdas.register_image.verify import VerifiedImage, verify
from lambdas.uploads.event import ObjectEvent
from lambdas.uploads.service import UploadUnknown

_UPLOAD_THREADS = 4


class UploadStatus(enum.StrEnum):
    """Status of a processed upload. Each one is a success of the function."""

    REGISTERED = "registered"
    REJECTED = "rejected"
    GONE = "gone"
    """The object was removed before the function read it."""
    UNKNOWN_UPLOAD = "unknown_upload"
    IGNORED = "ignored"
    """The event is not the creation of an upload: its key is another one, or it is a removal."""
    SKIPPED = "skipped"
    """The service needs no result: it has processed a later event, or the file is deleted."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """Status of an upload and the details for the log."""

    status: UploadStatus
    reason: str = ""
    detail: str = ""
    renditions: int = 0


class Pipeline:
    """Verifies, renders and registers uploads. A repeated event gives the same objects and the same result."""

    def __init__(self, *, store: ObjectStore, registry: Registry, rendition_bucket: str) -> None:
        """Stores the collaborators and calls none of them."""
        self._store = store
        self._registry = registry
        self._rendition_bucket = rendition_bucket

    def process(self, upload: ObjectEvent) -> Result:
        """Processes one upload.

        Raises the errors of the storage and the service, and BrokenRendition: a later delivery of the event can
        succeed. Never raises an error that the image itself causes; such an image is rejected.
        """
        key = parse_upload_key(upload.key)
        if key is None or upload.is_removal:
            return Result(status=UploadStatus.IGNORED)
        try:
            if not self._registry.begin(upload):
                return Result(status=UploadStatus.SKIPPED)
            image = self._verify(upload, kind=key.kind)
        except UploadUnknown:
            return Result(status=UploadStatus.UNKNOWN_UPLOAD)
        except ObjectGone:
            return Result(status=UploadStatus.GONE)
        except Rejected as rejection:
            return self._reject(upload, rejection)
        return self._register(upload, image, key=key)

    def _verify(self, upload: ObjectEvent, *, kind: Kind) -> VerifiedImage:
        try:
            source = self._store.fetch(upload.bucket, upload.key, version_id=upload.version_id, limit=MAX_BYTES)
        except ObjectTooLarge as error:
            raise file_too_large() from error
        try:
            return verify(source.data, kind=kind, expected_sha256=source.expected_sha256)
        finally:
            release_memory()

    def _reject(self, upload: ObjectEvent, rejection: Rejected) -> Result:
        try:
            self._registry.reject(upload, rejection)
        except UploadUnknown:
            return Result(status=UploadStatus.UNKNOWN_UPLOAD, reason=rejection.reason, detail=rejection.detail)
        # Removed after the report: if the report fails, the next delivery needs the object.
        self._store.remove_version(upload.bucket, upload.key, version_id=upload.version_id, etag=upload.etag)
        return Result(status=UploadStatus.REJECTED, reason=rejection.reason, detail=rejection.detail)

    def _register(self, upload: ObjectEvent, image: VerifiedImage, *, key: UploadKey) -> Result:
        renditions = self._store_renditions(image, key=key)
        processed = ProcessedImage(
            source=image,
            thumbhash=thumbhash(image.pixels),
            dominant_color=dominant_color(image.pixels),
            renditions=renditions,
        )
        try:
            self._registry.register(upload, processed)
        except UploadUnknown:
            for rendition_key, _ in renditions:
                self._store.remove(self._rendition_bucket, rendition_key)
            return Result(status=UploadStatus.UNKNOWN_UPLOAD)
        return Result(status=UploadStatus.REGISTERED, renditions=len(renditions))

    def _store_renditions(self, image: VerifiedImage, *, key: UploadKey) -> Sequence[tuple[str, Rendition]]:
        """Creates and stores the renditions; stores one while it encodes the next."""
        with ThreadPoolExecutor(max_workers=_UPLOAD_THREADS) as pool:
            uploads = []
            for rendition in render(image, kind=key.kind):
                rendition_key = rendition.key(key.rendition_prefix)
                task = pool.submit(
                    self._store.put,
                    self._rendition_bucket,
                    rendition_key,
                    rendition.data,
                    content_type=rendition.format.content_type,
                )
                uploads.append((task, rendition_key, rendition))
            for task, _, _ in uploads:
                task.result()
        return [(rendition_key, rendition) for _, rendition_key, rendition in uploads]
