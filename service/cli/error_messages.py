"""Plain sentences for the failures that an operator can fix."""

from __future__ import annotations


class ExtraNotInstalled(RuntimeError):
    """A command needs packages that are not installed; the message names them."""


def plain_sentence(error: Exception) -> str:
    """Returns the sentence that tells an operator why a command failed; empty for a defect of the program."""
    import asyncpg
    from tortoise.exceptions import BaseORMException

    from service.auth.keys import KeysUnusable
    from service.database.migrations import MigrationRefused
    from service.errors import DomainError
    from service.importers.csv_files import FileUnusable

    if isinstance(error, ExtraNotInstalled | MigrationRefused | KeysUnusable | DomainError | FileUnusable):
        return str(error)
    cause = error.__cause__ if isinstance(error, BaseORMException) else error
    if isinstance(cause, OSError | asyncpg.PostgresError):
        return f"{type(cause).__name__}: {cause.args[-1] if cause.args else 'no answer'}"
    return ""
