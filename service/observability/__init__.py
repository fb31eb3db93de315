"""Logging, access log and metrics."""
