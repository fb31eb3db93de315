"""What the ORM has no word for: extensions, checks, triggers, expression and partial indexes, generated columns."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

TOUCHED = (
    "files",
    "file_renditions",
    "users",
    "user_profiles",
    "countries",
    "genres",
    "persons",
    "person_photos",
    "movies",
    "movie_genres",
    "characters",
    "movie_characters",
    "favorite_movies",
    "watchlist_items",
    "movie_ratings",
    "recommendation_models",
)
# Signing in is no change of the account.
TOUCHED_WHEN = {"users": "WHEN (NEW.last_login_at IS NOT DISTINCT FROM OLD.last_login_at)"}
CHECKS = {
    "files": {
        "kind": "kind IN ('avatar', 'poster', 'backdrop', 'person_photo')",
        "state": "state IN ('pending', 'processing', 'ready', 'rejected', 'expired', 'deleted')",
        "size_bytes": "size_bytes > 0",
        "declared_sha256": "octet_length(declared_sha256) = 32",
        "sha256": "octet_length(sha256) = 32",
        "dimensions": "width > 0 AND height > 0",
        "ready_is_whole": "state <> 'ready' OR (sha256 IS NOT NULL AND width IS NOT NULL AND height IS NOT NULL)",
        "rejected_has_reason": "(state = 'rejected') = (rejection_reason <> '')",
    },
    "file_renditions": {
        "format": "format IN ('jpeg', 'webp', 'avif')",
        "dimensions": "width > 0 AND height > 0",
        "size_bytes": "size_bytes > 0",
        "sha256": "octet_length(sha256) = 32",
    },
    "users": {
        "username": "username <> ''",
        "email_hash": "octet_length(email_hash) = 32",
    },
    "user_profiles": {
        "favorite_genres": "jsonb_typeof(favorite_genres) = 'array'",
        "notification_preferences": "jsonb_typeof(notification_preferences) = 'object'",
    },
    "refresh_tokens": {"token_sha256": "octet_length(token_sha256) = 32"},
    "countries": {"name": "name <> ''", "iso_3166_1": "iso_3166_1 ~ '^[A-Z]{2}$'"},
    "genres": {"name": "name <> ''"},
    "persons": {
        "first_name": "first_name <> ''",
        "gender": "gender IN ('female', 'male', 'non_binary')",
        "imdb_id": "imdb_id ~ '^nm[0-9]{7,9}$'",
    },
    "movies": {
        "title": "title <> ''",
        "imdb_id": "imdb_id ~ '^tt[0-9]{7,9}$'",
        "budget": "budget >= 0",
        "revenue": "revenue >= 0",
        "duration": "duration > 0",
        "vote_average": "vote_average BETWEEN 0 AND 10",
        "vote_count": "vote_count >= 0",
        "popularity": "popularity >= 0 AND popularity < 'infinity'",
        "media_type": "media_type IN ('movie', 'tv')",
        "status": "status IN ('rumored', 'planned', 'in_production', 'post_production', 'released', 'canceled')",
        "production_companies": "jsonb_typeof(production_companies) = 'array'",
        "production_countries": "jsonb_typeof(production_countries) = 'array'",
        "spoken_languages": "jsonb_typeof(spoken_languages) = 'array'",
    },
    "characters": {"name": "name <> ''", "role": "role IN ('leading', 'supporting', 'background')"},
    "movie_characters": {
        "role": "role IN ('leading', 'supporting', 'background')",
        "billing_order": "billing_order >= 0",
    },
    "movie_ratings": {"rating": "rating BETWEEN 1 AND 5"},
    "movie_stats": {
        "counts": "rating_1 >= 0 AND rating_2 >= 0 AND rating_3 >= 0 AND rating_4 >= 0 AND rating_5 >= 0",
        "rating_count": "rating_count = rating_1 + rating_2 + rating_3 + rating_4 + rating_5",
        "rating_sum": "rating_sum = rating_1 + 2 * rating_2 + 3 * rating_3 + 4 * rating_4 + 5 * rating_5",
    },
    "movie_neighbors": {"length": "cardinality(neighbor_ids) = cardinality(weights)"},
    "catalog_changes": {
        "entity": "entity IN ('movie', 'person')",
        "kind": "kind IN ('created', 'updated', 'deleted')",
    },
}
INDEXES = {
    "uq_users_username_ci": "UNIQUE INDEX {} ON users (lower(username))",
    "uq_users_email_hash": "UNIQUE INDEX {} ON users (email_hash)",
    "ix_users_avatar": "INDEX {} ON users (avatar_id) WHERE avatar_id IS NOT NULL",
    "uq_refresh_tokens_sha256": "UNIQUE INDEX {} ON refresh_tokens (token_sha256)",
    "ix_refresh_tokens_user": "INDEX {} ON refresh_tokens (user_id)",
    "ix_files_pending": "INDEX {} ON files (expires_at) WHERE state IN ('pending', 'processing')",
    "uq_genres_name_ci": "UNIQUE INDEX {} ON genres (lower(name))",
    "ix_persons_country": "INDEX {} ON persons (country_id)",
    "ix_persons_primary_photo": "INDEX {} ON persons (primary_photo_id) WHERE primary_photo_id IS NOT NULL",
    "ix_persons_name_trgm": "INDEX {} ON persons USING gin ((first_name || ' ' || last_name) gin_trgm_ops)",
    "ix_person_photos_file": "INDEX {} ON person_photos (file_id)",
    "ix_movies_popularity": "INDEX {} ON movies (popularity, id)",
    "ix_movies_release_date": "INDEX {} ON movies (release_date, id)",
    "ix_movies_release_date_desc": "INDEX {} ON movies (release_date DESC NULLS LAST, id DESC)",
    "ix_movies_title": "INDEX {} ON movies (title, id)",
    "ix_movies_created": "INDEX {} ON movies (created_at, id)",
    "ix_movies_director": "INDEX {} ON movies (director_id)",
    "ix_movies_country": "INDEX {} ON movies (country_id)",
    "ix_movies_poster": "INDEX {} ON movies (poster_id) WHERE poster_id IS NOT NULL",
    "ix_movies_backdrop": "INDEX {} ON movies (backdrop_id) WHERE backdrop_id IS NOT NULL",
    "ix_movies_search": "INDEX {} ON movies USING gin (search)",
    "ix_movies_title_trgm": "INDEX {} ON movies USING gin (title gin_trgm_ops)",
    "ix_movie_characters_character": "INDEX {} ON movie_characters (character_id)",
    "ix_movie_characters_person": "INDEX {} ON movie_characters (person_id) WHERE person_id IS NOT NULL",
    "ix_favorite_movies_user": "INDEX {} ON favorite_movies (user_id, id DESC)",
    "ix_favorite_movies_movie": "INDEX {} ON favorite_movies (movie_id)",
    "ix_watchlist_items_user": "INDEX {} ON watchlist_items (user_id, id DESC)",
    "ix_watchlist_items_movie": "INDEX {} ON watchlist_items (movie_id)",
    "ix_movie_ratings_user": "INDEX {} ON movie_ratings (user_id, id DESC)",
    "ix_movie_ratings_movie": "INDEX {} ON movie_ratings (movie_id, id DESC)",
    "ix_dismissed_recommendations_movie": "INDEX {} ON dismissed_recommendations (movie_id)",
    "ix_movie_neighbors_movie": "INDEX {} ON movie_neighbors (movie_id)",
    "uq_recommendation_models_active": "UNIQUE INDEX {} ON recommendation_models (is_active) WHERE is_active",
    "ix_catalog_changes_xid": "INDEX {} ON catalog_changes (xid, id)",
}
# Extensions are shared with whatever else lives in the database, so going down leaves them.
COLUMNS_AND_KEYS = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS citext;

ALTER TABLE files
    ADD CONSTRAINT fk_files_uploader FOREIGN KEY (uploader_id) REFERENCES users (id) ON DELETE SET NULL,
    ADD CONSTRAINT fk_files_movie FOREIGN KEY (movie_id) REFERENCES movies (id) ON DELETE SET NULL,
    ADD CONSTRAINT fk_files_person FOREIGN KEY (person_id) REFERENCES persons (id) ON DELETE SET NULL;

ALTER TABLE movies ADD COLUMN search tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('simple', title), 'A')
    || setweight(to_tsvector('simple', coalesce(original_title, '')), 'B')
    || setweight(to_tsvector('simple', description), 'D')
) STORED;

ALTER TABLE movie_stats ADD COLUMN rating_average numeric(4, 3) GENERATED ALWAYS AS (
    CASE WHEN rating_count > 0 THEN rating_sum::numeric / rating_count END
) STORED;

ALTER TABLE catalog_changes ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();

ALTER TABLE movie_characters
    ADD CONSTRAINT uq_movie_characters UNIQUE NULLS NOT DISTINCT (movie_id, character_id, person_id);

-- A partial unique index is checked row by row and would refuse to swap the primary photo in one statement.
ALTER TABLE person_photos ADD CONSTRAINT ex_person_photos_one_primary
    EXCLUDE USING btree (person_id WITH =) WHERE (is_primary) DEFERRABLE INITIALLY IMMEDIATE;
"""
FUNCTIONS = """
CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;

CREATE FUNCTION bump_row_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.row_version := OLD.row_version + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER tr_movies_version BEFORE UPDATE ON movies FOR EACH ROW EXECUTE FUNCTION bump_row_version();

CREATE FUNCTION sync_primary_photo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE persons SET primary_photo_id = photo.file_id
    FROM (VALUES (OLD.person_id), (NEW.person_id)) AS changed (person_id)
        LEFT JOIN person_photos AS photo ON photo.person_id = changed.person_id AND photo.is_primary
    WHERE persons.id = changed.person_id AND persons.primary_photo_id IS DISTINCT FROM photo.file_id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER tr_person_photos_primary AFTER INSERT OR UPDATE OR DELETE ON person_photos
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW EXECUTE FUNCTION sync_primary_photo();

-- Once a statement, not once a row: a bulk import or the erasure of a user touches each movie's row once, and always
-- in the order of ids, so that no two of them deadlock.
CREATE FUNCTION sync_movie_stats() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed integer[];
    steps integer[];
    stars smallint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(movie_id), array_agg(1), array_agg(rating) INTO changed, steps, stars FROM added;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(movie_id), array_agg(-1), array_agg(rating) INTO changed, steps, stars FROM removed;
    ELSE
        SELECT array_agg(movie_id), array_agg(step), array_agg(rating) INTO changed, steps, stars FROM (
            SELECT movie_id, rating, 1 AS step FROM added UNION ALL SELECT movie_id, rating, -1 FROM removed
        ) AS both_sides;
    END IF;
    IF changed IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO movie_stats (movie_id) SELECT DISTINCT unnest(changed) ORDER BY 1 ON CONFLICT DO NOTHING;
    END IF;
    PERFORM FROM movie_stats WHERE movie_id = ANY (changed) ORDER BY movie_id FOR UPDATE;
    UPDATE movie_stats AS s SET
        rating_count = s.rating_count + d.total,
        rating_sum = s.rating_sum + d.sum,
        rating_1 = s.rating_1 + d.ones,
        rating_2 = s.rating_2 + d.twos,
        rating_3 = s.rating_3 + d.threes,
        rating_4 = s.rating_4 + d.fours,
        rating_5 = s.rating_5 + d.fives
    FROM (
        SELECT
            movie_id,
            sum(step) AS total,
            sum(step * rating) AS sum,
            coalesce(sum(step) FILTER (WHERE rating = 1), 0) AS ones,
            coalesce(sum(step) FILTER (WHERE rating = 2), 0) AS twos,
            coalesce(sum(step) FILTER (WHERE rating = 3), 0) AS threes,
            coalesce(sum(step) FILTER (WHERE rating = 4), 0) AS fours,
            coalesce(sum(step) FILTER (WHERE rating = 5), 0) AS fives
        FROM unnest(changed, steps, stars) AS change (movie_id, step, rating)
        GROUP BY movie_id
    ) AS d
    WHERE s.movie_id = d.movie_id;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_movie_ratings_added AFTER INSERT ON movie_ratings
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_movie_stats();
CREATE TRIGGER tr_movie_ratings_changed AFTER UPDATE ON movie_ratings
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_movie_stats();
CREATE TRIGGER tr_movie_ratings_removed AFTER DELETE ON movie_ratings
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION sync_movie_stats();
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    checks = [
        f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({condition});"
        for table, conditions in CHECKS.items()
        for name, condition in conditions.items()
    ]
    indexes = [f"CREATE {definition.format(name)};" for name, definition in INDEXES.items()]
    touches = [
        f"CREATE TRIGGER tr_{table}_touch BEFORE UPDATE ON {table}"
        f" FOR EACH ROW {TOUCHED_WHEN.get(table, '')} EXECUTE FUNCTION touch_updated_at();"
        for table in TOUCHED
    ]
    return "\n".join([COLUMNS_AND_KEYS, *checks, *indexes, FUNCTIONS, *touches])


async def downgrade(db: BaseDBAsyncClient) -> str:
    touches = [f"DROP TRIGGER tr_{table}_touch ON {table};" for table in TOUCHED]
    indexes = [f"DROP INDEX {name};" for name in INDEXES]
    checks = [
        f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name};"
        for table, conditions in CHECKS.items()
        for name in conditions
    ]
    return "\n".join(
        [
            *touches,
            """
            DROP TRIGGER tr_movie_ratings_added ON movie_ratings;
            DROP TRIGGER tr_movie_ratings_changed ON movie_ratings;
            DROP TRIGGER tr_movie_ratings_removed ON movie_ratings;
            DROP TRIGGER tr_person_photos_primary ON person_photos;
            DROP TRIGGER tr_movies_version ON movies;
            DROP FUNCTION sync_movie_stats();
            DROP FUNCTION sync_primary_photo();
            DROP FUNCTION bump_row_version();
            DROP FUNCTION touch_updated_at();
            """,
            *indexes,
            *checks,
            """
            ALTER TABLE person_photos DROP CONSTRAINT ex_person_photos_one_primary;
            ALTER TABLE movie_characters DROP CONSTRAINT uq_movie_characters;
            ALTER TABLE catalog_changes DROP COLUMN xid;
            ALTER TABLE movie_stats DROP COLUMN rating_average;
            ALTER TABLE movies DROP COLUMN search;
            ALTER TABLE files
                DROP CONSTRAINT fk_files_uploader,
                DROP CONSTRAINT fk_files_movie,
                DROP CONSTRAINT fk_files_person;
            """,
        ]
    )


MODELS_STATE = (
    "eJztXVt34riy/itavHTPWeysDumk+6SfSEL3MJNAFiFz2Z1ZjrAFaMdYjC9hOLPz348k2/"
    "gmGxsMGI9eenVslYGvZKm+qlLV340ZNP90EDr5inXUuAR/Nww4Y/+J3miCBpzPQ5fZFRuO"
    "uExjTIdYfMzIsk2o2vTiGOoWopc0ZKkmntuYGGxo2wDOXCdQQxogo/8g1QbQ0MBiCm0wQi"
    "r9bEDGANsn7HEaUenzsDEpJPlkPBnPFqLf0lCR+QywBWw2iN61pwjo0LKBZRMTThBAr8ig"
    "z5nPdYy0S0AMfQkgMNACmfQPBGZwCdQpNOhQJmuSxQkY0v9gzfKe92R438rkX8f7ELIw6A"
    "UVmuYSjImJ8MQAL2hpgfcPnSHoPd7e/uB+KTZ4hicmZADRj3tB1iWAFugP7oCJdH6ZfX+0"
    "BAvi6NqTMUJAxabq6NDkIDkGpj9VsckE0WEmher798bIUV+QzW7TT2388Qf9DzY09BdVE7"
    "3P/py/KGOMdC2ic6wxEX5dsZdzfq1r2F/5QKaQkaIS3ZkZweD50p4SYzUaG/xTJ4j+fmgj"
    "9njbdNhEMBxd9yaMPzfcrx4Mcb9iSEZDY+jobDoxafcLBNcaitLrDxWKqKI0ElPNlwjNIe"
    "+SSiGl05R+VYv/+gn7Cv9qnX789PHz2cXHz3QI/5qrK5/e3I8OgHEFOTy9YeON34c2dEdw"
    "jANQVRMxJBRoJ8G9oXdsPENihKOSMaQ1T/TE/08cdx/lLOD9CwHywXubCX2PLN7/sAXoGY"
    "gOu3edh2H77p49fmZZf+ocqfaww+60+NVl7Or7C/5l6EutukvS6iHg1+7wR8D+BP/u9zoc"
    "SGLZE5N/YjBu+O8G+07QsYlikIUCtTAa/mX/Eh0aKNiZaxsqOCopFVxRBb9Q9JKqvZ5Cs2"
    "M4M67aLv3xkO43CRX7sjHlUqj2qs7MpbLR/qU9bA/oxvNKFzHzybjvPww79G8GJKJ/X7Wv"
    "f74Z9O8vwQiqL5pJ5nRMZ/DQ7yn3P/aHfToSmRb9efMpsUl8605ZdmfwL0VHxsSe0j9PLz"
    "ImzC/twfWP7cH70/gk6Hl3WvzWW0RpVB822lRrK+EDq22ODI2BmFTZfad30+19Y8jzIVQh"
    "g/515+HBvWgSFVkWvz7otG9+v6TWBNSW7K+fOtfDzg27wIwoRE2Kzm/33QG7hP6aY5Ndue"
    "ncdvggDemI/c5NVNrKo9JWukpbcZUyO1PhfwjVKl5jI0JVfgvzGywRmFvn5zlwpqNSgeb3"
    "okjP6HbjolQA6YhQDZE+bWUZgsGM/pQxpT/FkQ4s9bwwBxI1xPjiLAfEF2epCLNbUYAZAS"
    "qArje8htCefmh9zDN/6bD0CcxvvsXMX5f/KoXYY0xqPY0U4O2xxAy4j49HhtZg8opRMVDD"
    "IhLRBKKekVoI0oiMxDSBqYX/Dymjpe06AKOgXuFJKq5RuY2Ardxy60L7v63W2dmn1oezi8"
    "/nHz99Ov/8YYVx8lYW2FfdbwzvyFKcVICGVB1So12xprB1fiHSggHNpVgLAuGYKlYq2nqW"
    "71UXWbDe9q8inge6u111e+3B7+/v2r/9EHE/3PZ73/zxYa/C1e/DTjumCJc8WRu4gaKSlX"
    "ID7VwbR+cMQjacFDEo/fEHtihLZEGfc7Ggzxks6HPchnyluyxO2ZrToY1K1QbgHdnpq5BY"
    "EYgjQnVB+CIPvhfp6F4ksF1gjT45v1W5Gr8ji/IQdk9pJuUU4clUsImmohkISDgFFvoGdq"
    "E0B7c2B+2pMxtNoSVYFrKQj4hJ8DcEXyMzirFhM2BJoQ0vKVmXXS+P8zrddZ1wXLvhI2Z+"
    "mQha9IsVAFkkWxeYz/KEvc7Sw15nibBXgJZGyQTWN0M6kK0L0ucfPuSAmo5KxZrfe3tj+V"
    "Djl1DyDrvAIt0LaGpK5E5YK4aGeXqWYIH3ZL/+PPByuAS4hxPsBv7DjpfcB1e9HSgyh93M"
    "AoWMtwTr0UJ5Zms1d8BsiPzUiu1BumNhgJqi5KakSIwyMTIx/ZlLNxtne6jueQikrliVid"
    "G9n/5UlyWcbYSkRdK2xuStWWsWvwINOOE/iX32WzNt40vLPY9sjWuS0JXoprw+Hb1vIMAi"
    "UTx3e0zMmZsnDsEcq7ZjomQaei4JYU722Eukd4XY/1ZeIM+BIfO0ZZ62TOOVedpSwZspOF"
    "hZN8n5DaSrnPzV+Om+8+0S/GeOJk/Gr52r+0uwQKP5k9H+pfuVZXDjcXzPysOl88T00iN6"
    "iXjefuMhVTOnjj0gUnc8Zc7SgXOWDhKSqhr0BwiLHDIX+rDcYS8ZFpyCFuJmIYk6LSdbrd"
    "QJb3wU4CS6X90D1j+jZcLAy3C5HyG6aW4aetmEi5WfIDyreOCHHeHib3r74bp902m8pcc3"
    "durwGaAxXZymQ/KCxP6eyIBmprvHdIcqNhubt/gA8KQAlwKjJcC2BVi0/QuAuu4eyWdCiD"
    "l3TDLjRQAsOrn+hQ0ATQQgffYM68smWEyxOmXFBSCw2FE7YghqFuzhAwW+pm3cSFn2T808"
    "SXsxetL9Ta5ehfvF42P3JmXDCAvFNOE4WDthouUsbfvUSAa4brzcdSuE7Rv+Q2MpN+wl2y"
    "gPPi4pTcxNTUwKBSqUobASqEtaQitXWkIrIy2h5aYlHO/hgoosHUfnwHSszdzTVpm+6WpG"
    "cWuhXxO90o1mExVHJaWWq6xlGUisuYLpelv0tLu13Un3qhmWO/bzOJbolFJxP0/ObMGqoZ"
    "vXzxOaVZXy83DYRf4dXx8Zfh32m/LXkoSqShxDXC3Sv8fqQbKajfQFp2uAxTwoL2huA2So"
    "5nJOJ8UX8IxmEOsK88s8ux6WF7REGnfUuFUlLWCw8LCOqanF036azJnjuWRsJuNOHpYW9G"
    "SM6QdrbqVI9nsYDKEhC0wnq2MDE00o1sAmQIVWauKQzAmSOUFyK5c5QVLBG9tqRUvGhWWq"
    "nAu0afjzPI+Dio5KD36eJxxUY2xa9gbF+cJSdfEA7gRgVre6ML4RIQlvBryuBbiyCYuFDw"
    "TCMoLQ3DCCENjimyhhy6PTEv/GHFrWglASKFZB+mKTEKzh3rmTaqvYUijRxa+Cpf2KEB1B"
    "I4XFheXiE54K7hPtFesrfZr3+7eRaX7VjYXae493Vx264HPI6SBsRyLwEZwtG45FZ73WwL"
    "wSOzDKYk9IBWF25sgUe/HWQh0WlXCvh5tRTOU/BBsiqyWbw8ZEJYmtKInlZrxOJtjYwFGR"
    "EJbRwyrr2k1FQnOiFjlAE5M6bJDpwxbWVslHPby6E4Wc4xEZWVFsbbTOxauMeF3OvOyKwZ"
    "s3XBeZV5GAnd8ULCtiF84iiac+xyysIoUL4inXR8bOctV4GMNXYmLxca9ClXq85+StHXKU"
    "YLFWdMZkW6g4RAP+qLoCtYC2OtWxJTDICkH1q/+cro1mdQVLw9YMW5bQsVoErBv/OQOkkt"
    "kMGdpKoi6wFUrNCBf9IeLjUT6+fQMNCf0nZ5Wt++B59diO3zZJY/FRSMtmCaG0JqlF8RSU"
    "M7nlV3YyCPL0EWAjXbcAHLGkEXuKZhbSX1mfUHZWyCQLb1gTzKDmZpfwtqKpuTHlPlqmrM"
    "iUFekMkikrUsFlKXiESVKzQ/RXysLoDT/e6H6W7jq/DSNq8+No4hCnPzzkRb9mUc9Yyz1s"
    "2lOF+743jPenPUHW694w5uwzdIUiZYp4+k8P/V7aidiEaHxlw6oN/gt8qra3V+LhT/3G/e"
    "v9U+Pd9z/ePTV2tMQxdLJfk/gbEdMJe0D8NTGIjcdY5VyBGq9ojEzWCaSQcrKeUUkt/f12"
    "ZFqqwFmUozenE77tIucm1p1a8Wn3rs+sHFQLuzmxst0plGvKkHQyuZ5CYyIm8NERzUwKr7"
    "pjFZUPLlBe1hVwa8Ty/pyAmF679CY7ScIJtTdojPhplL+w9gzeY4PfYkRvBC0qZujLH6iw"
    "RmXZmRMLjpG+FFeo3ceHysIjR1p4BBk2tgsVAgskapjSd5ormzgjmTiZS8zhKrYrR2TkGV"
    "FBKP+F/o4ik9YfL6dsjikrvYY1dCptZdeWaYnRd5TaSSmHgoO7aywwf1zuam8riSaAc2ja"
    "boU1Zt9wm4gbNPQDEWS2jbB82wZPWG8WfW/4J3Loav+HjI7I6Ihc52R0RCo4n4KLHoGsyO"
    "nHozmMFP5mCZjTo1AxsY3QPp44yE7iUiYRpe/ka17hy1YY98Ztp33T7X27BDqCGgX+yXh4"
    "vL/vD4b8ouXM58S0+fWr9vXP3wb9x97NJWA26MRkBVXi9lkuppSnG+dpejfO09bGDSJdux"
    "CKQybFkykjZvKRLVvl5LoVph0sR8lcNoSkw7u3hnLwUTivu5fyBfexQioRuiVzpiQrkEaj"
    "ZAVSwWUp+LCsoFK9TfL5hrOcwwnvMLaIcnZ6caGcFsE4KlWKZVohoPMYlul25eZmpet4LM"
    "OirAwzKPeoiRvm3hah2jU93qmp/Y3l3jVEhrZ7J9vMDjL38tjYfPQXtyZn7sKaMWN8o2dI"
    "q11a7dKok1a7VHBZCpa+/N3a7QYRHnpP9+KvBCrsR66s/96e0U8rtNOHJEqpM3L02/3mjC"
    "j15EhxXrQyWY9sQTmM6e9SSZHpvyKZGaZ/wGbzmP589Al4fqXLlPI/z6zYPniek7mjQxPb"
    "y2egEmrMr3J0LOKYKmI5OgtoATxj8SXk9ln8AsjCAF6tC95okX/bBxvalogw7PGTJc2QNE"
    "NaoZJmSAWXpWBpmJWwQIZ2mTQ4M0IBqXgefRygnAyTyHTFdloiUMps9QVqyIvPc/Hi8wxe"
    "fJ7kxcTEE2xAXSkMdVKyDkx5D5AfMK2wvAl+TM4IONGxIZjb6ViHRCTOuYuJOBrlaQLDEa"
    "l4BnUx0oFQ3GZ0pU486eNbSTLgv+lcd+/at+9bp81WrKi5r4ePiWXDRK/IcATTOBPfkJQE"
    "eB3AOoIW4sVsxPQnDeKoXBb5qRfKlNHE9zbHhOKNLZVghEVkiekkx2AUkNVMhHaxFjRRsf"
    "rZZjs58sE8wZpJ5oXhTghKwHMBzr3I8JWCMhEsul91AlOWjbhgDO8xk9ynpfbhZIta/1mL"
    "bP/x6rYD7gd0S3voemWTVj4lfjO6wQ067VsRyDzrvsC6HBWSbRRWy7Ef6Sg0XaNicrKmT9"
    "YZ0jB0oRGuv+tPgEWfcGACN/NDf7EQ3l3/l27n0o2mPRnDX+ji/xqPtuXLlii7AAZF1XYE"
    "4eN84AfSFd4BG4PHu/6gc3MJTGdGTKQ9Gfe37V6PXZnr0DDYlW5PuR/0bx6vh3QmXwLMyv"
    "YRzVHZM+j4/sMwcp8ZXJERg85tp/3AP8RlCPSZ1+3eNb1Mr6kMPR1tdJSvlUfnrXSdt9Ld"
    "gPTHTxzhXpzDExgWrrD2N85LKvtNC2YLRXM2h4YwnT29pmSafCXrSR5d1c8IuqHTjxtpJy"
    "QvtVOGdqw57/PlLzmFNCOSlVopQysmWSiUk1lCF1BWXcOY4GHpxunWdGMvdQ0FbotCof2Y"
    "lHS+JYH1jqoXwzUqJGEVNGrFJlJtUrBcc0xKApvqLC4Ea0RGgrq2yaM/DQX+n8JtHut2tr"
    "IZq3Ide2VTWj0KVtwywA1VNqknutGNJgLuoPMwHHSvhw3B8lAGtvXuTxpZEnNMWt+Sksiu"
    "QzZmc27R+1WFW/ebrG81qYhDXR4Kyg+WbJArG+SWD9SqQS7atuurbJErW+SmwWZQS2M6Im"
    "YpL2Qv/LC6oFXo+Gc0IpoBaoF2wsEBx/qYeIW7CcfMrtQDs3nL4bsGzhZF8d9ZIChRCrDh"
    "twpq8sOtiylhQeElK3H/BTyz+rLPYIpMViHHsAB5RasmQqvHkUV2Ef3dfaI8MyvPzMojlf"
    "LMrFRwWQqWxcirWow82spY1+nnK7xBX5EgaFxOZrr6O5dvXRSMfsbEZAc3AbauyVoI17CI"
    "xFQU++SxtIKxz7CMjH2ujX2uspm3jXLUzS/ajMU5wm+ruL+vcKktJexZw4BGHN74JpMn9r"
    "kKtcug/ZroZ3hRLByh232JtfQSy9H41FqXUbFqy1zmnQVGSCfGhALNSiJDt4ByaqG0rPEC"
    "V833YIXl49ymiJGOiRP/57kjZddE6c6RbF+6c6SCcyqYr5/FWEJYRFIvSWcl86qw9VqMea"
    "2sqW1hrVtWVBzW8BqYwrYOyQncmHoqJ1iF3NdyglWsPwclmExYbxQbWYCMwZ37SDcU61c1"
    "boIXNLfBaEkxxZMJMr+Eu6e7JZ+bLN5rIWCShQXoxy+BY9jEUadIE9CK/XzmFlHkSuwFte"
    "Ygrp4LF/SIi8lARxRPy5kl0cw8sxiRO3Y493xk0QNP0EZvHd6iHnpHh3bZk7dVHMeWxDGJ"
    "41lxHM8kjkkcPxbH8aPEMYnjeXEcz//xOCZodBFmspZy++m+OyfcBzViy6PbJVI9L/Imon"
    "lBUC6D4oUaoq6ndw9khoiBeDbuDGrIz9EFxOTZuUhjibt0RJKl5Rd9Mp6M57mJ6bddKvMp"
    "sckzGBNdZ7zs2f1N9+zqCbYUb9hziNpdggU7ZQTsKbSbwEBuZjDO2z7ne0OHlq0EzefM0F"
    "9UpzK4JINLMvYgg0tSwTkVHF1BkxnDYuVGpWrYuuT0PFftvPOM4nnniep5sa0rH9QRoePt"
    "7bAHeEeYTEw4nwpKcaQ3zogIVTjpvZTFaRdNNNgKrpCxMsKmqAB5eheChOA/uQ0B/W3CUw"
    "D5Dm0E0hWewY2vnbv2bYc+DM2gjp4M9y/3/71+T7nq9tqD3+mj6Q8YYQO6hXAOf1BDtqBr"
    "yBZ0OzM0Sp+usgLgbg5rhF0eBc9sCEQlxGsTiGRhtV0WVgvPyTIgrncVMNErvEUpMLfK4N"
    "blYvI66o8E9OgEhWZWCZPdlEs7SqDYlNwWqZDj/gh9N+WUz9kstuNilh7gWWG6NsqjBJrM"
    "c7qHj2Y5dRC48l8AtMGMWDaL07Ab9hRh0wLYAt7yJTr0s+ljhGeBwkfW9ORZIBmckcEZ6b"
    "uXwRmp4HwKDkLogu2dEB1BI2WJjAjG9DuikvtUqXgHK0OhV/3+bUSXV924x/rx7qozeH8a"
    "66mbpPdsvyrG6kMS8jhQZapb1BHVDB/JAWoEVA3h7YsECM9ZjbGoiNbO/CLHimpoFcyRTL"
    "e/M1bRctYiepYoeJ1B0Pwi24p7GCkvRXNT6OCMGBNKrxyL171cFexOLcGQLSEkXmwk3wmD"
    "Egub8q6sAyQ1o157OUEiCdo/1n6XBK3mCq7E0dEaWLiRl8YqWsAxJCERXc8ZfFthW8v20a"
    "p1xbbQrFrPFmSxi5yoFjx9s+eiDF5Tl9SqDEHTl7VlGUKtZvJQBc/Ud6XccIxXX/+UVWE7"
    "b4IFtqf0qono1YWIO2zyCEkmJJmQZOIobE1JJmquYHO1uUSV+zCDur7mDHXdbN+z1qeL1f"
    "LJ/shaMB/u2re3ggPpfJtL4pl+GCSQON6DNvs+/yEpsKTA1URUUmBJgauIamUpcLRVp4gE"
    "J5p5ZtDgVQtRBdPBBWNmxAjCX6sHpQfM0odLgisJriS4R8F/JMGtuYIlVZBUoZqISqogqU"
    "IVUa0sVUhrVC8iDRlN7TPog+ZLKWZErCCRYHXmPG4ANIIsYBCbUgTDZiExCyGwerqwePmm"
    "T5G0Q9IOSTukVXok+5G0SquIqLRKpVVaRVQra5Vy4HtUW9MRMS2hMRobkm2Duj/UiIwu0H"
    "fTQJDuU7bXwQY4rEgbP1Q/IxSzS4A1C0BDAwv2AbbVBPTRxJgwEV5gs8mSuNCfDtSBWy8q"
    "q2nnbj4speMnfaI0ZI/MkPWnMX1xBdVC2qYJl2I1xAVjCmGhluNd7FJ23+9/xCwa77UpBF"
    "xIpvaYDTrt2wRofKEoaloHItIQlJ0rD2Fcr/a3bQ3BqMPrzn/skaGd3ywMXl1pbdff2hbN"
    "bpHJnfIWZNjdUY+vwidWTuu7Ty1eDieFnnWZdGz6KBStaYWpJaza+FXQB6W4+BaNJ2XVK1"
    "n1SvprZZqIVHBEwVCfsHIXU0Fz0/QS4RGhGjYkOctTJ/wsvU74WaJOOLYUdxsTOGXW1BYL"
    "5GRpsfWlxebQpP+zkSnwHvz00O+JYY5KxRcrrNrgv2DvboSHP/Ub96/3T413f7+9e2rsaN"
    "ViwETwT5xViR9Lia1E7AGJsyqIfh+1kBpCIlIHZeiArx0bbuBx2RK28GpWfD7afTzhVUnn"
    "pknPdCnlviOxnSPb8tNcArutY912NGx3XhH/uCR9D91uZrJ2yAYqOpnkZ+p0wAn4EbJ8Kj"
    "B2PT/gBS2tS1Z0mhNxnXFwnVobLHoFqDItpPE8rKYX4mIDsQagLuxruqsPydOplH4uMZVQ"
    "CJr1J22C7w36jhHHVDfrWSoDZvsKmCX0l9NTk5CTvV6SRjHbykWFSzMYnpqy/NeB3p1+yN"
    "UQ8UNGQ8QPiYaI4XUmL8phmRri3MqFcysD51YSZ89LXATmkEgtUc4FcgbGyalMfyY7Slqo"
    "b1xUqsK9ETfE+eJjDpwvPqbizG7Funkim5pDRQhyICH5cRn8WMYv/tm0eKdUr6uh2ZzYyF"
    "CXP6NlQ0T3YkOamZQPB4MVRqnyMb8hZVM855CyLWvB6BXhVen8xbrJLowQmFBGZgA4odPA"
    "HzKnUzzJ8sp4oDDTUYW67p3ZoVcJf+dCm0o88/F7+B2UtK6atC7QaV4zIpCooa22E+YRvC"
    "15MQ4kaojxTlhHlkn8+Ni92cAkdhysnTDZI0Q8A2A3Nuru+eHdnP9SMajWFLbOL0TLNOtL"
    "ng1tIBuPji5tdMRuaeES7Fm1K8OLzli3j7u4ptyVwAq++n3YaSddF3P6JUSx6UwNBFIbYl"
    "8xvncA6CUBkQRkd7EmZGJ12hDGmdxb2YQDBoPW0Yx03cqUzWqlbL4i0yoYDAiJ1NFePD/P"
    "Yy+en6fbi+xeLOJC36oCCHvDa4juThgP/UTbC5Hn9ZyGRCriOt25zVKax/Sg+9nb/wMSrq"
    "Ex"
)
