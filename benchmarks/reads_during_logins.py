"""What sign-ins cost those who merely read: GetMovie beside 200 concurrent logins and alone, in turns."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator
from functools import partial

from marquee.catalog.v1 import catalog_pb2

from benchmarks.figure import MS, Effort, Figure, in_turns
from benchmarks.load import LoadClient, Round, encoded, load_client
from benchmarks.logins import LOGIN, login_requests
from benchmarks.stack import Stack

READERS = 8
READS_PER_SECOND = 100
LOGINS = 200
LOGIN_CONNECTIONS = 16
REPEATS = 4
SECONDS = 5.0
P99 = 98
"""Place among the 99 that divide values into 100 parts."""


def measure(stack: Stack, effort: Effort) -> Iterator[Figure]:
    """Measures reads at a steady pace; the logins begin together with them, and each again as soon as it may."""
    reads = Round(
        method="/marquee.catalog.v1.CatalogService/GetMovie",
        requests=encoded([catalog_pb2.GetMovieRequest(id=movie_id) for movie_id in stack.movie_ids]),
        seconds=effort.seconds(SECONDS),
        per_second=READS_PER_SECOND,
    )
    logins = Round(
        method=LOGIN,
        requests=login_requests(stack.add_users("crowd", LOGINS)),
        seconds=reads.seconds,
        in_flight=LOGINS,
        drain=0.0,
    )
    codes: Counter[str] = Counter()

    with (
        load_client(stack.address, connections=READERS) as readers,
        load_client(stack.address, connections=LOGIN_CONNECTIONS) as crowd,
    ):
        alone = partial(_read, readers, reads)
        alone()

        def beside_logins() -> float:
            crowd.begin(logins)
            latency = alone()
            codes.update(crowd.finish().codes)
            return latency

        pairs = in_turns(beside_logins, alone, repeats=effort.repeats(REPEATS))
    name = f"GetMovie, 99th percentile: beside {LOGINS} logins / alone"
    yield Figure(name, pairs, "ms", "<= 3", "logins: " + ", ".join(f"{count} {code}" for code, count in codes.items()))


def _read(readers: LoadClient, reads: Round) -> float:
    """Returns the 99th percentile of the latency, in ms."""
    return statistics.quantiles(readers.run(reads).require("OK").seconds, n=100)[P99] * MS
