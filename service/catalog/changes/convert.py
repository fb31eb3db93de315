"""Messages of changes and exports."""

from __future__ import annotations

from collections.abc import Iterator

from marquee.catalog.v1 import change_pb2, changes_pb2

from service.api.protobuf import serialize_with, serialized, timestamp
from service.catalog.changes.exporting import ExportedMovies
from service.catalog.changes.service import Change, ChangePage, Entity
from service.catalog.convert import FULL, serialize_movie, to_parts
from service.catalog.service import MovieResponse

MESSAGE_BYTES = 1 << 20
"""Approximate maximum size of a message of an export; the default limit of clients is 4 MiB."""


def entity_from(entity_type: change_pb2.EntityType.ValueType) -> Entity | None:
    """Returns the requested entity, None for all."""
    if entity_type == change_pb2.ENTITY_TYPE_UNSPECIFIED:
        return None
    return Entity[change_pb2.EntityType.Name(entity_type).removeprefix("ENTITY_TYPE_")]


def to_change(change: Change) -> change_pb2.Change:
    """Returns the message of a change."""
    return change_pb2.Change(
        entity_type=change_pb2.EntityType.Value(f"ENTITY_TYPE_{change.entity.name}"),
        entity_id=change.entity_id,
        kind=change_pb2.ChangeKind.Value(f"CHANGE_KIND_{change.kind.name}"),
        create_time=timestamp(change.created_at),
    )


def to_watched(page: ChangePage) -> changes_pb2.WatchChangesResponse:
    """Returns the message of a page of a watch."""
    return changes_pb2.WatchChangesResponse(
        changes=map(to_change, page.changes), next_cursor=page.next_cursor, send_time=timestamp(page.read_at)
    )


def to_exported(batch: ExportedMovies) -> Iterator[changes_pb2.ExportMoviesResponse]:
    """Yields the messages of a batch, at least one; each movie is in one message."""
    movies: list[bytes] = []
    size = 0
    for detail in batch.movies:
        movie = serialize_movie(MovieResponse(to_parts(detail), viewer=None), view=FULL)
        if movies and size + len(movie) > MESSAGE_BYTES:
            yield _exported(batch.cursor, movies)
            movies, size = [], 0
        movies.append(movie)
        size += len(movie)
    yield _exported(batch.cursor, movies)


def _exported(cursor: str, movies: list[bytes]) -> changes_pb2.ExportMoviesResponse:
    message = changes_pb2.ExportMoviesResponse(cursor=cursor)
    return serialized(changes_pb2.ExportMoviesResponse, serialize_with(message, "movies", movies))
