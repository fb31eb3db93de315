"""Accounts, profiles, sessions, audit events, exports and rate limits as messages and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from google.protobuf.duration_pb2 import Duration
from marquee.users.v1 import account_pb2, audit_pb2, export_pb2, rate_limit_pb2, session_pb2, users_pb2

from service.api.protobuf import from_date, from_struct, from_timestamp, masked_fields, timestamp, to_date
from service.audit import AuditEvent, AuditFilter
from service.auth.principal import AccessDenied, Principal, UserId
from service.auth.tokens import IssuedToken
from service.media.convert import to_file, to_image
from service.media.values import FileRecord
from service.ratelimit.limiter import RateLimitStatus
from service.users.exports import (
    Exported,
    ExportedDismissal,
    ExportedFavorite,
    ExportedMovie,
    ExportedRating,
    ExportedWatchlistItem,
)
from service.users.values import Account, Profile, ProfileChanges, SessionRecord, UserChanges, UserFilter

PROFILE_FIELDS = (
    "username",
    "email",
    "first_name",
    "last_name",
    "bio",
    "birth_date",
    "favorite_genre_ids",
    "notification_preferences",
    "avatar_file_id",
)
USER_FIELDS = ("is_active", "is_staff", "is_superuser")
ROLE_FLAGS: dict[int, dict[str, bool]] = {
    account_pb2.ROLE_UNSPECIFIED: {},
    account_pb2.ROLE_USER: {"is_staff": False, "is_superuser": False},
    account_pb2.ROLE_STAFF: {"is_staff": True},
    account_pb2.ROLE_SUPERUSER: {"is_superuser": True},
}


def to_user(account: Account) -> account_pb2.User:
    """Returns the message of an account."""
    user = account.user
    return account_pb2.User(
        id=user.id,
        username=user.username,
        email=account.email,
        first_name=user.first_name,
        last_name=user.last_name,
        avatar=to_image(account.avatar) if account.avatar else None,
        is_active=user.is_active,
        is_staff=user.is_staff,
        is_superuser=user.is_superuser,
        date_joined=timestamp(user.date_joined),
        update_time=timestamp(user.updated_at),
        last_login_time=timestamp(user.last_login_at) if user.last_login_at else None,
        etag=account.etag,
    )


def to_profile(profile: Profile) -> account_pb2.Profile:
    """Returns the message of a profile."""
    message = account_pb2.Profile(
        bio=profile.bio,
        favorite_genre_ids=profile.favorite_genre_ids,
        birth_date=to_date(profile.birth_date) if profile.birth_date else None,
    )
    message.notification_preferences.update(profile.notification_preferences)
    return message


def to_token(token: IssuedToken) -> session_pb2.Token:
    """Returns the message of a token."""
    return session_pb2.Token(token=token.token, expire_time=timestamp(token.expires_at))


def to_session(session: SessionRecord) -> session_pb2.Session:
    """Returns the message of a session."""
    return session_pb2.Session(
        id=str(session.id),
        label=session.label,
        create_time=timestamp(session.created_at),
        last_use_time=timestamp(session.last_used_at),
        expire_time=timestamp(session.expires_at),
        is_current=session.is_current,
    )


def to_audit_event(event: AuditEvent) -> audit_pb2.AuditEvent:
    """Returns the message of an event."""
    message = audit_pb2.AuditEvent(
        actor_user_id=event.actor_user_id or 0,
        action=event.action,
        resource=event.resource,
        outcome=event.outcome,
        request_id=event.request_id or "",
        create_time=timestamp(event.created_at),
    )
    message.detail.update(event.detail)
    return message


def to_exported_record(record: Exported) -> export_pb2.ExportedRecord:  # noqa: PLR0911 - one line for each kind
    """Returns the message of one exported record."""
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


def to_rate_limit(status: RateLimitStatus) -> rate_limit_pb2.RateLimit:
    """Returns the message of a caller's status; while calls remain, they are free from this moment on."""
    return rate_limit_pb2.RateLimit(
        method_class=status.method_class,
        limit=status.limit,
        remaining=status.remaining,
        window=Duration(seconds=status.window),
        reset_time=timestamp(datetime.now(UTC) + timedelta(seconds=status.retry_after)),
    )


def profile_changes_from(request: users_pb2.UpdateProfileRequest) -> ProfileChanges:
    """Returns the requested changes of a profile; raises FieldsInvalid for an invalid mask or date."""
    changes: Any = {}
    for name in masked_fields(request, request.update_mask, allowed=PROFILE_FIELDS, populated=True):
        changes[name] = getattr(request, name)
    if "birth_date" in changes:
        is_set = request.HasField("birth_date")
        changes["birth_date"] = from_date(request.birth_date, field="birth_date") if is_set else None
    if "notification_preferences" in changes:
        changes["notification_preferences"] = from_struct(
            request.notification_preferences, field="notification_preferences"
        )
    typed: ProfileChanges = changes
    return typed


def user_changes_from(request: users_pb2.UpdateUserRequest) -> UserChanges:
    """Returns the requested changes of an account; raises FieldsInvalid for an invalid mask."""
    changes: Any = {
        name: getattr(request, name) for name in masked_fields(request, request.update_mask, allowed=USER_FIELDS)
    }
    typed: UserChanges = changes
    return typed


def user_filter_from(request: users_pb2.ListUsersRequest) -> UserFilter:
    """Returns the filter of a request."""
    return UserFilter(
        **ROLE_FLAGS[request.role],
        is_active=request.is_active if request.HasField("is_active") else None,
        joined_from=_moment(request, "joined_from"),
        joined_before=_moment(request, "joined_before"),
        text=request.text,
    )


def audit_filter_from(request: users_pb2.ListAuditEventsRequest, principal: Principal) -> AuditFilter:
    """Returns the filter of a request; callers who are not staff get only events about themselves.

    Raises AccessDenied if they request those of another user.
    """
    own_id: UserId | None = None if principal.is_staff else principal.require_user()
    if own_id is not None and request.actor_user_id not in (0, own_id):
        raise AccessDenied("only staff may list the events of other users")
    return AuditFilter(
        concerning_user_id=own_id,
        actor_user_id=request.actor_user_id or None,
        action=request.action,
        resource=request.resource,
        created_from=_moment(request, "created_from"),
        created_before=_moment(request, "created_before"),
    )


def _moment(request: Any, field: str) -> datetime | None:
    return from_timestamp(getattr(request, field), field=field) if request.HasField(field) else None
