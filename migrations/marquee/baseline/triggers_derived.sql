-- Data that PostgreSQL derives from other rows: primary photos, rating totals, copies of movies for lists, counts of
-- genres, and versions of the lists of users.
--
-- Triggers on whole statements see the new rows as "added" and the old rows as "removed". They run once per statement,
-- so an import or the deletion of a user writes each derived row once. They lock derived rows in the order of ids,
-- so that two transactions never wait for each other.

-- ---------- primary photos ----------

-- persons.primary_photo_id follows person_photos.is_primary.
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

-- ---------- rating totals ----------

-- Each changed rating is one step: +1 for a new value, -1 for an old one.
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

-- ---------- copies of movies in movie_genres ----------

-- A new row takes the values of its movie. The lock makes a concurrent change of the movie wait; it then sees this row
-- and updates it.
CREATE FUNCTION copy_movie_columns() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    current record;
BEGIN
    SELECT popularity, release_date, vote_average,
        CASE WHEN isfinite(release_date) THEN extract(year FROM release_date) END AS year
    INTO current FROM movies WHERE id = NEW.movie_id FOR SHARE;
    -- The foreign key refuses a movie that does not exist.
    IF NOT FOUND THEN
        RETURN NEW;
    END IF;
    NEW.popularity := current.popularity;
    NEW.release_year := current.year;
    NEW.vote_average := current.vote_average;
    NEW.release_date := current.release_date;
    RETURN NEW;
END $$;
CREATE TRIGGER tr_movie_genres_popularity BEFORE INSERT OR UPDATE OF movie_id ON movie_genres
    FOR EACH ROW EXECUTE FUNCTION copy_movie_columns();

-- A changed movie passes its values on to its rows.
CREATE FUNCTION update_copied_movie_columns() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE movie_genres SET
        vote_average = NEW.vote_average,
        release_date = NEW.release_date,
        popularity = NEW.popularity,
        release_year = CASE WHEN isfinite(NEW.release_date) THEN extract(year FROM NEW.release_date) END
    WHERE movie_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_movies_popularity AFTER UPDATE OF popularity, release_date, vote_average ON movies
    FOR EACH ROW WHEN (
        OLD.popularity IS DISTINCT FROM NEW.popularity
        OR OLD.release_date IS DISTINCT FROM NEW.release_date
        OR OLD.vote_average IS DISTINCT FROM NEW.vote_average
    ) EXECUTE FUNCTION update_copied_movie_columns();

-- ---------- number of movies per genre ----------

CREATE FUNCTION count_genre_movies(counted int, step int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE genre_counts SET movies = movies + step WHERE id = (
        SELECT id FROM genre_counts WHERE genre_id = counted ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    );
    IF NOT FOUND THEN
        INSERT INTO genre_counts (genre_id, movies) VALUES (counted, step);
    END IF;
END $$;

CREATE FUNCTION sync_genre_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM count_genre_movies(genre_id, count(*)::int) FROM added GROUP BY genre_id;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM count_genre_movies(genre_id, -count(*)::int) FROM removed GROUP BY genre_id;
    ELSE
        PERFORM count_genre_movies(genre_id, sum(step)::int) FROM (
            SELECT genre_id, 1 AS step FROM added UNION ALL SELECT genre_id, -1 FROM removed
        ) AS either GROUP BY genre_id HAVING sum(step) <> 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_movie_genres_count_insert AFTER INSERT ON movie_genres
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_genre_counts();
CREATE TRIGGER tr_movie_genres_count_update AFTER UPDATE ON movie_genres
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_genre_counts();
CREATE TRIGGER tr_movie_genres_count_delete AFTER DELETE ON movie_genres
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION sync_genre_counts();

-- ---------- versions of the lists of users ----------
--
-- Only an insert creates a row of user_activities, so that the deletion of a user never creates one again.
-- The names of these triggers sort before those of the rating totals, and PostgreSQL runs triggers in the order of
-- their names: a transaction locks rows of lists, then rows of users, then rows of movie_stats.

CREATE FUNCTION bump_favorites_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO user_activities AS a (user_id, favorites_version, favorites_changed_at)
        SELECT DISTINCT user_id, 1, now() FROM added ORDER BY user_id
        ON CONFLICT (user_id) DO UPDATE SET favorites_version = a.favorites_version + 1, favorites_changed_at = now();
        RETURN NULL;
    END IF;
    WITH locked AS MATERIALIZED (
        SELECT user_id FROM user_activities WHERE user_id IN (SELECT user_id FROM removed) ORDER BY user_id FOR UPDATE
    )
    UPDATE user_activities AS a SET favorites_version = favorites_version + 1, favorites_changed_at = now()
    FROM locked WHERE a.user_id = locked.user_id;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_favorite_movies_activity_added AFTER INSERT ON favorite_movies
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION bump_favorites_version();
CREATE TRIGGER tr_favorite_movies_activity_changed AFTER UPDATE ON favorite_movies
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION bump_favorites_version();
CREATE TRIGGER tr_favorite_movies_activity_removed AFTER DELETE ON favorite_movies
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION bump_favorites_version();

CREATE FUNCTION bump_watchlist_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO user_activities AS a (user_id, watchlist_version, watchlist_changed_at)
        SELECT DISTINCT user_id, 1, now() FROM added ORDER BY user_id
        ON CONFLICT (user_id) DO UPDATE SET watchlist_version = a.watchlist_version + 1, watchlist_changed_at = now();
        RETURN NULL;
    END IF;
    WITH locked AS MATERIALIZED (
        SELECT user_id FROM user_activities WHERE user_id IN (SELECT user_id FROM removed) ORDER BY user_id FOR UPDATE
    )
    UPDATE user_activities AS a SET watchlist_version = watchlist_version + 1, watchlist_changed_at = now()
    FROM locked WHERE a.user_id = locked.user_id;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_watchlist_items_activity_added AFTER INSERT ON watchlist_items
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION bump_watchlist_version();
CREATE TRIGGER tr_watchlist_items_activity_changed AFTER UPDATE ON watchlist_items
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION bump_watchlist_version();
CREATE TRIGGER tr_watchlist_items_activity_removed AFTER DELETE ON watchlist_items
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION bump_watchlist_version();

CREATE FUNCTION bump_ratings_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO user_activities AS a (user_id, ratings_version, ratings_changed_at)
        SELECT DISTINCT user_id, 1, now() FROM added ORDER BY user_id
        ON CONFLICT (user_id) DO UPDATE SET ratings_version = a.ratings_version + 1, ratings_changed_at = now();
        RETURN NULL;
    END IF;
    WITH locked AS MATERIALIZED (
        SELECT user_id FROM user_activities WHERE user_id IN (SELECT user_id FROM removed) ORDER BY user_id FOR UPDATE
    )
    UPDATE user_activities AS a SET ratings_version = ratings_version + 1, ratings_changed_at = now()
    FROM locked WHERE a.user_id = locked.user_id;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_movie_ratings_activity_added AFTER INSERT ON movie_ratings
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION bump_ratings_version();
CREATE TRIGGER tr_movie_ratings_activity_changed AFTER UPDATE ON movie_ratings
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION bump_ratings_version();
CREATE TRIGGER tr_movie_ratings_activity_removed AFTER DELETE ON movie_ratings
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION bump_ratings_version();
