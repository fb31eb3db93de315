"""gRPC reflection, in the v1 that today's tools ask for and the v1alpha that older ones do."""

from __future__ import annotations

from collections.abc import Sequence

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_reflection.v1alpha import reflection, reflection_pb2

V1ALPHA = reflection.SERVICE_NAME
V1 = V1ALPHA.replace("v1alpha", "v1")


def add_reflection(server: grpc.aio.Server, services: Sequence[str]) -> None:
    """Serves both versions; grpcio brings v1alpha only, and v1's messages are the same on the wire."""
    _describe_v1()
    names = (*services, V1ALPHA, V1)
    reflection.enable_server_reflection(names, server)
    servicer = reflection.aio.ReflectionServicer(names)
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        reflection_pb2.ServerReflectionRequest.FromString,
        reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    handler = grpc.method_handlers_generic_handler(V1, {"ServerReflectionInfo": method})
    server.add_generic_rpc_handlers((handler,))


def _describe_v1() -> None:
    """Adds v1's schema to the pool, derived from v1alpha's, so that `describe` finds it."""
    file = descriptor_pb2.FileDescriptorProto()
    reflection_pb2.DESCRIPTOR.CopyToProto(file)
    file.name = "grpc/reflection/v1/reflection.proto"
    file.package = "grpc.reflection.v1"
    file.options.Clear()
    for message in file.message_type:
        for field in message.field:
            if field.HasField("type_name"):
                field.type_name = field.type_name.replace(".v1alpha.", ".v1.")
    for service in file.service:
        for rpc in service.method:
            rpc.input_type = rpc.input_type.replace(".v1alpha.", ".v1.")
            rpc.output_type = rpc.output_type.replace(".v1alpha.", ".v1.")
    descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
