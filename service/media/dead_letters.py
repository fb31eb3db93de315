"""Dead letters: messages that the functions gave up on, to be read, sent again or thrown away."""

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
from service.media.queues import QueuePair, off_the_loop

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import MessageTypeDef

BATCH = 10
"""What SQS hands out at most at once."""
HELD = 60
"""Seconds that a message stays hidden from other readers while it is worked on."""
DEEPEST = 5


class DeadLetterNotFound(NotFound):
    """No dead letter with this id can be had: it is gone, or another reader holds it for a moment."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that a function failed on again and again."""

    queue: str
    message_id: str
    keys: Sequence[str]
    """Objects that it speaks of; none of a message that no function can read."""
    problem: str
    """Why it cannot succeed however often it is sent; empty for one that names objects."""
    receive_count: int
    """How often it was received, by functions and by readers of dead letters."""
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Redriven:
    """What a redrive did."""

    sent: Sequence[DeadLetter]
    kept: Sequence[DeadLetter]
    """Left where they are, for they can only come back."""


class DeadLetters:
    """The dead letters of all functions."""

    def __init__(self, client: SQSClient, *, queues: Sequence[QueuePair], poll: int) -> None:
        """`poll`: seconds of a receive; with 0 AWS asks some hosts of a queue only, and may miss messages."""
        self._client = client
        self._queues = queues
        self._poll = poll

    async def list_letters(self, *, limit: int) -> Sequence[DeadLetter]:
        """Returns at most `limit` letters, those of one queue after the other's; they stay where they are.

        Raises QueueUnavailable.
        """
        found: list[DeadLetter] = []
        for pair in self._queues:
            async with _reading(self._client, pair, poll=self._poll) as reading:
                found += [letter async for letter, _ in reading.letters(limit - len(found))]
        return found

    async def redrive(self, *, limit: int) -> Redriven:
        """Sends at most `limit` letters to the queues that they came from; a repeat finds none left.

        A letter goes only once its copy is in the queue: whoever dies in between leaves both, and the functions
        take an event twice for one. What was sent after the beginning is not sent anew, so that a letter that
        fails again at once ends the redrive and does not circle. Raises QueueUnavailable.
        """
        begun = datetime.now(UTC)
        sent: list[DeadLetter] = []
        kept: list[DeadLetter] = []
        for pair in self._queues:
            async with _reading(self._client, pair, poll=self._poll) as reading:
                async for letter, message in reading.letters(limit - len(sent) - len(kept)):
                    if letter.problem or letter.sent_at >= begun:
                        kept.append(letter)
                    else:
                        await reading.send_back(message)
                        sent.append(letter)
        return Redriven(sent, kept)

    async def purge(self, message_id: str, *, limit: int) -> DeadLetter:
        """Throws one letter away, looked for among the first `limit`; raises DeadLetterNotFound, QueueUnavailable."""
        for pair in self._queues:
            async with _reading(self._client, pair, poll=self._poll) as reading:
                async for letter, message in reading.letters(limit):
                    if letter.message_id == message_id:
                        await reading.delete(message)
                        return letter
        raise DeadLetterNotFound(f"no dead letter has the id {message_id}")


class _Reading:
    """One walk over a queue of dead letters, which holds what it reads back from every other reader.

    Released at once, a message would be handed out again and again.
    """

    def __init__(self, client: SQSClient, pair: QueuePair, *, poll: int) -> None:
        self._client = client
        self._pair = pair
        self._poll = poll
        self._held: dict[str, str] = {}
        """Newest receipt of each message that still stands; an older one counts no more."""
        self._seen: set[str] = set()

    async def letters(self, limit: int) -> AsyncIterator[tuple[DeadLetter, MessageTypeDef]]:
        """Yields at most `limit` messages, each once."""
        while len(self._seen) < limit:
            messages = await self._receive(limit - len(self._seen))
            self._held |= {message["MessageId"]: message["ReceiptHandle"] for message in messages}
            fresh = [message for message in messages if message["MessageId"] not in self._seen]
            self._seen |= {message["MessageId"] for message in fresh}
            if not fresh:
                break
            for message in fresh:
                yield _letter(self._pair, message), message

    async def send_back(self, message: MessageTypeDef) -> None:
        """Moves a message to the queue that it came from."""
        # Received ones may hold parts that SQS answers with and does not take.
        attributes: dict[str, Any] = {
            name: {part: value for part, value in attribute.items() if not part.endswith("ListValues")}
            for name, attribute in message.get("MessageAttributes", {}).items()
        }
        await off_the_loop(
            lambda: self._client.send_message(
                QueueUrl=self._pair.url, MessageBody=message["Body"], MessageAttributes=attributes
            )
        )
        await self.delete(message)

    async def delete(self, message: MessageTypeDef) -> None:
        """Removes a message for good."""
        receipt = self._held.pop(message["MessageId"])
        await off_the_loop(
            lambda: self._client.delete_message(QueueUrl=self._pair.dead_letters_url, ReceiptHandle=receipt)
        )

    async def release(self) -> None:
        """Lets others have what is still there; what cannot be let go comes back by itself."""
        receipts = list(self._held.values())
        for start in range(0, len(receipts), BATCH):
            entries: Any = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for number, receipt in enumerate(receipts[start : start + BATCH])
            ]
            await off_the_loop(
                functools.partial(
                    self._client.change_message_visibility_batch,
                    QueueUrl=self._pair.dead_letters_url,
                    Entries=entries,
                )
            )

    async def _receive(self, most: int) -> Sequence[MessageTypeDef]:
        answer = await off_the_loop(
            lambda: self._client.receive_message(
                QueueUrl=self._pair.dead_letters_url,
                MaxNumberOfMessages=min(most, BATCH),
                VisibilityTimeout=HELD,
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
        keys, problem = [], "no function can read it"
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
    """Returns the keys that an event of S3 names, be it inside a function's record of failure or a message."""
    if depth > DEEPEST:
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
