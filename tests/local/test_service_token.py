"""The token of the embedded stack's functions: registered, the same at each start, renewed in time."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import jwt
import pytest

from service.auth import service_tokens
from service.database import orm
from service.local.layout import Layout, ensure_service_token, write_environment
from service.media.storage import S3UploadStorage
from service.settings import Settings
from tests.auth.key_files import create_key, remove_key
from tests.media.uploads import register, uploaded
from tests.outage import served
from tests.processes import variables_of

DAY = timedelta(days=1)


@pytest.fixture
def layout(tmp_path: Path, settings: Settings) -> Layout:
    """The data folder of a stack that has been started before, with one key."""
    layout = Layout(tmp_path)
    create_key(layout.keys, age=9 * DAY)
    variables = variables_of(settings) | {"keys_dir": layout.keys}
    write_environment(layout, {f"MARQUEE_{name.upper()}": str(value) for name, value in variables.items()})
    return layout


def id_of(token: str) -> UUID:
    return UUID(jwt.decode(token, options={"verify_signature": False})["jti"])


async def test_the_token_is_the_same_at_each_start(layout: Layout, database: asyncpg.Connection) -> None:
    token = await ensure_service_token(layout)
    assert [await ensure_service_token(layout) for _ in range(2)] == [token, token]
    (row,) = await database.fetch("SELECT * FROM service_tokens")
    assert (row["id"], row["service"], row["revoked_at"]) == (id_of(token), "register-image", None)


async def test_the_token_allows_the_functions_to_register_files(
    layout: Layout, settings: Settings, storage: S3UploadStorage
) -> None:
    token = await ensure_service_token(layout)
    async with served(settings.model_copy(update={"keys_dir": layout.keys}), storage) as here:
        file = await uploaded(await here.client.registered())
        answer = await here.client.with_token(token).media.RegisterFile(register(file.key))
    assert answer.file.id == file.id


async def test_the_token_is_renewed_when_it_is_no_longer_valid(
    layout: Layout, settings: Settings, database: asyncpg.Connection
) -> None:
    seen = [await ensure_service_token(layout)]

    async def renewed() -> str:
        token = await ensure_service_token(layout)
        assert token not in seen
        assert token == await ensure_service_token(layout)
        seen.append(token)
        return token

    async with orm.connected(settings):
        await service_tokens.revoke(id_of(seen[-1]))
    await renewed()
    await database.execute("UPDATE service_tokens SET expires_at = now() + interval '29 days'")
    token = await renewed()
    create_key(layout.keys, age=DAY)
    assert await ensure_service_token(layout) == token, "an older key is still valid"
    remove_key(layout.keys, jwt.get_unverified_header(token)["kid"])
    await renewed()
    await database.execute("DELETE FROM service_tokens")
    await renewed()
    (layout.root / "service-token").write_text("no token")
    await renewed()
