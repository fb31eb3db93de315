"""What users keep: favorites, watchlists, ratings."""
