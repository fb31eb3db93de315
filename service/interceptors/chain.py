"""How interceptors are put around handlers: composed once a method, not once a call.

gRPC would look for the handler and run every interceptor's set-up again for each call. Here one generic handler holds
every method with its whole chain, built the first time that it is called. Inside, every kind of rpc is one coroutine
function, `(request, call) -> response`; a streaming response is written as it comes and ends in None.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol, cast

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
    """What is known of a method before it is called."""

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
        """The message that it answers with; raises KeyError for an rpc whose schema is not loaded."""
        return cast("Descriptor", self._schema().output_type)

    def takes(self, field: str) -> bool:
        """Tells whether it is a unary rpc whose request has a field of this name."""
        if self.request_streaming or self.response_streaming:
            return False
        try:
            return field in self._schema().input_type.fields_by_name
        except KeyError:
            return False

    def _schema(self) -> Any:
        return cast("Any", descriptor_pool.Default()).FindMethodByName(self.full_method[1:].replace("/", "."))

    @property
    def is_infrastructure(self) -> bool:
        """True for health checks and reflection, which limits and deadlines spare."""
        return self.service.startswith(("grpc.health.", "grpc.reflection."))


@dataclass(slots=True)
class Call:
    """One call under way; interceptors fill it from the outside in."""

    rpc: Rpc
    context: Any
    """The grpc.aio.ServicerContext."""
    task: asyncio.Task[Any]
    """What carries it out."""
    metadata: dict[str, str | bytes]
    """Request metadata; of a repeated key, the last value."""
    request_id: str = ""
    client_info: ClientInfo = UNKNOWN
    principal: Principal = ANONYMOUS
    is_counted: bool = False
    """True once the call has been counted against a rate."""


# Seconds from the order to end a stream until it ends.
LAST_WORD = 0.1
Handler = Callable[[Any, Call], Awaitable[Any]]


class Interceptor(Protocol):
    """One concern around every call."""

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Returns the handler with the concern around it; called once a method. Returns `handler` to stay out."""
        ...


class MessageMalformed(InvalidArgument):
    """The bytes are not a message of the rpc's type: truncated, nested too deep, or with broken UTF-8."""


