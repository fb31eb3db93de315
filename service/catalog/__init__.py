"""Movies, people, characters, genres and countries."""
