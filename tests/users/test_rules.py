"""Rules for names, addresses and passwords: similar names count as the same, and no text makes a rule crash."""

from __future__ import annotations

import asyncpg
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from service.users.rules import MIN_NAME_PART, email_violations, password_violations, username_violations

# The characters of a row look the same.
ALIKE = [["0", "o"], ["1", "i", "l"], ["rn", "m", "r-n"], ["vv", "w", "v.v"]]
# The letters that make up the wide characters, so that they are often adjacent, and some that resemble no others.
LETTERS = [[letter] for letter in "rnva2"]
BETWEEN = st.sampled_from(["", "", "", ".", "_", "-"])
SIGN = st.sampled_from([*ALIKE, *LETTERS]).flatmap(lambda spellings: st.tuples(*[_written(spellings)] * 2))
TEXT = st.text(max_size=130)


def _written(spellings: list[str]) -> st.SearchStrategy[str]:
    """Draws a spelling of a character in either case, and optionally a separator after it."""
    cased = st.sampled_from([*spellings, *map(str.upper, spellings)])
    return st.tuples(cased, BETWEEN).map("".join)


@limits(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(names=st.lists(st.lists(SIGN, min_size=1, max_size=12), min_size=1, max_size=50))
async def test_names_that_differ_only_in_similar_characters_are_the_same(
    database: asyncpg.Connection, names: list[list[tuple[str, str]]]
) -> None:
    pairs = [tuple(map("".join, zip(*name, strict=True))) for name in names]
    differing = await database.fetch(
        "SELECT a, b FROM unnest($1::text[], $2::text[]) AS pairs (a, b)"
        " WHERE username_skeleton(a) <> username_skeleton(b)",
        *map(list, zip(*pairs, strict=True)),
    )
    assert [tuple(row) for row in differing] == []


async def test_names_that_look_different_are_different(database: asyncpg.Connection) -> None:
    names = ["ada", "adam", "adan", "adarm", "adav", "adaw", "adavvv", "adao", "adal", "ada2", "adac", "adax"]
    skeletons = await database.fetchval("SELECT array_agg(username_skeleton(n)) FROM unnest($1::text[]) AS n", names)
    assert len(set(skeletons)) == len(names)


@given(password=TEXT, username=TEXT, email=TEXT)
def test_the_password_rules_accept_any_text_as_input(password: str, username: str, email: str) -> None:
    violations = password_violations(password, field="password", username=username, email=email)
    assert {violation.field for violation in violations} <= {"password"}


@given(before=TEXT, after=TEXT, username=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{2,29}", fullmatch=True))
def test_a_password_that_contains_the_username_is_refused(before: str, after: str, username: str) -> None:
    for spelling in (username, username.upper(), username.title()):
        violations = password_violations(before + spelling + after, field="password", username=username, email="")
        assert bool(violations) or len(username) < MIN_NAME_PART


@given(st.text())
def test_the_name_and_address_rules_accept_any_text_as_input(text: str) -> None:
    assert {violation.field for violation in username_violations(text) + email_violations(text)} <= {
        "username",
        "email",
    }
