"""Tables of users, profiles and sessions."""

from __future__ import annotations

from typing import Any

from tortoise import Model, fields
from tortoise.fields.db_defaults import Now, SqlDefault

from service.database.orm import TimestampedModel


class User(TimestampedModel):
    """An account.

    The email address is encrypted; `email_hash` is a keyed hash of its normalized form, by which it is unique and
    found. The username is unique case-insensitively.
    """

    id = fields.IntField(primary_key=True)
    username = fields.CharField(max_length=150)
    first_name = fields.CharField(max_length=150, db_default="")
    last_name = fields.CharField(max_length=150, db_default="")
    email_encrypted = fields.BinaryField()
    email_hash = fields.BinaryField()
    password_hash = fields.CharField(max_length=255)
    avatar: Any = fields.ForeignKeyField("marquee.File", related_name="avatar_of", on_delete=fields.SET_NULL, null=True)
    is_active = fields.BooleanField(db_default=True)
    is_staff = fields.BooleanField(db_default=False)
    is_superuser = fields.BooleanField(db_default=False)
    date_joined = fields.DatetimeField(db_default=Now())
    last_login_at = fields.DatetimeField(null=True)
    token_epoch = fields.IntField(db_default=0)
    """An increase revokes all earlier access tokens."""
    row_version = fields.IntField(db_default=1)
    """Number of changes, counted by a trigger; a sign-in does not count."""

    avatar_id: int | None

    class Meta:
        """Table."""

        table = "users"


class UserProfile(TimestampedModel):
    """Profile of a user, created with the account."""

    id = fields.IntField(primary_key=True)
    user: Any = fields.OneToOneField("marquee.User", related_name="profile", on_delete=fields.CASCADE)
    bio = fields.TextField(db_default="")
    birth_date_encrypted = fields.BinaryField(null=True)
    favorite_genres: Any = fields.JSONField(db_default=SqlDefault("'[]'"))
    notification_preferences: Any = fields.JSONField(db_default=SqlDefault("'{}'"))

    user_id: int

    class Meta:
        """Table."""

        table = "user_profiles"


class Session(Model):
    """One sign-in and its refresh tokens. Housekeeping deletes expired sessions."""

    id = fields.UUIDField(primary_key=True)
    user: Any = fields.ForeignKeyField("marquee.User", related_name="sessions", on_delete=fields.CASCADE)
    label = fields.CharField(max_length=100, db_default="")
    peer_hash = fields.BinaryField()
    """Keyed hash of the peer that signed in."""
    token_sha256 = fields.BinaryField()
    """Hash of the newest refresh token; any other token of this session was used before."""
    created_at = fields.DatetimeField(db_default=Now())
    last_used_at = fields.DatetimeField(db_default=Now())
    expires_at = fields.DatetimeField(db_index=True)
    revoked_at = fields.DatetimeField(null=True)

    user_id: int

    class Meta:
        """Table."""

        table = "sessions"
