"""Real grpcurl and buf curl against the server, with reflection and without."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from grpc_reflection.v1alpha import reflection_pb2
from marquee.users.v1 import users_pb2

from service.server.application import service_names
from service.settings import Settings
from tests.catalogue import add_movie
from tests.client import PASSWORD, Client

ROOT = Path(__file__).parents[2]
DESCRIPTORS = ROOT / "gen" / "marquee.binpb"
BIN = Path(sys.executable).parent
CATALOG = "marquee.catalog.v1.CatalogService"
INFRASTRUCTURE = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
]


async def tool(name: str, *arguments: str, code: int = 0) -> str:
    """Runs a tool from the interpreter's folder and returns its output; fails on another exit code."""
    process = await asyncio.create_subprocess_exec(
        BIN / name,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={"PATH": os.defpath, "HOME": str(Path.home()), "NO_PROXY": "127.0.0.1"},
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == code, output.decode()
    return output.decode()


@pytest.fixture
def target(port: int) -> str:
    return f"127.0.0.1:{port}"


async def grpcurl(*arguments: str, code: int = 0) -> str:
    return await tool("grpcurl", "-plaintext", *arguments, code=code)


async def test_grpcurl_lists_and_describes(target: str) -> None:
    assert sorted((await grpcurl(target, "list")).split()) == sorted([*service_names(), *INFRASTRUCTURE])
    assert f"{CATALOG}.GetMovie" in (await grpcurl(target, "list", CATALOG)).split()
    described = await grpcurl(target, "describe", f"{CATALOG}.GetMovie")
    assert "rpc GetMovie ( .marquee.catalog.v1.GetMovieRequest )" in described
    assert "google.api.http" in described
    assert "oneof movie" in await grpcurl(target, "describe", ".marquee.catalog.v1.GetMovieRequest")
    for service in INFRASTRUCTURE:
        assert f"service {service.rpartition('.')[2]}" in await grpcurl(target, "describe", service)


async def test_grpcurl_calls(target: str, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "\u4e71", tmdb_id=11645)
    request = json.dumps({"tmdb_id": 11645})
    answer = json.loads(await grpcurl("-d", request, target, f"{CATALOG}/GetMovie"))
    assert (answer["movie"]["id"], answer["movie"]["title"]) == (movie_id, "\u4e71")


async def test_grpcurl_signs_in_and_shows_errors_in_full(target: str, client: Client) -> None:
    await client.registered("ada")
    login = json.dumps({"login": "ada", "password": PASSWORD})
    answer = json.loads(await grpcurl("-d", login, target, "marquee.users.v1.UsersService/Login"))
    header = f"authorization: Bearer {answer['access_token']['token']}"
    profile = json.loads(await grpcurl("-H", header, target, "marquee.users.v1.UsersService/GetProfile"))
    assert profile["user"]["email"] == "ada@example.org"
    # grpcurl exits with 64 and the code's number.
    refused = await grpcurl("-d", '{"page_size": -1}', target, f"{CATALOG}/ListMovies", code=64 + 3)
    assert "InvalidArgument" in refused
    assert "FIELDS_INVALID" in refused
    assert '"field":"page_size"' in refused


async def test_buf_curl_calls_by_reflection(target: str, database: asyncpg.Connection) -> None:
    movie_id = await add_movie(database, "Ran")
    url = f"http://{target}/{CATALOG}/GetMovie"
    for version in ("grpc-v1", "grpc-v1alpha"):
        answer = json.loads(
            await tool(
                "buf",
                "curl",
                "--protocol",
                "grpc",
                "--http2-prior-knowledge",
                "--reflect-protocol",
                version,
                "-d",
                json.dumps({"id": movie_id}),
                url,
            )
        )
        assert answer["movie"]["title"] == "Ran"


async def test_buf_curl_shows_error_details(target: str) -> None:
    refused = await tool(
        "buf", "curl", "--protocol", "grpc", "--http2-prior-knowledge", "--schema", str(DESCRIPTORS),
        "-d", '{"id": 7}', f"http://{target}/{CATALOG}/GetMovie", code=5 * 8,
    )  # fmt: skip
    assert "not_found" in refused
    assert '"type": "google.rpc.ErrorInfo"' in refused


@pytest.mark.parametrize("package", ["grpc.reflection.v1", "grpc.reflection.v1alpha"])
async def test_both_versions_give_the_same_answers(client: Client, package: str) -> None:
    rpc: Any = client.channel.stream_stream(
        f"/{package}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    requests = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=CATALOG),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="marquee.Nothing"),
    ]
    listed, found, missing = [answer async for answer in rpc(iter(requests), timeout=10)]
    assert {service.name for service in listed.list_services_response.service} == {*service_names(), *INFRASTRUCTURE}
    assert found.file_descriptor_response.file_descriptor_proto
    assert missing.error_response.error_code == 5


class TestWithoutReflection:
    """Clients use the descriptor set instead, as in production."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"reflection": False})

    async def test_disabled_reflection_is_not_served(self, target: str) -> None:
        assert "does not support the reflection API" in await grpcurl(target, "list", code=1)

    async def test_grpcurl_calls_by_the_descriptor_set(self, target: str, client: Client) -> None:
        user = await client.registered("ada")
        protoset = ("-protoset", str(DESCRIPTORS))
        assert set((await grpcurl(*protoset, "list")).split()) >= set(service_names())
        answer = json.loads(
            await grpcurl(
                *protoset,
                "-H",
                f"authorization: Bearer {user.token}",
                target,
                "marquee.users.v1.UsersService/GetProfile",
            )
        )
        assert answer["user"]["username"] == "ada"
        own = await user.users.GetProfile(users_pb2.GetProfileRequest())
        assert answer["user"]["id"] == own.user.id

    async def test_buf_curl_calls_by_the_descriptor_set(self, target: str, database: asyncpg.Connection) -> None:
        movie_id = await add_movie(database, "Ran")
        answer = json.loads(
            await tool(
                "buf",
                "curl",
                "--protocol",
                "grpc",
                "--http2-prior-knowledge",
                "--schema",
                str(DESCRIPTORS),
                "-d",
                json.dumps({"id": movie_id}),
                f"http://{target}/{CATALOG}/GetMovie",
            )
        )
        assert answer["movie"]["id"] == movie_id
