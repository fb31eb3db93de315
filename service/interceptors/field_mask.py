"""Read masks: the metadata key "x-field-mask" names the fields that each Movie of a response keeps (AIP-157)."""

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
"""Maps each field to keep to its own fields to keep; an empty collection keeps the whole field."""


def apply_field_mask(rpc: Rpc, handler: Handler) -> Handler:
    """Removes the other fields from the movies of unary responses of every service; streams are not changed.

    A mask with a field that Movie does not have fails before the handler runs.
    """
    if rpc.request_streaming or rpc.response_streaming or rpc.is_infrastructure:
        return handler

    async def masked(request: Any, call: Call) -> Any:
        text = call.metadata.get(METADATA_KEY)
        paths = _movie_paths(rpc) if text is not None else ()
        if not paths:
            return await handler(request, call)
        mask = parse_mask(str(text))
        response = await handler(request, call)
        if isinstance(response, Serialized):
            response = response.parse()
        for movie in (movie for path in paths for movie in _messages_at(response, path)):
            _apply(mask, movie)
        return response

    return masked


def parse_mask(text: str) -> Mask:
    """Parses a comma-separated list of Movie's fields and `field.subfield`; raises FieldsInvalid."""
    paths = [path.strip() for path in text.split(",")]
    unknown = [path for path in paths if not _is_path(path)]
    if unknown:
        raise FieldsInvalid(
            [
                FieldViolation(METADATA_KEY, "field_mask.known", f"Movie has no field {path[:60]!r}")
                for path in unknown[:MAX_VIOLATIONS]
            ]
        )
    mask: dict[str, set[str]] = {}
    for path in paths:
        name, _, subfield = path.partition(".")
        mask.setdefault(name, set()).add(subfield)
    return {name: () if "" in subfields else subfields for name, subfields in mask.items()}


def _is_path(path: str) -> bool:
    name, dot, subfield = path.partition(".")
    field = MOVIE.fields_by_name.get(name)
    if field is None or not dot:
        return field is not None
    return field.message_type is not None and subfield in field.message_type.fields_by_name


@cache
def _movie_paths(rpc: Rpc) -> Sequence[Sequence[str]]:
    return tuple(_find_movie_paths(rpc.response_type))


def _find_movie_paths(message: Descriptor, *, within: Sequence[Descriptor] = ()) -> Iterator[Sequence[str]]:
    """Yields the path of field names from a message to each Movie in it."""
    if message is MOVIE:
        yield ()
        return
    for field in message.fields:
        if field.message_type is not None and field.message_type not in within:
            for path in _find_movie_paths(field.message_type, within=(*within, message)):
                yield (field.name, *path)


def _messages_at(message: Any, path: Sequence[str]) -> Iterator[Any]:
    if not path:
        yield message
        return
    field, value = message.DESCRIPTOR.fields_by_name[path[0]], getattr(message, path[0])
    if field.is_repeated:
        for item in value:
            yield from _messages_at(item, path[1:])
    elif message.HasField(path[0]):
        yield from _messages_at(value, path[1:])


def _apply(mask: Mask, movie: Message) -> None:
    for field, value in movie.ListFields():
        subfields = mask.get(field.name)
        if subfields is None:
            movie.ClearField(field.name)
        elif subfields:
            for item in value if field.is_repeated else (value,):
                _clear_all_but(item, subfields)


def _clear_all_but(message: Message, names: Iterable[str]) -> None:
    for field, _ in message.ListFields():
        if field.name not in names:
            message.ClearField(field.name)
