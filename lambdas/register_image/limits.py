"""Bounds the memory and the time of a decode, so that a hostile picture raises and kills nothing."""

import contextlib
import ctypes
import resource
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

_STATM = Path("/proc/self/statm")


class TimeIsUp(BaseException):
    """A block took more time than it may. No Exception: code that was interrupted must not mistake it for its own."""


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


@contextlib.contextmanager
def bounded_time(seconds: float) -> Iterator[None]:
    """Raises TimeIsUp in the block once the process has used `seconds` of processor time in it.

    Not time by the clock: a busy machine is not the picture's fault.
    A call into C is interrupted only when it returns, so each must be bounded by other means (pixels, scans).
    Outside the main thread, where no signal arrives, nothing is bounded; Lambda calls handlers in it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGPROF, _time_is_up)
    remaining = signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        try:
            signal.setitimer(signal.ITIMER_PROF, *remaining)
        finally:
            signal.signal(signal.SIGPROF, handler)


def give_back_memory() -> None:
    """Returns freed memory to the system, where the C library can.

    What a large picture was decoded to would else stay with the process, under what encoding takes after it.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _time_is_up(number: int, frame: object) -> None:  # noqa: ARG001 - what a signal handler is given
    raise TimeIsUp


def _address_space() -> int:
    pages = int(_STATM.read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
