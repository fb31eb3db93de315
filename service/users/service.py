"""Accounts: registration, profiles and avatars."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import date

from tortoise.exceptions import IntegrityError

from service import audit
from service.api.etags import require_etag
from service.auth.client_info import ClientInfo
from service.auth.encryption import DataCipher
from service.auth.passwords import PasswordHasher
from service.auth.principal import AccountGone, UserId
from service.database.orm import transaction
from service.errors import FieldsInvalid, FieldViolation, NotFound
from service.media.errors import FileNotFound
from service.media.service import Media
from service.media.values import FileId
from service.users.accounts import Accounts, taken_error
from service.users.errors import UserNotFound
from service.users.models import User, UserProfile
from service.users.rules import (
    birth_date_violations,
    email_violations,
    nfc,
    normalized_email,
    password_violations,
    preferences_violations,
    username_violations,
)
from service.users.sessions import Sessions
from service.users.values import Account, Profile, ProfileChanges, SignIn

FindUnknownGenres = Callable[[Collection[int]], Awaitable[Collection[int]]]
NAMES = ("username", "first_name", "last_name")


class Users:
    """The accounts, for their users."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        sessions: Sessions,
        passwords: PasswordHasher,
        cipher: DataCipher,
        media: Media,
        find_unknown_genres: FindUnknownGenres,
    ) -> None:
        """`find_unknown_genres` returns those ids that no genre has."""
        self._accounts = accounts
        self._sessions = sessions
        self._passwords = passwords
        self._cipher = cipher
        self._media = media
        self._find_unknown_genres = find_unknown_genres

    async def register(
        self,
        *,
        username: str,
        email: str,
        password: str,
        client_info: ClientInfo,
        first_name: str = "",
        last_name: str = "",
    ) -> SignIn:
        """Creates an account with its profile and signs it in, in one transaction.

        Raises FieldsInvalid, UsernameTaken, EmailTaken, PasswordHashingBusy.
        """
        user = await self._new_user(
            username=username, email=email, password=password, first_name=nfc(first_name), last_name=nfc(last_name)
        )
        try:
            async with transaction():
                await _save_new(user)
                await audit.record("users.register", resource=f"users/{user.id}", actor_user_id=user.id)
                tokens = await self._sessions.open(user, client_info)
        except IntegrityError as error:
            raise taken_error(error) or error from error
        return SignIn(await self._accounts.account(user), tokens)

    async def create(
        self, *, username: str, email: str, password: str, is_staff: bool = False, is_superuser: bool = False
    ) -> UserId:
        """Creates an account with roles, for operators; raises the same errors as register."""
        user = await self._new_user(username=username, email=email, password=password)
        user.is_staff = is_staff
        user.is_superuser = is_superuser
        try:
            async with transaction():
                await _save_new(user)
                await audit.record(
                    "users.create",
                    resource=f"users/{user.id}",
                    actor_user_id=None,
                    is_staff=is_staff,
                    is_superuser=is_superuser,
                )
        except IntegrityError as error:
            raise taken_error(error) or error from error
        return UserId(user.id)

    async def find_account(self, login: str) -> Account | None:
        """Returns the account with this username or address, active or not."""
        user = await self._accounts.find_user(login)
        return await self._accounts.account(user) if user else None

    async def get_profile(self, user_id: UserId) -> Profile:
        """Returns a user's account and profile; raises AccountGone."""
        user = await User.get_or_none(id=user_id, is_active=True)
        if user is None:
            raise AccountGone
        return await self.profile_of(user)

    async def profile_of(self, user: User) -> Profile:
        """Returns the account and profile of a user, active or not."""
        profile = await UserProfile.get(user_id=user.id)
        encrypted = profile.birth_date_encrypted
        return Profile(
            account=await self._accounts.account(user),
            bio=profile.bio,
            birth_date=date.fromisoformat(self._cipher.decrypt(encrypted)) if encrypted else None,
            favorite_genre_ids=profile.favorite_genres,
            notification_preferences=profile.notification_preferences,
        )

    async def update_profile(
        self, user_id: UserId, changes: ProfileChanges, *, etag: str, current_password: str, client_info: ClientInfo
    ) -> Profile:
        """Changes a user's account and profile; makes all changes or none.

        Raises FieldsInvalid, PasswordWrong for a new address without the password, EtagStale for a stale etag,
        UsernameTaken, EmailTaken, FileNotFound, AccountGone, TooManyAttempts.
        """
        violations = [*_violations(changes), *await self._genre_violations(changes)]
        if violations:
            raise FieldsInvalid(violations)
        if "email" in changes:
            await self._sessions.require_password(user_id, current_password, client_info=client_info)
        try:
            async with transaction():
                # The file before the user, in the order of file deletion, so that the two cannot deadlock.
                await self._require_own_avatar(user_id, changes.get("avatar_file_id", 0))
                user = await self._locked(user_id, etag)
                await User.filter(id=user_id).update(**self._user_columns(user, changes))
                profile = self._profile_columns(changes)
                if profile:
                    await UserProfile.filter(user_id=user_id).update(**profile)
                await audit.record(
                    "users.update_profile", resource=f"users/{user_id}", actor_user_id=user_id, fields=sorted(changes)
                )
                await user.refresh_from_db()
        except IntegrityError as error:
            raise taken_error(error) or error from error
        return await self.profile_of(user)

    async def _new_user(self, *, username: str, email: str, password: str, **names: str) -> User:
        violations = [
            *email_violations(email),
            *password_violations(password, field="password", username=username, email=email),
        ]
        if violations:
            raise FieldsInvalid(violations)
        address = self._accounts.encrypted_email(normalized_email(email))
        return User(username=username, password_hash=await self._passwords.hash(password), **names, **address)

    async def _genre_violations(self, changes: ProfileChanges) -> list[FieldViolation]:
        wanted = changes.get("favorite_genre_ids", ())
        unknown = await self._find_unknown_genres(wanted) if wanted else ()
        return [
            FieldViolation(f"favorite_genre_ids[{index}]", "genre.exists", f"no genre {genre_id}")
            for index, genre_id in enumerate(wanted)
            if genre_id in unknown
        ]

    async def _locked(self, user_id: UserId, etag: str) -> User:
        user = await User.filter(id=user_id, is_active=True).select_for_update().first()
        if user is None:
            raise AccountGone
        require_etag(etag, user)
        return user

    async def _require_own_avatar(self, user_id: UserId, file_id: int) -> None:
        if file_id and not await self._media.is_ready_avatar(FileId(file_id), uploader_id=user_id):
            raise FileNotFound(file_id)

    def _user_columns(self, user: User, changes: ProfileChanges) -> dict[str, object]:
        # At least one column, so that a change of only the profile creates a new version, too.
        columns: dict[str, object] = {"username": user.username}
        columns |= {name: nfc(str(value)) for name, value in changes.items() if name in NAMES}
        if "email" in changes:
            columns |= self._accounts.encrypted_email(normalized_email(changes["email"]))
        if "avatar_file_id" in changes:
            columns["avatar_id"] = changes["avatar_file_id"] or None
        return columns

    def _profile_columns(self, changes: ProfileChanges) -> dict[str, object]:
        columns: dict[str, object] = {}
        if "bio" in changes:
            columns["bio"] = nfc(changes["bio"])
        if "birth_date" in changes:
            born = changes["birth_date"]
            columns["birth_date_encrypted"] = self._cipher.encrypt(born.isoformat()) if born else None
        if "favorite_genre_ids" in changes:
            columns["favorite_genres"] = list(changes["favorite_genre_ids"])
        if "notification_preferences" in changes:
            columns["notification_preferences"] = dict(changes["notification_preferences"])
        return columns


class AvatarOwner:
    """Users as owners of avatars."""

    def not_found(self, owner_id: int) -> NotFound:
        """Returns the error for a user that does not exist."""
        return UserNotFound(owner_id)

    async def attach(self, owner_id: int, file_id: FileId) -> None:
        """Makes the file the user's avatar."""
        await User.filter(id=owner_id).update(avatar_id=file_id)

    async def detach(self, file_id: FileId) -> None:
        """Removes the avatar of the user who has it."""
        await User.filter(avatar_id=file_id).update(avatar_id=None)


async def _save_new(user: User) -> None:
    await user.save(force_create=True)
    await UserProfile.create(user_id=user.id)
    await user.refresh_from_db()


def _violations(changes: ProfileChanges) -> list[FieldViolation]:
    born = changes.get("birth_date")
    preferences: Mapping[str, object] = changes.get("notification_preferences", {})
    return [
        *(username_violations(changes["username"]) if "username" in changes else ()),
        *(email_violations(changes["email"]) if "email" in changes else ()),
        *(birth_date_violations(born) if born else ()),
        *preferences_violations(preferences),
    ]
