"""The server's own role in the database: it can serve, and cannot change the audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest
from marquee.users.v1 import users_pb2
from pydantic import SecretStr

from service.database.grants import grant
from service.media.storage import S3UploadStorage
from service.settings import Settings
from tests.outage import served
from tests.processes import run, variables_of

ROLE = 'the "server"'


@pytest.fixture
async def role(settings: Settings, database: asyncpg.Connection) -> AsyncIterator[Settings]:
    """The settings of a server with its own role."""
    await database.execute('CREATE ROLE "the ""server""" LOGIN')
    url = urlsplit(settings.database_url.get_secret_value())
    own = url._replace(netloc=url.netloc.replace("postgres@", "the%20%22server%22@")).geturl()
    yield settings.model_copy(update={"database_url": SecretStr(own)})
    await database.execute('DROP OWNED BY "the ""server"""; DROP ROLE "the ""server"""')


async def test_the_role_can_serve_and_cannot_change_the_audit_log(
    role: Settings, storage: S3UploadStorage, database: asyncpg.Connection
) -> None:
    for _ in range(2):
        await grant(database, ROLE)
    async with served(role, storage) as here:
        user = await here.client.registered()
        await here.client.login(user)
        await user.users.UpdateProfile(users_pb2.UpdateProfileRequest(bio="x"))
        assert len((await user.users.ListAuditEvents(users_pb2.ListAuditEventsRequest())).audit_events) == 3
        await user.users.Logout(users_pb2.LogoutRequest(all_sessions=True))
    own = await asyncpg.connect(role.database_url.get_secret_value())
    for statement in (
        "UPDATE audit_log SET outcome = 'ok'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "DROP TABLE audit_log",
        "DELETE FROM aerich",
        "CREATE TABLE mine ()",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await own.execute(statement)
    await own.close()


async def test_tables_of_later_migrations_are_granted_as_well(role: Settings, database: asyncpg.Connection) -> None:
    await grant(database, ROLE)
    await database.execute("CREATE TABLE later (id serial)")
    own = await asyncpg.connect(role.database_url.get_secret_value())
    await own.execute("INSERT INTO later DEFAULT VALUES")
    await own.close()


def test_an_unknown_role_is_reported_in_one_sentence(settings: Settings) -> None:
    result = run("migrate", "grant", "nobody-here", **variables_of(settings))
    assert result.returncode == 1
    assert 'role "nobody-here" does not exist' in result.stderr
    assert "Traceback" not in result.stderr
