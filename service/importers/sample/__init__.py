"""The project's own sample catalogue, `catalogue.json`: well-known films, their people and casts."""
