"""What the slices of a process are made of: every collaborator's only maker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from service.api.idempotency import IdempotencyKey
from service.api.pagination import PageTokens
from service.auth.encryption import DataCipher
from service.auth.key_folder import KeyFolder
from service.auth.keys import KeyRing, PublishedKeys
from service.auth.passwords import PasswordHasher
from service.auth.revocations import Revocation, RevocationWriter
from service.auth.tokens import TokenIssuer, TokenVerifier
from service.caching.invalidation import CacheInvalidation
from service.caching.page_cache import PageCache
from service.caching.response_cache import ReplyCache
from service.catalog.cast.characters import Characters
from service.catalog.cast.service import Cast
from service.catalog.changes.cursors import RETENTION, Cursors
from service.catalog.changes.exporting import MovieExports
from service.catalog.changes.service import ChangeFeed
from service.catalog.changes.watching import ChangeWatches
from service.catalog.models import CatalogChange
from service.catalog.movies.responses import MovieReplies
from service.catalog.movies.service import Movies
from service.catalog.movies.writing import MovieWrites
from service.catalog.people.credits import Credits
from service.catalog.people.photos import Photos
from service.catalog.people.responses import PersonReplies
from service.catalog.people.service import People
from service.catalog.references.countries import Countries
from service.catalog.references.genres import Genres
from service.catalog.search.service import Search
from service.catalog.service import BackdropOwner, Catalog, PersonPhotoOwner, PosterOwner, find_unknown_genres
from service.database.listener import Listener
from service.database.snapshots import Snapshots
from service.favorites.page_responses import RenderedPages
from service.favorites.personal_data import FavoritesData
from service.favorites.ratings.service import Ratings
from service.favorites.service import Favorites
from service.favorites.states import ViewerStateLookups
from service.favorites.versioned_pages import OwnPages
from service.media.delivery import addresses_from_settings
from service.media.files import Files
from service.media.models import FileKind
from service.media.processing_results import Verdicts
from service.media.queues import list_queues, sqs_client
from service.media.quotas import UploadQuotas
from service.media.reconciliation.listings import RowReader, S3Lister
from service.media.reconciliation.repair import Buckets, QueuedUploadEvents, Repairs, UploadEvents
from service.media.reconciliation.service import Reconciliation
from service.media.removal import FileRemoval
from service.media.service import FileOwner, Media
from service.media.storage import UploadStorage
from service.media.sweeping import Sweep
from service.media.watching import FileWatches
from service.ratelimit.limiter import RateLimiter
from service.ratelimit.password_attempts import PasswordAttempts
from service.ratelimit.postgres_storage import sweep_counters
from service.ratelimit.redis_storage import SharedStore
from service.recommendations.catalogue_index import Shelves
from service.recommendations.dismissals import Dismissals
from service.recommendations.model.serving import ActiveModel
from service.recommendations.personal_data import RecommendationsData
from service.recommendations.ranked_pages import RankedPages
from service.recommendations.service import Recommendations
from service.recommendations.trending import Trends
from service.recommendations.user_history import Tastes
from service.server.housekeeping import DAY, Job, delete_expired
from service.settings import Settings
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
    files: Files
    verdicts: Verdicts
    file_watches: FileWatches
    accounts: Accounts
    sessions: Sessions
    users: Users
    administration: Administration
    privacy: Privacy
    keys: PublishedKeys
    removal: FileRemoval
    media_sweep: Sweep
    catalog: Catalog
    movie_replies: MovieReplies
    movies: Movies
    movie_writes: MovieWrites
    search: Search
    people: People
    person_replies: PersonReplies
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
    viewer_states: ViewerStateLookups
    rendered_pages: RenderedPages
    ratings: Ratings
    active_model: ActiveModel
    recommendations: Recommendations
    dismissals: Dismissals
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
    listener: Listener,
    invalidation: CacheInvalidation,
) -> Slices:
    """Puts the slices together; nothing is cached unless the listener is started."""
    reply_cache = partial(ReplyCache, max_bytes=settings.reply_cache_bytes, is_current=listener.is_current)
    page_tokens = PageTokens(settings.page_token_key.get_secret_value())
    cipher = DataCipher(settings.data_keys.get_secret_value(), index_key=settings.index_key.get_secret_value())
    revocations = RevocationWriter(access_ttl=settings.access_token_ttl)
    owners: dict[FileKind, FileOwner] = {
        FileKind.AVATAR: AvatarOwner(),
        FileKind.POSTER: PosterOwner(),
        FileKind.BACKDROP: BackdropOwner(),
        FileKind.PERSON_PHOTO: PersonPhotoOwner(),
    }
    media = Media(
        storage=storage,
        addresses=addresses_from_settings(settings),
        quotas=UploadQuotas.from_settings(settings),
        owners=owners,
    )
    verdicts = Verdicts(media=media, owners=owners)
    files = Files(media=media, verdicts=verdicts, page_tokens=page_tokens)
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
    removal = FileRemoval(storage=storage)
    ratings_changed = partial(invalidation.announce, "rating")
    privacy = Privacy(
        sessions=sessions,
        removal=removal,
        revocations=revocations,
        # In the order of an export.
        sources=(
            AccountData(users),
            UploadData(media=media, removal=removal),
            FavoritesData(ratings_changed=ratings_changed),
            RecommendationsData(),
            AuditData(),
        ),
    )
    catalog = Catalog(media=media)
    change_feed = ChangeFeed(cursors=Cursors(page_tokens))
    people = People(media=media, removal=removal, page_tokens=page_tokens)
    viewer_states = ViewerStateLookups()
    movie_replies = MovieReplies(catalog=catalog, find_viewer_states=viewer_states.find, cache=reply_cache)
    movies = Movies(
        page_tokens=page_tokens,
        pages=PageCache(max_pages=1000 if settings.reply_cache_bytes else 0, is_current=listener.is_current),
    )
    person_replies = PersonReplies(people=people, cache=reply_cache)
    invalidation.register("movie", movie_replies.cache, entities=("movie", "rating"))
    # Lists whose order or filter reads ratings are never cached.
    invalidation.register("movie_list", movies.pages, entities=("movie",))
    invalidation.register("person", person_replies.cache, entities=("person",))
    active_model = ActiveModel(settings, listener=listener)
    return Slices(
        media=media,
        files=files,
        verdicts=verdicts,
        file_watches=FileWatches(files=files, listener=listener),
        accounts=accounts,
        sessions=sessions,
        users=users,
        administration=Administration(
            accounts=accounts, sessions=sessions, revocations=revocations, page_tokens=page_tokens
        ),
        privacy=privacy,
        keys=keys,
        removal=removal,
        media_sweep=Sweep(removal=removal),
        catalog=catalog,
        movie_replies=movie_replies,
        movies=movies,
        movie_writes=MovieWrites(catalog=catalog, removal=removal),
        people=people,
        person_replies=person_replies,
        person_credits=Credits(media=media, page_tokens=page_tokens),
        person_photos=Photos(people=people, media=media, removal=removal),
        cast=Cast(page_tokens=page_tokens),
        characters=Characters(page_tokens=page_tokens),
        genres=Genres(page_tokens=page_tokens),
        countries=Countries(page_tokens=page_tokens),
        search=Search(catalog=catalog, people=people, page_tokens=page_tokens),
        favorites=Favorites(pages=OwnPages(page_tokens=page_tokens, max_bytes=settings.reply_cache_bytes // 8)),
        viewer_states=viewer_states,
        rendered_pages=RenderedPages(max_bytes=settings.reply_cache_bytes // 8),
        ratings=Ratings(page_tokens=page_tokens, ratings_changed=ratings_changed),
        change_feed=change_feed,
        change_watches=ChangeWatches(feed=change_feed, listener=listener),
        movie_exports=MovieExports(catalog=catalog, feed=change_feed, snapshots=Snapshots(settings)),
        active_model=active_model,
        recommendations=Recommendations(
            models=active_model,
            tastes=Tastes(max_bytes=settings.reply_cache_bytes // 8),
            pages=RankedPages(page_tokens),
            shelves=Shelves(),
            trends=Trends(),
        ),
        dismissals=Dismissals(page_tokens=page_tokens),
        page_tokens=page_tokens,
        rate_limiter=RateLimiter.from_settings(settings, shared_store=shared_store),
    )


async def compose_reconciliation(
    settings: Settings,
    *,
    verdicts: Verdicts,
    storage: UploadStorage,
    fix: bool,
    most_removals: int,
    events: UploadEvents | None = None,
) -> Reconciliation:
    """Puts the comparison of buckets and tables together; raises QueuesNotFound and QueueUnavailable."""
    buckets = Buckets(settings.upload_bucket, settings.rendition_bucket)
    objects = S3Lister.from_settings(settings)
    if events is None:
        # Who only looks needs no queue.
        url = (await list_queues(settings))[0].url if fix else ""
        events = QueuedUploadEvents(sqs_client(settings), queue_url=url)
    repairs = Repairs(
        buckets=buckets,
        verdicts=verdicts,
        storage=storage,
        objects=objects,
        events=events,
        most_removals=most_removals,
    )
    return Reconciliation(buckets=buckets, rows=RowReader(settings), objects=objects, repairs=repairs)


def housekeeping_jobs(slices: Slices) -> Sequence[Job]:
    """Returns what is to be cleared away, and by what."""
    return (
        Job("sessions", lambda: delete_expired(Session, "expires_at")),
        Job("revocations", lambda: delete_expired(Revocation, "expires_at")),
        Job("counters", sweep_counters),
        Job("idempotency_keys", lambda: delete_expired(IdempotencyKey, "created_at", after=DAY)),
        Job("expired_uploads", slices.media_sweep.expire),
        Job("replaced_files", slices.removal.collect_replaced),
        Job("deleted_files", slices.removal.sweep),
        # A day more than cursors are good for: a change is dated by the beginning of its transaction.
        Job("catalog_changes", lambda: delete_expired(CatalogChange, "created_at", after=RETENTION + DAY)),
    )


def password_hasher(settings: Settings) -> PasswordHasher:
    """Returns the hasher that the settings describe."""
    return PasswordHasher(
        time_cost=settings.password_time_cost,
        memory_kib=settings.password_memory_kib,
        parallelism=settings.password_parallelism,
        processes=settings.password_processes,
        queue=settings.password_queue,
    )
