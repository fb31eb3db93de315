"""The key ring: which keys sign and verify, and which folders are refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from service.auth import keys
from service.auth.keys import KeyRing, KeysUnusable
from service.auth.principal import Role, UserId
from service.auth.tokens import TokenInvalid, TokenIssuer, TokenVerifier
from tests.auth.forgery import base64url


def issuer(ring: KeyRing) -> TokenIssuer:
    return TokenIssuer(ring, issuer="marquee", audience="marquee", access_ttl=60)


def verifier(ring: KeyRing) -> TokenVerifier:
    return TokenVerifier(ring, issuer="marquee", audience="marquee")


def write(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    file.chmod(0o600)


def pem(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_the_newest_key_signs_and_all_verify(tmp_path: Path) -> None:
    keys.generate(tmp_path)
    before = KeyRing.load(tmp_path)
    old = issuer(before).issue_access(UserId(7), roles=[Role.USER], epoch=0).token
    keys.generate(tmp_path)
    after = KeyRing.load(tmp_path)
    assert after.signing.kid != before.signing.kid
    assert set(after.verifying) == {before.signing.kid, after.signing.kid}
    new = issuer(after).issue_access(UserId(7), roles=[Role.USER], epoch=0).token
    assert [verifier(after).verify(token).user_id for token in (old, new)] == [7, 7]


def test_a_key_that_was_taken_away_verifies_nothing(tmp_path: Path) -> None:
    file = keys.generate(tmp_path)
    token = issuer(KeyRing.load(tmp_path)).issue_access(UserId(7), roles=[Role.USER], epoch=0).token
    file.unlink()
    keys.generate(tmp_path)
    with pytest.raises(TokenInvalid):
        verifier(KeyRing.load(tmp_path)).verify(token)


def test_a_key_is_named_by_its_thumbprint(tmp_path: Path) -> None:
    """RFC 7638 over the members of RFC 8037, so that any JWK tool comes to the same name."""
    keys.generate(tmp_path)
    ring = KeyRing.load(tmp_path)
    x = base64url(ring.signing.private.public_key().public_bytes_raw())
    canonical = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
    assert ring.signing.kid == base64url(hashlib.sha256(canonical.encode()).digest())


def test_only_its_owner_can_read_a_new_key(tmp_path: Path) -> None:
    file = keys.generate(tmp_path / "keys")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_without_keys_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(KeysUnusable, match="MARQUEE_KEYS_DIR"):
            KeyRing.load(folder)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    keys.generate(tmp_path).chmod(0o640)
    with pytest.raises(KeysUnusable, match="chmod 600"):
        KeyRing.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "a.pem", content)
    with pytest.raises(KeysUnusable, match=r"a\.pem"):
        KeyRing.load(tmp_path)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    keys.generate(tmp_path)
    write(tmp_path / "a.pem", pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(KeysUnusable, match="Ed25519"):
        KeyRing.load(tmp_path)
