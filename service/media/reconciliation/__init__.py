"""Reconciliation of buckets and tables: listings of both, their differences, and the repair of each."""
