"""The domains' services and the database for one command, composed as in a worker."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from service.composition import Slices
    from service.settings import Settings


@asynccontextmanager
async def composed(settings: Settings) -> AsyncIterator[Slices]:
    """Yields the composed services with an open database; their log goes to standard error."""
    from service.auth.keys import KeyRing
    from service.auth.revocations import Revocations
    from service.auth.tokens import TokenVerifier
    from service.caching.invalidation import CacheInvalidation
    from service.composition import compose_slices, password_hasher
    from service.database import orm
    from service.database.listener import Listener
    from service.media.storage import S3UploadStorage
    from service.observability import logging as logs

    logs.configure(settings)
    passwords = password_hasher(settings)
    async with orm.connected(settings):
        try:
            keys = KeyRing.from_settings(settings)
            listener = Listener(settings)
            yield compose_slices(
                settings,
                passwords=passwords,
                # Operators are trusted: their password attempts are not limited.
                shared_store=None,
                keys=keys,
                verifier=TokenVerifier.from_settings(settings, keys, revocations=Revocations(listener)),
                listener=listener,
                invalidation=CacheInvalidation(listener),
                storage=S3UploadStorage.from_settings(settings),
            )
        finally:
            passwords.close()
