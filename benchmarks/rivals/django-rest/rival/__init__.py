"""The catalogue's reads by Django REST Framework."""
