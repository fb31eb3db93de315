"""Client of the gRPC health service, for commands and for the local stack."""

from __future__ import annotations

from typing import Any, cast

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

TIMEOUT = 3.0


def get_health(address: str, *, service: str = "", timeout: float = TIMEOUT) -> str:
    """Returns the health status of a service, such as SERVING; the name of the gRPC code if the call fails."""
    with grpc.insecure_channel(address) as channel:
        stub = cast("Any", health_pb2_grpc.HealthStub(channel))
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=timeout)
        except grpc.RpcError as error:
            return str(error.code().name)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
