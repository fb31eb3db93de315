"""Page tokens: what they bring back, and that nothing but themselves is taken for one."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, PageTokenInvalid, PageTokens, page_size

KEY = "k" * 32
HERE = ("ListThings", "title asc", 7)
POSITIONS = st.lists(
    st.none() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(exclude_categories=["Cs"]))
)


@given(POSITIONS)
def test_a_position_comes_back_as_it_was(position: list[Any]) -> None:
    tokens = PageTokens(KEY)
    token = tokens.make(position, binding=HERE)
    assert tokens.read(token, binding=HERE) == position
    assert token.isascii()
    assert not set(token) & set("+/= \n"), "it stands in URLs"


@given(st.text() | st.text("ABCDEFGHabcdefgh0123456789-_", min_size=20))
def test_no_other_text_is_a_token(text: str) -> None:
    if text:
        with pytest.raises(PageTokenInvalid):
            PageTokens(KEY).read(text, binding=HERE)


def test_no_token_is_the_first_page() -> None:
    assert PageTokens(KEY).read("", binding=HERE) is None


def test_a_token_is_bound_to_its_list_order_caller_and_key() -> None:
    token = PageTokens(KEY).make(["x", 1], binding=HERE)
    elsewhere = [
        ("ListOthers", *HERE[1:]),
        (HERE[0], "title desc", HERE[2]),
        (*HERE[:2], 8),
        HERE[:2],
        (*HERE, ""),
        ("ListThings,title asc", 7),
        (),
    ]
    for binding in elsewhere:
        with pytest.raises(PageTokenInvalid):
            PageTokens(KEY).read(token, binding=binding)
    with pytest.raises(PageTokenInvalid):
        PageTokens("l" * 32).read(token, binding=HERE)
    assert PageTokens(KEY).read(token, binding=HERE) == ["x", 1], "any worker with the key reads it"


def test_a_token_is_written_in_one_way_only() -> None:
    """The last character has bits to spare, and a decoder may ignore padding and line ends."""
    tokens = PageTokens(KEY)
    token = next(made for n in range(10) if len(made := tokens.make([n * "x"], binding=HERE)) % 4)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    same = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    aliases = [token[:-1] + last for last in alphabet if last != token[-1]]
    assert any(base64.urlsafe_b64decode(other + "=" * (-len(other) % 4)) == same for other in aliases)
    for other in (*aliases, token + "=", token + "==", token + "\n", token.replace("_", "/")):
        if other != token:
            with pytest.raises(PageTokenInvalid):
                tokens.read(other, binding=HERE)


def test_page_sizes() -> None:
    assert [page_size(asked) for asked in (-1, 0, 1, 99, 100, 101, 2**31 - 1)] == [
        DEFAULT_PAGE_SIZE, DEFAULT_PAGE_SIZE, 1, 99, 100, MAX_PAGE_SIZE, MAX_PAGE_SIZE,
    ]  # fmt: skip
