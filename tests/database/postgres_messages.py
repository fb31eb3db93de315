"""Messages of PostgreSQL's protocol that tests send in its place."""

from __future__ import annotations

FIELDS = (b"SFATAL", b"VFATAL", b"C57P01", b"Mterminating connection due to administrator command")
BODY = b"".join(field + b"\0" for field in FIELDS) + b"\0"
FATAL = b"E" + (len(BODY) + 4).to_bytes(4, "big") + BODY
"""The ErrorResponse with which a stopping PostgreSQL ends a connection, before it closes the socket."""
