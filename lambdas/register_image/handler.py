"""Entry point of the function that verifies uploads and creates their renditions."""

import dataclasses
import functools
import os
from collections.abc import Mapping
from typing import Any

from lambdas.register_image.pipeline import Pipeline
from lambdas.register_image.registry import MediaService
from lambdas.register_image.storage import S3Store
from lambdas.uploads import batch
from lambdas.uploads.event import ObjectEvent
from lambdas.uploads.service import MediaConnection
from lambdas.uploads.settings import FunctionSettings, required
from lambdas.uploads.storage import s3_client


def handler(event: Mapping[str, Any], context: object) -> batch.BatchResponse:
    """Handles one invocation by AWS Lambda; `batch.handle` describes the response."""
    return handle(event, request_id=str(getattr(context, "aws_request_id", "")), pipeline=_pipeline())


def handle(event: Mapping[str, Any], *, request_id: str, pipeline: Pipeline) -> batch.BatchResponse:
    """Handles one invocation with the given pipeline."""

    def process(upload: ObjectEvent) -> Mapping[str, object]:
        return dataclasses.asdict(pipeline.process(upload))

    return batch.handle(event, request_id=request_id, process=process)


@functools.cache
def _pipeline() -> Pipeline:
    """Returns the pipeline; the first call creates it, and its connections last as long as the process."""
    registry = MediaService(MediaConnection(FunctionSettings.from_environ(os.environ)))
    return Pipeline(
        store=S3Store(client=s3_client()),
        registry=registry,
        rendition_bucket=required(os.environ, "MARQUEE_RENDITION_BUCKET"),
    )
