"""The change feed, watches and exports."""
