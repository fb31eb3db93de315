"""Generated posters: size, determinism, and text that fits."""

from __future__ import annotations

import io
import unicodedata

import pytest
from PIL import Image

from service.importers.posters import SMALLEST_SIDE, draw_poster
from service.importers.posters.lettering import fit_title
from service.importers.posters.motifs import MOTIFS
from service.importers.posters.palette import PALETTES


def poster(
    title: str = "Amélie",
    *,
    year: int | None = 2001,
    director: str | None = "Jean-Pierre Jeunet",
    seed: str = "tt0211915",
    width: int = 200,
    height: int = 300,
) -> bytes:
    return draw_poster(title=title, year=year, director=director, seed=seed, width=width, height=height)


def test_is_a_jpeg_of_the_default_size() -> None:
    image = Image.open(io.BytesIO(draw_poster(title="Persona", year=1966, director=None, seed="797")))
    image.load()
    assert image.format == "JPEG"
    assert image.mode == "RGB"
    assert image.size == (1000, 1500)


@pytest.mark.parametrize(("width", "height"), [(64, 64), (90, 400), (333, 500), (400, 200)])
def test_is_a_jpeg_of_the_requested_size(width: int, height: int) -> None:
    image = Image.open(io.BytesIO(poster(width=width, height=height)))
    image.load()
    assert image.size == (width, height)


def test_is_the_same_for_the_same_arguments() -> None:
    assert poster() == poster()


@pytest.mark.parametrize(
    "other",
    [
        poster("Amelie"),
        poster(year=2002),
        poster(year=None),
        poster(director="Somebody Else"),
        poster(seed="another"),
    ],
)
def test_differs_by_each_argument(other: bytes) -> None:
    assert other != poster()


def test_seeds_spread_over_many_pictures() -> None:
    pictures = {poster("", year=None, director=None, seed=str(n), width=64, height=96) for n in range(40)}
    assert len(pictures) > 30
    assert len(MOTIFS) >= 4
    assert len(PALETTES) >= 8


@pytest.mark.parametrize("director", [None, "", "   "])
def test_director_may_be_missing(director: str | None) -> None:
    assert poster(director=director) == poster(director=None)


@pytest.mark.parametrize(
    "title",
    ["", " ", "M", "8½", "Léon", "Ångström, Łódź & Crème brûlée", "羅生門", "x" * 600, "Word " * 150],
)
def test_any_title_can_be_drawn(title: str) -> None:
    assert Image.open(io.BytesIO(poster(title))).size == (200, 300)


@pytest.mark.parametrize("letter", "éèêëãāăåőčçșąạøłÉÖ")
def test_accents_are_drawn(letter: str) -> None:
    plain = {"ø": "o", "ł": "l"}.get(letter, unicodedata.normalize("NFD", letter)[0])
    assert poster(letter) != poster(plain)


@pytest.mark.parametrize(
    "title",
    [
        "M",
        "The Good, the Bad and the Ugly",
        "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        "A title that goes on " * 40,
    ],
)
def test_long_titles_fit(title: str) -> None:
    font, lines = fit_title(title, width=840, height=320, largest=200)
    assert lines
    assert all(font.getlength(line) <= 840 for line in lines)
    assert len(lines) * font.size <= 320


def test_short_titles_are_set_larger_than_long_ones() -> None:
    short, _ = fit_title("M", width=840, height=320, largest=200)
    long, lines = fit_title("The Lord of the Rings: The Fellowship of the Ring", 840, 320, largest=200)
    assert short.size == 200
    assert long.size < short.size
    assert " ".join(lines) == "The Lord of the Rings: The Fellowship of the Ring"


def test_too_small_a_poster_is_refused() -> None:
    with pytest.raises(ValueError, match="64 pixels"):
        poster(width=SMALLEST_SIDE - 1)
