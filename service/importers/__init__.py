"""Ways to fill the catalogue."""
