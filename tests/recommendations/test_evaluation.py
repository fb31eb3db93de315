"""Evaluation: held-out users, metrics and the printed table."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from service.importers.csv_files import FileUnusable
from service.importers.movielens.evaluation import read_ratings
from service.recommendations.errors import InteractionsMissing
from service.recommendations.model.evaluation import HeldOut, Method, compare, hold_out, measure, split_users
from tests.processes import run

HEADER = "userId,movieId,rating,timestamp\n"


def write_ratings(folder: Path, *, users: int = 30) -> Path:
    """Writes ratings of two groups: even users like movies 1 to 8, odd users movies 11 to 18."""
    lines = [
        f"{user},{movie + 10 * (user % 2)},{4.5 if (user + movie) % 5 else 2.0},0\n"
        for user in range(1, users + 1)
        for movie in range(1, 9)
    ]
    path = folder / "ratings.csv"
    path.write_text(HEADER + "".join(lines))
    titles = "".join(f"{movie},Film ({1990 + movie}),Drama|Comedy\n" for movie in range(1, 21))
    (folder / "movies.csv").write_text("movieId,title,genres\n" + titles)
    return path


def test_the_metrics_equal_values_computed_by_hand(tmp_path: Path) -> None:
    ratings = read_ratings(write_ratings(tmp_path), tmp_path / "movies.csv", progress=lambda *_: None)
    empty = ratings.of_users(np.array([0])).stars * 0
    scores = np.arange(20, 0, -1)[None].astype(float)
    found = measure(scores, HeldOut(empty, [np.array([0, 2, 19])]))
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert found.ndcg_10 == pytest.approx((1 + 1 / math.log2(4)) / ideal)
    assert found.ndcg_100 == pytest.approx((1 + 1 / math.log2(4) + 1 / math.log2(21)) / ideal)
    assert (found.recall_20, found.coverage) == (1, 1)


def test_a_history_is_never_ranked_and_a_target_is_never_in_the_history(tmp_path: Path) -> None:
    ratings = read_ratings(write_ratings(tmp_path), None, progress=lambda *_: None)
    random = np.random.default_rng(3)
    train, validation, test = split_users(ratings, random)
    assert sorted([*train, *validation, *test]) == list(range(30))
    assert len(test) == len(validation) == 6
    held = hold_out(ratings, test, random)
    for row, user in enumerate(test):
        known = set(held.known[[row]].indices)
        targets = set(held.targets[row])
        assert targets
        assert not targets & known
        assert targets | known == set(ratings.stars[[user]].indices)
    every_known_first = held.known_positives.toarray()
    assert measure(every_known_first, held).ndcg_10 < 1
    perfect = np.zeros_like(every_known_first)
    for row, targets_ in enumerate(held.targets):
        perfect[row, targets_] = 1
    assert measure(perfect + 2 * every_known_first, held).ndcg_10 == 1


def test_hyperparameters_are_chosen_without_the_test_users(tmp_path: Path) -> None:
    ratings = read_ratings(write_ratings(tmp_path), None, progress=lambda *_: None)
    seen: list[tuple[str, int]] = []

    def rank(parameter: str, _: object, held: HeldOut) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        seen.append((parameter, hash(held.known.toarray().tobytes())))
        # "good" ranks the targets first, "bad" ranks them last.
        scores = np.zeros(held.known.shape)
        for row, targets in enumerate(held.targets):
            scores[row, targets] = 1 if parameter == "good" else -1
        return scores

    ((outcome,),) = compare(
        ratings, [Method("oracle", ["bad", "good"], rank)], seeds=[0], progress=lambda *_: None
    ).values()
    assert outcome.parameters == "good"
    assert [parameter for parameter, _ in seen] == ["bad", "good", "good"]
    assert seen[0][1] == seen[1][1] != seen[2][1]


def test_the_table_is_reproducible_and_the_model_outperforms_popularity(tmp_path: Path) -> None:
    path = write_ratings(tmp_path)
    first, second = [run("recommend", "evaluate", "--ratings", str(path), "--seed", "5") for _ in range(2)]
    assert (first.returncode, first.stderr) == (0, "")
    table = {line.split("  ")[0]: line.split()[1:] for line in first.stdout.splitlines() if "." in line}
    assert table.keys() == {"popularity", "item-kNN", "EDLAE", "Marquee"}
    assert float(table["Marquee"][2]) > float(table["popularity"][2])
    assert [line for line in second.stdout.splitlines() if "." in line] == [
        line for line in first.stdout.splitlines() if "." in line
    ]


@pytest.mark.parametrize("text", ["userId,movieId\n1,1\n", HEADER + "1,one,4.0,0\n", HEADER + "1,1,6.0,0\n"])
def test_a_broken_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(text)
    with pytest.raises(FileUnusable, match=r"ratings\.csv"):
        read_ratings(path, None, progress=lambda *_: None)


def test_a_file_without_ratings_or_with_too_few_users_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text(HEADER)
    with pytest.raises(InteractionsMissing):
        read_ratings(path, None, progress=lambda *_: None)
    result = run("recommend", "evaluate", "--ratings", str(write_ratings(tmp_path, users=4)))
    assert (result.returncode, "10 are needed" in result.stderr) == (1, True)
