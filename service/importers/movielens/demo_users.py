"""Accounts of the MovieLens users: one for each user number, with no usable password."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from service.importers.staging import Connection

# RFC 2606 reserves .invalid, so nobody can receive mail at this domain or register an address of it.
DOMAIN = "movielens.invalid"
ADD = """
WITH source AS (
    SELECT * FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS source (username, email_encrypted, email_hash)
), added AS (
    INSERT INTO users (username, email_encrypted, email_hash, password_hash)
    SELECT username, email_encrypted, email_hash, $4 FROM source ON CONFLICT DO NOTHING
    RETURNING id, email_hash
), profiles AS (
    INSERT INTO user_profiles (user_id) SELECT id FROM added
)
SELECT id, email_hash FROM added
"""


class DemoUsers:
    """Accounts `movielens-<number>`, found by the hash of their address."""

    def __init__(self, *, encrypted_email: Callable[[str], Mapping[str, bytes]], password_hash: str) -> None:
        """`encrypted_email` returns the columns of an address; `password_hash` is the hash of a discarded password."""
        self._encrypted_email = encrypted_email
        self._password_hash = password_hash

    async def ensure(self, connection: Connection, numbers: Iterable[int]) -> tuple[dict[int, int], int]:
        """Returns the user ids by number, and the number of accounts it created.

        A number is missing if another account already has its username.
        """
        columns = {number: self._encrypted_email(f"movielens-{number}@{DOMAIN}") for number in numbers}
        number_of = {email["email_hash"]: number for number, email in columns.items()}
        rows = await connection.fetch("SELECT id, email_hash FROM users WHERE email_hash = ANY ($1)", list(number_of))
        existing = {number_of[email_hash]: user_id for user_id, email_hash in rows}
        missing = [number for number in columns if number not in existing]
        rows = await connection.fetch(
            ADD,
            [f"movielens-{number}" for number in missing],
            [columns[number]["email_encrypted"] for number in missing],
            [columns[number]["email_hash"] for number in missing],
            self._password_hash,
        )
        created = {number_of[email_hash]: user_id for user_id, email_hash in rows}
        return existing | created, len(created)
