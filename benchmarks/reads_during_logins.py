"""What sign-ins cost those who merely read: GetMovie beside 200 concurrent logins and alone, in turns."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator

from marquee.catalog.v1 import movies_pb2

from benchmarks.figure import MS, Effort, Figure, in_turns
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
"""Place among the 99 that divide values into 100 parts."""


def measure(stack: Stack, effort: Effort) -> Iterator[Figure]:
    """Measures reads at a steady pace; the logins begin together with them, and each again as soon as it may."""
    reads = Round(
        method="/marquee.catalog.v1.CatalogService/GetMovie",
        requests=encoded([movies_pb2.GetMovieRequest(id=movie_id) for movie_id in stack.movie_ids]),
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
    outcomes: Counter[str] = Counter()
    with (
        load_client(stack.address, connections=READERS) as readers,
        # What its own work costs must not be taken for what the server's does: a crowd has machines of its own.
        load_client(stack.address, connections=LOGIN_CONNECTIONS, goes_behind=True) as crowd,
    ):

        def alone() -> float:
            answers = readers.run(reads)
            outcomes.update(f"read {code}" for code in answers.codes)
            return statistics.quantiles(answers.seconds, n=100)[P99] * MS

        alone()

        def beside_logins() -> float:
            crowd.begin(logins)
            latency = alone()
            outcomes.update(f"login {code}" for code in crowd.finish().codes)
            return latency

        pairs = in_turns(beside_logins, alone, repeats=effort.repeats(REPEATS))
    remark = ", ".join(f"{count} x {outcome}" for outcome, count in sorted(outcomes.items()))
    yield Figure(f"GetMovie, 99th percentile: beside {LOGINS} logins / alone", pairs, "ms", "<= 3", remark)
