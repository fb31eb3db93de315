"""What a user did so far, as columns of another slice's statement: all of it in one query."""

from __future__ import annotations

VERSIONS = "ARRAY[favorites_version, watchlist_version, ratings_version]"
"""How often each list of a row of user_activities changed: equal versions, equal lists."""
HISTORY_COLUMNS = """
    ARRAY(SELECT movie_id FROM favorite_movies WHERE user_id = $1 ORDER BY id DESC) AS favorite_ids,
    ARRAY(SELECT movie_id FROM watchlist_items WHERE user_id = $1) AS watchlist_ids,
    ARRAY(SELECT movie_id FROM movie_ratings WHERE user_id = $1 ORDER BY id DESC) AS rated_ids,
    ARRAY(SELECT rating FROM movie_ratings WHERE user_id = $1 ORDER BY id DESC) AS ratings"""
"""Arrays about the user whose id is the statement's first value; `ratings` goes along with `rated_ids`, and both and
the favorites begin with the newest."""

INTERACTIONS = """
    SELECT movie_id, created_at, 2 AS weight FROM favorite_movies
    UNION ALL SELECT movie_id, created_at, CASE WHEN rating >= 4 THEN 2 ELSE 1 END FROM movie_ratings
    UNION ALL SELECT movie_id, created_at, 1 FROM watchlist_items"""
"""Rows of everything that users did with movies: when it was, and how much it tells. Narrowed by time, it reads an
index of each table alone."""
