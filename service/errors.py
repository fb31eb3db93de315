"""The errors that a caller may see, independent of the transport.

    DomainError                a code, a reason and typed metadata
    ├── InvalidArgument        the request itself is wrong; lists every bad field
    ├── NotFound               the resource does not exist, or this caller may not see it
    ├── AlreadyExists          another record has a value that must be unique
    ├── PermissionDenied       the caller is known and not allowed
    ├── Unauthenticated        the caller is unknown
    ├── FailedPrecondition     the state of the system does not allow it; a repeat will not help
    ├── Aborted                a concurrent change came first; read again and repeat
    ├── ResourceExhausted      a limit is exceeded; says when a repeat may succeed
    ├── DeadlineExceeded       not finished in time
    ├── Unavailable            temporarily not possible; repeat later
    └── Unimplemented          known, but not offered by this server

A subclass is named noun + state (`MovieNotFound`); its reason is that name in UPPER_SNAKE. Any other exception is a
server fault: the caller sees only a request id.
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
    """One field of the request that breaks one rule."""

    field: str
    """Path of the field, such as `object.sequencer` or `renditions[2].width`; empty for the whole message."""
    rule: str
    """Name of the rule, such as `string.min_len`."""
    description: str
    """The rule in words."""


@dataclass(frozen=True, slots=True)
class Resource:
    """The resource that an error is about."""

    type: str
    name: str


class DomainError(Exception):
    """An error that the caller may see.

    `message` is for developers; programs use `code`, `reason` and `metadata`. No part may contain a secret or the data
    of another user.
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
        """Name of the limit that was exceeded."""


class InvalidArgument(DomainError):
    """The request is invalid in every state of the system."""

    code = Code.INVALID_ARGUMENT


class NotFound(DomainError):
    """The resource does not exist, or this caller may not see it."""

    code = Code.NOT_FOUND


class AlreadyExists(DomainError):
    """Another record has a value that must be unique."""

    code = Code.ALREADY_EXISTS


class PermissionDenied(DomainError):
    """The caller is known and not allowed."""

    code = Code.PERMISSION_DENIED


class Unauthenticated(DomainError):
    """The caller has not proved their identity."""

    code = Code.UNAUTHENTICATED


class FailedPrecondition(DomainError):
    """The state of the system does not allow the request; a repeat will not help."""

    code = Code.FAILED_PRECONDITION


class Aborted(DomainError):
    """A concurrent change came first; the caller should read again and repeat."""

    code = Code.ABORTED


class ResourceExhausted(DomainError):
    """A limit is exceeded; `quota` names it and `retry_after` says when a repeat may succeed."""

    code = Code.RESOURCE_EXHAUSTED


class DeadlineExceeded(DomainError):
    """The request did not finish in time; it may have taken effect."""

    code = Code.DEADLINE_EXCEEDED


class Unavailable(DomainError):
    """Temporarily not possible; a repeat after `retry_after` may succeed."""

    code = Code.UNAVAILABLE


class Unimplemented(DomainError):
    """The server knows the request, but does not offer it."""

    code = Code.UNIMPLEMENTED


class Internal(DomainError):
    """A server fault. Only the errors interceptor creates it; the cause is in the log."""

    code = Code.INTERNAL


def invalid_field(field: str, rule: str, description: str) -> InvalidArgument:
    """Returns the error for one invalid field, in the same form as the errors of the validation."""
    return FieldsInvalid([FieldViolation(field, rule, description)])


class FieldsInvalid(InvalidArgument):
    """One or more fields break their rules; the error lists all of them."""

    def __init__(self, violations: Sequence[FieldViolation]) -> None:
        listed = "; ".join(f"{v.field or 'request'}: {v.description}" for v in violations[:5])
        more = f"; and {len(violations) - 5} more" if len(violations) > 5 else ""  # noqa: PLR2004 - one sentence
        super().__init__(f"invalid request: {listed}{more}", violations=violations)
