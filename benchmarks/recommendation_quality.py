"""Measures recommendations: quality compared with other methods on MovieLens, then time and memory.

Run it with the checkout's interpreter after `.venv/bin/uv pip install --require-hashes -r requirements/bench.txt`,
from the checkout, as `python -m benchmarks.recommendation_quality`; MARQUEE_DATA_DIR names the folder with
ml-latest-small. `--seeds` is the number of splits of the users to average, `--generated` the number of movies in the
second part.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from threadpoolctl import threadpool_limits

from service.cli.recommend import show_outcomes
from service.importers.csv_files import find_csv, read_rows
from service.importers.movielens.evaluation import read_ratings
from service.importers.report import BadRows
from service.recommendations.model.dataset import Dataset
from service.recommendations.model.evaluation import (
    Floats,
    HeldOut,
    Method,
    Outcome,
    Ratings,
    baselines,
    compare,
    edlae,
    history_weights,
    marquee,
)
from service.recommendations.model.scoring import ServingModel
from service.recommendations.model.training import Hyperparameters, TrainedModel, train

FIRST_SEED = 100
THREADS = 2
HISTORY = 200
ROUNDS = 300
MOST_MOVIES = 20_000
# Regularisation and alpha. On validation users of the first seed, with 256 factors, no other pair of 1, 10, 30 or 100
# with 0.5 to 20 came past an NDCG@100 of 0.314, where the best of these has 0.335.
ALS_PAIRS = ((3.0, 1.0), (3.0, 2.0), (10.0, 2.0), (10.0, 5.0), (10.0, 10.0), (30.0, 5.0), (30.0, 10.0), (30.0, 20.0))
MB = 1e6
FAMOUS = {
    "Toy Story (1995)": 1,
    "The Godfather (1972)": 858,
    "The Matrix (1999)": 2571,
    "Alien (1979)": 1214,
    "Amelie (2001)": 4973,
}


def als() -> Method[tuple[int, float, float]]:
    """Returns implicit's ALS, trained on positives only, as intended: factors, regularisation, alpha."""

    def rank(parameters: tuple[int, float, float], ratings: Ratings, held_out: HeldOut) -> Floats:
        from implicit.als import AlternatingLeastSquares  # noqa: PLC0415 - only installed for benchmarks

        factors, regularization, alpha = parameters
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = AlternatingLeastSquares(
                factors=factors, regularization=regularization, alpha=alpha, random_state=0, num_threads=THREADS
            )
        model.fit(sparse.csr_matrix(ratings.positives).astype(np.float32), show_progress=False)
        users = sparse.csr_matrix(held_out.known_positives).astype(np.float32)
        factored = model.recalculate_user(np.arange(users.shape[0]), users)
        return np.asarray(factored @ model.item_factors.T, np.float64)

    grid = [(factors, regularization, alpha) for factors in (64, 128, 256, 512) for regularization, alpha in ALS_PAIRS]
    return Method("ALS (implicit)", grid, rank)


def measure_quality(folder: Path, *, seeds: int) -> None:
    """Prints the table, the chosen parameters, and the movies most similar to five famous ones."""
    ratings = read_ratings(find_csv(folder, "ratings"), find_csv(folder, "movies"), progress=_silent)
    methods: list[Method[Any]] = [*baselines(), als(), edlae(), marquee(most_movies=MOST_MOVIES)]
    outcomes = compare(
        ratings,
        methods,
        seeds=range(FIRST_SEED, FIRST_SEED + seeds),
        progress=lambda done, total: print(f"{done} of {total}", file=sys.stderr),
    )
    show_outcomes(outcomes)
    _show_differences(outcomes)
    for name, given in outcomes.items():
        print(f"{name} chose {', '.join(sorted({_brief(outcome.parameters) for outcome in given}))}")
    trained, seconds = _timed(lambda: _train(ratings.dataset(history_weights(ratings.stars))))
    print(f"\n{len(trained.movie_ids)} movies, {trained.learned_movies} learned from interactions: {seconds:.1f} s")
    model = _served(trained)
    names = _titles(folder)
    for title, movie_id in FAMOUS.items():
        print(f"{title}: {'; '.join(names.get(other, '?') for other, _ in model.similar(movie_id, 8))}")


