"""Rules for names, addresses and passwords: similar names are the same name, and no text makes a rule fail."""

from __future__ import annotations

import asyncpg
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from service.users.rules import MIN_NAME_PART, email_violations, password_violations, username_violations

# Each row is one sign to the eye.
ALIKE = [["0", "o"], ["1", "i", "l"], ["rn", "m", "r-n"], ["vv", "w", "v.v"]]
# Those that the wide signs are made of, so that they often meet them, and some that look like nothing else.
LETTERS = [[letter] for letter in "rnva2"]
BETWEEN = st.sampled_from(["", "", "", ".", "_", "-"])
SIGN = st.sampled_from([*ALIKE, *LETTERS]).flatmap(lambda spellings: st.tuples(*[_written(spellings)] * 2))
TEXT = st.text(max_size=130)


def _written(spellings: list[str]) -> st.SearchStrategy[str]:
    """Writes a sign in any of its spellings, in either case, and perhaps something between it and the next."""
    cased = st.sampled_from([*spellings, *map(str.upper, spellings)])
    return st.tuples(cased, BETWEEN).map("".join)


@limits(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(names=st.lists(st.lists(SIGN, min_size=1, max_size=12), min_size=1, max_size=50))
async def test_names_that_differ_in_look_alikes_alone_are_one_name(
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
def test_any_text_is_judged_as_a_password(password: str, username: str, email: str) -> None:
    violations = password_violations(password, field="password", username=username, email=email)
    assert {violation.field for violation in violations} <= {"password"}


@given(before=TEXT, after=TEXT, username=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{2,29}", fullmatch=True))
def test_no_password_is_made_of_the_username(before: str, after: str, username: str) -> None:
    for spelling in (username, username.upper(), username.title()):
        violations = password_violations(before + spelling + after, field="password", username=username, email="")
        assert bool(violations) or len(username) < MIN_NAME_PART


@given(st.text())
def test_any_text_is_judged_as_a_name_or_an_address(text: str) -> None:
    assert {violation.field for violation in username_violations(text) + email_violations(text)} <= {
        "username",
        "email",
    }
