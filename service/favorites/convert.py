"""Favorites as messages."""

from __future__ import annotations

from marquee.favorites.v1 import favorites_pb2

from service.catalog.convert import to_movie
from service.catalog.service import ViewerStates
from service.favorites.service import Favorite
from service.protobuf import timestamp


def to_favorite(favorite: Favorite, viewer: ViewerStates) -> favorites_pb2.Favorite:
    """Returns the message of a favorite."""
    return favorites_pb2.Favorite(movie=to_movie(favorite.movie, viewer), create_time=timestamp(favorite.created_at))
