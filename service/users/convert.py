"""Accounts and profiles as messages."""

from __future__ import annotations

from marquee.users.v1 import users_pb2

from service.auth.tokens import IssuedToken
from service.media.convert import to_image
from service.protobuf import timestamp
from service.users.service import Account, Profile


def to_user(account: Account) -> users_pb2.User:
    """Returns the message of an account."""
    user = account.user
    return users_pb2.User(
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
    )


def to_profile(profile: Profile) -> users_pb2.Profile:
    """Returns the message of a profile."""
    return users_pb2.Profile(bio=profile.bio, favorite_genre_ids=profile.favorite_genre_ids)


def to_access_token(token: IssuedToken) -> users_pb2.AccessToken:
    """Returns the message of a token."""
    return users_pb2.AccessToken(token=token.token, expire_time=timestamp(token.expires_at))
