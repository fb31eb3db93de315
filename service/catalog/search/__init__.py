"""Searches of movies and people."""
