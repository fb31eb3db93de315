"""The change feed and exports."""
