"""The queues between storage and the Lambda functions, as operators reach them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from service.errors import NotFound, Unavailable
from service.settings import Settings

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

T = TypeVar("T")
QUEUE = "QueueUrl"
DEAD_LETTERS = "DeadLetterQueueUrl"
RETRY_SOON = 5.0


class QueueUnavailable(Unavailable):
    """A queue cannot be reached, or refuses what the operator must be allowed to do; the message names the error."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the queues do not answer as they should: {detail}", retry_after=RETRY_SOON)


class QueuesNotFound(NotFound):
    """Neither the settings nor a deployed stack name the queues."""


@dataclass(frozen=True, slots=True)
class QueuePair:
    """A function's queue and where that puts what it could not handle; both are URLs."""

    name: str
    url: str
    dead_letters_url: str


def sqs_client(settings: Settings) -> SQSClient:
    """Makes a client; credentials and another endpoint than AWS's own come from boto3's usual chain."""
    return boto3.Session().client("sqs", region_name=settings.s3_region, config=_config())


async def list_queues(settings: Settings) -> Sequence[QueuePair]:
    """Returns the functions' queues, that of arrived uploads first.

    They are what MARQUEE_UPLOAD_QUEUE_URL and its like name, else the outputs of the stack MARQUEE_MEDIA_STACK.
    Raises QueuesNotFound and QueueUnavailable.
    """
    if settings.upload_queue_url and settings.upload_dead_letters_url:
        pairs = [QueuePair("upload", settings.upload_queue_url, settings.upload_dead_letters_url)]
        if settings.removal_queue_url and settings.removal_dead_letters_url:
            pairs.append(QueuePair("removal", settings.removal_queue_url, settings.removal_dead_letters_url))
        return pairs
    return _pairs(await off_the_loop(lambda: _stack_outputs(settings)), stack=settings.media_stack)


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
    """Returns the pairs whose outputs differ by one word: `QueueUrl` and `DeadLetterQueueUrl`, any word before."""
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
    # Longer than the longest poll of a queue.
    return Config(connect_timeout=2, read_timeout=30, retries={"mode": "standard", "max_attempts": 3})


async def off_the_loop(work: Callable[[], T]) -> T:
    """Runs a blocking call in a thread; raises QueueUnavailable for what AWS answers with."""
    try:
        return await asyncio.to_thread(work)
    except (BotoCoreError, ClientError) as error:
        raise QueueUnavailable(str(error)) from error
