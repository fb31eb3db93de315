"""Forged tokens: valid except for the part that a test changes."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.auth.keys import KeyRing
from service.auth.revocations import TokenIdentity


class NothingRevoked:
    """A revocation check without a database."""

    def is_revoked(self, _token: TokenIdentity) -> bool:
        """Returns False for every token."""
        return False


def claims(**changes: Any) -> dict[str, Any]:
    """Returns the claims of a valid user token with changes; None omits a claim."""
    now = int(time.time())
    valid = {
        "typ": "access",
        "sub": "1",
        "iss": "marquee",
        "aud": "marquee",
        "iat": now,
        "exp": now + 60,
        "jti": uuid.uuid4().hex,
        "sid": str(uuid.uuid4()),
        "roles": ["user"],
        "epoch": 0,
    }
    return {name: value for name, value in (valid | changes).items() if value is not None}


def signed(ring: KeyRing, *, headers: Mapping[str, Any] | None = None, key: Any = None, **changes: Any) -> str:
    """Returns a token signed with the key of the server, or with another key.

    It is assembled by hand, because a JWT library refuses to sign many of these tokens.
    """
    header = {"alg": "EdDSA", "typ": "JWT", "kid": ring.signing.kid, **(headers or {})}
    unsigned = assembled(header, claims(**changes)).rpartition(".")[0]
    return f"{unsigned}.{base64url((key or ring.signing.private).sign(unsigned.encode()))}"


def signed_text(ring: KeyRing, header: str, payload: str) -> str:
    """Returns a token of exactly these texts, signed with the key of the server."""
    unsigned = f"{base64url(header.encode())}.{base64url(payload.encode())}"
    return f"{unsigned}.{base64url(ring.signing.private.sign(unsigned.encode()))}"


def assembled(header: Mapping[str, Any], payload: Mapping[str, Any], signature: bytes = b"") -> str:
    """Returns a token assembled by hand."""
    return ".".join(base64url(part) for part in (json.dumps(header).encode(), json.dumps(payload).encode(), signature))


def base64url(data: bytes) -> str:
    """Returns unpadded base64url (RFC 7515)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_forms(ring: KeyRing) -> list[bytes]:
    """Returns the public key in each form that a confused verifier may use as a shared secret."""
    public = ring.signing.private.public_key()
    return [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.Raw, PublicFormat.Raw),
        public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
    ]
