"""Accounts, profiles, sessions and audit events as messages and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marquee.users.v1 import account_pb2, audit_pb2, session_pb2, users_pb2

from service.api.protobuf import from_date, from_struct, from_timestamp, masked_fields, timestamp, to_date
from service.audit import AuditEvent, AuditFilter
from service.auth.principal import AccessDenied, Principal, UserId
from service.auth.tokens import IssuedToken
from service.media.convert import to_image
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


def profile_changes_from(request: users_pb2.UpdateProfileRequest) -> ProfileChanges:
    """Returns what a user wants changed; raises FieldsInvalid for a mask or a date that is none."""
    changes: Any = {}
    for name in masked_fields(request, request.update_mask, allowed=PROFILE_FIELDS, populated=True):
        changes[name] = getattr(request, name)
    if "birth_date" in changes:
        told = request.HasField("birth_date")
        changes["birth_date"] = from_date(request.birth_date, field="birth_date") if told else None
    if "notification_preferences" in changes:
        changes["notification_preferences"] = from_struct(
            request.notification_preferences, field="notification_preferences"
        )
    typed: ProfileChanges = changes
    return typed


def user_changes_from(request: users_pb2.UpdateUserRequest) -> UserChanges:
    """Returns what staff want changed; raises FieldsInvalid for a mask that is none."""
    changes: Any = {
        name: getattr(request, name) for name in masked_fields(request, request.update_mask, allowed=USER_FIELDS)
    }
    typed: UserChanges = changes
    return typed


def user_filter_from(request: users_pb2.ListUsersRequest) -> UserFilter:
    """Returns which accounts to list."""
    return UserFilter(
        **ROLE_FLAGS[request.role],
        is_active=request.is_active if request.HasField("is_active") else None,
        joined_from=_moment(request, "joined_from"),
        joined_before=_moment(request, "joined_before"),
        text=request.text,
    )


def audit_filter_from(request: users_pb2.ListAuditEventsRequest, principal: Principal) -> AuditFilter:
    """Returns which events to list: for users who are not staff, those that concern them.

    Raises AccessDenied for another user's.
    """
    own_id: UserId | None = None if principal.is_staff else principal.require_user()
    if own_id is not None and request.actor_user_id not in (0, own_id):
        raise AccessDenied("only staff see what others did")
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
