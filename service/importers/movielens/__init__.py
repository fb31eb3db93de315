"""MovieLens files: movies with genres, links to other catalogues, and ratings by demo users."""

from service.importers.movielens.demo_users import DemoUsers
from service.importers.movielens.loading import import_movielens

__all__ = ("DemoUsers", "import_movielens")
