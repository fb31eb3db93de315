"""Bounds the memory of a decode, so that a hostile picture raises MemoryError and kills nothing."""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

_STATM = Path("/proc/self/statm")


@contextlib.contextmanager
def bounded_memory(budget: int) -> Iterator[None]:
    """Lets the process grow by at most `budget` bytes of address space inside the block.

    A soft limit that stands already is never widened. Where /proc is missing (not on Lambda) nothing is
    bounded.
    """
    if not _STATM.exists():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _address_space() + budget
    narrowed = wanted if soft == resource.RLIM_INFINITY else min(wanted, soft)
    resource.setrlimit(resource.RLIMIT_AS, (narrowed, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int:
    pages = int(_STATM.read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
