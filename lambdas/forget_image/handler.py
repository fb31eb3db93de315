"""Entry point of the function that tells the service about removed uploads."""

import functools
import os
from collections.abc import Mapping
from typing import Any

from lambdas.forget_image.forget import Forgetting, MediaService, Presence, forget
from lambdas.uploads import batch
from lambdas.uploads.event import ObjectEvent
from lambdas.uploads.service import MediaConnection
from lambdas.uploads.settings import FunctionSettings
from lambdas.uploads.storage import find_etag, s3_client


class S3Presence:
    """Presence on S3."""

    def __init__(self, *, client: Any) -> None:
        """Takes botocore's client, which has no static types."""
        self._client: Any = client

    def exists(self, bucket: str, key: str) -> bool:
        """Tells whether an object can be fetched under `key` now."""
        return find_etag(self._client, bucket, key) is not None


def handler(event: Mapping[str, Any], context: object) -> batch.BatchAnswer:
    """Handles one invocation; what AWS calls. See `batch.handle` for the answer."""
    return handle(
        event, request_id=str(getattr(context, "aws_request_id", "")), storage=_storage(), registry=_registry()
    )


def handle(event: Mapping[str, Any], *, request_id: str, storage: Presence, registry: Forgetting) -> batch.BatchAnswer:
    """Does what `handler` says with the collaborators given."""

    def process(removal: ObjectEvent) -> Mapping[str, object]:
        return {"outcome": forget(removal, storage=storage, registry=registry)}

    return batch.handle(event, request_id=request_id, process=process)


@functools.cache
def _storage() -> S3Presence:
    """Makes the client on the function's first event; it keeps its connections while the function stays warm."""
    return S3Presence(client=s3_client())


@functools.cache
def _registry() -> MediaService:
    return MediaService(MediaConnection(FunctionSettings.from_environ(os.environ)))
