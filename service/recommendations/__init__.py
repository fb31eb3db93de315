"""Recommended, similar and trending movies, dismissed recommendations, and the model that ranks them."""
