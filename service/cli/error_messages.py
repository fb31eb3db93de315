"""Plain sentences for the failures that an operator can fix; the same cause always gives the same sentence.

Exit codes: 1 for a failure, 2 for wrong arguments, 78 (EX_CONFIG) for wrong settings.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

FAILED = 1
MISUSED = 2
ERRNO = re.compile(r"\[Errno (\d+)\]")
NO_CREDENTIALS = (
    "AWS credentials are missing or incomplete: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
)
REFUSED_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


class CommandFailed(RuntimeError):
    """A command cannot do its work; the message tells the operator what to do."""


@dataclass(frozen=True)
class Failure:
    """Sentence and exit code for an operator."""

    sentence: str
    exit_code: int = FAILED


def find_failure(error: BaseException) -> Failure | None:
    """Returns the failure that an exception stands for; None for a defect of the program."""
    from tortoise.exceptions import BaseORMException

    from service.auth.keys import KeysUnusable
    from service.errors import DomainError, InvalidArgument, Unavailable
    from service.importers.csv_files import FileUnusable

    if isinstance(error, InvalidArgument):
        return Failure(str(error), MISUSED)
    if isinstance(error, FileUnusable) or (isinstance(error, OSError) and error.filename):
        return Failure(_file_sentence(error))
    # Other domain errors, such as a taken name, explain themselves better than the driver's error behind them.
    if isinstance(error, Unavailable | BaseORMException | OSError) or _is_driver_error(error):
        for find_sentence in (_aws_sentence, _database_sentence):
            if sentence := next(filter(None, map(find_sentence, _causes(error))), ""):
                return Failure(sentence)
    # Only a loaded module can have raised its error, and loading this one would take half a second.
    migrations = sys.modules.get("service.database.migrations")
    is_refused = migrations is not None and isinstance(error, migrations.MigrationRefused)
    if is_refused or isinstance(error, DomainError | CommandFailed | KeysUnusable):
        return Failure(str(error))
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yields an exception and its causes, the outermost first."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        yield current
        seen.add(id(current))
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _is_driver_error(error: BaseException) -> bool:
    import asyncpg
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    return isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError | BotoCoreError | ClientError | HTTPError)


def _file_sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {system_message(error)}"
    return str(error)


def system_message(error: OSError) -> str:
    """Returns the description of a system error, such as "connection refused"."""
    if isinstance(error, socket.gaierror):
        return "the host name is not known"
    if isinstance(error, ssl.SSLError):
        return error.reason or "TLS failed"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    # asyncio puts the errors of several addresses of one host into one text.
    first_of_many = ERRNO.search(str(error))
    number = error.errno or (int(first_of_many[1]) if first_of_many else 0)
    message = os.strerror(number) if number else str(error)
    return message[:1].lower() + message[1:]


def _database_sentence(error: BaseException) -> str:
    import asyncpg

    if isinstance(error, asyncpg.PostgresError):
        return _postgres_sentence(error)
    # The pool makes an error of its own for each reason; the reason itself is among the causes.
    if isinstance(error, asyncpg.ClientConfigurationError):
        return "MARQUEE_DATABASE_URL is not a valid PostgreSQL URL"
    if isinstance(error, asyncpg.InterfaceError):
        return "the connection to PostgreSQL was lost; repeat"
    if isinstance(error, OSError) and not error.filename:
        return _unreachable(system_message(error))
    return ""


def _unreachable(reason: str) -> str:
    return f"PostgreSQL cannot be reached ({reason}): start it, or set MARQUEE_DATABASE_URL"


def _postgres_sentence(error: BaseException) -> str:  # noqa: PLR0911 - one sentence per cause
    import asyncpg

    # Not str(error), which would add PostgreSQL's DETAIL with the values of the row.
    message = str(error.args[0]) if error.args else type(error).__name__
    match error:
        case asyncpg.InvalidPasswordError():
            return "PostgreSQL refuses the user name or password: correct MARQUEE_DATABASE_URL"
        case asyncpg.InvalidAuthorizationSpecificationError():
            return f"PostgreSQL refuses the login ({message}): correct MARQUEE_DATABASE_URL"
        case asyncpg.InvalidCatalogNameError():
            return f"{message}: create it, or correct MARQUEE_DATABASE_URL"
        case asyncpg.UndefinedTableError() | asyncpg.UndefinedColumnError() | asyncpg.UndefinedFunctionError():
            return f"the database has not the schema of this version ({message}): run `marquee migrate up`"
        case asyncpg.InsufficientPrivilegeError():
            return f"{message}: use another role, or grant the privileges of a server with `marquee migrate grant`"
        case asyncpg.LockNotAvailableError():
            return "another session locks a table for longer than MARQUEE_DATABASE_LOCK_TIMEOUT; repeat later"
        case asyncpg.TooManyConnectionsError():
            return "PostgreSQL accepts no more connections: close some, or raise max_connections"
        case asyncpg.PostgresConnectionError() | asyncpg.OperatorInterventionError() if not isinstance(
            error, asyncpg.QueryCanceledError
        ):
            return _unreachable(message)
    return f"PostgreSQL reports: {message}"


def _aws_sentence(error: BaseException) -> str:  # noqa: PLR0911 - one sentence per cause
    from botocore import exceptions as aws
    from urllib3.exceptions import HTTPError

    match error:
        case aws.NoCredentialsError() | aws.PartialCredentialsError():
            return NO_CREDENTIALS
        case aws.ProfileNotFound():
            return f"{error}: correct AWS_PROFILE"
        case aws.ConnectionError() | aws.HTTPClientError() | HTTPError():
            url = urlsplit(getattr(error, "kwargs", {}).get("endpoint_url", ""))
            endpoint = f"{url.scheme}://{url.netloc}" if url.netloc else "the object storage"
            return f"{endpoint} cannot be reached: correct MARQUEE_S3_ENDPOINT_URL or AWS_ENDPOINT_URL"
        case aws.ClientError():
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in REFUSED_CREDENTIALS:
                return f"AWS refuses the credentials ({code}): set others"
            return f"AWS answers {error.operation_name} with {code}"
        case aws.BotoCoreError():
            return f"AWS: {error}"
    return ""
