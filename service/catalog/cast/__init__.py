"""Characters and where they appear."""
