"""Runs the benchmarks that benchmarks/README.md lists and prints one table; `--help` shows how to run only one."""

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
from benchmarks.figure import Figure, MeasurementFailed, RunOptions
from benchmarks.stack import Stack, running_stack

WITHOUT_STACK: dict[str, Callable[[RunOptions], Iterator[Figure]]] = {
    "cold_import": cold_import.measure,
    "images": images.measure,
    "uploads": uploads.measure,
}
ON_STACK: dict[str, Callable[[Stack, RunOptions], Iterator[Figure]]] = {
    "authentication": authentication.measure,
    "login_timing": login_timing.measure,
    "logins": logins.measure,
    "reads_during_logins": reads_during_logins.measure,
    "pool": pool.measure,
    "favorites": favorites.measure,
    "recommendations": recommendations.measure,
    # Last, because the movies that it adds stay.
    "read_path": read_path.measure,
}
console = Console(highlight=False)


def main() -> int:
    """Returns 0 if every benchmark ran, whatever the figures are, and 1 if one failed."""
    arguments = _arguments()
    # These signals would end Python without any clean-up.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    clear_environment()
    try:
        figures, failures = _run(arguments.names, RunOptions(is_quick=arguments.quick))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 128 + signal.SIGINT
    console.print(figures_table(figures))
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    names = [*WITHOUT_STACK, *ON_STACK]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=names, metavar="name", help=f"any of {', '.join(names)}")
    parser.add_argument(
        "--quick", action="store_true", help="only check that everything works; the figures mean little"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.names).difference(names):
        parser.error(f"there is no benchmark named {', '.join(sorted(unknown))}")
    return arguments


def clear_environment() -> None:
    """Removes the machine's own settings and credentials from the environment."""
    for name in [name for name in os.environ if name.startswith(("MARQUEE_", "AWS_", "PG"))]:
        del os.environ[name]


def _run(names: Sequence[str], options: RunOptions) -> tuple[list[Figure], list[str]]:
    """Returns the figures of the successful benchmarks, and a message for each failed one."""
    figures: list[Figure] = []
    failures: list[str] = []
    with ExitStack() as resources:
        for name, measured in _benchmarks(names, options, resources):
            print(f"measuring {name} ...", file=sys.stderr)
            try:
                figures.extend(measured)
            except MeasurementFailed as error:
                failures.append(f"{name} could not be measured: {error}")
    return figures, failures


def _benchmarks(
    names: Sequence[str], options: RunOptions, resources: ExitStack
) -> Iterator[tuple[str, Iterator[Figure]]]:
    """Yields the chosen benchmarks, first those without a stack."""
    for name, measure in WITHOUT_STACK.items():
        if name in names:
            yield name, measure(options)
    if ON_STACK.keys() & set(names):
        stack = resources.enter_context(running_stack(options.hashing))
        for name, measure_on in ON_STACK.items():
            if name in names:
                yield name, measure_on(stack, options)


def figures_table(figures: Sequence[Figure]) -> Table:
    """Returns a table of figures."""
    table = Table("figure", "ratio", "goal", "middle half of the repeats")
    for figure in figures:
        table.add_row(f"{figure.name}\n  [dim]{figure.numbers}[/dim]", figure.ratio, figure.goal, figure.spread)
    return table


if __name__ == "__main__":
    sys.exit(main())
