"""TMDB 5000 files: movies with genres and countries; credits with directors, people, characters and casts."""

from service.importers.tmdb.loading import import_tmdb

__all__ = ("import_tmdb",)
