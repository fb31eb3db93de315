"""Asking a server for its health, as a balancer does."""

from __future__ import annotations

from typing import Any, cast

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

TIMEOUT = 3.0


def ask_health(address: str, *, service: str = "", timeout: float = TIMEOUT) -> str:
    """Returns what the health service says of a service, such as SERVING; of an absent server, the code's name."""
    with grpc.insecure_channel(address) as channel:
        stub = cast("Any", health_pb2_grpc.HealthStub(channel))
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=timeout)
        except grpc.RpcError as error:
            return str(error.code().name)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
