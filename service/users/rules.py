"""Rules for user input that annotations cannot express; each returns the violations with their fields."""

from __future__ import annotations

import functools
import json
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import email_validator

from service.errors import FieldViolation

EARLIEST_BIRTH = date(1900, 1, 1)
MAX_PREFERENCES_BYTES = 4096
MIN_NAME_PART = 4
"""Length from which a part of a name or address must not occur in a password."""


def nfc(text: str) -> str:
    """Returns a text in Unicode's NFC form, so that what looks equal is equal."""
    return unicodedata.normalize("NFC", text)


def username_violations(username: str) -> list[FieldViolation]:
    """Returns the violations of a new username; annotations ignore an empty one and check everything else."""
    return [] if username else [FieldViolation("username", "username.empty", "must not be empty")]


def normalized_email(email: str) -> str:
    """Returns an address in its canonical form; raises email_validator.EmailNotValidError."""
    return email_validator.validate_email(email, check_deliverability=False).normalized


def email_violations(email: str, field: str = "email") -> list[FieldViolation]:
    """Returns the violations of an address, without a check of delivery."""
    try:
        normalized_email(email)
    except email_validator.EmailNotValidError as error:
        return [FieldViolation(field, "email.format", str(error))]
    return []


def password_violations(password: str, *, field: str, username: str, email: str) -> list[FieldViolation]:
    """Returns the violations of a password: a common one, or one that contains the account's names.

    The common ones are zxcvbn's list of 30,000 passwords from breaches.
    """
    plain = password.casefold()
    if plain in _common_passwords():
        return [FieldViolation(field, "password.common", "is a common password; choose another")]
    own = (username.casefold(), email.casefold(), email.casefold().partition("@")[0])
    if any(len(part) >= MIN_NAME_PART and (part in plain or plain in part) for part in own):
        return [FieldViolation(field, "password.own_name", "must not contain the username or address")]
    return []


def birth_date_violations(born: date) -> list[FieldViolation]:
    """Returns the violations of a date of birth."""
    if EARLIEST_BIRTH <= born < datetime.now(UTC).date():
        return []
    description = f"must be in the past and not before {EARLIEST_BIRTH.year}"
    return [FieldViolation("birth_date", "birth_date.past", description)]


def preferences_violations(preferences: Mapping[str, Any]) -> list[FieldViolation]:
    """Returns the violations of notification preferences: their size as JSON."""
    if len(json.dumps(preferences, ensure_ascii=False).encode()) <= MAX_PREFERENCES_BYTES:
        return []
    description = f"must be at most {MAX_PREFERENCES_BYTES} bytes as JSON"
    return [FieldViolation("notification_preferences", "preferences.size", description)]


@functools.cache
def _common_passwords() -> frozenset[str]:
    # Imported on first use, because its lists take a moment to load.
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    return frozenset(FREQUENCY_LISTS["passwords"])
