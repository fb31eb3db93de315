"""Invalid requests: malformed bytes, broken rules, unknown methods and sizes above the limits; and request ids."""

from __future__ import annotations

from typing import Any

import grpc
import pytest
from marquee.catalog.v1 import movies_pb2
from marquee.media.v1 import media_pb2
from marquee.users.v1 import users_pb2

from service.settings import Settings
from tests.client import PASSWORD, Client, refusal_of, refused
from tests.media.uploads import register, renditions

LIST = "/marquee.catalog.v1.CatalogService/ListMovies"
LOGIN = "/marquee.users.v1.UsersService/Login"
REGISTER_FILE = "/marquee.media.v1.MediaService/RegisterFile"


def raw(client: Client, method: str, body: bytes) -> Any:
    """Calls a method with these bytes."""
    call: Any = client.channel.unary_unary(method)
    metadata = (("authorization", f"Bearer {client.token}"),) if client.token else ()
    return call(body, metadata=metadata, timeout=10)


def field(number: int, value: bytes) -> bytes:
    """Returns a length-delimited field of under 128 bytes."""
    return bytes([number << 3 | 2, len(value)]) + value


# A field with the number 1023, which needs a tag of two bytes.
UNKNOWN_FIELD = b"\xfa\x3f\x03new"


@pytest.mark.parametrize(
    "body",
    [
        field(1, b"\xff\xfe") + field(2, b"x"),
        field(1, b"caf\xe9") + field(2, b"x"),
        field(1, b"\xed\xa0\x80") + field(2, b"x"),  # a lone surrogate
        field(1, b"abc")[:-1],
        b"\x0a\xff\xff\xff\xff\x0f",
        b"\x0a",
        b"\xff" * 20,
        b"\x00",
        b"\x7b" * 200 + b"\x7c" * 200,  # groups, 200 deep
        b"\x7c",  # the end of a group without its start
        b"\x0f",  # wire type 7
    ],
)
async def test_malformed_bytes_are_refused(client: Client, body: bytes) -> None:
    refusal = await refused(raw(client, LOGIN, body))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MESSAGE_MALFORMED")
    assert refusal.details["RequestInfo"].request_id


async def test_deep_nesting_inside_a_known_field_is_refused(client: Client) -> None:
    """The field `object` contains 200 nested unknown groups."""
    body = b"\x0a\x90\x03" + b"\x7b" * 200 + b"\x7c" * 200
    refusal = await refused(raw(client.as_service("media.register"), REGISTER_FILE, body))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "MESSAGE_MALFORMED")


async def test_fields_of_a_newer_contract_are_ignored(client: Client) -> None:
    known = movies_pb2.ListMoviesRequest(page_size=1).SerializeToString()
    answer = movies_pb2.ListMoviesResponse.FromString(await raw(client, LIST, known + UNKNOWN_FIELD))
    assert answer == movies_pb2.ListMoviesResponse()


async def test_nul_is_refused_at_any_depth(client: Client) -> None:
    refusal = await refused(client.users.Login(users_pb2.LoginRequest(login="a\0", password=PASSWORD)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID")
    assert refusal.fields == {"login": "string.no_nul"}
    stored = renditions("k")
    stored[1].key = "a\0b"
    request = register("k\0", renditions=stored)
    refusal = await refused(client.as_service("media.register").media.RegisterFile(request))
    assert refusal.fields == {"object.key": "string.no_nul", "renditions[1].key": "string.no_nul"}
    for order_by, page_token in (("title\0", ""), ("", "\0")):
        request_ = movies_pb2.ListMoviesRequest(order_by=order_by, page_token=page_token)
        assert (await refused(client.catalog.ListMovies(request_))).reason == "FIELDS_INVALID"


async def test_hundreds_of_broken_rules_fit_into_the_status(client: Client) -> None:
    broken = [media_pb2.StoredRendition(key="x" * 1025) for _ in range(300)]
    refusal = await refused(client.as_service("media.register").media.RegisterFile(register("k", renditions=broken)))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FIELDS_INVALID")
    assert len(refusal.fields) > 10


@pytest.mark.parametrize(
    "method",
    [
        "/marquee.catalog.v1.CatalogService/Nothing",
        "/marquee.catalog.v2.CatalogService/GetMovie",
        "/marquee.catalog.v1.CatalogService/getMovie",
        "/marquee.catalog.v1.CatalogService/",
        "/Nothing",
        "/",
    ],
)
async def test_an_unknown_method_is_unimplemented(client: Client, method: str) -> None:
    assert (await refused(raw(client, method, b""))).code is grpc.StatusCode.UNIMPLEMENTED


async def test_a_request_above_the_largest_size_is_refused(client: Client, settings: Settings) -> None:
    refusal = await refused(raw(client, LIST, bytes(settings.max_request_bytes + 1)))
    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert await client.catalog.ListMovies(movies_pb2.ListMoviesRequest()), "the connection stays usable"


async def test_metadata_above_twice_the_largest_size_is_refused(client: Client, settings: Settings) -> None:
    metadata = (("x-large", "x" * settings.max_metadata_bytes * 2),)
    refusal = await refused(client.catalog.ListMovies(movies_pb2.ListMoviesRequest(), metadata=metadata))
    assert refusal.code is grpc.StatusCode.RESOURCE_EXHAUSTED


class TestRequestId:
    """Request ids, chosen by the caller or the server, and returned in both cases."""

    async def returned_ids(self, client: Client, *offered: str) -> tuple[str, str]:
        """Returns the ids that a response and an error contain."""
        metadata = tuple(("x-request-id", name) for name in offered)
        good = client.catalog.ListMovies(movies_pb2.ListMoviesRequest(), metadata=metadata)
        await good
        bad = client.catalog.GetMovie(movies_pb2.GetMovieRequest(id=1), metadata=metadata)
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await bad
        returned = [dict(await call.trailing_metadata())["x-request-id"] for call in (good, bad)]
        assert refusal_of(raised.value).details["RequestInfo"].request_id == returned[1]
        return returned[0], returned[1]

    @pytest.mark.parametrize("name", ["a", "0f3c-17.b_Z", "x" * 64])
    async def test_a_well_formed_id_is_used(self, client: Client, name: str) -> None:
        assert await self.returned_ids(client, name) == (name, name)

    @pytest.mark.parametrize("name", ["", "x" * 65, "a b", "a/b", "<script>", "a;b", "%0a", "a'b", '{"a":1}'])
    async def test_an_invalid_id_is_replaced(self, client: Client, name: str) -> None:
        good, bad = await self.returned_ids(client, name)
        assert name not in (good, bad)
        assert good != bad
        assert all(len(new) == 16 and int(new, 16) >= 0 for new in (good, bad))

    async def test_each_call_without_an_id_gets_a_new_one(self, client: Client) -> None:
        good, bad = await self.returned_ids(client)
        assert good != bad

    async def test_the_last_of_two_ids_counts(self, client: Client) -> None:
        assert await self.returned_ids(client, "one", "two") == ("two", "two")

    async def test_a_refused_call_returns_its_id(self, client: Client) -> None:
        call = client.users.GetProfile(users_pb2.GetProfileRequest(), metadata=(("x-request-id", "mine"),))
        refusal = await refused(call)
        assert refusal.reason == "AUTHENTICATION_REQUIRED"
        assert refusal.details["RequestInfo"].request_id == "mine"
        assert ("x-request-id", "mine") in tuple(await call.trailing_metadata())
