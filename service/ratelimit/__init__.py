"""Limits on callers: rates, concurrency and password attempts, with PostgreSQL and Redis storage."""