class WorkerStopping(Unavailable):
    """The stream would never end by itself, and its worker is about to."""

    def __init__(self) -> None:
        super().__init__("this worker is stopping", retry_after=LAST_WORD)


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Stands in for a request that could not be decoded, so that the chain answers for it and not gRPC."""


class Chain(grpc.GenericRpcHandler):
    """All that a server serves, within the interceptors; servicers are added to it as they would be to the server."""

    def __init__(self, interceptors: Sequence[Interceptor], *, endless: Collection[str] = ()) -> None:
        """`interceptors`: outermost first. `endless`: full methods of streams that, as infrastructure's, never end."""
        self.interceptors = tuple(interceptors)
        self._endless = frozenset(endless)
        self._served: list[Any] = []
        self._handlers: dict[str, Any] = {}
        self._under_way: dict[asyncio.Task[Any], Rpc] = {}
        self._ended: set[asyncio.Task[Any]] = set()
        self.cancelled = 0
        """Calls that ended by cancellation so far, health watches and reflection aside."""

    def add_generic_rpc_handlers(self, handlers: Iterable[Any]) -> None:
        """Takes a service, as grpc.aio.Server does."""
        self._served.extend(handlers)

    def add_registered_method_handlers(self, service: str, handlers: Any) -> None:
        """Takes nothing more: gRPC's generated code adds every service in both ways."""

    def service(self, details: Any) -> Any:
        """Returns the method's handler within its interceptors; None for a method that nobody serves."""
        known = self._handlers.get(details.method)
        if known is not None:
            return known
        for served in self._served:
            handler = served.service(details)
            if handler is not None:
                return self._handlers.setdefault(details.method, self._wrap(details.method, handler))
        return None

    def end_endless_streams(self) -> None:
        """Ends health watches, reflection and the like with UNAVAILABLE soon: they would otherwise outlast any grace.

        Not at once, so that whoever watches is told of NOT_SERVING before.
        """
        loop = asyncio.get_running_loop()
        for task, rpc in self._under_way.items():
            if rpc.response_streaming and (rpc.is_infrastructure or rpc.full_method in self._endless):
                self._ended.add(task)
                loop.call_later(LAST_WORD, task.cancel)

    async def wait_until_idle(self) -> None:
        """Returns when every handler, cancelled ones included, has run its clean-up."""
        while self._under_way:
            await asyncio.wait(list(self._under_way))

    def _wrap(self, full_method: str, handler: Any) -> Any:
        rpc = Rpc(full_method, handler.request_streaming, handler.response_streaming)
        composed = self._told_of_its_end(_endpoint(handler)) if rpc.response_streaming else _endpoint(handler)
        for interceptor in reversed(self.interceptors):
            composed = interceptor.wrap(rpc, composed)

        async def behavior(request: Any, context: Any) -> Any:
            task = cast("asyncio.Task[Any]", asyncio.current_task())
            self._under_way[task] = rpc
            try:
                return await composed(request, Call(rpc, context, task, dict(context.invocation_metadata() or ())))
            except asyncio.CancelledError:
                self.cancelled += not rpc.is_infrastructure and task not in self._ended
                raise
            finally:
                del self._under_way[task]
                self._ended.discard(task)

        make = _MAKERS[rpc.request_streaming, rpc.response_streaming]
        return make(behavior, _guarded(handler.request_deserializer), _passing(handler.response_serializer))

    def _told_of_its_end(self, handler: Handler) -> Handler:
        async def told(request: Any, call: Call) -> Any:
            try:
                return await handler(request, call)
            except asyncio.CancelledError as error:
                if call.task not in self._ended:
                    raise
                # gRPC sends no status for a handler that is merely cancelled: the stream would stay open.
                call.task.uncancel()
                raise WorkerStopping from error

        return told


_MAKERS: dict[tuple[bool, bool], Any] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (True, True): grpc.stream_stream_rpc_method_handler,
}


def _endpoint(handler: Any) -> Handler:
    """Returns the innermost handler: the servicer's own method."""
    if not handler.response_streaming:
        method = handler.stream_unary if handler.request_streaming else handler.unary_unary

        async def answer(request: Any, call: Call) -> Any:
            return await method(_decoded(request), call.context)

        return answer

    streaming = handler.stream_stream if handler.request_streaming else handler.unary_stream

    async def stream(request: Any, call: Call) -> None:
        responses = streaming(_decoded(request), call.context)
        if not hasattr(responses, "__aiter__"):  # a coroutine that writes to the context itself
            await responses
            return
        # Closed here: what a cancelled stream holds is else freed whenever its generator is.
        async with aclosing(responses):
            async for response in responses:
                await _write(call.context, response)

    return stream


async def _write(context: Any, response: Any) -> None:
    try:
        await context.write(response)
    except grpc.aio.InternalError as error:
        # Nobody hears any more. gRPC cancels the handler for that, but may tell the write before.
        raise asyncio.CancelledError from error


def _decoded(request: Any) -> Any:
    if isinstance(request, Undecodable):
        raise MessageMalformed("the request is not a message of this rpc's type: truncated, too deep or not UTF-8")
    return request


def _guarded(deserializer: Any) -> Any:
    """Wraps a deserializer: gRPC answers UNKNOWN when one raises, before any handler runs."""

    def deserialize(data: bytes) -> Message | Undecodable:
        try:
            message: Message = deserializer(data)
        except (DecodeError, ValueError, RecursionError):
            return Undecodable()
        return message

    return deserialize


def _passing(serializer: Any) -> Any:
    """Wraps a serializer: what is serialized already passes."""

    def serialize(response: Any) -> bytes:
        return response.data if type(response) is Serialized else serializer(response)

    return serialize
