"""The services of users, wired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marquee.users.v1 import users_pb2_grpc

from service.api.pagination import PageTokens
from service.auth.encryption import DataCipher
from service.auth.key_folder import KeyFolder
from service.auth.keys import KeyRing
from service.auth.passwords import PasswordHasher
from service.auth.revocations import RevocationWriter
from service.auth.tokens import TokenIssuer, TokenVerifier
from service.database.jobs import Job, delete_expired
from service.media.enums import FileKind
from service.media.removal import FileRemoval
from service.media.service import FileOwner, Media
from service.ratelimit.limiter import RateLimiter
from service.ratelimit.password_attempts import PasswordAttempts
from service.ratelimit.redis_storage import SharedStore
from service.settings import Settings
from service.users.accounts import Accounts
from service.users.administration import Administration
from service.users.models import Session
from service.users.personal_data import AccountData, AuditData, UploadData
from service.users.privacy import PersonalData, Privacy
from service.users.service import AvatarOwner, FindUnknownGenres, Users
from service.users.servicer import UsersServicer
from service.users.sessions import Sessions

FILE_OWNERS: Mapping[FileKind, FileOwner] = {FileKind.AVATAR: AvatarOwner()}


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersDomain:
    """The services that commands use, and the servicer."""

    accounts: Accounts
    users: Users
    sessions: Sessions
    administration: Administration
    privacy: Privacy
    servicer: UsersServicer

    def register(self, server: Any) -> None:
        """Adds UsersService to a gRPC server."""
        users_pb2_grpc.add_UsersServiceServicer_to_server(self.servicer, server)

    def jobs(self) -> Sequence[Job]:
        """Returns the housekeeping jobs."""
        return (Job("sessions", lambda: delete_expired(Session, "expires_at")),)


def compose_users(
    settings: Settings,
    *,
    media: Media,
    removal: FileRemoval,
    find_unknown_genres: FindUnknownGenres,
    personal_data: Sequence[PersonalData],
    passwords: PasswordHasher,
    keys: KeyRing | KeyFolder,
    verifier: TokenVerifier,
    shared_store: SharedStore | None,
    rate_limiter: RateLimiter,
    page_tokens: PageTokens,
) -> UsersDomain:
    """Wires the domain; `personal_data` exports and erases the data of the domains above this one."""
    cipher = DataCipher(settings.data_keys.get_secret_value(), index_key=settings.index_key.get_secret_value())
    revocations = RevocationWriter(access_ttl=settings.access_token_ttl)
    accounts = Accounts(cipher=cipher, media=media)
    sessions = Sessions(
        accounts=accounts,
        passwords=passwords,
        attempts=PasswordAttempts.from_settings(settings, shared_store=shared_store),
        issuer=TokenIssuer.from_settings(settings, keys),
        verifier=verifier,
        revocations=revocations,
    )
    users = Users(
        accounts=accounts,
        sessions=sessions,
        passwords=passwords,
        cipher=cipher,
        media=media,
        find_unknown_genres=find_unknown_genres,
    )
    administration = Administration(
        accounts=accounts, sessions=sessions, revocations=revocations, page_tokens=page_tokens
    )
    privacy = Privacy(
        sessions=sessions,
        removal=removal,
        revocations=revocations,
        # In the order of an export.
        sources=(AccountData(users), UploadData(media=media, removal=removal), *personal_data, AuditData()),
    )
    return UsersDomain(
        accounts=accounts,
        users=users,
        sessions=sessions,
        administration=administration,
        privacy=privacy,
        servicer=UsersServicer(
            users=users,
            sessions=sessions,
            administration=administration,
            privacy=privacy,
            keys=keys,
            page_tokens=page_tokens,
            rate_limiter=rate_limiter,
        ),
    )
