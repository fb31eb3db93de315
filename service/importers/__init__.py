"""Imports from data files: TMDB, MovieLens and the sample catalogue."""
