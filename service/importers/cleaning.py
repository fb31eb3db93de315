"""Texts of data files made values that the catalogue holds, or refused with a reason."""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_ID = 2**31 - 1
MAX_AMOUNT = Decimal(10) ** 19
# A day is long for a film; the longest known lasts five weeks.
MAX_MINUTES = 60_000


class BadValue(ValueError):
    """A value that the catalogue cannot hold; the message says which and why."""


def clean_text(name: str, value: object, *, longest: int | None = None) -> str:
    """Returns a text in NFC without spaces around it; one that is too long, or no text, raises BadValue."""
    if not isinstance(value, str):
        raise BadValue(f"{name} is no text")
    text = unicodedata.normalize("NFC", value).strip()
    if "\0" in text:
        raise BadValue(f"{name} holds a NUL")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadValue(f"{name} is not UTF-8") from error
    if longest is not None and len(text) > longest:
        raise BadValue(f"{name} is longer than {longest} characters")
    return text


def required_text(name: str, value: object, *, longest: int) -> str:
    """Returns a text that is not empty."""
    text = clean_text(name, value, longest=longest)
    if not text:
        raise BadValue(f"{name} is empty")
    return text


def single_spaced(text: str) -> str:
    """Returns a text with one space wherever it had some white space."""
    return " ".join(text.split())


def clean_id(name: str, value: object) -> int:
    """Returns an id: a whole number from 1 that 32 bits hold."""
    return whole(name, value, least=1, most=MAX_ID)


def whole(name: str, value: object, *, least: int = 0, most: int = MAX_ID) -> int:
    """Returns a whole number within bounds; "90.0" is one, for tables that went through a program of floats."""
    number = _decimal(name, value)
    if number != int(number) or not least <= number <= most:
        raise BadValue(f"{name} is no whole number from {least} to {most}: {_shown(value)}")
    return int(number)


def real(name: str, value: object, *, most: float = math.inf) -> float:
    """Returns a number from 0."""
    number = float(_decimal(name, value))
    if not 0 <= number <= most or math.isinf(number):
        raise BadValue(f"{name} is out of bounds: {_shown(value)}")
    return number


def known_amount(name: str, value: str) -> Decimal | None:
    """Returns an amount of money in whole cents; none and 0 are unknown."""
    if not value.strip():
        return None
    amount = _decimal(name, value)
    if not 0 <= amount < MAX_AMOUNT or amount != amount.quantize(Decimal("0.01")):
        raise BadValue(f"{name} is no amount of money: {_shown(value)}")
    return amount or None


def known_minutes(name: str, value: str) -> int | None:
    """Returns a running time rounded down to minutes; none and 0 are unknown."""
    if not value.strip():
        return None
    minutes = _decimal(name, value)
    if not 0 <= minutes <= MAX_MINUTES:
        raise BadValue(f"{name} is no running time: {_shown(value)}")
    return int(minutes) or None


def known_day(name: str, value: str) -> date | None:
    """Returns a day written as 2009-12-10; none is unknown."""
    if not value.strip():
        return None
    try:
        return date.fromisoformat(value.strip())
    except ValueError as error:
        raise BadValue(f"{name} is no day: {_shown(value)}") from error


def json_objects(name: str, value: str) -> Sequence[Mapping[str, Any]]:
    """Returns a JSON list of objects; none is an empty one."""
    try:
        found = json.loads(value) if value.strip() else []
    except (ValueError, RecursionError) as error:
        raise BadValue(f"{name} is no JSON") from error
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise BadValue(f"{name} is no JSON list of objects")
    return found


def _decimal(name: str, value: object) -> Decimal:
    try:
        # Not str(True).
        number = Decimal(json.dumps(value) if isinstance(value, bool) else str(value).strip())
    except InvalidOperation as error:
        raise BadValue(f"{name} is no number: {_shown(value)}") from error
    if not number.is_finite() or abs(number) >= MAX_AMOUNT:
        raise BadValue(f"{name} is out of bounds: {_shown(value)}")
    return number


def _shown(value: object) -> str:
    """Returns a value as a message may quote it: short, and nothing that a terminal obeys."""
    return ascii(value)[:40]
