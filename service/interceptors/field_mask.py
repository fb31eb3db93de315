"""Read masks: the metadata "x-field-mask" cuts every Movie of a reply down to the fields that it names (AIP-157)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from marquee.catalog.v1 import movie_pb2

from service.api.protobuf import Serialized
from service.errors import FieldsInvalid, FieldViolation
from service.interceptors.chain import Call, Handler, Rpc

METADATA_KEY = "x-field-mask"
MOVIE: Descriptor = movie_pb2.Movie.DESCRIPTOR
MAX_VIOLATIONS = 20
Mask = Mapping[str, Collection[str]]
"""The fields to keep, each with those of its own fields to keep; none stands for the whole field."""


class FieldMaskInterceptor:
    """Cuts the movies of unary replies, whichever service they come from; a stream's stay whole."""

    def wrap(self, rpc: Rpc, handler: Handler) -> Handler:
        """Surrounds the handler with the cut; a mask that names no field of Movie does not let it run."""
        if rpc.request_streaming or rpc.response_streaming or rpc.is_infrastructure:
            return handler

        async def masked(request: Any, call: Call) -> Any:
            asked = call.metadata.get(METADATA_KEY)
            paths = _movies_in(rpc) if asked is not None else ()
            if not paths:
                return await handler(request, call)
            mask = parse_mask(str(asked))
            response = await handler(request, call)
            if isinstance(response, Serialized):
                response = response.parsed()
            for movie in (movie for path in paths for movie in _at(response, path)):
                _cut(movie, mask)
            return response

        return masked


def parse_mask(text: str) -> Mask:
    """Reads names of Movie's fields, and of their own fields behind a point; raises FieldsInvalid."""
    paths = [path.strip() for path in text.split(",")]
    strange = [path for path in paths if not _is_path(path)]
    if strange:
        raise FieldsInvalid(
            [
                FieldViolation(METADATA_KEY, "field_mask.known", f"Movie has no field {path[:60]!r}")
                for path in strange[:MAX_VIOLATIONS]
            ]
        )
    mask: dict[str, set[str]] = {}
    for path in paths:
        name, _, part = path.partition(".")
        mask.setdefault(name, set()).add(part)
    return {name: () if "" in parts else parts for name, parts in mask.items()}


def _is_path(path: str) -> bool:
    name, point, part = path.partition(".")
    field = MOVIE.fields_by_name.get(name)
    if field is None or not point:
        return field is not None
    return field.message_type is not None and part in field.message_type.fields_by_name


@cache
def _movies_in(rpc: Rpc) -> Sequence[Sequence[str]]:
    return tuple(_paths_to_movies(rpc.response_type))


def _paths_to_movies(message: Descriptor, *, within: Sequence[Descriptor] = ()) -> Iterator[Sequence[str]]:
    """Yields the names of the fields that lead from a message to a Movie."""
    if message is MOVIE:
        yield ()
        return
    for field in message.fields:
        if field.message_type is not None and field.message_type not in within:
            for path in _paths_to_movies(field.message_type, within=(*within, message)):
                yield (field.name, *path)


def _at(message: Any, path: Sequence[str]) -> Iterator[Any]:
    if not path:
        yield message
        return
    field, value = message.DESCRIPTOR.fields_by_name[path[0]], getattr(message, path[0])
    if field.is_repeated:
        for item in value:
            yield from _at(item, path[1:])
    elif message.HasField(path[0]):
        yield from _at(value, path[1:])


def _cut(movie: Message, mask: Mask) -> None:
    for field, value in movie.ListFields():
        parts = mask.get(field.name)
        if parts is None:
            movie.ClearField(field.name)
        elif parts:
            for item in value if field.is_repeated else (value,):
                _keep(item, parts)


def _keep(message: Message, names: Iterable[str]) -> None:
    for field, _ in message.ListFields():
        if field.name not in names:
            message.ClearField(field.name)
