"""The rate limit class of every rpc, repeated here where a mistake is expensive."""

from __future__ import annotations

import re

from service.auth.policy import MethodClass, rule_for
from service.server.application import full_methods

SIGN_IN = {"Register", "Login", "RefreshTokens", "ChangePassword", "DeleteAccount"}
EXEMPT = {"GetRateLimits", "Check", "Watch", "List"}
READING = re.compile(r"(Get|BatchGet|List|Search|Suggest|Watch|Export|Recommend)[A-Z]")


def expected(rpc: str) -> MethodClass:
    if rpc in SIGN_IN:
        return MethodClass.SIGN_IN
    if rpc in EXEMPT:
        return MethodClass.EXEMPT
    return MethodClass.READ if READING.match(rpc) else MethodClass.WRITE


def test_the_class_of_every_rpc() -> None:
    assert {name: rule_for(name).method_class for name in full_methods()} == {
        name: expected(name.rpartition("/")[2]) for name in full_methods()
    }


def test_reflection_is_exempt() -> None:
    for version in ("v1", "v1alpha"):
        name = f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
        assert rule_for(name).method_class is MethodClass.EXEMPT
