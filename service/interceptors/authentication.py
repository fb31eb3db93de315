"""Authentication: finds the caller of each rpc and checks the policy table, which refuses unknown rpcs."""

from __future__ import annotations

from typing import Any, Protocol

from service.auth.policy import rule_for
from service.auth.principal import ANONYMOUS, CURRENT, Principal
from service.auth.tokens import TokenInvalid
from service.interceptors.chain import Call, Handler, Rpc

METADATA_KEY = "authorization"
SCHEME = "bearer "


class Verifier(Protocol):
    """Turns tokens into principals."""

    def verify(self, token: str) -> Principal:
        """Returns the principal that the token was issued to; raises TokenInvalid."""
        ...


def authenticate(rpc: Rpc, handler: Handler, *, verifier: Verifier) -> Handler:
    """Sets the principal of each call and checks the rule of the rpc; raises PolicyMissing for an rpc without a rule.

    A token is also checked where anonymous callers are allowed: an invalid token is an error and never makes the
    caller anonymous.
    """
    rule = rule_for(rpc.full_method)

    async def authenticated(request: Any, call: Call) -> Any:
        token = bearer_token(call)
        call.principal = ANONYMOUS if token is None else verifier.verify(token)
        rule.check(call.principal)
        CURRENT.set(call.principal)
        return await handler(request, call)

    return authenticated


def bearer_token(call: Call) -> str | None:
    """Returns the token of a call, or None without an authorization header; raises TokenInvalid for another scheme."""
    header = call.metadata.get(METADATA_KEY)
    if header is None:
        return None
    if not isinstance(header, str) or header[: len(SCHEME)].lower() != SCHEME:
        raise TokenInvalid
    return header[len(SCHEME) :].strip()
