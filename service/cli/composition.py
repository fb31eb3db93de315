"""The domains' services and the database for one command, composed as in a worker."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from service.composition import Composition
    from service.settings import Settings


@asynccontextmanager
async def composed(settings: Settings) -> AsyncIterator[Composition]:
    """Yields the composed services with an open database; their log goes to standard error."""
    from service.auth.keys import KeyRing
    from service.auth.passwords import PasswordHasher
    from service.composition import compose
    from service.database import orm
    from service.media.storage import S3UploadStorage
    from service.observability import logging as logs

    logs.configure(settings)
    passwords = PasswordHasher.from_settings(settings)
    async with orm.connected(settings):
        try:
            yield compose(
                settings,
                passwords=passwords,
                keys=KeyRing.from_settings(settings),
                storage=S3UploadStorage.from_settings(settings),
            )
        finally:
            passwords.close()
