"""The embedded stack: PostgreSQL, S3 + Lambda and the server on one machine, for development and tests."""
