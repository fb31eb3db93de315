"""Rotation of data keys: encrypts personal data again with the newest key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptography.fernet import InvalidToken

from service.auth.encryption import DataCipher
from service.database.orm import connection

BATCH = 200


@dataclass(frozen=True, slots=True)
class EncryptedColumn:
    """A column of encrypted values."""

    table: str
    name: str


ENCRYPTED_COLUMNS = (
    EncryptedColumn("users", "email_encrypted"),
    EncryptedColumn("user_profiles", "birth_date_encrypted"),
)


@dataclass(kw_only=True)
class RotationSummary:
    """Result of a rotation."""

    total: int
    """Number of encrypted values."""
    rotated: int = 0
    """Values that were encrypted again; the others already used the newest key, or could not be decrypted."""
    undecryptable: list[str] = field(default_factory=list)
    """Values that no key decrypts, such as `users.email_encrypted of id 7`."""


async def rotate_data(cipher: DataCipher, *, progress: Callable[[int, int], None]) -> RotationSummary:
    """Encrypts every value of an older key with the newest key; a repeat continues an interrupted run.

    A value that changes concurrently keeps the change. `progress` receives the number of finished and of all values.
    """
    summary = RotationSummary(total=sum([await _count(column) for column in ENCRYPTED_COLUMNS]))
    done = 0
    for column in ENCRYPTED_COLUMNS:
        last = 0
        while batch := await _read(column, "id > $1", last):
            await _rotate(cipher, column, batch, summary)
            last = max(batch)
            done += len(batch)
            progress(done, summary.total)
    return summary


async def _rotate(
    cipher: DataCipher, column: EncryptedColumn, batch: Mapping[int, bytes], summary: RotationSummary
) -> None:
    while batch:
        changes: dict[int, tuple[bytes, bytes]] = {}
        for row_id, encrypted in batch.items():
            if not cipher.needs_rotation(encrypted):
                continue
            try:
                changes[row_id] = encrypted, cipher.rotate(encrypted)
            except InvalidToken:
                summary.undecryptable.append(f"{column.table}.{column.name} of id {row_id}")
        swapped = await _swap(column, changes)
        summary.rotated += len(swapped)
        # A concurrent change may use an old key, if a server still has that one first.
        batch = await _read(column, "id = ANY($1::int[])", list(changes.keys() - swapped))


async def _count(column: EncryptedColumn) -> int:
    rows = await connection().execute_query_dict(f"SELECT count({column.name}) FROM {column.table}")  # noqa: S608 - constants
    return int(rows[0]["count"])


async def _read(column: EncryptedColumn, condition: str, parameter: object) -> dict[int, bytes]:
    rows = await connection().execute_query_dict(
        f"SELECT id, {column.name} AS encrypted FROM {column.table}"  # noqa: S608 - constants
        f" WHERE {condition} AND {column.name} IS NOT NULL ORDER BY id LIMIT {BATCH}",
        [parameter],
    )
    return {row["id"]: row["encrypted"] for row in rows}


async def _swap(column: EncryptedColumn, changes: Mapping[int, tuple[bytes, bytes]]) -> set[int]:
    """Replaces each value that is still the old one, in one statement; returns the ids of replaced ones."""
    rows = await connection().execute_query_dict(
        f"UPDATE {column.table} AS t SET {column.name} = c.new"  # noqa: S608 - constants
        " FROM unnest($1::int[], $2::bytea[], $3::bytea[]) AS c (id, old, new)"
        f" WHERE t.id = c.id AND t.{column.name} = c.old RETURNING t.id",
        [list(changes), [old for old, _ in changes.values()], [new for _, new in changes.values()]],
    )
    return {row["id"] for row in rows}