def _show_differences(outcomes: Mapping[str, Sequence[Outcome]]) -> None:
    """Prints the lead of the served model over each method on the same users, with the standard error."""
    own = [outcome.metrics.ndcg_100 for outcome in outcomes["Marquee"]]
    for name, given in outcomes.items():
        ahead = [one - other.metrics.ndcg_100 for one, other in zip(own, given, strict=True)]
        if name != "Marquee" and len(ahead) > 1:
            error = statistics.stdev(ahead) / len(ahead) ** 0.5
            print(f"NDCG@100 of Marquee less that of {name}: {statistics.mean(ahead):+.4f} ± {error:.4f}")


def measure_costs(movies: int) -> None:
    """Prints time and memory for generated ratings of `movies` movies by twice as many users."""
    random = np.random.default_rng(0)
    users = movies * 2
    popularity = 1 / np.arange(1, movies + 1) ** 0.7
    columns = random.choice(movies, size=users * 100, p=popularity / popularity.sum())
    rows = np.repeat(np.arange(users), 100)
    pairs = np.unique(rows * movies + columns)
    stars = random.integers(1, 6, len(pairs))
    dataset = Dataset.build(
        np.arange(1, movies + 1, dtype=np.int32),
        interactions=(
            (pairs // movies).astype(np.int32),
            (pairs % movies + 1).astype(np.int32),
            (stars / 5).astype(np.float32),
        ),
        facets=(
            np.zeros(movies * 2, np.int32),
            random.integers(0, 20, movies * 2).astype(np.int32),
            np.tile(np.arange(1, movies + 1, dtype=np.int32), 2),
        ),
    )
    before = _peak()
    trained, seconds = _timed(lambda: _train(dataset))
    print(f"\n{movies} movies, {len(pairs)} ratings of {users} users: {seconds:.1f} s, {_peak() - before:.0f} MB more")
    model = _served(trained)
    print(f"in memory: {model.size_bytes / MB:.1f} MB")
    history = dict.fromkeys(random.choice(movies, HISTORY, replace=False).tolist(), 1.0)
    first = model.movie_ids[:20].tolist()
    for name, call in (
        (f"score a history of {HISTORY}", lambda: model.contributions(history).scores()),
        ("reasons for 20", lambda: model.contributions(history).reasons(first, least=0.8)),
        ("20 similar", lambda: model.similar(first[0], 20)),
    ):
        times = [_timed(call)[1] * 1000 for _ in range(ROUNDS)]
        print(f"{name}: median {statistics.median(times):.3f} ms, p95 {sorted(times)[ROUNDS * 95 // 100]:.3f} ms")


def _train(dataset: Dataset) -> TrainedModel:
    return train(dataset, Hyperparameters(), most_movies=MOST_MOVIES, progress=lambda *_: None)


def _served(trained: TrainedModel) -> ServingModel:
    weights = trained.weights.transposed(len(trained.movie_ids))
    return ServingModel(0, trained.movie_ids, weights, trained.similar_movies)


def _titles(folder: Path) -> dict[int, str]:
    rows = read_rows(find_csv(folder, "movies"), ("movieId", "title"), kind="movie", bad=BadRows(), progress=_silent)
    return {int(row.values["movieId"]): row.values["title"] for row in rows}


def _brief(chosen: Any) -> str:
    if isinstance(chosen, Hyperparameters):
        return f"({chosen.regularization:g}, {chosen.dropout:g}, {chosen.facet_weight:g})"
    return str(chosen)


def _timed(act: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    made = act()
    return made, time.perf_counter() - began


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _silent(_done: int, _total: int) -> None:
    pass


def main() -> None:
    """Runs both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--generated", type=int, default=10_000)
    options = parser.parse_args()
    with threadpool_limits(THREADS):
        if options.seeds:
            measure_quality(Path(os.environ["MARQUEE_DATA_DIR"]) / "ml-latest-small", seeds=options.seeds)
        if options.generated:
            measure_costs(options.generated)


if __name__ == "__main__":
    main()
