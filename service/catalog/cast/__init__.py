"""Characters and their appearances in movies."""
