"""The key ring: signing and verifying keys, published keys, and refused folders."""

from __future__ import annotations

import hashlib
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from service.auth import keys
from service.auth.keys import KeyRing, KeyState, KeysUnusable
from service.auth.principal import Role, UserId
from service.auth.tokens import TokenInvalid, TokenIssuer, TokenVerifier
from tests.auth.forged_tokens import NothingRevoked, base64url
from tests.auth.key_files import create_key

HOUR = timedelta(hours=1)


def issued(ring: KeyRing) -> str:
    issuer = TokenIssuer(ring, issuer="marquee", audience="marquee", access_ttl=60, refresh_ttl=60)
    return issuer.issue_access(UserId(7), session_id=uuid4(), roles=[Role.USER], epoch=0).token


def verifier(ring: KeyRing) -> TokenVerifier:
    return TokenVerifier(ring, revocations=NothingRevoked(), issuer="marquee", audience="marquee")


def write(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    file.chmod(0o600)


def pem(key: ec.EllipticCurvePrivateKey | Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_the_newest_key_signs_and_all_verify(tmp_path: Path) -> None:
    keys.generate(tmp_path)
    before = KeyRing.load(tmp_path)
    old = issued(before)
    keys.generate(tmp_path)
    after = KeyRing.load(tmp_path)
    assert after.signing.kid != before.signing.kid
    assert list(after.verifying) == [before.signing.kid, after.signing.kid]
    assert [verifier(after).verify(token).user_id for token in (old, issued(after))] == [7, 7]


def test_the_first_key_of_a_folder_signs_at_once(tmp_path: Path) -> None:
    keys.generate(tmp_path)
    ring = KeyRing.load(tmp_path, activation_delay=600)
    assert ring.state(ring.signing) is KeyState.SIGNING


def test_a_new_key_verifies_at_once_and_signs_after_its_delay(tmp_path: Path) -> None:
    old, new = create_key(tmp_path, age=9 * HOUR), create_key(tmp_path, age=2 * HOUR)
    early = KeyRing.load(tmp_path, activation_delay=3 * 3600)
    assert (early.signing.kid, list(early.verifying)) == (old, [old, new])
    assert [early.state(key) for key in early.keys] == [KeyState.SIGNING, KeyState.NEXT]
    late = KeyRing.load(tmp_path, activation_delay=3600)
    assert (late.signing.kid, list(late.verifying)) == (new, [old, new])
    assert [late.state(key) for key in late.keys] == [KeyState.VERIFYING, KeyState.SIGNING]


def test_a_ring_follows_the_clock_at_each_use(tmp_path: Path) -> None:
    old, new = create_key(tmp_path, age=9 * HOUR), create_key(tmp_path, age=-timedelta(seconds=1))
    ring = KeyRing.load(tmp_path)
    takes_over = ring.keys[1].created_at
    assert takes_over
    while datetime.now(UTC) < takes_over:
        assert ring.signing.kid in {old, new}
    assert ring.signing.kid == new


def test_the_signing_times_of_keys(tmp_path: Path) -> None:
    for ago in (9, 5, 1):
        create_key(tmp_path, age=ago * HOUR)
    ring = KeyRing.load(tmp_path, activation_delay=7200)
    created = [key.created_at or keys.LONG_AGO for key in ring.keys]
    assert [ring.signs_from(key) for key in ring.keys] == [created[0], created[1] + 2 * HOUR, created[2] + 2 * HOUR]
    assert [ring.signs_until(key) for key in ring.keys] == [created[1] + 2 * HOUR, created[2] + 2 * HOUR, None]


@pytest.mark.parametrize("name", ["zz.pem", "20261399T000000000000Z.pem", "2026111T111.pem", "99991231T.pem"])
def test_a_key_without_a_time_in_its_name_counts_as_old(tmp_path: Path, name: str) -> None:
    write(tmp_path / "a.pem", pem(Ed25519PrivateKey.generate()))
    write(tmp_path / name, pem(Ed25519PrivateKey.generate()))
    alone = KeyRing.load(tmp_path, activation_delay=600)
    assert alone.signing.file.name == max(name, "a.pem")
    assert [alone.signs_until(key) for key in alone.keys] == [None, None]
    timed = create_key(tmp_path, age=100 * 365 * 24 * HOUR)
    ring = KeyRing.load(tmp_path, activation_delay=600)
    assert ring.signing.kid == timed
    assert {ring.signs_until(key) for key in ring.keys[:2]} == {ring.signs_from(ring.signing)}


def test_a_removed_key_verifies_nothing(tmp_path: Path) -> None:
    file = keys.generate(tmp_path)
    token = issued(KeyRing.load(tmp_path))
    file.unlink()
    keys.generate(tmp_path)
    with pytest.raises(TokenInvalid):
        verifier(KeyRing.load(tmp_path)).verify(token)


def test_the_kid_is_the_thumbprint(tmp_path: Path) -> None:
    """RFC 7638 over the members of RFC 8037, so that any JWK tool computes the same kid."""
    keys.generate(tmp_path)
    ring = KeyRing.load(tmp_path)
    x = base64url(ring.signing.private.public_key().public_bytes_raw())
    canonical = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": x}, separators=(",", ":"))
    assert ring.signing.kid == base64url(hashlib.sha256(canonical.encode()).digest())


def test_published_keys_are_public_and_verify_elsewhere(tmp_path: Path) -> None:
    for _ in range(2):
        keys.generate(tmp_path)
    ring = KeyRing.load(tmp_path)
    published = json.loads(json.dumps({"keys": ring.jwks()}))
    assert [set(key) for key in published["keys"]] == [{"kty", "crv", "x", "kid", "use", "alg"}] * 2
    known = jwt.PyJWKSet.from_dict(published)[ring.signing.kid]
    claims = jwt.decode(issued(ring), known, algorithms=["EdDSA"], audience="marquee", issuer="marquee")
    assert claims["sub"] == "7"


def test_only_its_owner_can_read_a_new_key(tmp_path: Path) -> None:
    file = keys.generate(tmp_path / "keys")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_readers_never_see_an_incomplete_key(tmp_path: Path) -> None:
    seen: set[int] = set()
    stopped = threading.Event()

    def look() -> None:
        last = False
        while not last:
            last = stopped.is_set()
            seen.update(file.stat().st_size for file in tmp_path.glob("*.pem"))

    looking = threading.Thread(target=look)
    looking.start()
    for _ in range(100):
        keys.generate(tmp_path)
    stopped.set()
    looking.join()
    assert len(seen) == 1
    assert len(KeyRing.load(tmp_path).keys) == len(list(tmp_path.iterdir())) == 100


def test_a_folder_without_keys_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(KeysUnusable, match=r"MARQUEE_KEYS_DIR.*marquee keys rotate"):
            KeyRing.load(folder)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    keys.generate(tmp_path).chmod(0o640)
    with pytest.raises(KeysUnusable, match="chmod 600"):
        KeyRing.load(tmp_path)


def test_a_file_without_a_key_is_refused(tmp_path: Path) -> None:
    private = Ed25519PrivateKey.generate()
    locked = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password"))
    for content in (b"", b"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n", pem(private)[:80], locked):
        write(tmp_path / "a.pem", content)
        with pytest.raises(KeysUnusable, match=r"a\.pem is not a PEM private key"):
            KeyRing.load(tmp_path)


def test_a_dangling_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pem").symlink_to(tmp_path / "gone")
    with pytest.raises(KeysUnusable, match=r"a\.pem cannot be read"):
        KeyRing.load(tmp_path)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    keys.generate(tmp_path)
    write(tmp_path / "a.pem", pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(KeysUnusable, match="Ed25519"):
        KeyRing.load(tmp_path)


def test_the_same_key_twice_is_refused(tmp_path: Path) -> None:
    """The removal of one file would not retire the key."""
    write(tmp_path / "a.pem", keys.generate(tmp_path).read_bytes())
    with pytest.raises(KeysUnusable, match="twice"):
        KeyRing.load(tmp_path)
