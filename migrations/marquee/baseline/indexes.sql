-- Indexes, and the unique rules that only an index can state. The indexes of the search tables are in search.sql.
--
-- Every list has an index for each of its orders, ending in id (keyset pagination). Every reference that is followed
-- when a row is deleted has an index, too.

-- ---------- users ----------

CREATE UNIQUE INDEX uq_users_username_ci ON users (lower(username));
CREATE UNIQUE INDEX uq_users_email_hash ON users (email_hash);
CREATE INDEX ix_users_avatar ON users (avatar_id) WHERE avatar_id IS NOT NULL;

-- Two usernames that look alike have one skeleton. Usernames are ASCII, so these few letters are all that can be
-- confused. m and w are split into narrow letters, because "vvv" can be read as "vw" and as "wv".
CREATE FUNCTION username_skeleton(username text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(replace(translate(lower(username), '01i.-_', 'oll'), 'm', 'rn'), 'w', 'vv');
CREATE UNIQUE INDEX uq_users_username_skeleton ON users (username_skeleton(username));
CREATE INDEX ix_users_text_trgm ON users
    USING gin ((username || ' ' || first_name || ' ' || last_name) gin_trgm_ops);

CREATE INDEX idx_sessions_expires ON sessions (expires_at);
CREATE INDEX ix_sessions_user ON sessions (user_id, last_used_at DESC);

CREATE INDEX idx_revocations_created ON revocations (created_at);
CREATE INDEX idx_revocations_expires ON revocations (expires_at);

-- ---------- catalog ----------

CREATE UNIQUE INDEX uq_genres_name_ci ON genres (lower(name));
CREATE INDEX ix_genre_counts_genre ON genre_counts (genre_id);

CREATE INDEX idx_persons_last_na_222ef4 ON persons (last_name, first_name, id);
CREATE INDEX ix_persons_primary_photo ON persons (primary_photo_id) WHERE primary_photo_id IS NOT NULL;
-- People without a date come last in both directions, so each direction has an index.
CREATE INDEX ix_persons_born ON persons (coalesce(date_of_birth, 'infinity'::date), id);
CREATE INDEX ix_persons_born_desc ON persons (coalesce(date_of_birth, '-infinity'::date), id);
CREATE INDEX ix_persons_created ON persons (created_at, id);
CREATE INDEX ix_persons_updated ON persons (updated_at, id);
CREATE INDEX ix_persons_country ON persons (country_id, last_name, first_name, id);
CREATE INDEX ix_person_photos_file ON person_photos (file_id);

CREATE INDEX ix_movies_popularity ON movies (popularity, id);
-- Lists read movies with a date and movies without one separately, so one index serves both directions.
CREATE INDEX ix_movies_release_date ON movies (release_date, id);
CREATE INDEX ix_movies_title ON movies (title, id);
CREATE INDEX ix_movies_created ON movies (created_at, id);
CREATE INDEX ix_movies_poster ON movies (poster_id) WHERE poster_id IS NOT NULL;
CREATE INDEX ix_movies_backdrop ON movies (backdrop_id) WHERE backdrop_id IS NOT NULL;
CREATE INDEX ix_movies_language ON movies (original_language, popularity, id);
CREATE INDEX ix_movies_revenue ON movies (revenue, id);
CREATE INDEX ix_movies_title_parts ON movies USING gin (title gin_trgm_ops, original_title gin_trgm_ops);
CREATE INDEX ix_movies_updated ON movies (updated_at, id);
CREATE INDEX ix_movies_vote_average ON movies (vote_average, id);
CREATE INDEX ix_movies_year ON movies ((extract(year FROM release_date)), popularity, id);
CREATE INDEX ix_movies_director ON movies (director_id, popularity, id);
CREATE INDEX ix_movies_country ON movies (country_id, popularity, id);
CREATE INDEX ix_movies_year_vote_average ON movies ((extract(year FROM release_date)), vote_average, id);
-- Filters that only a few movies pass. Nearly all movies have the excluded value, which needs no index.
CREATE INDEX ix_movies_budget ON movies (budget) WHERE budget IS NOT NULL;
CREATE INDEX ix_movies_duration ON movies (duration);
CREATE INDEX ix_movies_media_type ON movies (media_type) WHERE media_type <> 'movie';
CREATE INDEX ix_movies_status ON movies (status) WHERE status <> 'released';
CREATE INDEX ix_movies_vote_count ON movies (vote_count);

-- One index holds the movies of a genre in the order of a list, by the copied columns of movie_genres.
CREATE INDEX idx_movie_genre_genre_i_f90117 ON movie_genres (genre_id, movie_id);
CREATE INDEX ix_movie_genres_popularity ON movie_genres (genre_id, popularity, movie_id);
CREATE INDEX ix_movie_genres_release_date ON movie_genres (genre_id, release_date, movie_id);
CREATE INDEX ix_movie_genres_vote_average ON movie_genres (genre_id, vote_average, movie_id);
CREATE INDEX ix_movie_genres_year
    ON movie_genres (genre_id, release_year, popularity, movie_id) INCLUDE (vote_average);

CREATE INDEX idx_characters_name_2d646f ON characters (name, id);
CREATE INDEX ix_characters_name_parts ON characters USING gin (name gin_trgm_ops);
CREATE INDEX ix_movie_characters_character ON movie_characters (character_id);
CREATE INDEX ix_movie_characters_person ON movie_characters (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX ix_movie_stats_rating ON movie_stats (rating_average, movie_id) WHERE rating_average IS NOT NULL;

CREATE INDEX ix_catalog_changes_xid ON catalog_changes (xid, id);
CREATE INDEX ix_catalog_changes_entity ON catalog_changes (entity, xid, id);
CREATE INDEX ix_catalog_changes_transaction ON catalog_changes (xid, entity, entity_id);
-- Rows are stored in the order of time, and only housekeeping filters by it.
CREATE INDEX ix_catalog_changes_created ON catalog_changes USING brin (created_at);

-- ---------- media ----------

CREATE INDEX ix_files_pending ON files (expires_at) WHERE state IN ('pending', 'processing');
CREATE INDEX ix_files_deleted ON files (updated_at) WHERE state = 'deleted';
CREATE INDEX ix_files_uploader ON files (uploader_id, id DESC);
CREATE INDEX ix_files_movie ON files (movie_id, id DESC) WHERE movie_id IS NOT NULL;
CREATE INDEX ix_files_person ON files (person_id, id DESC) WHERE person_id IS NOT NULL;
CREATE INDEX ix_released_files_time ON released_files (released_at);

-- ---------- favorites ----------
-- The indexes by time hold all columns that trending movies are computed from, so that they read no rows.

CREATE INDEX ix_favorite_movies_user ON favorite_movies (user_id, id DESC);
CREATE INDEX ix_favorite_movies_movie ON favorite_movies (movie_id);
CREATE INDEX ix_favorite_movies_created ON favorite_movies (created_at) INCLUDE (movie_id);

CREATE INDEX ix_watchlist_items_user ON watchlist_items (user_id, id DESC);
CREATE INDEX ix_watchlist_items_movie ON watchlist_items (movie_id);
CREATE INDEX ix_watchlist_items_created ON watchlist_items (created_at) INCLUDE (movie_id);

CREATE INDEX ix_movie_ratings_user ON movie_ratings (user_id, id DESC);
CREATE INDEX ix_movie_ratings_movie ON movie_ratings (movie_id, id DESC);
CREATE INDEX ix_movie_ratings_reviews ON movie_ratings (movie_id, id) WHERE review <> '';
CREATE INDEX ix_movie_ratings_reviews_by_rating ON movie_ratings (movie_id, rating, id) WHERE review <> '';
CREATE INDEX ix_movie_ratings_created ON movie_ratings (created_at) INCLUDE (movie_id, rating);

-- ---------- recommendations ----------

-- At most one model is active.
CREATE UNIQUE INDEX uq_recommendation_models_active ON recommendation_models (is_active) WHERE is_active;
CREATE INDEX ix_movie_neighbors_movie ON movie_neighbors (movie_id);
CREATE INDEX ix_dismissed_recommendations_movie ON dismissed_recommendations (movie_id);
CREATE INDEX ix_dismissed_recommendations_user ON dismissed_recommendations (user_id, id DESC);

-- ---------- infrastructure ----------

CREATE INDEX idx_counters_expires ON counters (expires_at);
CREATE INDEX idx_idempotency_created_944834 ON idempotency_keys (created_at);
CREATE INDEX idx_audit_log_actor_u_863cdf ON audit_log (actor_user_id, id);
CREATE INDEX idx_audit_log_resourc_eed5e3 ON audit_log (resource, id);
