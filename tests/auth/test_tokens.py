"""Forged and invalid access tokens, sent to a real server and to the verifier alone."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
import time
from pathlib import Path
from typing import Any

import asyncpg
import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from marquee.catalog.v1 import movies_pb2
from marquee.users.v1 import users_pb2

from service.auth.keys import KeyRing
from service.auth.tokens import REQUIRED_CLAIMS, TokenInvalid, TokenVerifier
from tests.auth.forged_tokens import NothingRevoked, assembled, base64url, claims, public_forms, signed, signed_text
from tests.client import Client, Refusal, refused

SENTENCE = "the token is not valid; sign in again"
INVALID = (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID", SENTENCE)


@pytest.fixture(scope="session")
def ring(keys_dir: Path) -> KeyRing:
    return KeyRing.load(keys_dir)


async def answer_to(client: Client, token: str) -> Refusal:
    return await refused(client.with_token(token).users.GetProfile(users_pb2.GetProfileRequest()))


def summary(refusal: Refusal) -> tuple[grpc.StatusCode, str, str]:
    return refusal.code, refusal.reason, refusal.message


async def test_an_unchanged_forged_token_is_valid(client: Client, ring: KeyRing) -> None:
    """Otherwise a mistake in the forging code would let all tests below pass."""
    user = await client.registered()
    good = client.with_token(signed(ring, sub=str(user.user_id)))
    assert (await good.users.GetProfile(users_pb2.GetProfileRequest())).user.id == user.user_id


async def test_an_invalid_signature_is_refused(client: Client, ring: KeyRing) -> None:
    kid, ours = ring.signing.kid, claims()
    valid = signed(ring)
    head, body, signature = valid.split(".")
    tricks = {
        "none": assembled({"alg": "none", "kid": kid}, ours),
        "None": assembled({"alg": "None", "kid": kid}, ours),
        "nOnE without kid": assembled({"alg": "nOnE", "typ": "JWT"}, ours),
        "none with the signature kept": assembled({"alg": "none", "kid": kid}, ours).rpartition(".")[0]
        + f".{signature}",
        "signature cut off": f"{head}.{body}.",
        "signature shortened": f"{head}.{body}.{signature[:-4]}",
        "signature of another token": f"{head}.{body}.{signed(ring, sub='2').split('.')[2]}",
        "claims changed": f"{head}.{assembled({}, ours | {'sub': '2'}).split('.')[1]}.{signature}",
        "another Ed25519 key under our kid": signed(ring, key=Ed25519PrivateKey.generate()),
        "an elliptic curve key": jwt.encode(
            ours, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"kid": kid}
        ),
    }
    for number, secret in enumerate((*public_forms(ring), b"", kid.encode())):
        # Signed by hand, because the library refuses to use a public key as a secret.
        unsigned = assembled({"alg": "HS256", "typ": "JWT", "kid": kid}, ours).rpartition(".")[0]
        mac = hmac.digest(secret, unsigned.encode(), hashlib.sha256)
        tricks[f"HS256 with secret {number}"] = f"{unsigned}.{base64url(mac)}"
    answers = {name: summary(await answer_to(client, token)) for name, token in tricks.items()}
    assert answers == dict.fromkeys(tricks, INVALID)


async def test_an_unknown_key_id_is_refused(client: Client, ring: KeyRing) -> None:
    tricks: dict[str, Any] = {
        "unknown": "x",
        "empty": "",
        "a path": "../../../../dev/null",
        "SQL": "' OR 1=1 --",
        "another case": ring.signing.kid.swapcase(),
    }
    answers = {
        name: summary(await answer_to(client, signed(ring, headers={"kid": kid}))) for name, kid in tricks.items()
    }
    good = signed(ring).split(".")
    for name, kid in {"list": [ring.signing.kid], "number": 1, "null": None, "object": {}}.items():
        header = assembled({"alg": "EdDSA", "kid": kid}, {}).split(".")[0]
        answers[name] = summary(await answer_to(client, f"{header}.{good[1]}.{good[2]}"))
    assert answers == dict.fromkeys(answers, INVALID)


async def test_a_key_inside_the_token_is_never_used(client: Client, ring: KeyRing) -> None:
    """No connection is made to the address of a key, which would let a caller direct requests of the server."""
    attacker = Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url(attacker.public_key().public_bytes_raw()), "kid": "evil"}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/keys"
        tricks: dict[str, dict[str, Any]] = {
            "jwk": {"jwk": jwk},
            "jwk and its kid": {"jwk": jwk, "kid": "evil"},
            "jku": {"jku": address},
            "jku and its kid": {"jku": address, "kid": "evil"},
            "x5u": {"x5u": address},
            "x5c": {"x5c": ["MIIB"]},
            "crit": {"crit": ["exp"]},
        }
        answers = {
            name: summary(await answer_to(client, signed(ring, key=attacker, headers=headers)))
            for name, headers in tricks.items()
        }
        with pytest.raises(TimeoutError):
            listener.accept()
    assert answers == dict.fromkeys(tricks, INVALID)


async def test_invalid_claims_are_refused(client: Client, ring: KeyRing) -> None:
    now = int(time.time())
    tricks: dict[str, dict[str, Any]] = {
        **{f"without {name}": {name: None} for name in (*REQUIRED_CLAIMS, "roles", "sid", "epoch")},
        "another issuer": {"iss": "marquee.example"},
        "a list of issuers": {"iss": ["marquee"]},
        "another audience": {"aud": "elsewhere"},
        "a list with our audience": {"aud": ["marquee"]},
        "no audience": {"aud": ""},
        "a refresh token": {"typ": "refresh"},
        "an unknown type": {"typ": "id"},
        "a type that is no text": {"typ": ["access"]},
        "expired": {"iat": now - 120, "exp": now - 1},
        "expiry is no number": {"exp": "tomorrow"},
        "issued tomorrow": {"iat": now + 86400},
        "not yet valid": {"nbf": now + 3600},
        "subject is no number": {"sub": "admin"},
        "subject is a number": {"sub": 1},
        "subject is negative": {"sub": "-1"},
        "subject is empty": {"sub": ""},
        "subject in digits of another script": {"sub": "\u0661"},
        "subject is no id": {"sub": "9" * 40},
        "session is no id": {"sid": "1"},
        "epoch is no number": {"epoch": "0"},
        "never expires": {"exp": float("inf")},
        "no roles": {"roles": []},
        "unknown roles only": {"roles": ["root"]},
        "staff but no user": {"roles": ["staff"]},
        "roles in one text": {"roles": "user"},
        "a user's claims as a service's": {"typ": "service"},
        "a service's claims as a user's": {"scopes": ["media.register"], "roles": None},
    }
    answers = {name: summary(await answer_to(client, signed(ring, **changes))) for name, changes in tricks.items()}
    assert answers == dict.fromkeys(tricks, INVALID)


async def test_duplicate_members_are_refused(client: Client, ring: KeyRing) -> None:
    """Parsers differ in the member that they choose; the signature is valid."""
    body = json.dumps(claims())
    header = json.dumps({"alg": "EdDSA", "typ": "JWT", "kid": ring.signing.kid})
    tricks = {
        "claim": (header, body[:-1] + ', "sub": "2"}'),
        "claim with one value": (header, body[:-1] + ', "sub": "1"}'),
        "claim written with an escape": (header, body[:-1] + r', "\u0073ub": "2"}'),
        "key id": (header[:-1] + f', "kid": "{ring.signing.kid}"}}', body),
        "algorithm": (header[:-1] + ', "alg": "none"}', body),
    }
    answers = {name: summary(await answer_to(client, signed_text(ring, *parts))) for name, parts in tricks.items()}
    assert answers == dict.fromkeys(tricks, INVALID)
    user = await client.registered()
    good = client.with_token(signed_text(ring, header, json.dumps(claims(sub=str(user.user_id)))))
    assert (await good.users.GetProfile(users_pb2.GetProfileRequest())).user.id == user.user_id


async def test_no_type_is_accepted_in_place_of_another(client: Client, ring: KeyRing) -> None:
    user = await client.registered()
    assert summary(await answer_to(client, user.refresh_token)) == INVALID
    assert summary(await answer_to(client, signed(ring, typ="refresh", sub=str(user.user_id)))) == INVALID
    for token in (str(user.token), str(client.as_service("media.register").token), signed(ring, sub=str(user.user_id))):
        request = users_pb2.RefreshTokensRequest(refresh_token=token)
        assert summary(await refused(client.users.RefreshTokens(request))) == INVALID


async def test_garbage_is_refused(client: Client, ring: KeyRing) -> None:
    good = signed(ring)
    tricks = [
        "x", "a.b", "a.b.c", "a.b.c.d", "..", ".".join(["e30"] * 3), good[:-1] + "=", good + ".x", good + " x",
        base64url(b"[" * 2900) + ".e30.x", base64url(b'{"a":' * 500) + ".e30.x", base64url(b"null") + ".e30.x",
        base64url(b"\xff\xfe"), "%00", "Bearer " + good, good.replace(".", ","), "a" * 4097, "a" * 6000,
    ]  # fmt: skip
    answers = {token: summary(await answer_to(client, token)) for token in tricks}
    assert answers == dict.fromkeys(tricks, INVALID)


def test_a_token_above_four_kilobytes_is_not_parsed(ring: KeyRing) -> None:
    """Only on the verifier, because gRPC may refuse metadata of that size."""
    verifier = TokenVerifier(ring, revocations=NothingRevoked(), issuer="marquee", audience="marquee")
    assert verifier.verify(signed(ring)).user_id == 1
    with pytest.raises(TokenInvalid):
        verifier.verify(signed(ring, padding="x" * 10_000))


@pytest.mark.parametrize("header", ["bearer {}", "BEARER {}", "Bearer   {}  ", "bEaReR {}"])
async def test_the_scheme_is_case_insensitive(client: Client, header: str) -> None:
    user = await client.registered()
    metadata = (("authorization", header.format(user.token)),)
    answer = await client.users.GetProfile(users_pb2.GetProfileRequest(), metadata=metadata)
    assert answer.user.id == user.user_id


async def test_another_scheme_is_refused(client: Client) -> None:
    user = await client.registered()
    for header in ("{}", "Basic {}", "Bearer", "Bearer{}", "Token {}", "", "Bearer "):
        metadata = (("authorization", header.format(user.token)),)
        refusal = await refused(client.users.GetProfile(users_pb2.GetProfileRequest(), metadata=metadata))
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID"), header
        assert str(user.token) not in refusal.message


async def test_an_invalid_token_is_refused_even_by_a_public_rpc(client: Client) -> None:
    refusal = await refused(client.with_token("x").catalog.ListMovies(movies_pb2.ListMoviesRequest()))
    assert summary(refusal) == INVALID


async def test_a_cached_token_expires(client: Client, ring: KeyRing) -> None:
    user = await client.registered()
    brief = client.with_token(signed(ring, sub=str(user.user_id), exp=int(time.time()) + 2))
    for _ in range(2):
        await brief.users.GetProfile(users_pb2.GetProfileRequest())
    await asyncio.sleep(2.1)
    for _ in range(2):
        assert summary(await refused(brief.users.GetProfile(users_pb2.GetProfileRequest()))) == INVALID


async def test_a_forged_token_is_recorded_and_a_flood_is_limited(
    client: Client, ring: KeyRing, database: asyncpg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    user = await client.registered()
    now = int(time.time())
    expired = signed(ring, sub=str(user.user_id), iat=now - 60, exp=now - 1)
    assert summary(await answer_to(client, expired)) == INVALID
    select = "SELECT resource, actor_user_id, outcome FROM audit_log WHERE action = 'tokens.refuse'"
    assert await database.fetch(select) == []
    forged = signed(ring, key=Ed25519PrivateKey.generate())
    for _ in range(20):
        assert summary(await answer_to(client, forged)) == INVALID
    rows = [tuple(row) for row in await database.fetch(select)]
    assert 1 <= len(rows) < 20
    assert set(rows) == {("/marquee.users.v1.UsersService/GetProfile", None, "denied")}
    written = capsys.readouterr()
    assert "token.forged" in written.out + written.err
    assert forged.rpartition(".")[2] not in written.out + written.err + str(
        await database.fetch("SELECT * FROM audit_log")
    )
