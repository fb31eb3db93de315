"""Order of recommendations: the scores of the model for a user's history, mixed with the general quality of movies."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np

from service.catalog.service import MovieId
from service.recommendations.catalogue_index import CatalogueIndex, Floats, Mask, Positions
from service.recommendations.model.dataset import history_weight
from service.recommendations.model.scoring import Contributions, Ids, find_positions
from service.recommendations.values import FavoriteMovie, Popular, PopularInGenre, RatedMovie, Reason, UserHistory

HALF_CONFIDENCE = 4
"""Size of a history at which the model and the general quality weigh the same; the model weighs more in longer ones.

On held-out users of MovieLens, the best weights of the model are close to this: 0.1 to 0.2 for a history of one movie,
0.3 for two, 0.5 for three to five, 0.7 for ten and twenty.
"""
MAX_HISTORY = 1000
"""Number of ratings, and of favorites, that are scored: the newest."""
WEIGHTS = [0.0, *(history_weight(rating=stars) for stars in range(1, 6))]
"""Weight of a movie of a history by its stars."""
LIKED = 4
"""Minimum number of stars of a liked movie."""
GENRE_LEAD = 1.01
"""Score of a favorite genre: above the largest difference of quality, which is 1."""


class Ranking:
    """Ranks the movies of the catalogue index."""

    def __init__(self) -> None:
        self._joined: tuple[CatalogueIndex, Ids, Positions, Mask] | None = None
        """The last index and model, and the positions of the index's movies in the model."""

    def best(
        self,
        index: CatalogueIndex,
        history: UserHistory,
        contributions: Contributions | None,
        *,
        among: Mask,
        limit: int,
    ) -> list[MovieId]:
        """Returns up to `limit` of the movies `among`, the best for a user first; equal ones by their rank."""
        scores = _general_scores(index, history)
        if contributions is not None:
            confidence = contributions.history_size / (contributions.history_size + HALF_CONFIDENCE)
            scores = confidence * self._model_scores(index, contributions) + (1 - confidence) * scores
        return best_movies(index, scores, among=among, limit=limit)

    def _model_scores(self, index: CatalogueIndex, contributions: Contributions) -> Floats:
        """Returns the scores of the model by position of the index, the highest scaled to 1; 0 for unknown movies."""
        model_ids = contributions.movie_ids
        if self._joined is None or self._joined[0] is not index or self._joined[1] is not model_ids:
            self._joined = (index, model_ids, *find_positions(model_ids, index.ids))
        _, _, positions, known = self._joined
        if not len(model_ids):
            return np.zeros(len(index.ids))
        scores: Floats = contributions.scores().astype(np.float64).take(positions) * known
        highest = scores.max(initial=0.0)
        return scores / highest if highest > 0 else scores


def best_movies(index: CatalogueIndex, scores: Floats, *, among: Mask, limit: int) -> list[MovieId]:
    """Returns up to `limit` of the movies `among` by descending score; equal ones by their rank."""
    order = np.where(among, -scores - index.tie_breakers, np.inf)
    first = np.argpartition(order, limit)[:limit] if len(order) > limit else np.arange(len(order))
    first = first[among[first]]
    return [MovieId(movie_id) for movie_id in index.ids[first[np.argsort(order[first])]].tolist()]


def weigh_history(history: UserHistory) -> dict[int, float]:
    """Returns the newest movies of a history with their weights, as the model takes them."""
    weights = {movie_id: WEIGHTS[stars] for movie_id, stars in islice(history.ratings.items(), MAX_HISTORY)}
    weights |= dict.fromkeys(islice(history.favorites, MAX_HISTORY), history_weight(is_favorite=True))
    return weights


def explain(
    index: CatalogueIndex, history: UserHistory, contributions: Contributions | None, movie_ids: Sequence[MovieId]
) -> list[Reason]:
    """Returns the reason for each recommended movie.

    It is the liked movie that contributes most, or else a favorite genre of the movie, or else its popularity.
    """
    # A low rating contributes to the score, but it is no reason to show.
    liked = contributions.reasons(movie_ids, least=WEIGHTS[LIKED]) if contributions else [None] * len(movie_ids)
    general = _general_reasons(index, history, movie_ids)
    return [
        reason if movie_id is None else _personal_reason(history, movie_id)
        for reason, movie_id in zip(general, liked, strict=True)
    ]


def _personal_reason(history: UserHistory, liked: int) -> Reason:
    stars = history.ratings.get(liked, 0)
    return RatedMovie(MovieId(liked), stars) if stars >= LIKED else FavoriteMovie(MovieId(liked))


def _general_reasons(index: CatalogueIndex, history: UserHistory, movie_ids: Sequence[MovieId]) -> list[Reason]:
    """Returns the first favorite genre of each movie, or Popular if it has none."""
    reasons: list[Reason] = [Popular()] * len(movie_ids)
    positions, known = index.find(np.array(movie_ids, np.int64))
    for genre_id in reversed(history.favorite_genres):
        if genre_id in index.genre_names:
            of_genre = index.of_genres([genre_id])[positions] & known if len(index.ids) else known
            for number in np.flatnonzero(of_genre):
                reasons[number] = PopularInGenre(genre_id, index.genre_names[genre_id])
    return reasons


def _general_scores(index: CatalogueIndex, history: UserHistory) -> Floats:
    """Returns the general quality by position, from 0 to 1; favorite genres are above all others."""
    if not history.favorite_genres:
        return index.quality
    return (index.quality + GENRE_LEAD * index.of_genres(history.favorite_genres)) / (1 + GENRE_LEAD)
