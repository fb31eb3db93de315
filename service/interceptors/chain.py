"""Interceptor chain: wraps each method in all interceptors once, at its first call.

It replaces the interceptors of grpc.aio, which look up the handler and set up every interceptor again for each call. An
empty call through 16 interceptors takes about 15 % less CPU time.

Inside the chain, all kinds of rpc are one coroutine function, `(request, call) -> response`. A streaming handler writes
its responses to the context and returns None.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import grpc
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

from service.api.protobuf import Serialized
from service.auth.client_info import UNKNOWN, ClientInfo
from service.auth.principal import ANONYMOUS, Principal
from service.errors import InvalidArgument, Unavailable


@dataclass(frozen=True, slots=True)
class Rpc:
    """The properties of a method that are known before a call."""

    full_method: str
    """`/package.Service/Method`."""
    request_streaming: bool
    response_streaming: bool

    @property
    def service(self) -> str:
        """`package.Service`."""
        return self.full_method[1:].rpartition("/")[0]

    @property
    def response_type(self) -> Descriptor:
        """The type of the response; raises KeyError for an rpc whose schema is not loaded."""
        return cast("Descriptor", self._schema().output_type)

    def has_request_field(self, name: str) -> bool:
        """Returns whether the rpc is unary and its request has a field of this name."""
        if self.request_streaming or self.response_streaming:
            return False
        try:
            return name in self._schema().input_type.fields_by_name
        except KeyError:
            return False

    def _schema(self) -> Any:
        return cast("Any", descriptor_pool.Default()).FindMethodByName(self.full_method[1:].replace("/", "."))

    @property
    def is_infrastructure(self) -> bool:
        """True for health checks and reflection, which are exempt from limits and deadlines."""
        return self.service.startswith(("grpc.health.", "grpc.reflection."))


@dataclass(slots=True)
class Call:
    """One running call; the interceptors fill in its fields, the outermost first."""

    rpc: Rpc
    context: Any
    """The grpc.aio.ServicerContext."""
    task: asyncio.Task[Any]
    """The task that runs the call."""
    metadata: dict[str, str | bytes]
    """Request metadata; the last value of a repeated key."""
    request_id: str = ""
    client_info: ClientInfo = UNKNOWN
    principal: Principal = ANONYMOUS
    is_counted: bool = False
    """True after a rate limit has counted the call."""


STREAM_END_DELAY = 0.1
"""Seconds between `end_endless_streams` and the end of the streams."""
Handler: TypeAlias = Callable[[Any, Call], Awaitable[Any]]
Interceptor: TypeAlias = Callable[[Rpc, Handler], Handler]
"""Returns a handler that adds one concern to another handler, or the same handler if the rpc is not concerned.

