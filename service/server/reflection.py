"""gRPC server reflection: v1 for current tools and v1alpha for older ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor
from grpc_reflection.v1alpha import reflection, reflection_pb2

V1ALPHA = reflection.SERVICE_NAME
V1 = V1ALPHA.replace("v1alpha", "v1")


def add_reflection(server: Any, services: Sequence[str]) -> None:
    """Adds both versions to a server. grpcio has only v1alpha, whose messages are the same on the wire."""
    _register_v1()
    names = (*services, V1ALPHA, V1)
    servicer = reflection.aio.ReflectionServicer(names, _CompletePool(descriptor_pool.Default()))
    method = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        reflection_pb2.ServerReflectionRequest.FromString,
        reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    for name in (V1ALPHA, V1):
        handler = grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method})
        server.add_generic_rpc_handlers((handler,))


class _CompletePool:
    """Descriptor pool that also finds the file of a method or a field; Python's own pool does not."""

    def __init__(self, pool: descriptor_pool.DescriptorPool) -> None:
        self._pool = pool

    def FindFileContainingSymbol(self, symbol: str) -> FileDescriptor:  # noqa: N802 - the pool's own name
        """Returns the file of a symbol, found by the symbol itself or by its parent; raises KeyError."""
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            parent, _, part = symbol.rpartition(".")
            file = self._pool.FindFileContainingSymbol(parent)
            if part not in _parts(file, parent):
                raise
            return file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


def _parts(file: FileDescriptor, symbol: str) -> set[str]:
    """Returns the names of a service's methods or of a message's fields."""
    service = file.services_by_name.get(symbol.removeprefix(f"{file.package}."))
    if service is not None:
        return set(service.methods_by_name)
    message = file.message_types_by_name.get(symbol.removeprefix(f"{file.package}."))
    return set(message.fields_by_name) if message is not None else set()


def _register_v1() -> None:
    """Adds the v1 schema, derived from v1alpha's, to the pool, so that a client's `describe` finds it."""
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
