"""The order of recommendations: what the model makes of a user's history, mixed with what is rated well in general."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from service.catalog.service import MovieId
from service.recommendations.catalogue_index import Floats, Mask, Places, Shelf
from service.recommendations.model.dataset import history_weight
from service.recommendations.model.scoring import Contributions, Ids, find_positions
from service.recommendations.values import Kept, Popular, PopularInGenre, Rated, Reason, Taste

HALF_CONFIDENCE = 4
"""Movies of a history with which the model counts as much as the general opinion, and ever more with more of them.

Of all weights tried on held-out users of MovieLens, those that rank best are close to what that gives: 0.1 to 0.2 for
one movie, 0.3 for two, 0.5 for three to five, 0.7 for ten and twenty.
"""
MAX_HISTORY = 1000
"""Ratings, and favorites, that are scored: the newest."""
WEIGHTS = [0.0, *(history_weight(rating=stars) for stars in range(1, 6))]
"""Of a movie of a history, by the stars that it was given."""
LIKED = 4
"""Stars from which on a movie is liked."""
GENRE_LEAD = 1.01
"""Weight of a favorite genre: more than all that quality makes up."""


class Ranking:
    """Ranks the movies of a shelf."""

    def __init__(self) -> None:
        self._joined: tuple[Shelf, Ids, Places, Mask] | None = None

    def best(
        self, shelf: Shelf, taste: Taste, contributions: Contributions | None, *, among: Mask, limit: int
    ) -> list[MovieId]:
        """Returns up to `limit` of the movies `among`, the best for a taste first; equals by their standing."""
        scores = _cold_scores(shelf, taste)
        if contributions is not None:
            confidence = contributions.history_size / (contributions.history_size + HALF_CONFIDENCE)
            scores = confidence * self._learned_scores(shelf, contributions) + (1 - confidence) * scores
        return best(shelf, scores, among=among, limit=limit)

    def _learned_scores(self, shelf: Shelf, contributions: Contributions) -> Floats:
        """Returns the model's scores by place of the shelf, the highest 1; 0 for movies unknown to it."""
        if self._joined is None or self._joined[0] is not shelf or self._joined[1] is not contributions.movie_ids:
            self._joined = (shelf, contributions.movie_ids, *find_positions(contributions.movie_ids, shelf.ids))
        _, _, places, here = self._joined
        if not len(contributions.movie_ids):
            return np.zeros(len(shelf.ids))
        scores: Floats = contributions.scores().astype(np.float64).take(places) * here
        highest = scores.max(initial=0.0)
        return scores / highest if highest > 0 else scores


def best(shelf: Shelf, scores: Floats, *, among: Mask, limit: int) -> list[MovieId]:
    """Returns up to `limit` of the movies `among` by descending score; equals by their standing."""
    order = np.where(among, -scores - shelf.ties, np.inf)
    first = np.argpartition(order, limit)[:limit] if len(order) > limit else np.arange(len(order))
    first = first[among[first]]
    return [MovieId(movie_id) for movie_id in shelf.ids[first[np.argsort(order[first])]].tolist()]


def history_of(taste: Taste) -> dict[int, float]:
    """Returns the movies of a taste that a model is asked with, each with its weight; the newest, if there are many."""
    history = {movie_id: WEIGHTS[stars] for movie_id, stars in islice(taste.ratings.items(), MAX_HISTORY)}
    history |= dict.fromkeys(islice(taste.favorites, MAX_HISTORY), history_weight(is_favorite=True))
    return history


def reasons(
    shelf: Shelf, taste: Taste, contributions: Contributions | None, movie_ids: Sequence[MovieId]
) -> list[Reason]:
    """Returns why each movie is recommended: the liked movie that speaks for it most, or else its general standing."""
    # Low ratings tell of an interest as well, but are no reason to give.
    liked = [None] * len(movie_ids) if contributions is None else contributions.reasons(movie_ids, least=WEIGHTS[LIKED])
    general = _general(shelf, taste, movie_ids)
    return [
        other if movie_id is None else _personal(taste, movie_id)
        for other, movie_id in zip(general, liked, strict=True)
    ]


def _personal(taste: Taste, liked: int) -> Reason:
    stars = taste.ratings.get(liked, 0)
    return Rated(MovieId(liked), stars) if stars >= LIKED else Kept(MovieId(liked))


def _general(shelf: Shelf, taste: Taste, movie_ids: Sequence[MovieId]) -> list[Reason]:
    """Returns the first favorite genre that each movie is of, where there is one."""
    found: list[Reason] = [Popular()] * len(movie_ids)
    places, here = shelf.find(np.array(movie_ids, np.int64))
    for genre_id in reversed(taste.favorite_genres):
        if genre_id in shelf.genre_names:
            of_genre = shelf.of_genres([genre_id])[places] & here if len(shelf.ids) else here
            for number in np.flatnonzero(of_genre):
                found[number] = PopularInGenre(genre_id, shelf.genre_names[genre_id])
    return found


def _cold_scores(shelf: Shelf, taste: Taste) -> Floats:
    """Returns what is rated well in general, by place, 0 to 1; the favorite genres before all others."""
    if not taste.favorite_genres:
        return shelf.quality
    return (shelf.quality + GENRE_LEAD * shelf.of_genres(taste.favorite_genres)) / (1 + GENRE_LEAD)
