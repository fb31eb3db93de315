"""Entry point of the function that reports removed uploads to the media service."""

import functools
import os
from collections.abc import Mapping
from typing import Any

from lambdas.forget_image.forget import MediaService, ObjectLookup, RemovalReporter, forget
from lambdas.uploads import batch
from lambdas.uploads.event import ObjectEvent
from lambdas.uploads.service import MediaConnection
from lambdas.uploads.settings import FunctionSettings
from lambdas.uploads.storage import find_etag, s3_client


class S3ObjectLookup:
    """ObjectLookup on S3."""

    def __init__(self, *, client: Any) -> None:
        """Stores the client of botocore, which has no static types."""
        self._client: Any = client

    def exists(self, bucket: str, key: str) -> bool:
        """Returns whether an object can be read under `key` now."""
        return find_etag(self._client, bucket, key) is not None


def handler(event: Mapping[str, Any], context: object) -> batch.BatchResponse:
    """Handles one invocation by AWS Lambda; `batch.handle` describes the response."""
    return handle(
        event, request_id=str(getattr(context, "aws_request_id", "")), storage=_storage(), reporter=_reporter()
    )


def handle(
    event: Mapping[str, Any], *, request_id: str, storage: ObjectLookup, reporter: RemovalReporter
) -> batch.BatchResponse:
    """Handles one invocation with the given collaborators."""

    def process(removal: ObjectEvent) -> Mapping[str, object]:
        return {"status": forget(removal, storage=storage, reporter=reporter)}

    return batch.handle(event, request_id=request_id, process=process)


@functools.cache
def _storage() -> S3ObjectLookup:
    """Returns the storage; the first call creates its client, whose connections last as long as the process."""
    return S3ObjectLookup(client=s3_client())


@functools.cache
def _reporter() -> MediaService:
    return MediaService(MediaConnection(FunctionSettings.from_environ(os.environ)))
