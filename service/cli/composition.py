"""The domains' services and the database for one command."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import asyncpg

    from service.composition import Composition
    from service.settings import Settings


@asynccontextmanager
async def composed(settings: Settings) -> AsyncIterator[Composition]:
    """Yields the services of all domains, composed as in a worker; their log goes to standard error."""
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


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Yields a single connection for long statements, which the statement timeout of the pool would end."""
    import asyncpg

    connection = await asyncpg.connect(
        settings.database_url.get_secret_value(), timeout=settings.database_connect_timeout, statement_cache_size=0
    )
    try:
        yield connection
    finally:
        await connection.close()
