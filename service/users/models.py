"""Tables of accounts: users, profiles, sessions."""

from __future__ import annotations

from typing import Any

from tortoise import Model, fields
from tortoise.fields.db_defaults import Now, SqlDefault

from service.database.orm import TimestampedModel


class User(TimestampedModel):
    """An account.

    The address is kept encrypted; `email_hash` is a keyed hash of its normalised form, by which it is unique and
    found. The username is unique without regard to case.
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
    """Raised to make every access token handed out so far worthless."""
    row_version = fields.IntField(db_default=1)
    """Counts changes, by trigger; signing in is none."""

    avatar_id: int | None

    class Meta:
        """Table."""

        table = "users"


class UserProfile(TimestampedModel):
    """What a user tells about themselves: one row a user, made with the account."""

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
    """One sign-in and all refresh tokens that descend from it. Ended sessions are swept once expired."""

    id = fields.UUIDField(primary_key=True)
    user: Any = fields.ForeignKeyField("marquee.User", related_name="sessions", on_delete=fields.CASCADE)
    label = fields.CharField(max_length=100, db_default="")
    peer_hash = fields.BinaryField()
    """Keyed hash of where the sign-in came from."""
    token_sha256 = fields.BinaryField()
    """Of the refresh token handed out last; whatever other token of this session comes was used before."""
    created_at = fields.DatetimeField(db_default=Now())
    last_used_at = fields.DatetimeField(db_default=Now())
    expires_at = fields.DatetimeField(db_index=True)
    revoked_at = fields.DatetimeField(null=True)

    user_id: int

    class Meta:
        """Table."""

        table = "sessions"
