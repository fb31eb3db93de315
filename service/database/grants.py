"""Privileges: what the server's own role in the database needs, and no more.

The role that migrates owns the tables and could undo every rule; the role that serves should not be that one.
"""

from __future__ import annotations

import asyncpg

GRANTS = (
    "GRANT USAGE ON SCHEMA public TO %I",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I",
    # For what later migrations of the same owner make.
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO %I",
    # The audit trail is only ever added to; the record of migrations is only read.
    "REVOKE UPDATE, DELETE ON audit_log FROM %I",
    "REVOKE INSERT, UPDATE, DELETE ON aerich FROM %I",
)


async def grant(database: asyncpg.Connection[asyncpg.Record], role: str) -> None:
    """Gives a role what a server needs, all or nothing; a repeat changes nothing.

    Raises asyncpg.UndefinedObjectError when there is no such role.
    """
    async with database.transaction():
        for statement in GRANTS:
            await database.execute(await database.fetchval("SELECT format($1, $2::text)", statement, role))
