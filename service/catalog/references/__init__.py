"""Genres and countries."""
