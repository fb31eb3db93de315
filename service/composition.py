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
from service.catalog.cast.characters import Characters
from service.catalog.cast.service import Cast
from service.catalog.changes.cursors import RETENTION, Cursors
from service.catalog.changes.exporting import MovieExports
from service.catalog.changes.news import ChangeNews
from service.catalog.changes.service import ChangeFeed
from service.catalog.changes.watching import ChangeWatches
from service.catalog.models import CatalogChange
from service.catalog.movies.service import Movies
from service.catalog.movies.writing import MovieWrites
from service.catalog.people.credits import Credits
from service.catalog.people.photos import Photos
from service.catalog.people.service import People
from service.catalog.references.countries import Countries
from service.catalog.references.genres import Genres
from service.catalog.search.service import Search
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
from service.snapshots import Snapshots
from service.users.accounts import Accounts
from service.users.administration import Administration
from service.users.models import Session
from service.users.personal_data import AccountData, AuditData, UploadData
from service.users.privacy import Privacy
from service.users.service import AvatarOwner, Users
from service.users.sessions import Sessions

WATCH_HEARTBEAT = 15.0


@dataclass(frozen=True)
class Slices:
    """The slices of one process, put together."""

    media: Media
    accounts: Accounts
    sessions: Sessions
    users: Users
    administration: Administration
    privacy: Privacy
    keys: PublishedKeys
    removal: FileRemoval
    catalog: Catalog
    movies: Movies
    movie_writes: MovieWrites
    search: Search
    people: People
    person_credits: Credits
    person_photos: Photos
    cast: Cast
    characters: Characters
    genres: Genres
    countries: Countries
    change_feed: ChangeFeed
    change_watches: ChangeWatches
    movie_exports: MovieExports
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
    catalog = Catalog(media=media)
    change_feed = ChangeFeed(cursors=Cursors(page_tokens))
    people = People(media=media, removal=removal, page_tokens=page_tokens)
    return Slices(
        media=media,
        accounts=accounts,
        sessions=sessions,
        users=users,
        administration=Administration(
            accounts=accounts, sessions=sessions, revocations=revocations, page_tokens=page_tokens
        ),
        privacy=privacy,
        keys=keys,
        removal=removal,
        catalog=catalog,
        movies=Movies(catalog=catalog, page_tokens=page_tokens),
        movie_writes=MovieWrites(catalog=catalog, removal=removal),
        people=people,
        person_credits=Credits(media=media, page_tokens=page_tokens),
        person_photos=Photos(people=people, media=media, removal=removal),
        cast=Cast(page_tokens=page_tokens),
        characters=Characters(page_tokens=page_tokens),
        genres=Genres(page_tokens=page_tokens),
        countries=Countries(page_tokens=page_tokens),
        search=Search(catalog=catalog, people=people, page_tokens=page_tokens),
        favorites=Favorites(catalog=catalog, page_tokens=page_tokens),
        change_feed=change_feed,
        change_watches=ChangeWatches(feed=change_feed, news=ChangeNews(settings), heartbeat=WATCH_HEARTBEAT),
        movie_exports=MovieExports(catalog=catalog, feed=change_feed, snapshots=Snapshots(settings)),
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
        # A day more than cursors are good for: a change is dated by the beginning of its transaction.
        Job("catalog_changes", lambda: delete_ended(CatalogChange, "created_at", after=RETENTION + DAY)),
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
