"""Queues between storage and the Lambda functions, for the commands of operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from service.errors import NotFound
from service.media.aws import call_queue
from service.settings import Settings

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

QUEUE = "QueueUrl"
DEAD_LETTERS = "DeadLetterQueueUrl"


class QueuesNotFound(NotFound):
    """Neither the settings nor a deployed stack name the queues."""


@dataclass(frozen=True, slots=True)
class QueuePair:
    """URLs of a function's queue and of its dead-letter queue."""

    name: str
    url: str
    dead_letters_url: str


def sqs_client(settings: Settings) -> SQSClient:
    """Returns a client; credentials and endpoint come from boto3's usual chain."""
    return boto3.Session().client("sqs", region_name=settings.s3_region, config=_config())


async def list_queues(settings: Settings) -> Sequence[QueuePair]:
    """Returns the functions' queues, the queue of uploads first.

    They come from MARQUEE_UPLOAD_QUEUE_URL and the related settings, else from the outputs of the stack
    MARQUEE_MEDIA_STACK. Raises QueuesNotFound and QueueUnavailable.
    """
    if settings.upload_queue_url and settings.upload_dead_letters_url:
        pairs = [QueuePair("upload", settings.upload_queue_url, settings.upload_dead_letters_url)]
        if settings.removal_queue_url and settings.removal_dead_letters_url:
            pairs.append(QueuePair("removal", settings.removal_queue_url, settings.removal_dead_letters_url))
        return pairs
    return _pairs(await call_queue(lambda: _stack_outputs(settings)), stack=settings.media_stack)


def _stack_outputs(settings: Settings) -> dict[str, str]:
    client = boto3.Session().client("cloudformation", region_name=settings.s3_region, config=_config())
    try:
        stack = client.describe_stacks(StackName=settings.media_stack)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return {}
        raise
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", ())}


def _pairs(outputs: dict[str, str], *, stack: str) -> Sequence[QueuePair]:
    """Returns the pairs of outputs `<Name>QueueUrl` and `<Name>DeadLetterQueueUrl`, for any name."""
    pairs = [
        QueuePair(name.removesuffix(DEAD_LETTERS).lower() or "upload", outputs[twin], url)
        for name, url in sorted(outputs.items(), key=lambda output: len(output[0]))
        if name.endswith(DEAD_LETTERS) and (twin := name.removesuffix(DEAD_LETTERS) + QUEUE) in outputs
    ]
    if not pairs:
        raise QueuesNotFound(
            f"there is no stack {stack} with queues: set MARQUEE_MEDIA_STACK, or"
            " MARQUEE_UPLOAD_QUEUE_URL and MARQUEE_UPLOAD_DEAD_LETTERS_URL"
        )
    return pairs


def _config() -> Config:
    # read_timeout is longer than the longest poll of a queue.
    return Config(connect_timeout=2, read_timeout=30, retries={"mode": "standard", "max_attempts": 3})
