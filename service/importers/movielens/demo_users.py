"""The accounts that MovieLens' ratings belong to: one for each of its numbered users, with no usable password."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from service.importers.staging import Connection

# RFC 2606 keeps this domain from ever existing, and no address of it can be registered.
DOMAIN = "movielens.invalid"
ADD = """
WITH given AS (
    SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS given (username, email_encrypted, email_hash)
), added AS (
    INSERT INTO users (username, email_encrypted, email_hash, password_hash)
    SELECT username, email_encrypted, email_hash, $4 FROM given ON CONFLICT DO NOTHING
    RETURNING id, email_hash
), profiles AS (
    INSERT INTO user_profiles (user_id) SELECT id FROM added
)
SELECT id, email_hash FROM added
"""


class DemoUsers:
    """Finds and makes the accounts `movielens-<number>`, recognised by their addresses."""

    def __init__(self, *, encrypted_email: Callable[[str], Mapping[str, bytes]], password_hash: str) -> None:
        """`encrypted_email` returns an address's columns; `password_hash` should be of a password that nobody knows."""
        self._encrypted_email = encrypted_email
        self._password_hash = password_hash

    async def ensure(self, connection: Connection, numbers: Iterable[int]) -> tuple[dict[int, int], int]:
        """Returns the ids of users by their numbers, and how many had to be made.

        A number is missing when an account that somebody registered has its username.
        """
        columns = {number: self._encrypted_email(f"movielens-{number}@{DOMAIN}") for number in numbers}
        number_of = {email["email_hash"]: number for number, email in columns.items()}
        rows = await connection.fetch("SELECT id, email_hash FROM users WHERE email_hash = ANY ($1)", list(number_of))
        known = {number_of[email_hash]: user_id for user_id, email_hash in rows}
        missing = [number for number in columns if number not in known]
        added = await connection.fetch(
            ADD,
            [f"movielens-{number}" for number in missing],
            [columns[number]["email_encrypted"] for number in missing],
            [columns[number]["email_hash"] for number in missing],
            self._password_hash,
        )
        made = {number_of[email_hash]: user_id for user_id, email_hash in added}
        return known | made, len(made)
