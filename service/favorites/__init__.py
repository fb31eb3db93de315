"""Favorites, watchlists, ratings and reviews of users."""
