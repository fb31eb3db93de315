"""What the slices of a process are made of: every collaborator's only maker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.auth.attempts import PasswordAttempts
from service.auth.key_folder import KeyFolder
from service.auth.keys import KeyRing, PublishedKeys
from service.auth.passwords import PasswordHasher
from service.auth.revocations import Revocation, RevocationWriter
from service.auth.sealing import DataSealer
from service.auth.tokens import TokenIssuer, TokenVerifier
from service.catalog.service import BackdropOwner, Catalog, PersonPhotoOwner, PosterOwner, find_unknown_genres
from service.counters import sweep_counters
from service.favorites.personal_data import FavoritesData
from service.favorites.service import Favorites
from service.housekeeping import DAY, Job, delete_ended
from service.idempotency import IdempotencyKey
from service.media.models import FileKind
from service.media.removal import FileRemoval
from service.media.service import Media
from service.media.storage import UploadStorage
from service.pagination import PageTokens
from service.rate_limits import RateLimiter
from service.recommendations.personal_data import RecommendationsData
from service.settings import Settings
from service.shared_store import SharedStore
from service.users.accounts import Accounts
from service.users.administration import Administration
from service.users.models import Session
from service.users.personal_data import AccountData, AuditData, UploadData
from service.users.privacy import Privacy
from service.users.service import AvatarOwner, Users
from service.users.sessions import Sessions


@dataclass(frozen=True)
class Slices:
    """The slices of one process, put together."""

    media: Media
    sessions: Sessions
    users: Users
    administration: Administration
    privacy: Privacy
    keys: PublishedKeys
    removal: FileRemoval
    catalog: Catalog
    favorites: Favorites
    page_tokens: PageTokens
    rate_limiter: RateLimiter


def compose_slices(
    settings: Settings,
    *,
    passwords: PasswordHasher,
    shared_store: SharedStore | None,
    keys: KeyRing | KeyFolder,
    verifier: TokenVerifier,
    storage: UploadStorage,
) -> Slices:
    """Puts the slices together."""
    page_tokens = PageTokens(settings.page_token_key.get_secret_value())
    sealer = DataSealer(settings.data_keys.get_secret_value(), index_key=settings.index_key.get_secret_value())
    revocations = RevocationWriter(access_ttl=settings.access_token_ttl)
    media = Media(
        storage=storage,
        base_url=settings.media_base_url,
        owners={
            FileKind.AVATAR: AvatarOwner(),
            FileKind.POSTER: PosterOwner(),
            FileKind.BACKDROP: BackdropOwner(),
            FileKind.PERSON_PHOTO: PersonPhotoOwner(),
        },
    )
    accounts = Accounts(sealer=sealer, media=media)
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
        sealer=sealer,
        media=media,
        find_unknown_genres=find_unknown_genres,
    )
    removal = FileRemoval(storage=storage)
    privacy = Privacy(
        sessions=sessions,
        removal=removal,
        revocations=revocations,
        # In the order of an export.
        sources=(
            AccountData(users),
            UploadData(media=media, removal=removal),
            FavoritesData(),
            RecommendationsData(),
            AuditData(),
        ),
    )
    catalog = Catalog(media=media, page_tokens=page_tokens)
    return Slices(
        media=media,
        sessions=sessions,
        users=users,
        administration=Administration(
            accounts=accounts, sessions=sessions, revocations=revocations, page_tokens=page_tokens
        ),
        privacy=privacy,
        keys=keys,
        removal=removal,
        catalog=catalog,
        favorites=Favorites(catalog=catalog, page_tokens=page_tokens),
        page_tokens=page_tokens,
        rate_limiter=RateLimiter.from_settings(settings, shared_store=shared_store),
    )


def housekeeping_jobs(slices: Slices) -> Sequence[Job]:
    """Returns what is to be cleared away, and by what."""
    return (
        Job("sessions", lambda: delete_ended(Session, "expires_at")),
        Job("revocations", lambda: delete_ended(Revocation, "expires_at")),
        Job("counters", sweep_counters),
        Job("idempotency_keys", lambda: delete_ended(IdempotencyKey, "created_at", after=DAY)),
        Job("deleted_files", slices.removal.sweep),
    )


def password_hasher(settings: Settings) -> PasswordHasher:
    """Returns the hasher that the settings describe."""
    return PasswordHasher(
        time_cost=settings.password_time_cost,
        memory_kib=settings.password_memory_kib,
        parallelism=settings.password_parallelism,
        threads=settings.password_threads,
        queue=settings.password_queue,
    )
