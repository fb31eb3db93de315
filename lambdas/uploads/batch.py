"""Processes the event of an invocation item by item, and reports the messages that must be delivered again."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from lambdas.uploads.event import ObjectEvent, events_of_body, object_events
from lambdas.uploads.logs import get_logger

BatchResponse = dict[str, list[dict[str, str]]]
"""Response to SQS: {"batchItemFailures": [{"itemIdentifier": message id}]}."""
Process = Callable[[ObjectEvent], Mapping[str, object]]
"""Processes the event of one object and returns the fields for its log line."""


def handle(event: Mapping[str, Any], *, request_id: str, process: Process) -> BatchResponse:
    """Processes every object in `event`.

    For a batch of SQS messages, returns the ids of the failed messages, so that SQS delivers only these again. For any
    other event, raises ExceptionGroup if an object failed.
    """
    if not _is_queue_batch(event):
        _process_all(object_events(event), request_id=request_id, process=process)
        return {"batchItemFailures": []}
    failures = []
    for record in event["Records"]:
        message_id = record["messageId"]
        try:
            _process_all(events_of_body(record["body"]), request_id=request_id, process=process)
        except Exception:  # noqa: BLE001 - logged with its traceback, and SQS delivers the message again
            get_logger().exception(
                "message.failed", extra={"fields": {"request_id": request_id, "message_id": message_id}}
            )
            failures.append({"itemIdentifier": message_id})
    return {"batchItemFailures": failures}


def _is_queue_batch(event: Mapping[str, Any]) -> bool:
    records = event.get("Records")
    return isinstance(records, list) and bool(records) and all("messageId" in record for record in records)


def _process_all(events: tuple[ObjectEvent, ...], *, request_id: str, process: Process) -> None:
    """Processes every event, also after one fails; then raises ExceptionGroup with the failures."""
    errors = []
    for event in events:
        try:
            _process(event, request_id=request_id, process=process)
        except Exception as error:  # noqa: BLE001 - raised below, after all events were processed
            errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} of {len(events)} objects failed", errors)


def _process(event: ObjectEvent, *, request_id: str, process: Process) -> None:
    started = time.monotonic()
    result = process(event)
    fields = {
        "request_id": request_id,
        "bucket": event.bucket,
        "key": event.key,
        "sequencer": event.sequencer,
        **result,
        "seconds": round(time.monotonic() - started, 3),
    }
    get_logger().info("object.processed", extra={"fields": fields})
