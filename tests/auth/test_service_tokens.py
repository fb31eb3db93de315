"""Service tokens: stored when issued, refused everywhere within seconds after revocation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import grpc
import jwt
import pytest
from tortoise.exceptions import IntegrityError

from service.auth import service_tokens
from service.auth.keys import KeyRing
from service.auth.service_tokens import ScopeUnknown, ServiceNameInvalid, ServiceTokenNotFound
from service.auth.tokens import IssuedToken, TokenIssuer
from service.database import orm
from service.settings import Settings
from tests.client import Client, refused
from tests.media.uploads import register, uploaded
from tests.outage import seconds_until
from tests.processes import run, variables_of

ISSUE = ("tokens", "issue", "--service", "register-image", "--scope", "media.register")
MAX_DELAY = 5.0
"""Seconds within which a revocation reaches every worker."""


@pytest.fixture
def variables(settings: Settings) -> dict[str, Any]:
    """The environment variables of an operator."""
    return variables_of(settings)


@pytest.fixture
async def _connected(settings: Settings) -> AsyncIterator[None]:
    """A database connection as in a command."""
    async with orm.connected(settings):
        yield


async def issue(
    settings: Settings, *, service: str = "robot", scopes: tuple[str, ...] = ("media.register",)
) -> IssuedToken:
    issuer = TokenIssuer.from_settings(settings, KeyRing.load(settings.keys_dir))
    return await service_tokens.issue(issuer, service=service, scopes=scopes, ttl=86400)


def id_of(token: str) -> UUID:
    return UUID(jwt.decode(token, options={"verify_signature": False})["jti"])


async def test_a_revoked_token_is_refused_within_seconds(client: Client, variables: dict[str, Any]) -> None:
    file = await uploaded(await client.registered())
    revoked, valid = [(await asyncio.to_thread(run, *ISSUE, **variables)).stdout.strip() for _ in range(2)]
    service_client, other = client.with_token(revoked), client.with_token(valid)
    await service_client.media.RegisterFile(register(file.key))
    result = await asyncio.to_thread(run, "tokens", "revoke", str(id_of(revoked)), **variables)
    assert (result.returncode, result.stdout) == (0, f"{id_of(revoked)} is refused within seconds\n")

    async def is_refused() -> bool:
        try:
            await service_client.media.RegisterFile(register(file.key))
        except grpc.aio.AioRpcError:
            return True
        return False

    await seconds_until(is_refused, within=MAX_DELAY)
    refusal = await refused(service_client.media.RegisterFile(register(file.key)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")
    await other.media.RegisterFile(register(file.key))


def test_tokens_are_issued_listed_and_revoked_from_the_command_line(
    settings: Settings, variables: dict[str, Any]
) -> None:
    token = run(*ISSUE, "--days", "2", **variables).stdout.strip()
    ring = KeyRing.load(settings.keys_dir)
    assert jwt.get_unverified_header(token)["kid"] == ring.signing.kid
    claims = jwt.decode(token, ring.verifying[ring.signing.kid], algorithms=["EdDSA"], audience="marquee")
    assert claims["exp"] - claims["iat"] == 2 * 86400
    expires = f"{datetime.fromtimestamp(claims['exp'], UTC):%F %T}Z"
    listed = run("tokens", "list", **variables).stdout
    assert token not in listed
    header, line = listed.splitlines()
    assert header.split() == ["id", "service", "scopes", "state", "issued", "expires", "signed", "by"]
    for cell in (str(id_of(token)), "register-image", "media.register", "valid", expires, ring.signing.kid):
        assert cell in line
    for sentence in ("is refused within seconds", "was revoked before"):
        result = run("tokens", "revoke", str(id_of(token)), **variables)
        assert (result.returncode, result.stdout) == (0, f"{id_of(token)} {sentence}\n")
    (entry,) = json.loads(run("tokens", "list", "--json", **variables).stdout)
    assert (entry["id"], entry["scopes"], entry["state"]) == (str(id_of(token)), ["media.register"], "revoked")
    assert entry["expires"].startswith(expires[:-1].replace(" ", "T"))


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (
            ("issue", "--service", "x", "--scope", "y"),
            2,
            "no rpc requires the scope 'y'; use one of catalog.export, media.register",
        ),
        (("issue", "--service", "x y", "--scope", "media.register"), 2, "'x y' is not a service name"),
        (
            ("revoke", "6f2d2a0e-0d0c-4d0e-9d4b-0a5d1c6c2f10"),
            1,
            "there is no service token 6f2d2a0e-0d0c-4d0e-9d4b-0a5d1c6c2f10",
        ),
    ],
)
def test_invalid_arguments_are_refused_with_a_message(
    variables: dict[str, Any], arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    result = run("tokens", *arguments, **variables)
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr.startswith(f"marquee: {sentence}")


@pytest.mark.usefixtures("_connected")
async def test_a_token_is_stored_and_recorded_in_the_audit_trail(
    settings: Settings, database: asyncpg.Connection
) -> None:
    issued = await issue(settings)
    (row,) = await database.fetch("SELECT * FROM service_tokens")
    assert (row["id"], row["service"], json.loads(row["scopes"])) == (
        issued.token_id,
        "robot",
        ["media.register"],
    )
    assert (row["kid"], row["expires_at"], row["revoked_at"]) == (issued.kid, issued.expires_at, None)
    await service_tokens.revoke(issued.token_id)
    events = await database.fetch("SELECT action, resource, outcome, actor_user_id FROM audit_log ORDER BY id")
    resource = f"service-tokens/{issued.token_id}"
    assert [tuple(event) for event in events] == [
        ("tokens.issue", resource, "ok", None),
        ("tokens.revoke", resource, "ok", None),
    ]
    assert issued.token not in str(await database.fetch("SELECT * FROM service_tokens, audit_log, revocations"))


@pytest.mark.usefixtures("_connected")
async def test_without_an_audit_event_nothing_is_changed(settings: Settings, database: asyncpg.Connection) -> None:
    issued = await issue(settings)
    await database.execute("ALTER TABLE audit_log ADD CHECK (action NOT LIKE 'tokens.%') NOT VALID")
    with pytest.raises(IntegrityError):
        await issue(settings)
    with pytest.raises(IntegrityError):
        await service_tokens.revoke(issued.token_id)
    assert await database.fetchval("SELECT count(*) FROM service_tokens") == 1
    assert await database.fetchval("SELECT count(revoked_at) FROM service_tokens") == 0
    assert await database.fetchval("SELECT count(*) FROM revocations") == 0


@pytest.mark.usefixtures("_connected")
async def test_a_token_is_revoked_once_until_its_expiry(settings: Settings, database: asyncpg.Connection) -> None:
    issued = await issue(settings)
    changes = await asyncio.gather(*(service_tokens.revoke(issued.token_id) for _ in range(4)))
    assert sorted(changes) == [False, False, False, True]
    (row,) = await database.fetch("SELECT * FROM revocations")
    assert row["subject"] == f"token:{issued.token_id.hex}"
    assert row["expires_at"] >= issued.expires_at


@pytest.mark.usefixtures("_connected")
async def test_invalid_service_names_are_refused(settings: Settings) -> None:
    for name in ("", "x" * 101, "Robot", "a b", "../x", "-x", "x\n", "ü"):
        with pytest.raises(ServiceNameInvalid):
            await issue(settings, service=name)


@pytest.mark.usefixtures("_connected")
async def test_a_token_with_an_unknown_scope_is_not_issued(settings: Settings, database: asyncpg.Connection) -> None:
    for scopes in (("media.registre",), ("media.register", "*"), ("",)):
        with pytest.raises(ScopeUnknown, match=r"use one of catalog\.export, media\.register"):
            await issue(settings, scopes=scopes)
    assert await database.fetchval("SELECT count(*) FROM service_tokens") == 0


@pytest.mark.usefixtures("_connected")
async def test_a_token_that_was_never_issued_cannot_be_revoked(database: asyncpg.Connection) -> None:
    with pytest.raises(ServiceTokenNotFound):
        await service_tokens.revoke(uuid4())
    assert await database.fetchval("SELECT count(*) FROM revocations") == 0


@pytest.mark.usefixtures("_connected")
async def test_the_latest_expiry_by_key(settings: Settings, database: asyncpg.Connection) -> None:
    valid, revoked = [await issue(settings) for _ in range(2)]
    later = datetime.now(UTC) + timedelta(days=400)
    await database.execute("UPDATE service_tokens SET expires_at = $1 WHERE id = $2", later, revoked.token_id)
    assert await service_tokens.latest_expiry_by_key() == {valid.kid: later}
    await service_tokens.revoke(revoked.token_id)
    assert await service_tokens.latest_expiry_by_key() == {valid.kid: valid.expires_at}
