"""Limits on callers: call rates, concurrency and password attempts, stored in memory, PostgreSQL or Redis."""
