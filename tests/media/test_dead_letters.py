"""Dead letters on real queues: they can be listed, sent again and purged, repeatedly."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from service.media.dead_letters import DeadLetterNotFound, DeadLetters
from service.media.queues import QueuePair
from tests.object_storage import ObjectStorage
from tests.processes import run

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

KEY = "uploads/poster/a b+c"
CREATED = {"Records": [{"eventName": "ObjectCreated:Post", "s3": {"object": {"key": "uploads/poster/a+b%2Bc"}}}]}
READABLE = {
    "of S3": CREATED,
    "of SQS": {"Records": [{"body": json.dumps(CREATED)}]},
    "of a function's failure": {"requestPayload": CREATED, "responsePayload": {"errorMessage": "no"}},
}
POISON = {
    "no JSON": "{not json",
    "no event": '"text"',
    "no key": '{"Records": [{"s3": {"object": {}}}]}',
    "an incomplete key": '{"Records": [{"s3": {"object": {"key": "uploads/%ff"}}}]}',
    "deep nesting": "[" * 5000,
    "a test event": '{"Event": "s3:TestEvent"}',
    "no records": '{"Records": []}',
}


class Queues:
    """A queue and its dead letters."""

    def __init__(self, client: SQSClient) -> None:
        self.client = client
        made = [client.create_queue(QueueName=f"{name}-{secrets.token_hex(4)}") for name in ("uploads", "dead")]
        self.pair = QueuePair("uploads", made[0]["QueueUrl"], made[1]["QueueUrl"])
        self.letters = DeadLetters(client, queues=[self.pair], poll=0)

    def add(self, body: object, **options: Any) -> str:
        """Adds a dead letter and returns its id."""
        text = body if isinstance(body, str) else json.dumps(body)
        return self.client.send_message(QueueUrl=self.pair.dead_letters_url, MessageBody=text, **options)["MessageId"]

    def bodies(self) -> list[str]:
        """Receives and returns the bodies of all messages in the queue."""
        answer = self.client.receive_message(
            QueueUrl=self.pair.url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [message["Body"] for message in answer.get("Messages", ())]


@pytest.fixture
def queues(objects: ObjectStorage) -> Iterator[Queues]:
    client = objects.aws.session().client("sqs", endpoint_url=objects.aws.endpoint_url)
    made = Queues(client)
    yield made
    for url in (made.pair.url, made.pair.dead_letters_url):
        client.delete_queue(QueueUrl=url)


async def test_listed_letters_have_the_keys_of_their_objects_and_stay_in_the_queue(queues: Queues) -> None:
    sent = {queues.add(body) for body in READABLE.values()}
    for times in (1, 2):
        letters = await queues.letters.list_letters(limit=100)
        assert {letter.message_id for letter in letters} == sent
        assert all(list(letter.keys) == [KEY] for letter in letters), "decoded once"
        assert {(letter.problem, letter.receive_count) for letter in letters} == {("", times)}
        assert all(timedelta() <= datetime.now(UTC) - letter.sent_at < timedelta(minutes=1) for letter in letters)


async def test_letters_that_no_function_can_read_are_reported(queues: Queues) -> None:
    for body in POISON.values():
        queues.add(body)
    letters = await queues.letters.list_letters(limit=10)
    assert [(letter.keys, bool(letter.problem)) for letter in letters] == [([], True)] * len(POISON)


async def test_a_redrive_moves_each_letter_once_and_leaves_unreadable_ones(queues: Queues) -> None:
    attribute: Any = {"trace": {"StringValue": "t-1", "DataType": "String"}}
    sent = {queues.add(CREATED, MessageAttributes=attribute), queues.add(READABLE["of SQS"])}
    poison = queues.add(POISON["no JSON"])
    done = await queues.letters.redrive(limit=100)
    assert {letter.message_id for letter in done.sent} == sent
    assert [letter.message_id for letter in done.skipped] == [poison]
    assert sorted(queues.bodies()) == sorted([json.dumps(CREATED), json.dumps(READABLE["of SQS"])])
    again = await queues.letters.redrive(limit=100)
    assert (again.sent, [letter.message_id for letter in again.skipped]) == ([], [poison])
    assert queues.bodies() == []


async def test_the_limit_bounds_the_number_of_letters_read(queues: Queues) -> None:
    for _ in range(25):
        queues.add(CREATED)
    assert len(await queues.letters.list_letters(limit=12)) == 12
    assert len(await queues.letters.list_letters(limit=100)) == 25, "the first ones are visible again"
    assert len((await queues.letters.redrive(limit=23)).sent) == 23
    assert len((await queues.letters.redrive(limit=23)).sent) == 2


async def test_two_concurrent_redrives_send_every_letter_once(queues: Queues) -> None:
    ids = {queues.add(CREATED) for _ in range(30)}
    ends = await asyncio.gather(*(queues.letters.redrive(limit=100) for _ in range(2)))
    sent = [letter.message_id for end in ends for letter in end.sent]
    assert (len(sent), set(sent)) == (30, ids)


async def test_a_letter_that_fails_again_immediately_is_not_sent_twice(queues: Queues) -> None:
    queues.add(CREATED)

    class FailingQueue:
        """A queue that turns every message into a dead letter immediately."""

        def __getattr__(self, name: str) -> Any:
            return getattr(queues.client, name)

        def send_message(self, **options: Any) -> Any:
            return queues.client.send_message(**{**options, "QueueUrl": queues.pair.dead_letters_url})

    client: Any = FailingQueue()
    done = await DeadLetters(client, queues=[queues.pair], poll=0).redrive(limit=100)
    assert (len(done.sent), len(done.skipped)) == (1, 1)


async def test_purging_removes_only_the_named_letter(queues: Queues) -> None:
    poison, good = queues.add(POISON["no JSON"]), queues.add(CREATED)
    assert (await queues.letters.purge(poison, limit=100)).message_id == poison
    assert [letter.message_id for letter in await queues.letters.list_letters(limit=10)] == [good]
    with pytest.raises(DeadLetterNotFound):
        await queues.letters.purge(poison, limit=100)


def test_the_commands_report_their_result(queues: Queues, objects: ObjectStorage) -> None:
    poison = queues.add(POISON["no JSON"])
    queues.add(CREATED)
    settings = {"upload_queue_url": queues.pair.url, "upload_dead_letters_url": queues.pair.dead_letters_url}
    with objects.credentials():
        listed = run("media", "dead-letters", "list", **settings)
        redriven = run("media", "dead-letters", "redrive", **settings)
        purged = run("media", "dead-letters", "purge", poison, **settings)
        gone = run("media", "dead-letters", "purge", poison, **settings)
        lost = run("media", "dead-letters", "list", media_stack="no-such-stack")
    assert (listed.returncode, KEY in listed.stdout, poison in listed.stdout) == (0, True, True)
    assert redriven.stdout.startswith("1 sent back")
    assert poison in redriven.stdout
    assert purged.stdout == f"purged {poison}\n"
    assert (gone.returncode, poison in gone.stderr) == (1, True)
    assert (lost.returncode, "no-such-stack" in lost.stderr) == (1, True)
