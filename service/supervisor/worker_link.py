"""The worker's side of its bond with the supervisor: two inherited pipes, named by environment variables.

On the one the worker says that it serves, the other reaches its end when the supervisor is gone, by whatever
death.
"""

import asyncio
import contextlib
import os
from collections.abc import Mapping, MutableMapping

READY_VARIABLE = "MARQUEE_READY_FD"
PARENT_VARIABLE = "MARQUEE_PARENT_FD"
WORKER_VARIABLE = "MARQUEE_WORKER"
READY = b"ready\n"


def announce_ready(environment: MutableMapping[str, str] = os.environ) -> None:
    """Tells the supervisor, from within a worker, that this process serves now.

    Without a supervisor, and from the second call on, it does nothing.
    """
    given = environment.pop(READY_VARIABLE, None)
    if given is None:
        return
    # A supervisor that is gone is no matter of this function: parent_gone() tells.
    pipe = int(given)
    with contextlib.suppress(BrokenPipeError):
        os.write(pipe, READY)
    os.close(pipe)


async def parent_gone(environment: Mapping[str, str] = os.environ) -> None:
    """Returns, within a worker, once its supervisor has ended; without a supervisor never.

    To be awaited by one task at a time. A worker whose event loop is blocked notices only afterwards.
    """
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()
    given = environment.get(PARENT_VARIABLE)
    if given is None:
        await gone
        return
    pipe = int(given)
    # A child of the worker has no business with it.
    os.set_inheritable(pipe, False)  # noqa: FBT003 (takes no keyword)

    def on_end() -> None:
        loop.remove_reader(pipe)
        if not gone.done():
            gone.set_result(None)

    # Nobody ever writes to this pipe, so readable means that its writing end is closed.
    loop.add_reader(pipe, on_end)
    try:
        await gone
    finally:
        loop.remove_reader(pipe)
