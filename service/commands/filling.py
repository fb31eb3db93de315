"""Commands that fill the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from service.commands.accounts import register
from service.commands.composition import composed
from service.commands.terminal import console, progress_bar
from service.settings import Settings

if TYPE_CHECKING:
    from service.composition import Slices


async def import_sample(settings: Settings, *, posters: bool) -> None:
    """Loads the sample catalogue with a progress bar and prints what was done."""
    async with composed(settings) as slices:
        await _load_sample(slices, posters=posters)


async def fill(settings: Settings, data: Path) -> None:
    """Loads the sample catalogue and makes the demo users of a stack's data folder."""
    from service.local.layout import Layout, read_secrets

    async with composed(settings) as slices:
        for user in read_secrets(Layout(data)).demo_users:
            await register(slices, username=user.username, email=user.email, password=user.password, staff=user.staff)
        await _load_sample(slices, posters=True)


async def _load_sample(slices: Slices, *, posters: bool) -> None:
    from service.importers.sample import artwork, load

    sample = load.read_sample()
    with progress_bar("films") as progress:
        summary = await load.load_sample(sample, progress=progress)
    console.print(
        f"{summary.movies_added} films added with {summary.persons_added} people and"
        f" {summary.characters_added} characters; {summary.movies_kept} were there already"
    )
    if posters:
        titles = [movie["title"] for movie in sample["movies"]]
        with progress_bar("posters") as progress:
            uploaded = await artwork.upload_posters(slices.media, titles, progress=progress)
        console.print(f"{uploaded} posters uploaded")
