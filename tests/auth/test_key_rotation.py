"""Rotation of signing keys while servers run: no call fails, and no server restarts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
import jwt
import pytest
from marquee.users.v1 import users_pb2

from service.auth.key_rotation import KeyWaiting, add_key
from service.auth.keys import KeyRing
from service.media.storage import S3UploadStorage
from service.settings import Settings
from tests.auth.key_files import create_key, remove_key, set_age
from tests.client import Client, refused
from tests.outage import Served, seconds_until, served
from tests.outbound import outbound_hosts

OWN = users_pb2.GetProfileRequest()
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Pair:
    """Two servers that share a key folder and a database."""

    one: Served
    other: Served
    folder: Path

    async def published(self) -> list[list[str]]:
        """Returns the kids that each server publishes."""
        answers = [await server.client.users.GetJwks(users_pb2.GetJwksRequest()) for server in (self.one, self.other)]
        return [[key.kid for key in answer.keys] for answer in answers]

    async def wait_until_published(self, kids: list[str]) -> None:
        """Waits until both servers publish these keys."""

        async def are_published() -> bool:
            return await self.published() == [kids, kids]

        await seconds_until(are_published)


@pytest.fixture
async def pair(tmp_path: Path, settings: Settings, storage: S3UploadStorage) -> AsyncIterator[Pair]:
    """Two servers with one key; their next key signs after an hour."""
    folder = tmp_path / "keys"
    create_key(folder, age=9 * DAY)
    own = settings.model_copy(update={"keys_dir": folder, "key_activation_delay": 3600.0})
    async with served(own, storage) as one, served(own, storage) as other:
        yield Pair(one, other, folder)


class Traffic:
    """Continuous sign-ins at each server, whose tokens the other server must accept."""

    def __init__(self, pair: Pair, user: Client) -> None:
        self.failures: list[str] = []
        self.kids: tuple[list[str], list[str]] = ([], [])
        """The key of each issued token, for each server."""
        self._stopped = asyncio.Event()
        one, other = pair.one.client, pair.other.client
        calls = (self._call(one, other, user, self.kids[0]), self._call(other, one, user, self.kids[1]))
        self._tasks = [asyncio.create_task(call) for call in calls]

    async def _call(self, here: Client, there: Client, user: Client, kids: list[str]) -> None:
        refresh_token = (await here.login(user)).refresh_token
        while not self._stopped.is_set():
            try:
                tokens = await here.users.RefreshTokens(users_pb2.RefreshTokensRequest(refresh_token=refresh_token))
                refresh_token = tokens.refresh_token.token
                for client in (here, there):
                    await client.with_token(tokens.access_token.token).users.GetProfile(OWN)
            except grpc.aio.AioRpcError as error:
                self.failures.append(f"{error.code()} {error.details()}")
                return
            kids.append(kid_of(tokens.access_token.token))

    async def wait_until_signed_by(self, kid: str) -> None:
        """Waits until a key has signed two more tokens on each server."""
        expected = [kids.count(kid) + 2 for kids in self.kids]

        async def are_signed() -> bool:
            signed = [kids.count(kid) for kids in self.kids]
            return bool(self.failures) or all(count >= least for count, least in zip(signed, expected, strict=True))

        await seconds_until(are_signed)

    async def end(self) -> None:
        self._stopped.set()
        await asyncio.gather(*self._tasks)


def kid_of(token: str | None) -> str:
    return str(jwt.get_unverified_header(str(token))["kid"])


async def reason(client: Client) -> str:
    """Returns the reason of the refusal of a call with the client's token, or ""."""
    try:
        await client.users.GetProfile(OWN)
    except grpc.aio.AioRpcError:
        return (await refused(client.users.GetProfile(OWN))).reason
    return ""


async def test_a_key_is_rotated_and_retired_under_traffic_and_no_call_fails(pair: Pair) -> None:
    user = await pair.one.client.registered()
    ((old,), _) = await pair.published()
    with outbound_hosts() as left:
        traffic = Traffic(pair, user)
        await traffic.wait_until_signed_by(old)
        new = add_key(pair.one.client.settings).keys[-1]
        await pair.wait_until_published([old, new.kid])
        await traffic.wait_until_signed_by(old)
        assert {*traffic.kids[0], *traffic.kids[1]} == {old}, "the new key is published but does not sign"
        set_age(new.file, age=DAY)
        await traffic.wait_until_signed_by(new.kid)
        assert await reason(pair.other.client.with_token(str(user.token))) == "", "the old key still verifies"
        remove_key(pair.folder, old)
        await pair.wait_until_published([new.kid])
        await traffic.wait_until_signed_by(new.kid)
        await traffic.end()
    assert traffic.failures == []
    for server in (pair.one, pair.other):
        assert await reason(server.client.with_token(str(user.token))) == "TOKEN_INVALID"
    assert left == []


async def test_a_cached_token_of_a_removed_key_is_refused(pair: Pair) -> None:
    user = await pair.one.client.registered()
    add_key(pair.one.client.settings)
    other = pair.other.client.with_token(str(user.token))
    assert await reason(user) == await reason(other) == ""
    remove_key(pair.folder, kid_of(user.token))

    async def is_refused() -> bool:
        return await reason(user) == await reason(other) == "TOKEN_INVALID"

    await seconds_until(is_refused)
    again = await pair.one.client.login(user)
    assert await reason(again) == ""


async def test_a_key_signs_after_its_delay(tmp_path: Path, settings: Settings, storage: S3UploadStorage) -> None:
    create_key(tmp_path, age=DAY)
    own = settings.model_copy(update={"keys_dir": tmp_path, "key_activation_delay": 2.0})
    async with served(own, storage) as here:
        user = await here.client.registered()
        new = add_key(own).keys[-1].kid

        async def signs() -> bool:
            return kid_of((await here.client.login(user)).token) == new

        await seconds_until(signs)


def test_no_second_key_is_added_while_one_waits(tmp_path: Path, settings: Settings) -> None:
    own = settings.model_copy(update={"keys_dir": tmp_path, "key_activation_delay": 3600.0})
    add_key(own)
    waiting = add_key(own).keys[-1]
    with pytest.raises(KeyWaiting, match=waiting.kid):
        add_key(own)
    assert len(KeyRing.load(tmp_path).keys) == 2
