"""GetRateLimits: the limits of the caller and the remaining calls. The rpc itself does not count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from marquee.catalog.v1 import movies_pb2
from marquee.users.v1 import users_pb2

from service.auth.policy import MEDIA_REGISTER
from service.settings import Settings
from tests.client import Client, refused
from tests.conftest import SettingsFactory

DAY = timedelta(days=1)


@pytest.fixture
def settings(make_settings: SettingsFactory, database_url: str) -> Settings:
    return make_settings(
        database_url=database_url,
        rate_limit_read="3/day",
        rate_limit_write="20/day",
        rate_limit_sign_in="10/hour",
        rate_limit_service="1000/minute",
    )


async def statuses(client: Client) -> list[Any]:
    answer = await client.users.GetRateLimits(users_pb2.GetRateLimitsRequest())
    return list(answer.rate_limits)


async def remaining(client: Client) -> dict[str, int]:
    return {limit.method_class: limit.remaining for limit in await statuses(client)}


async def read(client: Client) -> None:
    await client.catalog.ListMovies(movies_pb2.ListMoviesRequest())


async def test_all_limits_of_the_caller_are_returned(client: Client) -> None:
    limits = {limit.method_class: limit for limit in await statuses(client)}
    assert {name: (limit.limit, limit.window.ToTimedelta()) for name, limit in limits.items()} == {
        "read": (3, DAY),
        "write": (20, DAY),
        "sign_in": (10, timedelta(hours=1)),
    }
    (of_service,) = await statuses(client.as_service(MEDIA_REGISTER))
    assert (of_service.method_class, of_service.limit) == ("service", 1000)


async def test_the_call_itself_is_neither_counted_nor_limited(client: Client) -> None:
    for _ in range(12):
        assert await remaining(client) == {"read": 3, "write": 20, "sign_in": 10}


async def test_remaining_calls_are_counted_per_caller(client: Client) -> None:
    user = await client.registered()
    assert await remaining(client) == {"read": 3, "write": 20, "sign_in": 9}
    await read(user)
    await user.users.Logout(users_pb2.LogoutRequest())
    assert await remaining(client) == {"read": 3, "write": 20, "sign_in": 9}
    again = await client.login(user)
    assert await remaining(again) == {"read": 2, "write": 19, "sign_in": 10}


async def test_the_reset_time_is_when_the_next_call_is_admitted(client: Client) -> None:
    for left in (3, 2, 1):
        limit = (await statuses(client))[0]
        assert limit.remaining == left
        assert limit.reset_time.ToDatetime(UTC) <= datetime.now(UTC)
        await read(client)
    before = datetime.now(UTC)
    limit = (await statuses(client))[0]
    assert limit.remaining == 0
    wait = (await refused(client.catalog.ListMovies(movies_pb2.ListMoviesRequest()))).details["RetryInfo"].retry_delay
    reset, free = limit.reset_time.ToDatetime(UTC), datetime.now(UTC) + wait.ToTimedelta()
    # The refusal comes later and names the same moment.
    assert before < reset <= free + timedelta(milliseconds=1)
    assert reset <= before + DAY + timedelta(minutes=1)


class TestUnlimited:
    @pytest.fixture
    def settings(self, make_settings: SettingsFactory, database_url: str) -> Settings:
        return make_settings(database_url=database_url)

    async def test_without_limits_the_list_is_empty(self, client: Client) -> None:
        assert await statuses(client) == []
