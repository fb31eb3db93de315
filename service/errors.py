"""The exceptions that a caller gets to see, free of any transport.

    DomainError                what the caller may know: a code, a reason, typed metadata
    ├── InvalidArgument        the request itself is wrong; lists every bad field
    ├── NotFound               the named thing does not exist, or not for this caller
    ├── AlreadyExists          another record has the unique value
    ├── PermissionDenied       known caller, not allowed
    ├── Unauthenticated        unknown caller
    ├── FailedPrecondition     the system's state forbids it; a repeat will not help
    ├── Aborted                lost against a concurrent change; read again and repeat
    ├── ResourceExhausted      over a limit; says when to come back
    ├── DeadlineExceeded       not done in time
    ├── Unavailable            cannot be served just now; repeat later
    └── Unimplemented          known, but not offered

A subclass is named noun + state (`MovieNotFound`); its reason is that name in UPPER_SNAKE. Everything else that
is raised is a fault of the server: the caller learns nothing of it but a request id.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


class Code(enum.IntEnum):
    """Canonical codes; numbers and names as in google.rpc.Code."""

    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    UNAUTHENTICATED = 16


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One rule that one field of the request breaks."""

    field: str
    """Path of the field, such as `object.sequencer` or `renditions[2].width`; empty for the whole message."""
    rule: str
    """Name of the rule, such as `string.min_len`."""
    description: str
    """The rule in words."""


@dataclass(frozen=True, slots=True)
class Resource:
    """The thing that an error is about."""

    type: str
    name: str


class DomainError(Exception):
    """What the caller may know of a refused request.

    `message` is for a developer to read; programs look at `code`, `reason` and `metadata`. No part may hold a
    secret or another user's data.
    """

    code: ClassVar[Code]
    reason: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "reason" not in cls.__dict__:
            cls.reason = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).upper()

    def __init__(
        self,
        message: str,
        *,
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[FieldViolation] = (),
        resource: Resource | None = None,
        retry_after: float | None = None,
        quota: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = dict(metadata or {})
        self.violations = tuple(violations)
        self.resource = resource
        self.retry_after = retry_after
        """Seconds after which a repeat may succeed."""
        self.quota = quota
        """Name of the limit that was met."""


class InvalidArgument(DomainError):
    """The request itself is wrong, whatever the state of the system."""

    code = Code.INVALID_ARGUMENT


class NotFound(DomainError):
    """The named thing does not exist, or must look so to this caller."""

    code = Code.NOT_FOUND


class AlreadyExists(DomainError):
    """Another record holds a value that must be unique."""

    code = Code.ALREADY_EXISTS


class PermissionDenied(DomainError):
    """The caller is known and not allowed."""

    code = Code.PERMISSION_DENIED


class Unauthenticated(DomainError):
    """The caller did not prove who they are."""

    code = Code.UNAUTHENTICATED


class FailedPrecondition(DomainError):
    """The state of the system forbids it; a mere repeat will not help."""

    code = Code.FAILED_PRECONDITION


class Aborted(DomainError):
    """Lost against a concurrent change; the caller reads again and repeats."""

    code = Code.ABORTED


class ResourceExhausted(DomainError):
    """A limit was met; `retry_after` and `quota` say which and for how long."""

    code = Code.RESOURCE_EXHAUSTED


class DeadlineExceeded(DomainError):
    """Not done in time; whether it took effect is unknown to the caller."""

    code = Code.DEADLINE_EXCEEDED


class Unavailable(DomainError):
    """Cannot be served just now; a repeat after `retry_after` may succeed."""

    code = Code.UNAVAILABLE


class Unimplemented(DomainError):
    """Known, but not offered by this server."""

    code = Code.UNIMPLEMENTED


class Internal(DomainError):
    """A fault of the server. Only the error mapping makes one; the cause stays in the log."""

    code = Code.INTERNAL


def invalid_field(field: str, rule: str, description: str) -> InvalidArgument:
    """Returns the error for one bad field, worded like those that the validation finds."""
    return FieldsInvalid([FieldViolation(field, rule, description)])


class FieldsInvalid(InvalidArgument):
    """One or more fields break their rules; all of them are listed."""

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        listed = "; ".join(f"{v.field or 'request'}: {v.description}" for v in violations[:5])
        more = f"; and {len(violations) - 5} more" if len(violations) > 5 else ""  # noqa: PLR2004 - one sentence
        super().__init__(f"invalid request: {listed}{more}", violations=violations)
