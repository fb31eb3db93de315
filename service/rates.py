"""Rates as settings write them: "600/minute", "10/15minute"."""

from __future__ import annotations

from typing import Annotated

from limits import RateLimitItem, parse_many
from pydantic import AfterValidator

MAX_CALLS = 1_000_000_000
MAX_WINDOW = 86_400
"""Seconds; who was counted must be remembered for as long."""


def parse_rate(text: str) -> RateLimitItem:
    """Returns the rate that `text` is, in the notation of the `limits` package; raises ValueError."""
    try:
        (rate,) = parse_many(text)
    except ValueError as error:
        raise ValueError('must be one rate, such as "600/minute" or "10/15minute"') from error
    if not 1 <= rate.amount <= MAX_CALLS or rate.get_expiry() > MAX_WINDOW:
        raise ValueError(f"must admit 1 to {MAX_CALLS} in a window of at most a day")
    return rate


def _checked(text: str) -> str:
    parse_rate(text)
    return text


Rate = Annotated[str, AfterValidator(_checked)]
"""A setting that is a rate."""
OptionalRate = Annotated[str, AfterValidator(lambda text: text and _checked(text))]
"""A setting that is a rate, or empty for none."""
