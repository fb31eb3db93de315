"""Statements that compare the rating totals in movie_stats with the ratings themselves."""

from __future__ import annotations

COMPUTED_TOTALS = """
SELECT movie_id, count(*) AS rating_count, sum(rating) AS rating_sum,
    count(*) FILTER (WHERE rating = 1) AS rating_1, count(*) FILTER (WHERE rating = 2) AS rating_2,
    count(*) FILTER (WHERE rating = 3) AS rating_3, count(*) FILTER (WHERE rating = 4) AS rating_4,
    count(*) FILTER (WHERE rating = 5) AS rating_5, round(avg(rating), 3) AS rating_average
FROM movie_ratings GROUP BY movie_id ORDER BY movie_id
"""
STORED_TOTALS = """
SELECT movie_id, rating_count, rating_sum, rating_1, rating_2, rating_3, rating_4, rating_5, rating_average
FROM movie_stats WHERE rating_count > 0 ORDER BY movie_id
"""
