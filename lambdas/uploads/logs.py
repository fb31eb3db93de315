"""Log records as single JSON lines on standard error, which Lambda collects."""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime

_LOGGER_NAME = "marquee.functions"


class _JsonLines(logging.Formatter):
    """Formats a record and its `fields` as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def get_logger() -> logging.Logger:
    """Returns the logger of the functions; the first call configures it.

    Does not use standard output, because a local Lambda runtime can use it for its own protocol.
    """
    logger = logging.getLogger(_LOGGER_NAME)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_JsonLines())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        # The root handler of the Lambda runtime would write every line a second time.
        logger.propagate = False
    return logger
