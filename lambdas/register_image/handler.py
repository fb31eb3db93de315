"""Entry point of the function: takes batches of queue messages and reports which ones have to come again."""

import functools
import os
import time
from collections.abc import Mapping
from typing import Any

from lambdas.register_image.event import UploadedObject, objects_of_body, uploaded_objects
from lambdas.register_image.logs import get_logger
from lambdas.register_image.pipeline import Pipeline
from lambdas.register_image.register import MediaService
from lambdas.register_image.settings import FunctionSettings
from lambdas.register_image.storage import S3Store


def handler(event: Mapping[str, Any], context: object) -> dict[str, list[dict[str, str]]]:
    """Handles one invocation; what AWS calls.

    For a batch of SQS messages returns the ids of those that failed, so that only they are delivered again.
    For any other event raises ExceptionGroup when an object in it failed.
    """
    return handle(event, request_id=str(getattr(context, "aws_request_id", "")), pipeline=_pipeline())


def handle(event: Mapping[str, Any], *, request_id: str, pipeline: Pipeline) -> dict[str, list[dict[str, str]]]:
    """Does what `handler` says with the pipeline given."""
    if not _is_queue_batch(event):
        _process_all(uploaded_objects(event), request_id=request_id, pipeline=pipeline)
        return {"batchItemFailures": []}
    failures = []
    for record in event["Records"]:
        message_id = record["messageId"]
        try:
            _process_all(objects_of_body(record["body"]), request_id=request_id, pipeline=pipeline)
        except Exception:  # noqa: BLE001 - logged with its trace, and the message comes again
            get_logger().exception(
                "message failed", extra={"fields": {"request_id": request_id, "message_id": message_id}}
            )
            failures.append({"itemIdentifier": message_id})
    return {"batchItemFailures": failures}


@functools.cache
def _pipeline() -> Pipeline:
    """Wires the function on its first event; it keeps its connections while it stays warm."""
    settings = FunctionSettings.from_environ(os.environ)
    return Pipeline(store=S3Store(), registry=MediaService(settings), rendition_bucket=settings.rendition_bucket)


def _is_queue_batch(event: Mapping[str, Any]) -> bool:
    records = event.get("Records")
    return isinstance(records, list) and bool(records) and all("messageId" in record for record in records)


def _process_all(uploads: tuple[UploadedObject, ...], *, request_id: str, pipeline: Pipeline) -> None:
    """Processes every upload even when one fails; raises ExceptionGroup with the failures at the end."""
    errors = []
    for upload in uploads:
        try:
            _process(upload, request_id=request_id, pipeline=pipeline)
        except Exception as error:  # noqa: BLE001 - raised again below, after the others had their turn
            errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(uploads)} uploads failed", errors)


def _process(upload: UploadedObject, *, request_id: str, pipeline: Pipeline) -> None:
    started = time.monotonic()
    result = pipeline.process(upload)
    fields = {
        "request_id": request_id,
        "bucket": upload.bucket,
        "key": upload.key,
        "sequencer": upload.sequencer,
        "outcome": result.outcome,
        "reason": result.reason,
        "detail": result.detail,
        "renditions": result.renditions,
        "seconds": round(time.monotonic() - started, 3),
    }
    get_logger().info("upload processed", extra={"fields": fields})
