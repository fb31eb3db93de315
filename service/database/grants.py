"""Privileges of the server's own role in the database: enough to serve, and no more.

The role that runs the migrations owns the tables and can change every rule. The server should use another role.
"""

from __future__ import annotations

import asyncpg

GRANTS = (
    "GRANT USAGE ON SCHEMA public TO %I",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO %I",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO %I",
    # For the tables and sequences that later migrations of the same owner create.
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO %I",
    # The server only adds to the audit log, and only reads the list of applied migrations.
    "REVOKE UPDATE, DELETE ON audit_log FROM %I",
    "REVOKE INSERT, UPDATE, DELETE ON aerich FROM %I",
)


async def grant(database: asyncpg.Connection[asyncpg.Record], role: str) -> None:
    """Grants a role all privileges of a server in one transaction; a repeat changes nothing.

    Raises asyncpg.UndefinedObjectError when the role does not exist.
    """
    async with database.transaction():
        for statement in GRANTS:
            await database.execute(await database.fetchval("SELECT format($1, $2::text)", statement, role))
