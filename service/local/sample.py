"""Sample data of the stack: the demo users, the sample catalogue, and its posters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from service.database import orm
from service.importers.sample import artwork, load
from service.local.layout import DemoUser, Layout, read_settings
from service.users.errors import EmailTaken, UsernameTaken

if TYPE_CHECKING:
    from service.composition import Composition

POLL_SECONDS = 0.5


async def fill(
    domains: Composition, *, users: Iterable[DemoUser], posters: int, show_progress: Callable[[str], None]
) -> None:
    """Creates the demo users, loads the sample catalogue and uploads posters for its first `posters` movies.

    A repeat changes nothing. `show_progress` gets a text such as "12 of 60 movies".
    """
    show_progress("creating the demo users")
    for user in users:
        try:
            await domains.users.users.create(
                username=user.username, email=user.email, password=user.password, is_staff=user.staff
            )
        except (UsernameTaken, EmailTaken):
            continue
    catalogue = load.read_sample()
    await load.load_sample(catalogue, progress=_counter("movies", show_progress))
    titles = [movie["title"] for movie in catalogue["movies"][:posters]]
    await artwork.upload_posters(domains.media.media, titles, progress=_counter("posters uploaded", show_progress))


async def wait_for_posters(layout: Layout, *, seconds: float, show_progress: Callable[[str], None]) -> int:
    """Waits until the functions have processed all uploaded posters, for at most `seconds`.

    Returns the number of posters that are still in progress.
    """
    deadline = time.monotonic() + seconds
    async with orm.connected(read_settings(layout)):
        total = remaining = await artwork.count_in_progress()
        while remaining and time.monotonic() < deadline:
            show_progress(f"{total - remaining} of {total} posters rendered")
            await asyncio.sleep(POLL_SECONDS)
            remaining = await artwork.count_in_progress()
    return remaining


def _counter(things: str, show_progress: Callable[[str], None]) -> Callable[[int, int], None]:
    return lambda done, total: show_progress(f"{done} of {total} {things}")
