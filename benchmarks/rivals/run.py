"""Compares our reads with other servers on the same tables and prints one table."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence

from rich.console import Console

from benchmarks.figure import Figure, MeasurementFailed, RunOptions, alternate
from benchmarks.generated import add_movies
from benchmarks.read_path import CONNECTIONS, THOUSAND, RoundCost, measure_round, popular
from benchmarks.rivals import servers
from benchmarks.rivals.servers import RIVALS, Rival, RunningRival
from benchmarks.run import clear_environment, figures_table
from benchmarks.stack import WORKERS, Stack, cpu_seconds, running_stack
from benchmarks.wire_load import Wire, WireRound, wire_client
from service.settings import Settings

CATALOGUE = 20_000
CHECKED = 40
"""Number of movies whose responses are compared before the measurement; all genres are compared."""
SECONDS = 3.0
REPEATS = 6


def main() -> int:
    """Returns 0 if every comparison ran, whatever the figures are, and 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    folders = [rival.folder for rival in RIVALS]
    parser.add_argument("rivals", nargs="*", default=folders, metavar="rival", help=f"any of {', '.join(folders)}")
    parser.add_argument("--quick", action="store_true", help="only check that everything works")
    arguments = parser.parse_args()
    if unknown := set(arguments.rivals).difference(folders):
        parser.error(f"there is no rival named {', '.join(sorted(unknown))}")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    clear_environment()
    figures: list[Figure] = []
    failures = 0
    options = RunOptions(is_quick=arguments.quick)
    with running_stack(options.hashing) as stack:
        add_movies(stack.database_url, CATALOGUE)
        for rival in (rival for rival in RIVALS if rival.folder in arguments.rivals):
            print(f"measuring {rival.name} ...", file=sys.stderr)
            try:
                figures.extend(_measure(stack, rival, options))
            except MeasurementFailed as error:
                print(f"{rival.name} could not be measured: {error}", file=sys.stderr)
                failures += 1
    Console(highlight=False).print(figures_table(figures))
    return 1 if failures else 0


def _measure(stack: Stack, rival: Rival, options: RunOptions) -> Iterator[Figure]:
    movie_ids, genre_ids = popular(stack.database_url)
    seconds = options.seconds(SECONDS)
    with servers.running_rival(
        rival,
        processes=WORKERS,
        database_url=stack.database_url,
        pool=Settings.model_fields["database_pool_size"].default,
        media_url=str(stack.settings["media_base_url"]),
    ) as theirs:
        _require_agreement(stack, theirs, movie_ids[:CHECKED], genre_ids)
        for name, goal, ours, other in (
            (
                "get",
                rival.get_goal,
                servers.our_gets(movie_ids, seconds=seconds),
                theirs.gets(movie_ids, seconds=seconds),
            ),
            (
                "list of 20",
                rival.list_goal,
                servers.our_lists(genre_ids, seconds=seconds),
                theirs.lists(genre_ids, seconds=seconds),
            ),
        ):
            yield from _compare(stack, theirs, ours, other, name=name, goal=f">= {goal:g}", options=options)


def _compare(
    stack: Stack, theirs: RunningRival, ours: WireRound, other: WireRound, *, name: str, goal: str, options: RunOptions
) -> Iterator[Figure]:
    with (
        wire_client(Wire.GRPC, stack.address, connections=CONNECTIONS) as our_client,
        wire_client(theirs.rival.wire, theirs.address, connections=CONNECTIONS) as their_client,
    ):

        def our_round() -> RoundCost:
            return measure_round(our_client, ours, stack.cpu_seconds)

        def their_round() -> RoundCost:
            return measure_round(their_client, other, lambda: cpu_seconds(theirs.processes()))

        for warm_up in (our_round, their_round):
            warm_up()
        pairs = alternate(our_round, their_round, repeats=options.repeats(REPEATS))
    rates = [(one.per_second / THOUSAND, other.per_second / THOUSAND) for one, other in pairs]
    yield Figure(f"{name}, rate: ours / {theirs.rival.name}", rates, "thousand a second", goal)
    cpu = [(other.cpu, one.cpu) for one, other in pairs]
    yield Figure(f"{name}, CPU: {theirs.rival.name} / ours", cpu, "ms a call", goal)


def _require_agreement(stack: Stack, theirs: RunningRival, movie_ids: Sequence[int], genre_ids: Sequence[int]) -> None:
    """Raises MeasurementFailed for the first response that differs from ours."""
    for movie_id in movie_ids:
        _require_same(servers.get_movie(stack.address, movie_id), theirs.get_movie(movie_id))
    for genre_id in genre_ids:
        _require_same(servers.list_movies(stack.address, genre_id), theirs.list_movies(genre_id))


def _require_same(ours: object, theirs: object) -> None:
    if ours != theirs:
        raise MeasurementFailed(f"the answers differ: {theirs} instead of {ours}")


if __name__ == "__main__":
    sys.exit(main())
