"""Effect of logins on reads: GetMovie during 200 concurrent logins and without them."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator

from marquee.catalog.v1 import movies_pb2

from benchmarks.figure import MS, Figure, RunOptions, alternate
from benchmarks.load import Round, encoded, load_client
from benchmarks.logins import LOGIN, login_requests
from benchmarks.stack import Stack

READERS = 8
READS_PER_SECOND = 100
LOGINS = 200
LOGIN_CONNECTIONS = 16
REPEATS = 4
SECONDS = 5.0
P99 = 98
"""Index of the 99th percentile in the result of statistics.quantiles."""


def measure(stack: Stack, options: RunOptions) -> Iterator[Figure]:
    """Measures reads at a steady rate. The logins start with them; each user logs in again as soon as allowed."""
    reads = Round(
        method="/marquee.catalog.v1.CatalogService/GetMovie",
        requests=encoded([movies_pb2.GetMovieRequest(id=movie_id) for movie_id in stack.movie_ids]),
        seconds=options.seconds(SECONDS),
        per_second=READS_PER_SECOND,
    )
    logins = Round(
        method=LOGIN,
        requests=login_requests(stack.add_users("crowd", LOGINS)),
        seconds=reads.seconds,
        in_flight=LOGINS,
        drain=0.0,
    )
    outcomes: Counter[str] = Counter()
    with (
        load_client(stack.address, connections=READERS) as readers,
        # Low priority: in reality this work happens on other machines, so it must not slow the server.
        load_client(stack.address, connections=LOGIN_CONNECTIONS, low_priority=True) as crowd,
    ):

        def alone() -> float:
            answers = readers.run(reads)
            outcomes.update(f"read {code}" for code in answers.codes)
            return statistics.quantiles(answers.seconds, n=100)[P99] * MS

        alone()

        def during_logins() -> float:
            crowd.begin(logins)
            latency = alone()
            outcomes.update(f"login {code}" for code in crowd.finish().codes)
            return latency

        pairs = alternate(during_logins, alone, repeats=options.repeats(REPEATS))
    remark = ", ".join(f"{count} x {outcome}" for outcome, count in sorted(outcomes.items()))
    yield Figure(f"GetMovie, 99th percentile: during {LOGINS} logins / alone", pairs, "ms", "<= 3", remark)
