"""Composition root: wires the domains of one process, in the order of their dependencies."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from service.api.idempotency import IdempotencyKey
from service.api.pagination import PageTokens
from service.auth.key_folder import KeyFolder
from service.auth.keys import KeyRing
from service.auth.passwords import PasswordHasher
from service.auth.revocations import Revocation, Revocations
from service.auth.tokens import TokenVerifier
from service.caching.invalidation import CacheInvalidation, CacheMetrics
from service.catalog import compose as catalog_compose
from service.catalog.compose import CatalogDomain, compose_catalog
from service.catalog.service import find_unknown_genres
from service.database.jobs import DAY, Job, delete_expired
from service.database.listener import Listener
from service.favorites.compose import FavoritesDomain, compose_favorites
from service.favorites.interactions import ViewerStateLoader
from service.favorites.personal_data import FavoritesData
from service.media.compose import MediaDomain, compose_media
from service.media.storage import UploadStorage
from service.ratelimit.limiter import RateLimiter
from service.ratelimit.postgres_storage import sweep_counters
from service.ratelimit.redis_storage import SharedStore
from service.recommendations.compose import RecommendationsDomain, compose_recommendations
from service.recommendations.personal_data import RecommendationsData
from service.settings import Settings
from service.users import compose as users_compose
from service.users.compose import UsersDomain, compose_users


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """The domains of one process, and the collaborators that they share."""

    users: UsersDomain
    catalog: CatalogDomain
    favorites: FavoritesDomain
    recommendations: RecommendationsDomain
    media: MediaDomain
    listener: Listener
    invalidation: CacheInvalidation
    revocations: Revocations
    verifier: TokenVerifier
    rate_limiter: RateLimiter

    def domains(self) -> Sequence[UsersDomain | CatalogDomain | FavoritesDomain | RecommendationsDomain | MediaDomain]:
        """Returns the domains, each of which registers its service with a server."""
        return (self.users, self.catalog, self.favorites, self.recommendations, self.media)

    def jobs(self) -> Sequence[Job]:
        """Returns all housekeeping jobs."""
        return (
            *self.users.jobs(),
            *self.catalog.jobs(),
            *self.media.jobs(),
            Job("revocations", lambda: delete_expired(Revocation, "expires_at")),
            Job("counters", sweep_counters),
            Job("idempotency_keys", lambda: delete_expired(IdempotencyKey, "created_at", after=DAY)),
        )

    async def start(self, resources: AsyncExitStack) -> None:
        """Starts the background tasks of a server; `resources` closes them."""
        await self.listener.start()
        resources.push_async_callback(self.listener.close)
        self.invalidation.start()
        resources.push_async_callback(self.invalidation.close)
        await self.revocations.start()
        resources.push_async_callback(self.revocations.close)
        self.recommendations.active_model.start()
        resources.push_async_callback(self.recommendations.active_model.close)


def compose(
    settings: Settings,
    *,
    passwords: PasswordHasher,
    keys: KeyRing | KeyFolder,
    storage: UploadStorage,
    shared_store: SharedStore | None = None,
    metrics: CacheMetrics | None = None,
) -> Composition:
    """Wires a process; nothing is cached and no revocation is known until it is started."""
    listener = Listener(settings)
    invalidation = CacheInvalidation(listener, metrics=metrics)
    revocations = Revocations(listener)
    verifier = TokenVerifier.from_settings(settings, keys, revocations=revocations)
    page_tokens = PageTokens(settings.page_token_key.get_secret_value())
    rate_limiter = RateLimiter.from_settings(settings, shared_store=shared_store)
    announce_ratings = partial(invalidation.announce, "rating")
    viewer_states = ViewerStateLoader()
    media = compose_media(
        settings,
        storage=storage,
        owners={**users_compose.FILE_OWNERS, **catalog_compose.FILE_OWNERS},
        listener=listener,
        page_tokens=page_tokens,
    )
    users = compose_users(
        settings,
        media=media.media,
        removal=media.removal,
        find_unknown_genres=find_unknown_genres,
        personal_data=(FavoritesData(announce=announce_ratings), RecommendationsData()),
        passwords=passwords,
        keys=keys,
        verifier=verifier,
        shared_store=shared_store,
        rate_limiter=rate_limiter,
        page_tokens=page_tokens,
    )
    catalog = compose_catalog(
        settings,
        media=media.media,
        removal=media.removal,
        find_viewer_states=viewer_states.find,
        listener=listener,
        invalidation=invalidation,
        page_tokens=page_tokens,
    )
    favorites = compose_favorites(
        settings,
        movies=catalog.movies,
        viewer_states=viewer_states,
        announce_ratings=announce_ratings,
        page_tokens=page_tokens,
    )
    recommendations = compose_recommendations(
        settings, movies=catalog.movies, listener=listener, page_tokens=page_tokens
    )
    return Composition(
        users=users,
        catalog=catalog,
        favorites=favorites,
        recommendations=recommendations,
        media=media,
        listener=listener,
        invalidation=invalidation,
        revocations=revocations,
        verifier=verifier,
        rate_limiter=rate_limiter,
    )
