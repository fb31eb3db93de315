"""How much movies resemble one another by what they have in common."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from service.recommendations.model.dataset import Dataset, Matrix


class Content:
    """Cosines of the movies' facets; a rare facet counts for more, by the logarithm of how rare it is."""

    def __init__(self, dataset: Dataset) -> None:
        having: NDArray[np.float64] = np.asarray(dataset.facets.sum(axis=1)).ravel()
        rarity = np.log((1 + len(dataset.movie_ids)) / (1 + having))
        weighted = sparse.csr_array(dataset.facets.multiply(rarity[:, None]))
        lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=0)).ravel())
        self._columns: Matrix = sparse.csr_array(weighted.multiply(1 / np.where(lengths > 0, lengths, 1)))
        self._rows: Matrix = sparse.csr_array(self._columns.T)

    def rows(self, places: NDArray[np.intp]) -> NDArray[np.float64]:
        """Returns the similarity of some movies to all, from 0 to 1; 0 to themselves."""
        block: NDArray[np.float64] = (self._rows[places] @ self._columns).toarray()
        block[np.arange(len(places)), places] = 0
        return np.minimum(block, 1, out=block)
