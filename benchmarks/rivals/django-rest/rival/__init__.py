"""Reads of the catalogue with Django REST Framework."""
