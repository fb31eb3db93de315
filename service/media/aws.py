"""Calls of boto3, which blocks, in threads, with its errors translated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from service.errors import Unavailable

T = TypeVar("T")
RETRY_SOON = 5.0


class StorageUnavailable(Unavailable):
    """Storage cannot be reached, or denies an operation that the server needs."""

    def __init__(self) -> None:
        super().__init__("the object storage is unavailable; repeat later", retry_after=RETRY_SOON)


class QueueUnavailable(Unavailable):
    """A queue cannot be reached, or denies an operation that the operator needs; the message has the error."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the queues are unavailable: {detail}", retry_after=RETRY_SOON)


async def call_storage(work: Callable[[], T]) -> T:
    """Runs a call of S3 in a thread; raises StorageUnavailable."""
    return await _run_in_thread(work, lambda _: StorageUnavailable())


async def call_queue(work: Callable[[], T]) -> T:
    """Runs a call of SQS or CloudFormation in a thread; raises QueueUnavailable."""
    return await _run_in_thread(work, lambda error: QueueUnavailable(str(error)))


async def _run_in_thread(work: Callable[[], T], translated: Callable[[Exception], Unavailable]) -> T:
    try:
        return await asyncio.to_thread(work)
    except (BotoCoreError, ClientError) as error:
        raise translated(error) from error
