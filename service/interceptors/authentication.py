"""Authentication: who is calling, and may they call this at all; unnamed rpcs do not exist."""

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
        """Returns who the token speaks for; raises TokenInvalid."""
        ...


class AuthenticationInterceptor:
    """Makes the principal known and checks the policy table.

    A token that is sent is checked even where anyone may call: a broken one is an error, never a silent fall back
    to an anonymous caller.
    """

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the check of its rule; raises PolicyMissing for an rpc without one."""
        rule = rule_for(rpc.full_method)

        async def authenticated(request: Any, call: Call) -> Any:
            call.principal = self._principal(call)
            rule.check(call.principal)
            CURRENT.set(call.principal)
            return await handler(request, call)

        return authenticated

    def _principal(self, call: Call) -> Principal:
        token = token_of(call)
        return ANONYMOUS if token is None else self._verifier.verify(token)


def token_of(call: Call) -> str | None:
    """Returns the token that a call carries, None when it carries none; raises TokenInvalid for what is no token."""
    header = call.metadata.get(METADATA_KEY)
    if header is None:
        return None
    if not isinstance(header, str) or header[: len(SCHEME)].lower() != SCHEME:
        raise TokenInvalid
    return header[len(SCHEME) :].strip()
