"""What can go wrong with favorites: so far, only what goes wrong with movies."""

from __future__ import annotations

from service.catalog.errors import MovieNotFound

__all__ = ["MovieNotFound"]
