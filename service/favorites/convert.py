"""Favorites, watchlists and ratings as messages, and as serialized bytes where they contain a movie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Literal, TypeAlias

from google.protobuf.message import Message
from marquee.catalog.v1 import movie_pb2
from marquee.favorites.v1 import activity_pb2, add_result_pb2, favorites_pb2, rating_pb2, review_pb2, watchlist_pb2

from service.api.etags import etag_of
from service.api.pagination import Page
from service.api.protobuf import from_timestamp, masked_fields, serialize_with, timestamp, wrap_serialized
from service.api.text import nfc
from service.catalog.convert import viewer_part
from service.catalog.service import MovieId, ViewerState
from service.favorites.listing import ListFilter
from service.favorites.values import (
    Activities,
    Activity,
    AddResult,
    ListedMovie,
    ListedRating,
    Rating,
    RatingChanges,
    RatingTotals,
    Review,
)

ListRequest: TypeAlias = (
    favorites_pb2.ListFavoritesRequest | watchlist_pb2.ListWatchlistRequest | rating_pb2.ListRatingsRequest
)
Movies: TypeAlias = Mapping[MovieId, bytes]
"""Serialized movies, those that exist, without `viewer`."""
View: TypeAlias = movie_pb2.MovieView.ValueType
WRITTEN = ("rating", "review")


def to_view(view: View) -> View:
    """Returns the requested view; BASIC by default."""
    return view or movie_pb2.MOVIE_VIEW_BASIC


def to_filter(request: ListRequest) -> ListFilter:
    """Returns the filter of a request; raises FieldsInvalid."""
    wanted = ListFilter(
        genre_ids_any=tuple(sorted(request.genre_ids_any)),
        year=request.year or None,
        added_from=_moment(request, "added_from"),
        added_before=_moment(request, "added_before"),
    )
    return rated(wanted, request) if isinstance(request, rating_pb2.ListRatingsRequest) else wanted


def rated(
    wanted: ListFilter, request: rating_pb2.ListRatingsRequest | review_pb2.ListMovieReviewsRequest
) -> ListFilter:
    """Returns the filter with the rating bounds of a request."""
    return replace(wanted, rating_min=request.rating_min or None, rating_max=request.rating_max or None)


def _moment(request: ListRequest, name: Literal["added_from", "added_before"]) -> datetime | None:
    return from_timestamp(getattr(request, name), field=name) if request.HasField(name) else None


def to_review_text(text: str) -> str:
    """Returns a review as it is listed: in NFC, and empty when there is nothing to read in it."""
    return nfc(text) if text.strip() else ""


def to_changes(request: rating_pb2.UpdateRatingRequest) -> RatingChanges:
    """Returns the changes of a request; raises FieldsInvalid for an invalid mask."""
    names = masked_fields(request, request.update_mask, allowed=WRITTEN, populated=True)
    return RatingChanges(
        rating=request.rating if "rating" in names else None,
        review=to_review_text(request.review) if "review" in names else None,
    )


def to_favorite(listed: ListedMovie, movies: Movies) -> bytes:
    """Returns a serialized favorite with its movie."""
    own = _created(favorites_pb2.Favorite, listed.created_at)
    return _with_movie(favorites_pb2.Favorite, own, listed.movie_id, listed.state, movies)


def to_favorites_page(page: Page[ListedMovie], movies: Movies) -> bytes:
    """Returns the serialized reply with a page of favorites."""
    response = favorites_pb2.ListFavoritesResponse(next_page_token=page.next_page_token)
    return serialize_with(response, "favorites", [to_favorite(listed, movies) for listed in page.items])


def to_watchlist_page(page: Page[ListedMovie], movies: Movies) -> bytes:
    """Returns the serialized reply with a page of a watchlist."""
    response = watchlist_pb2.ListWatchlistResponse(next_page_token=page.next_page_token)
    return serialize_with(response, "items", [to_watchlist_item(listed, movies) for listed in page.items])


def to_watchlist_item(listed: ListedMovie, movies: Movies) -> bytes:
    """Returns a serialized watchlist item with its movie."""
    own = _created(watchlist_pb2.WatchlistItem, listed.created_at)
    return _with_movie(watchlist_pb2.WatchlistItem, own, listed.movie_id, listed.state, movies)


def to_listed_rating(listed: ListedRating, movies: Movies) -> bytes:
    """Returns a serialized rating with its movie."""
    own = to_rating(listed.rating).SerializeToString()
    return _with_movie(rating_pb2.Rating, own, listed.rating.movie_id, listed.state, movies)


@lru_cache(16_384)
def _created(item: type[favorites_pb2.Favorite | watchlist_pb2.WatchlistItem], created_at: datetime) -> bytes:
    """Returns an item without its movie. Cached, because it takes most of the time of a page."""
    return item(create_time=timestamp(created_at)).SerializeToString()


def _with_movie(item: type[Message], own: bytes, movie_id: MovieId, state: ViewerState, movies: Movies) -> bytes:
    # A movie that was deleted since the row was read leaves the field absent.
    movie = movies.get(movie_id)
    return own if movie is None else own + wrap_serialized(item, "movie", movie + viewer_part(state))


def to_rating(rating: Rating) -> rating_pb2.Rating:
    """Returns the message of a rating, without its movie."""
    return rating_pb2.Rating(
        movie_id=rating.movie_id,
        rating=rating.rating,
        review=rating.review,
        create_time=timestamp(rating.created_at),
        update_time=timestamp(rating.updated_at),
        etag=etag_of(rating),
    )


def to_review(review: Review) -> review_pb2.Review:
    """Returns the message of a review."""
    return review_pb2.Review(
        rating=review.rating,
        review=review.review,
        author=review.author,
        create_time=timestamp(review.created_at),
        update_time=timestamp(review.updated_at),
    )


def to_summary(totals: RatingTotals) -> review_pb2.RatingSummary:
    """Returns the message of a movie's rating totals."""
    return review_pb2.RatingSummary(
        movie_id=totals.movie_id,
        count=totals.count,
        average=totals.average,
        distribution=totals.distribution,
    )


def to_result(result: AddResult) -> add_result_pb2.AddResult:
    """Returns the message of the outcome for one movie."""
    return add_result_pb2.AddResult(
        movie_id=result.movie_id,
        outcome=add_result_pb2.AddOutcome.Value(f"ADD_OUTCOME_{result.outcome.name}"),
        create_time=timestamp(result.created_at) if result.created_at else None,
    )


def to_state(movie_id: MovieId, state: ViewerState) -> activity_pb2.MovieState:
    """Returns the message of the caller's state of a movie."""
    return activity_pb2.MovieState(
        movie_id=movie_id,
        viewer=movie_pb2.MovieViewer(
            is_favorite=state.is_favorite, in_watchlist=state.in_watchlist, my_rating=state.my_rating
        ),
    )


def to_activities(activities: Activities) -> activity_pb2.GetLastActivitiesResponse:
    """Returns the message of the activities of a user's lists."""
    return activity_pb2.GetLastActivitiesResponse(
        favorites=_activity(activities.favorites),
        watchlist=_activity(activities.watchlist),
        ratings=_activity(activities.ratings),
    )


def _activity(activity: Activity) -> activity_pb2.Activity:
    changed_at = activity.changed_at
    return activity_pb2.Activity(version=activity.version, change_time=timestamp(changed_at) if changed_at else None)
