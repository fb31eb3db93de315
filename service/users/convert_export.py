"""What is kept about a user as messages."""

from __future__ import annotations

from typing import assert_never

from marquee.users.v1 import export_pb2

from service.api.protobuf import timestamp
from service.audit import AuditEvent
from service.media.convert import to_file
from service.media.values import FileRecord
from service.users.convert import to_audit_event, to_profile, to_session, to_user
from service.users.exports import (
    Exported,
    ExportedDismissal,
    ExportedFavorite,
    ExportedMovie,
    ExportedRating,
    ExportedWatchlistItem,
)
from service.users.values import Account, Profile, SessionRecord


def to_exported_record(record: Exported) -> export_pb2.ExportedRecord:  # noqa: PLR0911 - one line a kind
    """Returns the message of one thing that is kept about a user."""
    match record:
        case Account():
            return export_pb2.ExportedRecord(user=to_user(record))
        case Profile():
            return export_pb2.ExportedRecord(profile=to_profile(record))
        case SessionRecord():
            return export_pb2.ExportedRecord(session=to_session(record))
        case FileRecord():
            return export_pb2.ExportedRecord(file=to_file(record))
        case ExportedFavorite():
            return export_pb2.ExportedRecord(favorite=_to_movie(record))
        case ExportedWatchlistItem():
            return export_pb2.ExportedRecord(watchlist_item=_to_movie(record))
        case ExportedRating():
            return export_pb2.ExportedRecord(rating=_to_rating(record))
        case ExportedDismissal():
            return export_pb2.ExportedRecord(dismissed_recommendation=_to_movie(record))
        case AuditEvent():
            return export_pb2.ExportedRecord(audit_event=to_audit_event(record))
    assert_never(record)


def _to_movie(movie: ExportedMovie) -> export_pb2.ExportedMovie:
    return export_pb2.ExportedMovie(movie_id=movie.movie_id, title=movie.title, create_time=timestamp(movie.created_at))


def _to_rating(rating: ExportedRating) -> export_pb2.ExportedRating:
    return export_pb2.ExportedRating(
        movie_id=rating.movie_id,
        title=rating.title,
        rating=rating.rating,
        review=rating.review,
        create_time=timestamp(rating.created_at),
        update_time=timestamp(rating.updated_at),
    )
