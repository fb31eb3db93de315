"""Page tokens that hold the rest of a ranking, so that pages neither lose nor repeat a movie and nothing is stored.

A ranking has no keyset, because its scores change with every rating and every model. The first page computes the
ranking, and each token holds the rest of it: four bytes for a movie and four more if its score is needed. The maximum
lengths keep a token below 3,000 characters.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from service.api.pagination import PageTokens
from service.catalog.service import MovieId
from service.recommendations.values import ScoredMovie

MAX_RANKED = 400
MAX_SCORED = 200
SCORED = np.dtype([("movie_id", ">i4"), ("score", ">f4")])


class RankingTokens:
    """Makes and reads page tokens of rankings."""

    def __init__(self, page_tokens: PageTokens) -> None:
        self._page_tokens = page_tokens

    def make_ranked(self, rest: Sequence[MovieId], *, binding: Sequence[object]) -> str:
        """Returns the token of the rest of a ranking, at most MAX_RANKED movies; empty without a rest."""
        return self._make(np.array(rest, ">i4"), binding)

    def read_ranked(self, token: str, *, binding: Sequence[object]) -> list[MovieId] | None:
        """Returns the rest of a ranking, or None for an empty token; raises PageTokenInvalid."""
        packed = self._read(token, binding)
        return None if packed is None else [MovieId(i) for i in np.frombuffer(packed, ">i4").tolist()]

    def make_scored(self, rest: Sequence[ScoredMovie], *, binding: Sequence[object]) -> str:
        """Returns the token of the rest of a ranking with scores, at most MAX_SCORED movies; empty without a rest."""
        return self._make(np.array([(movie.movie_id, movie.score) for movie in rest], SCORED), binding)

    def read_scored(self, token: str, *, binding: Sequence[object]) -> list[ScoredMovie] | None:
        """Returns the rest of a ranking with scores, or None for an empty token; raises PageTokenInvalid."""
        packed = self._read(token, binding)
        if packed is None:
            return None
        return [ScoredMovie(MovieId(movie_id), score) for movie_id, score in np.frombuffer(packed, SCORED).tolist()]

    def _make(self, rest: np.ndarray[Any, Any], binding: Sequence[object]) -> str:
        if not len(rest):
            return ""
        return self._page_tokens.make([base64.b64encode(rest.tobytes()).decode()], binding=binding)

    def _read(self, token: str, binding: Sequence[object]) -> bytes | None:
        position = self._page_tokens.read(token, binding=binding)
        return None if position is None else base64.b64decode(position[0])
