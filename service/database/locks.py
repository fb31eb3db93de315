"""Advisory locks of PostgreSQL, all in one place so that no two purposes share a lock by accident."""

from __future__ import annotations

import enum


@enum.unique
class AdvisoryLock(enum.IntEnum):
    """Locks that processes take in PostgreSQL before a job that must not run twice at the same time."""

    MIGRATION = 0x4D617271
    """One process at a time changes the schema; the others wait."""
    HOUSEKEEPING = 0x4D617272
    """One worker at a time runs the housekeeping jobs; the others skip their turn."""
    IMPORT = 0x4D617273
    """One import at a time changes the catalogue; the others wait."""
    MODEL_ACTIVATION = 0x4D617274
    """One process at a time changes the active recommendation model; the others wait."""
