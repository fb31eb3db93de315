"""Page tokens: they return their position, and nothing else is accepted as a token."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, PageTokenInvalid, PageTokens, page_size

KEY = "k" * 32
BINDING = ("ListThings", "title asc", 7)
POSITIONS = st.lists(
    st.none() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(exclude_categories=["Cs"]))
)


@given(POSITIONS)
def test_a_token_returns_its_position(position: list[Any]) -> None:
    tokens = PageTokens(KEY)
    token = tokens.make(position, binding=BINDING)
    assert tokens.read(token, binding=BINDING) == position
    assert token.isascii()
    assert not set(token) & set("+/= \n"), "tokens are used in URLs"


@given(st.text() | st.text("ABCDEFGHabcdefgh0123456789-_", min_size=20))
def test_no_other_text_is_a_token(text: str) -> None:
    if text:
        with pytest.raises(PageTokenInvalid):
            PageTokens(KEY).read(text, binding=BINDING)


def test_the_empty_token_is_the_first_page() -> None:
    assert PageTokens(KEY).read("", binding=BINDING) is None


def test_a_token_is_bound_to_its_list_order_caller_and_key() -> None:
    token = PageTokens(KEY).make(["x", 1], binding=BINDING)
    others = [
        ("ListOthers", *BINDING[1:]),
        (BINDING[0], "title desc", BINDING[2]),
        (*BINDING[:2], 8),
        BINDING[:2],
        (*BINDING, ""),
        ("ListThings,title asc", 7),
        (),
    ]
    for binding in others:
        with pytest.raises(PageTokenInvalid):
            PageTokens(KEY).read(token, binding=binding)
    with pytest.raises(PageTokenInvalid):
        PageTokens("l" * 32).read(token, binding=BINDING)
    assert PageTokens(KEY).read(token, binding=BINDING) == ["x", 1], "any worker with the key can read it"


def test_each_token_has_only_one_spelling() -> None:
    """The last character has unused bits, and decoders may ignore padding and line ends."""
    tokens = PageTokens(KEY)
    token = next(made for n in range(10) if len(made := tokens.make([n * "x"], binding=BINDING)) % 4)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    same = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    aliases = [token[:-1] + last for last in alphabet if last != token[-1]]
    assert any(base64.urlsafe_b64decode(other + "=" * (-len(other) % 4)) == same for other in aliases)
    for other in (*aliases, token + "=", token + "==", token + "\n", token.replace("_", "/")):
        if other != token:
            with pytest.raises(PageTokenInvalid):
                tokens.read(other, binding=BINDING)


def test_page_sizes() -> None:
    assert [page_size(asked) for asked in (-1, 0, 1, 99, 100, 101, 2**31 - 1)] == [
        DEFAULT_PAGE_SIZE, DEFAULT_PAGE_SIZE, 1, 99, 100, MAX_PAGE_SIZE, MAX_PAGE_SIZE,
    ]  # fmt: skip