The chain calls it once for each method. Collaborators are bound with functools.partial; an interceptor with state of
its own is a class with `__call__`.
"""


class MessageMalformed(InvalidArgument):
    """The bytes are not a message of the request type: truncated, nested too deeply, or with invalid UTF-8."""


class WorkerStopping(Unavailable):
    """The worker stops and therefore ends an endless stream."""

    def __init__(self) -> None:
        super().__init__("this worker is stopping; connect again", retry_after=STREAM_END_DELAY)


@dataclass(frozen=True, slots=True)
class UndecodableRequest:
    """Replaces a request that could not be decoded, so that the chain sends the error and not gRPC."""


class Chain(grpc.GenericRpcHandler):
    """All methods of a server inside the interceptors. Servicers are added to it instead of the server."""

    def __init__(self, interceptors: Sequence[Interceptor], *, endless: Collection[str] = ()) -> None:
        """`interceptors`: the outermost first. `endless`: full methods of streams that do not end by themselves."""
        self.interceptors = tuple(interceptors)
        self._endless = frozenset(endless)
        self._services: list[Any] = []
        self._handlers: dict[str, Any] = {}
        self._running: dict[asyncio.Task[Any], Rpc] = {}
        self._ended_by_server: set[asyncio.Task[Any]] = set()
        self.cancelled = 0
        """Number of calls that were cancelled so far, without health watches and reflection."""

    def add_generic_rpc_handlers(self, handlers: Iterable[Any]) -> None:
        """Adds the handlers of a service, as grpc.aio.Server does."""
        self._services.extend(handlers)

    def add_registered_method_handlers(self, service: str, handlers: Any) -> None:
        """Does nothing: generated code adds every service in both ways."""

    def service(self, details: Any) -> Any:
        """Returns the handler of a method inside its interceptors; None for an unknown method."""
        wrapped = self._handlers.get(details.method)
        if wrapped is not None:
            return wrapped
        for service in self._services:
            handler = service.service(details)
            if handler is not None:
                return self._handlers.setdefault(details.method, self._wrap(details.method, handler))
        return None

    def end_endless_streams(self) -> None:
        """Ends health watches, reflection and endless streams with UNAVAILABLE after STREAM_END_DELAY.

        Without this they would last longer than any grace period. The delay lets health watches deliver NOT_SERVING
        first.
        """
        loop = asyncio.get_running_loop()
        for task, rpc in self._running.items():
            if rpc.response_streaming and (rpc.is_infrastructure or rpc.full_method in self._endless):
                self._ended_by_server.add(task)
                loop.call_later(STREAM_END_DELAY, task.cancel)

    async def wait_until_idle(self) -> None:
        """Returns when every handler has finished its clean-up, including cancelled handlers."""
        while self._running:
            await asyncio.wait(list(self._running))

    def _wrap(self, full_method: str, handler: Any) -> Any:
        rpc = Rpc(full_method, handler.request_streaming, handler.response_streaming)
        composed = self._ending_with_status(_endpoint(handler)) if rpc.response_streaming else _endpoint(handler)
        for interceptor in reversed(self.interceptors):
            composed = interceptor(rpc, composed)

        async def behavior(request: Any, context: Any) -> Any:
            task = cast("asyncio.Task[Any]", asyncio.current_task())
            self._running[task] = rpc
            try:
                return await composed(request, Call(rpc, context, task, dict(context.invocation_metadata() or ())))
            except asyncio.CancelledError:
                self.cancelled += not rpc.is_infrastructure and task not in self._ended_by_server
                raise
            finally:
                del self._running[task]
                self._ended_by_server.discard(task)

        method_handler = _METHOD_HANDLERS[rpc.request_streaming, rpc.response_streaming]
        return method_handler(
            behavior, _not_raising(handler.request_deserializer), _passing_serialized(handler.response_serializer)
        )

    def _ending_with_status(self, handler: Handler) -> Handler:
        async def ending(request: Any, call: Call) -> Any:
            try:
                return await handler(request, call)
            except asyncio.CancelledError as error:
                if call.task not in self._ended_by_server:
                    raise
                # gRPC sends no status for a cancelled handler: the stream would stay open.
                call.task.uncancel()
                raise WorkerStopping from error

        return ending


_METHOD_HANDLERS: dict[tuple[bool, bool], Any] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


def _endpoint(handler: Any) -> Handler:
    """Returns the innermost handler, which calls the method of the servicer."""
    if not handler.response_streaming:
        method = handler.stream_unary if handler.request_streaming else handler.unary_unary

        async def answer(request: Any, call: Call) -> Any:
            return await method(_decoded(request), call.context)

        return answer

    streaming = handler.stream_stream if handler.request_streaming else handler.unary_stream

    async def stream(request: Any, call: Call) -> None:
        responses = streaming(_decoded(request), call.context)
        if not hasattr(responses, "__aiter__"):  # a coroutine that writes to the context
            await responses
            return
        # Without aclosing, a cancelled stream frees its resources only when its generator is collected.
        async with aclosing(responses):
            async for response in responses:
                await _write(call.context, response)

    return stream


async def _write(context: Any, response: Any) -> None:
    try:
        await context.write(response)
    except grpc.aio.InternalError as error:
        # The client is gone. gRPC cancels the handler for this, but the write may fail before.
        raise asyncio.CancelledError from error


def _decoded(request: Any) -> Any:
    if isinstance(request, UndecodableRequest):
        raise MessageMalformed(
            "the request is not a message of this rpc's type (truncated, too deeply nested or not UTF-8);"
            " send the message that the contract names"
        )
    return request


def _not_raising(deserializer: Any) -> Any:
    """Wraps a deserializer so that it never raises: gRPC would send UNKNOWN before any handler runs."""

    def deserialize(data: bytes) -> Message | UndecodableRequest:
        try:
            message: Message = deserializer(data)
        except (DecodeError, ValueError, RecursionError):
            return UndecodableRequest()
        return message

    return deserialize


def _passing_serialized(serializer: Any) -> Any:
    """Wraps a serializer so that a Serialized response passes unchanged."""

    def serialize(response: Any) -> bytes:
        return response.data if type(response) is Serialized else serializer(response)

    return serialize
