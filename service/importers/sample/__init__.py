"""Sample catalogue of the project, `catalogue.json`: well-known films with their people and casts."""
