"""A client of all services, and errors in a form that tests can compare."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from marquee.catalog.v1 import catalog_pb2_grpc
from marquee.favorites.v1 import favorites_pb2_grpc
from marquee.media.v1 import media_pb2_grpc
from marquee.recommendations.v1 import recommendations_pb2_grpc
from marquee.users.v1 import users_pb2, users_pb2_grpc

from service.auth.keys import KeyRing
from service.auth.principal import Role, UserId
from service.auth.tokens import TokenIssuer
from service.settings import Settings

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Refusal:
    """The error of a call with its details."""

    code: grpc.StatusCode
    reason: str
    message: str
    details: dict[str, Any]
    """Detail messages by their short name, such as `BadRequest`."""

    @property
    def fields(self) -> dict[str, str]:
        """The broken rule of each invalid field."""
        bad = self.details.get("BadRequest")
        return {violation.field: violation.reason for violation in bad.field_violations} if bad else {}


async def refused(call: Awaitable[Any]) -> Refusal:
    """Returns the error of a call; fails if the call succeeds."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return refusal_of(error)
    raise AssertionError(f"the call succeeded: {answer}")


def refusal_of(error: grpc.aio.AioRpcError) -> Refusal:
    """Returns the contents of an error."""
    status: Any = rpc_status.from_call(error)  # type: ignore[arg-type] # it takes what aio raises, too
    details: dict[str, Any] = {}
    for packed in status.details if status else ():
        name = packed.type_url.rpartition(".")[2]
        detail = getattr(error_details_pb2, name)()
        packed.Unpack(detail)
        details[name] = detail
    info = details.get("ErrorInfo")
    return Refusal(error.code(), info.reason if info else "", error.details() or "", details)


class _AuthorizedStub:
    """A stub that sends a token with each call."""

    def __init__(self, stub: Any, token: str | None) -> None:
        self._stub = stub
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def __getattr__(self, name: str) -> Any:
        rpc = getattr(self._stub, name)
        return lambda request, **options: rpc(
            request,
            metadata=(*self._metadata, *options.pop("metadata", ())),
            timeout=options.pop("timeout", 10),
            **options,
        )


class Client:
    """Calls all services, anonymously or with a token."""

    def __init__(self, channel: grpc.aio.Channel, settings: Settings, *, token: str | None = None) -> None:
        self.channel = channel
        self.settings = settings
        self.token = token
        self.user_id = 0
        self.username = ""
        self.refresh_token = ""
        self.users: Any = _AuthorizedStub(users_pb2_grpc.UsersServiceStub(channel), token)
        self.catalog: Any = _AuthorizedStub(catalog_pb2_grpc.CatalogServiceStub(channel), token)
        self.favorites: Any = _AuthorizedStub(favorites_pb2_grpc.FavoritesServiceStub(channel), token)
        self.recommendations: Any = _AuthorizedStub(recommendations_pb2_grpc.RecommendationsServiceStub(channel), token)
        self.media: Any = _AuthorizedStub(media_pb2_grpc.MediaServiceStub(channel), token)

    def with_token(self, token: str) -> Client:
        """Returns the same client with another token."""
        return Client(self.channel, self.settings, token=token)

    async def registered(self, username: str = "") -> Client:
        """Registers a user and returns their client."""
        username = username or f"user{secrets.token_hex(4)}"
        answer = await self.users.Register(
            users_pb2.RegisterRequest(username=username, email=f"{username}@example.org", password=PASSWORD)
        )
        return self._signed_in(answer)

    async def login(self, user: Client, password: str = PASSWORD, *, device: str = "") -> Client:
        """Signs a user in again and returns the client of the new session."""
        answer = await self.users.Login(
            users_pb2.LoginRequest(login=user.username, password=password),
            metadata=(("x-device-label", device),) if device else (),
        )
        return self._signed_in(answer)

    async def promoted(self, user: Client, *, superuser: bool = False) -> Client:
        """Makes a user staff or superuser in the database and signs them in again."""
        connection = await asyncpg.connect(self.settings.database_url.get_secret_value())
        column = "is_superuser" if superuser else "is_staff"
        await connection.execute(f"UPDATE users SET {column} = true WHERE id = $1", user.user_id)  # noqa: S608 - ours
        await connection.close()
        return await self.login(user)

    def _signed_in(self, answer: Any) -> Client:
        client = self.with_token(answer.access_token.token)
        client.user_id = answer.user.id
        client.username = answer.user.username
        client.refresh_token = answer.refresh_token.token
        return client

    def as_staff(self, user_id: int) -> Client:
        """Returns a client with a staff token of an existing user."""
        issuer = TokenIssuer.from_settings(self.settings, KeyRing.load(self.settings.keys_dir))
        token = issuer.issue_access(UserId(user_id), session_id=uuid4(), roles=[Role.USER, Role.STAFF], epoch=0).token
        client = self.with_token(token)
        client.user_id = user_id
        return client

    def as_service(self, *scopes: str) -> Client:
        """Returns a client with a service's token."""
        issuer = TokenIssuer.from_settings(self.settings, KeyRing.load(self.settings.keys_dir))
        return self.with_token(issuer.issue_service("test", scopes=scopes, ttl=60).token)
