"""Measures what the README beside this lists and prints one table; `--help` tells how to take one figure alone."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from rich.console import Console
from rich.table import Table

from benchmarks import (
    authentication,
    cold_import,
    favorites,
    images,
    login_timing,
    logins,
    pool,
    read_path,
    reads_during_logins,
    recommendations,
    uploads,
)
from benchmarks.figure import Effort, Figure, MeasurementFailed
from benchmarks.stack import Stack, running_stack

ALONE: dict[str, Callable[[Effort], Iterator[Figure]]] = {
    "cold_import": cold_import.measure,
    "images": images.measure,
    "uploads": uploads.measure,
}
ON_STACK: dict[str, Callable[[Stack, Effort], Iterator[Figure]]] = {
    "authentication": authentication.measure,
    "login_timing": login_timing.measure,
    "logins": logins.measure,
    "reads_during_logins": reads_during_logins.measure,
    "pool": pool.measure,
    "favorites": favorites.measure,
    "recommendations": recommendations.measure,
    # Last: its movies stay.
    "read_path": read_path.measure,
}
console = Console(highlight=False)


def main() -> int:
    """Returns 0 whatever the figures are, 1 when one could not be taken."""
    arguments = _arguments()
    # An orderly end, also where Python's own would be sudden.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    forget_settings()
    try:
        figures, failures = _take(arguments.names, Effort(is_quick=arguments.quick))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 128 + signal.SIGINT
    console.print(figures_table(figures))
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    names = [*ALONE, *ON_STACK]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=names, metavar="name", help=f"any of {', '.join(names)}")
    parser.add_argument(
        "--quick", action="store_true", help="only try whether all of it works; the figures mean little"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.names).difference(names):
        parser.error(f"there is no benchmark named {', '.join(sorted(unknown))}")
    return arguments


def forget_settings() -> None:
    """Keeps the machine's own settings and credentials out."""
    for name in [name for name in os.environ if name.startswith(("MARQUEE_", "AWS_", "PG"))]:
        del os.environ[name]


def _take(names: Sequence[str], effort: Effort) -> tuple[list[Figure], list[str]]:
    """Returns the figures that could be taken, and why others could not."""
    figures: list[Figure] = []
    failures: list[str] = []
    with ExitStack() as resources:
        for name, measured in _benchmarks(names, effort, resources):
            print(f"measuring {name} ...", file=sys.stderr)
            try:
                figures.extend(measured)
            except MeasurementFailed as error:
                failures.append(f"{name} could not be measured: {error}")
    return figures, failures


def _benchmarks(names: Sequence[str], effort: Effort, resources: ExitStack) -> Iterator[tuple[str, Iterator[Figure]]]:
    """Returns the benchmarks, those without a stack first."""
    for name, measure in ALONE.items():
        if name in names:
            yield name, measure(effort)
    if ON_STACK.keys() & set(names):
        stack = resources.enter_context(running_stack(effort.hashing))
        for name, measure_on in ON_STACK.items():
            if name in names:
                yield name, measure_on(stack, effort)


def figures_table(figures: Sequence[Figure]) -> Table:
    """Returns figures as people read them."""
    table = Table("figure", "ratio", "goal", "middle half of the repeats")
    for figure in figures:
        table.add_row(f"{figure.name}\n  [dim]{figure.numbers}[/dim]", figure.ratio, figure.goal, figure.spread)
    return table


if __name__ == "__main__":
    sys.exit(main())
