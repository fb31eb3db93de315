"""Conversion of texts in data files to values of the catalogue; BadValue names the reason if there is none."""

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
# The longest known film lasts five weeks.
MAX_MINUTES = 60_000


class BadValue(ValueError):
    """The catalogue cannot hold a value; the message names the value and the reason."""


class FirstLines:
    """First line of each movie in a file, to find duplicates."""

    def __init__(self) -> None:
        self._lines: dict[int, int] = {}

    def require_first(self, movie: int, line: int) -> None:
        """Raises BadValue if the movie is in an earlier line."""
        first = self._lines.setdefault(movie, line)
        if first != line:
            raise BadValue(f"movie {movie} is in line {first} already")


def clean_text(name: str, value: object, *, longest: int | None = None) -> str:
    """Returns a text in NFC without surrounding spaces; raises BadValue if it is no text or too long."""
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
    """Returns a text as `clean_text` does; raises BadValue if it is empty."""
    text = clean_text(name, value, longest=longest)
    if not text:
        raise BadValue(f"{name} is empty")
    return text


def single_spaced(text: str) -> str:
    """Returns a text with each run of white space replaced by one space."""
    return " ".join(text.split())


def clean_id(name: str, value: object) -> int:
    """Returns an id: a whole number from 1 to 2^31 - 1."""
    return whole_number(name, value, least=1, most=MAX_ID)


def whole_number(name: str, value: object, *, least: int = 0, most: int = MAX_ID) -> int:
    """Returns a whole number within bounds. It accepts "90.0", which programs that use floats write."""
    number = _decimal(name, value)
    if number != int(number) or not least <= number <= most:
        raise BadValue(f"{name} is no whole number from {least} to {most}: {_quoted(value)}")
    return int(number)


def real_number(name: str, value: object, *, most: float = math.inf) -> float:
    """Returns a finite number from 0."""
    number = float(_decimal(name, value))
    if not 0 <= number <= most or math.isinf(number):
        raise BadValue(f"{name} is out of bounds: {_quoted(value)}")
    return number


def optional_amount(name: str, value: str) -> Decimal | None:
    """Returns an amount of money in whole cents; None if it is empty or 0."""
    if not value.strip():
        return None
    amount = _decimal(name, value)
    if not 0 <= amount < MAX_AMOUNT or amount != amount.quantize(Decimal("0.01")):
        raise BadValue(f"{name} is no amount of money: {_quoted(value)}")
    return amount or None


def optional_minutes(name: str, value: str) -> int | None:
    """Returns a running time, rounded down to minutes; None if it is empty or 0."""
    if not value.strip():
        return None
    minutes = _decimal(name, value)
    if not 0 <= minutes <= MAX_MINUTES:
        raise BadValue(f"{name} is no running time: {_quoted(value)}")
    return int(minutes) or None


def optional_date(name: str, value: str) -> date | None:
    """Returns a date such as 2009-12-10; None if it is empty."""
    if not value.strip():
        return None
    try:
        return date.fromisoformat(value.strip())
    except ValueError as error:
        raise BadValue(f"{name} is no date: {_quoted(value)}") from error


def json_objects(name: str, value: str) -> Sequence[Mapping[str, Any]]:
    """Returns a JSON list of objects; an empty list if there is no text."""
    try:
        entries = json.loads(value) if value.strip() else []
    except (ValueError, RecursionError) as error:
        raise BadValue(f"{name} is no JSON") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise BadValue(f"{name} is no JSON list of objects")
    return entries


def _decimal(name: str, value: object) -> Decimal:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation as error:
        raise BadValue(f"{name} is no number: {_quoted(value)}") from error
    if not number.is_finite() or abs(number) >= MAX_AMOUNT:
        raise BadValue(f"{name} is out of bounds: {_quoted(value)}")
    return number


def _quoted(value: object) -> str:
    """Returns a short form of a value without control characters, for messages on a terminal."""
    return ascii(value)[:40]
