"""Dead letters: messages that the functions failed to process, to be listed, redriven or purged."""

from __future__ import annotations

import functools
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from service.errors import NotFound
from service.media.aws import call_queue
from service.media.queues import QueuePair

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

BATCH = 10
"""Maximum number of messages that SQS returns at once."""
VISIBILITY_TIMEOUT = 60
"""Seconds for which a received message is hidden from other readers."""
MAX_DEPTH = 5


class DeadLetterNotFound(NotFound):
    """No dead letter with this id is available: it does not exist, or another reader has received it."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message on which a function failed repeatedly."""

    queue: str
    message_id: str
    keys: Sequence[str]
    """Keys of the objects in it; empty if no function can parse it."""
    problem: str
    """Reason why it can never succeed; empty if it names objects."""
    receive_count: int
    """Number of times it was received, by functions and by readers of dead letters."""
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class RedriveResult:
    """Result of a redrive."""

    sent: Sequence[DeadLetter]
    skipped: Sequence[DeadLetter]
    """Letters that can never succeed, or that failed again during the redrive; they remain."""


class DeadLetters:
    """The dead letters of all functions."""

    def __init__(self, client: SQSClient, *, queues: Sequence[QueuePair], poll: int) -> None:
        """`poll` is the wait time of a receive in seconds; with 0, AWS asks only some hosts and may miss messages."""
        self._client = client
        self._queues = queues
        self._poll = poll

    async def list_letters(self, *, limit: int) -> Sequence[DeadLetter]:
        """Returns at most `limit` letters, queue by queue, and leaves them in place.

        Raises QueueUnavailable.
        """
        found: list[DeadLetter] = []
        for pair in self._queues:
            async with _reading(self._client, pair, poll=self._poll) as reading:
                found += [letter async for letter, _ in reading.letters(limit - len(found))]
        return found

    async def redrive(self, *, limit: int) -> RedriveResult:
        """Sends at most `limit` letters to their original queues; a repeat finds none left.

        A letter is deleted only after its copy is in the queue. A crash in between leaves both, and the functions
        process a repeated event once. Letters that arrive during the redrive are skipped, so that a letter that fails
        again does not circle. Raises QueueUnavailable.
        """
        begun = datetime.now(UTC)
        sent: list[DeadLetter] = []
        skipped: list[DeadLetter] = []
        for pair in self._queues:
            async with _reading(self._client, pair, poll=self._poll) as reading:
                async for letter, message in reading.letters(limit - len(sent) - len(skipped)):
                    if letter.problem or letter.sent_at >= begun:
                        skipped.append(letter)
                    else:
                        await reading.send_back(message)
                        sent.append(letter)
        return RedriveResult(sent, skipped)

    async def purge(self, message_id: str, *, limit: int) -> DeadLetter:
        """Deletes one of the first `limit` letters; raises DeadLetterNotFound, QueueUnavailable."""
        for pair in self._queues:
            async with _reading(self._client, pair, poll=self._poll) as reading:
                async for letter, message in reading.letters(limit):
                    if letter.message_id == message_id:
                        await reading.delete(message)
                        return letter
        raise DeadLetterNotFound(f"there is no dead letter with the id {message_id}")


class _Reading:
    """One pass over a queue of dead letters, which hides received messages from other readers until it ends.

    If it released a message at once, the queue would return it again and again.
    """

    def __init__(self, client: SQSClient, pair: QueuePair, *, poll: int) -> None:
        self._client = client
        self._pair = pair
        self._poll = poll
        self._receipts: dict[str, str] = {}
        """Newest receipt of each remaining message; older receipts are invalid."""
        self._seen: set[str] = set()

    async def letters(self, limit: int) -> AsyncIterator[tuple[DeadLetter, MessageTypeDef]]:
        """Yields at most `limit` messages, each once."""
        while len(self._seen) < limit:
            messages = await self._receive(limit - len(self._seen))
            self._receipts |= {message["MessageId"]: message["ReceiptHandle"] for message in messages}
            fresh = [message for message in messages if message["MessageId"] not in self._seen]
            self._seen |= {message["MessageId"] for message in fresh}
            if not fresh:
                break
            for message in fresh:
                yield _letter(self._pair, message), message

    async def send_back(self, message: MessageTypeDef) -> None:
        """Moves a message to its original queue."""
        # SQS returns parts of attributes that it does not accept.
        attributes: dict[str, Any] = {
            name: {part: value for part, value in attribute.items() if not part.endswith("ListValues")}
            for name, attribute in message.get("MessageAttributes", {}).items()
        }
        await call_queue(
            lambda: self._client.send_message(
                QueueUrl=self._pair.url, MessageBody=message["Body"], MessageAttributes=attributes
            )
        )
        await self.delete(message)

    async def delete(self, message: MessageTypeDef) -> None:
        """Deletes a message."""
        receipt = self._receipts.pop(message["MessageId"])
        await call_queue(
            lambda: self._client.delete_message(QueueUrl=self._pair.dead_letters_url, ReceiptHandle=receipt)
        )

    async def release(self) -> None:
        """Makes the remaining messages visible again; VISIBILITY_TIMEOUT does it otherwise."""
        receipts = list(self._receipts.values())
        for start in range(0, len(receipts), BATCH):
            entries: Any = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for number, receipt in enumerate(receipts[start : start + BATCH])
            ]
            await call_queue(
                functools.partial(
                    self._client.change_message_visibility_batch,
                    QueueUrl=self._pair.dead_letters_url,
                    Entries=entries,
                )
            )

    async def _receive(self, limit: int) -> Sequence[MessageTypeDef]:
        answer = await call_queue(
            lambda: self._client.receive_message(
                QueueUrl=self._pair.dead_letters_url,
                MaxNumberOfMessages=min(limit, BATCH),
                VisibilityTimeout=VISIBILITY_TIMEOUT,
                WaitTimeSeconds=self._poll,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
        )
        return answer.get("Messages", ())


@asynccontextmanager
async def _reading(client: SQSClient, pair: QueuePair, *, poll: int) -> AsyncIterator[_Reading]:
    reading = _Reading(client, pair, poll=poll)
    try:
        yield reading
    finally:
        await reading.release()


def _letter(pair: QueuePair, message: MessageTypeDef) -> DeadLetter:
    attributes: Mapping[Any, str] = message.get("Attributes", {})
    try:
        keys, problem = _object_keys(json.loads(message["Body"]), depth=0), ""
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        keys, problem = [], "no function can parse it"
    if not keys and not problem:
        problem = "it names no object"
    return DeadLetter(
        queue=pair.name,
        message_id=message["MessageId"],
        keys=keys,
        problem=problem,
        receive_count=int(attributes.get("ApproximateReceiveCount", "0")),
        sent_at=datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(attributes.get("SentTimestamp", "0"))),
    )


def _object_keys(event: Any, *, depth: int) -> list[str]:
    """Returns the object keys of an S3 event, also inside a failure record of a function or inside a message."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if "requestPayload" in event:
        return _object_keys(event["requestPayload"], depth=depth + 1)
    keys: list[str] = []
    for record in event["Records"]:
        if "s3" in record:
            keys.append(unquote_plus(record["s3"]["object"]["key"], errors="strict"))
        else:
            keys += _object_keys(json.loads(record["body"]), depth=depth + 1)
    return keys
