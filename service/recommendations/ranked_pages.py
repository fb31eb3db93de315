"""Lists whose rest travels in the page token: a ranking made once, paged without loss or repeat, kept nowhere.

A ranking has no keyset: scores move with every rating and every model. So the first page settles the order, and each
token holds what is left of it: four bytes a movie, and four more where its score is told. Both kinds of list are cut
where a token comes to less than 3,000 characters.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from service.api.pagination import PageTokens
from service.catalog.service import MovieId
from service.recommendations.values import Scored

MAX_RANKED = 400
MAX_SCORED = 200
SCORED = np.dtype([("movie_id", ">i4"), ("score", ">f4")])


class RankedPages:
    """Makes and reads the tokens of rankings."""

    def __init__(self, page_tokens: PageTokens) -> None:
        self._page_tokens = page_tokens

    def ranked_token(self, rest: Sequence[MovieId], *, binding: Sequence[object]) -> str:
        """Returns the token of what is left of a ranking, at most MAX_RANKED; empty when nothing is."""
        return self._make(np.array(rest, ">i4"), binding)

    def read_ranked(self, token: str, *, binding: Sequence[object]) -> list[MovieId] | None:
        """Returns what is left of a ranking, None for the empty token; raises PageTokenInvalid."""
        packed = self._read(token, binding)
        return None if packed is None else [MovieId(i) for i in np.frombuffer(packed, ">i4").tolist()]

    def scored_token(self, rest: Sequence[Scored], *, binding: Sequence[object]) -> str:
        """Returns the token of what is left of a ranking with its scores, at most MAX_SCORED; empty when nothing is."""
        return self._make(np.array([(movie.movie_id, movie.score) for movie in rest], SCORED), binding)

    def read_scored(self, token: str, *, binding: Sequence[object]) -> list[Scored] | None:
        """Returns what is left of a ranking with its scores, None for the empty token; raises PageTokenInvalid."""
        packed = self._read(token, binding)
        if packed is None:
            return None
        return [Scored(MovieId(movie_id), score) for movie_id, score in np.frombuffer(packed, SCORED).tolist()]

    def _make(self, rest: np.ndarray[Any, Any], binding: Sequence[object]) -> str:
        if not len(rest):
            return ""
        return self._page_tokens.make([base64.b64encode(rest.tobytes()).decode()], binding=binding)

    def _read(self, token: str, binding: Sequence[object]) -> bytes | None:
        position = self._page_tokens.read(token, binding=binding)
        return None if position is None else base64.b64decode(position[0])
