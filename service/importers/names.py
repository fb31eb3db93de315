"""Splitting a person's full name into the first and last name that the catalogue keeps."""

from __future__ import annotations

import functools
import re

from service.importers.cleaning import single_spaced

PARTICLES = frozenset(
    {
        *("von", "van", "vander", "der", "den", "ten", "ter", "zu", "zur", "af", "av", "das"),
        *("de", "del", "della", "dello", "degli", "di", "da", "do", "dos", "du", "des"),
        *("la", "le", "les", "los", "las", "el", "y", "bin", "ibn", "ap", "st", "st."),
    }
)
# Of these, only written small: as given names, too, they stand in the middle of names.
ONLY_SMALL = frozenset({"af", "av", "ap", "do", "den", "des", "y", "bin", "ibn", "el", "las", "los"})
GROUP = re.compile(r"(?:^| )(?:&|and) ", re.IGNORECASE)
# What belongs to the last name though it stands behind it.
SUFFIX = re.compile(r",?(?: (?:Jr|Sr|Esq|Ph\.?D|M\.?D)\.?| (?:II|III|IV)| \([^()]*\))+$", re.IGNORECASE)


@functools.lru_cache(maxsize=50_000)
def split_name(full_name: str) -> tuple[str, str]:
    """Returns first and last name; joined by a space they are the full name, its white space made single.

    The last word is the last name, together with the particles before it ("van Gogh", "De Niro") and with what stands
    behind ("Downey Jr."). A single name and the name of a group ("Kurt and Bart") are a first name alone.
    """
    name = single_spaced(full_name).rstrip(",")
    suffix = SUFFIX.search(name)
    words = name[: suffix.start() if suffix else None].split()
    if len(words) < 2 or GROUP.search(name):  # noqa: PLR2004 - a single name
        return name, ""
    start = len(words) - 1
    while start > 1 and _is_particle(words[start - 1]):
        start -= 1
    first = " ".join(words[:start])
    return first, name[len(first) + 1 :]


def _is_particle(word: str) -> bool:
    small = word.lower()
    return small in PARTICLES and (word == small or small not in ONLY_SMALL)
