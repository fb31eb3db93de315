"""Rate limits: the calls that count, the caller for whom they count, and the content of a refusal."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from marquee.catalog.v1 import movies_pb2
from marquee.favorites.v1 import favorites_pb2
from marquee.media.v1 import media_pb2
from marquee.users.v1 import users_pb2

from service.auth.policy import MEDIA_REGISTER
from service.media.storage import S3UploadStorage
from service.settings import Settings
from service.supervisor.ports import free_port
from tests.client import Client, refused
from tests.conftest import SettingsFactory
from tests.outage import served

LIMIT = 3
# Long enough that no call leaves the window during a test.
RATE = f"{LIMIT}/day"
DAY = 86_400
EXCEEDED = "RATE_LIMIT_EXCEEDED"


@pytest.fixture
def settings(make_settings: SettingsFactory, database_url: str) -> Settings:
    return make_settings(database_url=database_url, rate_limit_read=RATE, rate_limit_service=RATE)


def read(client: Client, **options: Any) -> Any:
    return client.catalog.ListMovies(movies_pb2.ListMoviesRequest(), **options)


async def use_up(client: Client, *, calls: int = LIMIT, **options: Any) -> None:
    """Makes as many reads as the limit admits; the next one must be refused."""
    for _ in range(calls):
        await read(client, **options)
    assert (await refused(read(client, **options))).reason == EXCEEDED


async def test_a_refusal_contains_the_limit_and_a_retry_hint(client: Client) -> None:
    for _ in range(LIMIT):
        await read(client)
    refusal = await refused(read(client))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, EXCEEDED)
    assert f"at most {LIMIT} read calls in {DAY} s" in refusal.message
    assert 0 < refusal.details["RetryInfo"].retry_delay.ToTimedelta().total_seconds() <= DAY + 1
    assert refusal.details["QuotaFailure"].violations[0].subject == "read"


async def test_each_caller_has_a_separate_count(client: Client) -> None:
    first, second = await client.registered(), await client.registered()
    await use_up(client)
    await use_up(first)
    await use_up(second)


async def test_all_sessions_of_a_user_share_a_count(client: Client) -> None:
    user = await client.registered()
    other_session = await client.login(user)
    await read(other_session)
    await use_up(user, calls=LIMIT - 1)
    assert (await refused(read(other_session))).reason == EXCEEDED


async def test_classes_count_separately(client: Client) -> None:
    user = await client.registered()
    await use_up(user)
    refusal = await refused(user.favorites.AddFavorite(favorites_pb2.AddFavoriteRequest(movie_id=1)))
    assert refusal.reason == "MOVIE_NOT_FOUND", "writes have no limit in this test"


async def test_all_calls_of_a_service_count_as_one_class(client: Client) -> None:
    service = client.as_service(MEDIA_REGISTER)
    await read(service)
    for _ in range(LIMIT - 1):
        refusal = await refused(service.media.RejectFile(media_pb2.RejectFileRequest()))
        assert refusal.reason == "FIELDS_INVALID", "invalid requests count, too"
    refusal = await refused(service.media.RejectFile(media_pb2.RejectFileRequest()))
    assert (refusal.reason, refusal.details["QuotaFailure"].violations[0].subject) == (EXCEEDED, "service")


async def test_health_is_never_limited(client: Client) -> None:
    await use_up(client)
    health: Any = health_pb2_grpc.HealthStub(client.channel)
    for _ in range(LIMIT + 1):
        answer = await health.Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


async def test_a_peer_cannot_evade_the_limit_with_a_forwarded_address(client: Client) -> None:
    for number in range(LIMIT):
        await read(client, metadata=(("x-forwarded-for", f"9.9.9.{number}"),))
    assert (await refused(read(client, metadata=(("x-forwarded-for", "9.9.9.9"),)))).reason == EXCEEDED


class TestBehindAProxy:
    @pytest.fixture
    def settings(self, make_settings: SettingsFactory, database_url: str) -> Settings:
        return make_settings(database_url=database_url, rate_limit_read=RATE, trusted_proxies=1)

    async def test_peers_count_separately_and_cannot_evade_the_limit(self, client: Client) -> None:
        for number in range(LIMIT):
            await read(client, metadata=(("x-forwarded-for", f"9.9.9.{number}, 1.2.3.4"),))
        assert (await refused(read(client, metadata=(("x-forwarded-for", "9.9.9.9, 1.2.3.4"),)))).reason == EXCEEDED
        await read(client, metadata=(("x-forwarded-for", "1.2.3.5"),))

    async def test_an_ipv6_network_is_one_peer(self, client: Client) -> None:
        for number in range(LIMIT):
            await read(client, metadata=(("x-forwarded-for", f"2001:db8:1:2::{number}"),))
        metadata = (("x-forwarded-for", "2001:db8:1:2:ffff::1"),)
        assert (await refused(read(client, metadata=metadata))).reason == EXCEEDED
        await read(client, metadata=(("x-forwarded-for", "2001:db8:1:3::1"),))


class TestRejectedCalls:
    """Calls that authentication rejects."""

    async def test_invalid_tokens_count_for_the_peer_and_not_for_users(self, client: Client) -> None:
        user = await client.registered()
        invalid = client.with_token("no.such.token")
        for _ in range(LIMIT):
            assert (await refused(read(invalid))).reason == "TOKEN_INVALID"
        assert (await refused(read(invalid))).reason == EXCEEDED
        assert (await refused(client.users.GetProfile(users_pb2.GetProfileRequest()))).reason == EXCEEDED
        await use_up(user)

    async def test_calls_without_permission_count(self, client: Client) -> None:
        user = await client.registered()
        for _ in range(LIMIT):
            assert (await refused(user.users.ListUsers(users_pb2.ListUsersRequest()))).reason == "ACCESS_DENIED"
        assert (await refused(user.users.ListUsers(users_pb2.ListUsersRequest()))).reason == EXCEEDED

    async def test_a_wrong_password_counts_only_as_a_sign_in(self, client: Client) -> None:
        login = users_pb2.LoginRequest(login="nobody", password="wrong")
        for _ in range(LIMIT + 1):
            assert (await refused(client.users.Login(login))).reason == "CREDENTIALS_INVALID"
        await use_up(client)


@pytest.mark.parametrize(("workers", "admitted"), [(2, 3), (4, 2), (64, 1)])
async def test_workers_without_a_shared_store_admit_their_part_each(
    make_settings: SettingsFactory, database_url: str, storage: S3UploadStorage, workers: int, admitted: int
) -> None:
    """Five a day, rounded up so that a small rate is never zero."""
    settings = make_settings(database_url=database_url, rate_limit_read="5/day", workers=workers, port=free_port())
    async with served(settings, storage) as server:
        await use_up(server.client, calls=admitted)
