"""The scenario of an attack: a victim, an attacker with an account, staff, and the requests that attacks use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import asyncpg
from google.protobuf.field_mask_pb2 import FieldMask
from marquee.users.v1 import users_pb2

from service.auth.keys import KeyRing
from tests.client import PASSWORD, Client, Refusal, refused

OWN = users_pb2.GetProfileRequest()


@dataclass(frozen=True)
class Scenario:
    """A running server and its callers."""

    anonymous: Client
    attacker: Client
    victim: Client
    database: asyncpg.Connection

    @property
    def ring(self) -> KeyRing:
        """The keys of the server, for tokens that a real attacker could not sign."""
        return KeyRing.load(self.anonymous.settings.keys_dir)

    async def staff(self) -> Client:
        """Returns a staff user."""
        return await self.anonymous.promoted(await self.anonymous.registered())

    async def superuser(self) -> Client:
        """Returns a superuser."""
        return await self.anonymous.promoted(await self.anonymous.registered(), superuser=True)

    async def refresh(self, token: str) -> Refusal:
        """Returns the refusal of a refresh."""
        return await refused(self.anonymous.users.RefreshTokens(refresh(token)))

    async def call(self, token: str) -> Refusal:
        """Returns the refusal of a call with an access token."""
        return await refused(self.anonymous.with_token(token).users.GetProfile(OWN))


def refresh(token: str) -> users_pb2.RefreshTokensRequest:
    """Returns the request for new tokens."""
    return users_pb2.RefreshTokensRequest(refresh_token=token)


def login(name: str, password: str = PASSWORD) -> users_pb2.LoginRequest:
    """Returns the request to sign in."""
    return users_pb2.LoginRequest(login=name, password=password)


def change(user: Client, **flags: Any) -> users_pb2.UpdateUserRequest:
    """Returns the request to change the flags of an account."""
    return users_pb2.UpdateUserRequest(user_id=user.user_id, update_mask=FieldMask(paths=sorted(flags)), **flags)


def via(peer: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """Returns the call options that a trusted proxy adds for a peer."""
    return {"metadata": (("x-forwarded-for", peer),)}
