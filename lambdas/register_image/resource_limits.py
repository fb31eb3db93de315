"""Limits on the memory and time of decoding, so that a hostile image raises an error and cannot kill the process."""

import contextlib
import ctypes
import resource
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

_STATM = Path("/proc/self/statm")


class TimeLimitExceeded(BaseException):
    """A block exceeded its time. It derives from BaseException so that interrupted code does not catch it."""


@contextlib.contextmanager
def limited_memory(budget: int) -> Iterator[None]:
    """Limits the growth of the process's address space inside the block to `budget` bytes.

    Never raises an existing soft limit. Has no effect where /proc is missing; Lambda has it.
    """
    if not _STATM.exists():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = _address_space() + budget
    if soft != resource.RLIM_INFINITY:
        limit = min(limit, soft)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@contextlib.contextmanager
def limited_time(seconds: float) -> Iterator[None]:
    """Raises TimeLimitExceeded in the block after the process has used `seconds` of processor time in it.

    Processor time does not depend on the load of the machine. A call into C is interrupted only when it returns, so
    other limits (pixels, scans) must bound each such call. Has no effect outside the main thread, where no signal
    arrives; Lambda calls handlers in the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGPROF, _raise_time_limit_exceeded)
    remaining = signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        try:
            signal.setitimer(signal.ITIMER_PROF, *remaining)
        finally:
            signal.signal(signal.SIGPROF, handler)


def release_memory() -> None:
    """Returns freed memory to the system if the C library supports it.

    Otherwise the process keeps the memory of a decoded large image while encoding allocates more.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _raise_time_limit_exceeded(number: int, frame: object) -> None:  # noqa: ARG001 - the signature of a signal handler
    raise TimeLimitExceeded


def _address_space() -> int:
    pages = int(_STATM.read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()
