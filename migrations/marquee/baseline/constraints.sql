-- Rules that a table states about its rows: unique columns, allowed values, references.
--
-- A service function translates the violation of a rule by its name. Unique rules on expressions, and on part of the
-- rows, are indexes (indexes.sql). Rules that compare the old row with the new one are triggers (triggers_files.sql).
-- Names like uid_files_bucket_f1607c are the ones that the ORM generates for its unique_together.

-- ---------- users ----------

ALTER TABLE users
    ADD CONSTRAINT ck_users_username CHECK (username <> ''),
    ADD CONSTRAINT ck_users_email_hash CHECK (octet_length(email_hash) = 32);

ALTER TABLE user_profiles
    ADD CONSTRAINT user_profiles_user_id_key UNIQUE (user_id),
    ADD CONSTRAINT ck_user_profiles_favorite_genres CHECK (jsonb_typeof(favorite_genres) = 'array'),
    ADD CONSTRAINT ck_user_profiles_notification_preferences
        CHECK (jsonb_typeof(notification_preferences) = 'object');

ALTER TABLE sessions
    ADD CONSTRAINT ck_sessions_peer_hash CHECK (octet_length(peer_hash) = 32),
    ADD CONSTRAINT ck_sessions_token_sha256 CHECK (octet_length(token_sha256) = 32);

-- A user is revoked up to an epoch; a session or a token is revoked as a whole.
ALTER TABLE revocations
    ADD CONSTRAINT ck_revocations_epoch CHECK ((subject LIKE 'user:%') = (epoch IS NOT NULL));

ALTER TABLE service_tokens
    ADD CONSTRAINT ck_service_tokens_service CHECK (service <> ''),
    ADD CONSTRAINT ck_service_tokens_scopes CHECK (jsonb_typeof(scopes) = 'array');

-- ---------- catalog ----------

ALTER TABLE countries
    ADD CONSTRAINT countries_name_key UNIQUE (name),
    ADD CONSTRAINT countries_iso_3166_1_key UNIQUE (iso_3166_1),
    ADD CONSTRAINT ck_countries_name CHECK (name <> ''),
    ADD CONSTRAINT ck_countries_iso_3166_1 CHECK (iso_3166_1 ~ '^[A-Z]{2}$');

ALTER TABLE genres
    ADD CONSTRAINT genres_tmdb_id_key UNIQUE (tmdb_id),
    ADD CONSTRAINT ck_genres_name CHECK (name <> '');

ALTER TABLE persons
    ADD CONSTRAINT persons_tmdb_id_key UNIQUE (tmdb_id),
    ADD CONSTRAINT persons_imdb_id_key UNIQUE (imdb_id),
    ADD CONSTRAINT ck_persons_first_name CHECK (first_name <> ''),
    ADD CONSTRAINT ck_persons_gender CHECK (gender IN ('female', 'male', 'non_binary')),
    ADD CONSTRAINT ck_persons_imdb_id CHECK (imdb_id ~ '^nm[0-9]{7,9}$');

-- A person has at most one primary photo. A partial unique index is checked after each row and would refuse to swap
-- the primary photo in one statement; this rule is checked at the end of the statement.
ALTER TABLE person_photos
    ADD CONSTRAINT uid_person_phot_person__129ba1 UNIQUE (person_id, file_id),
    ADD CONSTRAINT ex_person_photos_one_primary
        EXCLUDE USING btree (person_id WITH =) WHERE (is_primary) DEFERRABLE INITIALLY IMMEDIATE;

ALTER TABLE movies
    ADD CONSTRAINT movies_tmdb_id_key UNIQUE (tmdb_id),
    ADD CONSTRAINT movies_imdb_id_key UNIQUE (imdb_id),
    ADD CONSTRAINT ck_movies_title CHECK (title <> ''),
    ADD CONSTRAINT ck_movies_imdb_id CHECK (imdb_id ~ '^tt[0-9]{7,9}$'),
    ADD CONSTRAINT ck_movies_budget CHECK (budget >= 0),
    ADD CONSTRAINT ck_movies_revenue CHECK (revenue >= 0),
    ADD CONSTRAINT ck_movies_duration CHECK (duration > 0),
    ADD CONSTRAINT ck_movies_vote_average CHECK (vote_average BETWEEN 0 AND 10),
    ADD CONSTRAINT ck_movies_vote_count CHECK (vote_count >= 0),
    -- Also refuses NaN, which PostgreSQL sorts after infinity.
    ADD CONSTRAINT ck_movies_popularity CHECK (popularity >= 0 AND popularity < 'infinity'),
    ADD CONSTRAINT ck_movies_media_type CHECK (media_type IN ('movie', 'tv')),
    ADD CONSTRAINT ck_movies_status
        CHECK (status IN ('rumored', 'planned', 'in_production', 'post_production', 'released', 'canceled')),
    ADD CONSTRAINT ck_movies_production_companies CHECK (jsonb_typeof(production_companies) = 'array'),
    ADD CONSTRAINT ck_movies_production_countries CHECK (jsonb_typeof(production_countries) = 'array'),
    ADD CONSTRAINT ck_movies_spoken_languages CHECK (jsonb_typeof(spoken_languages) = 'array');

ALTER TABLE movie_genres
    ADD CONSTRAINT uid_movie_genre_movie_i_ae3021 UNIQUE (movie_id, genre_id);

ALTER TABLE characters
    ADD CONSTRAINT ck_characters_name CHECK (name <> ''),
    ADD CONSTRAINT ck_characters_role CHECK (role IN ('leading', 'supporting', 'background'));

-- A character appears in a movie without an actor at most once, so NULL counts as a value here.
ALTER TABLE movie_characters
    ADD CONSTRAINT uq_movie_characters UNIQUE NULLS NOT DISTINCT (movie_id, character_id, person_id),
    ADD CONSTRAINT ck_movie_characters_role CHECK (role IN ('leading', 'supporting', 'background')),
    ADD CONSTRAINT ck_movie_characters_billing_order CHECK (billing_order >= 0);

ALTER TABLE movie_stats
    ADD CONSTRAINT ck_movie_stats_counts
        CHECK (rating_1 >= 0 AND rating_2 >= 0 AND rating_3 >= 0 AND rating_4 >= 0 AND rating_5 >= 0),
    ADD CONSTRAINT ck_movie_stats_rating_count
        CHECK (rating_count = rating_1 + rating_2 + rating_3 + rating_4 + rating_5),
    ADD CONSTRAINT ck_movie_stats_rating_sum
        CHECK (rating_sum = rating_1 + 2 * rating_2 + 3 * rating_3 + 4 * rating_4 + 5 * rating_5);

ALTER TABLE catalog_changes
    ADD CONSTRAINT ck_catalog_changes_entity CHECK (entity IN ('movie', 'person')),
    ADD CONSTRAINT ck_catalog_changes_kind CHECK (kind IN ('created', 'updated', 'deleted'));

-- ---------- media ----------

ALTER TABLE files
    ADD CONSTRAINT uid_files_bucket_f1607c UNIQUE (bucket, key),
    ADD CONSTRAINT ck_files_kind CHECK (kind IN ('avatar', 'poster', 'backdrop', 'person_photo')),
    ADD CONSTRAINT ck_files_state
        CHECK (state IN ('pending', 'processing', 'ready', 'rejected', 'expired', 'deleted')),
    ADD CONSTRAINT ck_files_size_bytes CHECK (size_bytes > 0),
    ADD CONSTRAINT ck_files_declared_sha256 CHECK (octet_length(declared_sha256) = 32),
    ADD CONSTRAINT ck_files_sha256 CHECK (octet_length(sha256) = 32),
    ADD CONSTRAINT ck_files_dimensions CHECK (width > 0 AND height > 0),
    ADD CONSTRAINT ck_files_ready_is_whole
        CHECK (state <> 'ready' OR (sha256 IS NOT NULL AND width IS NOT NULL AND height IS NOT NULL)),
    ADD CONSTRAINT ck_files_rejected_has_reason CHECK ((state = 'rejected') = (rejection_reason <> ''));

ALTER TABLE file_renditions
    ADD CONSTRAINT file_renditions_key_key UNIQUE (key),
    ADD CONSTRAINT uid_file_rendit_file_id_a7e2ec UNIQUE (file_id, format, width, height),
    ADD CONSTRAINT ck_file_renditions_format CHECK (format IN ('jpeg', 'webp', 'avif')),
    ADD CONSTRAINT ck_file_renditions_dimensions CHECK (width > 0 AND height > 0),
    ADD CONSTRAINT ck_file_renditions_size_bytes CHECK (size_bytes > 0),
    ADD CONSTRAINT ck_file_renditions_sha256 CHECK (octet_length(sha256) = 32);

-- ---------- favorites ----------

ALTER TABLE favorite_movies
    ADD CONSTRAINT uid_favorite_mo_user_id_8620b0 UNIQUE (user_id, movie_id);

ALTER TABLE watchlist_items
    ADD CONSTRAINT uid_watchlist_i_user_id_d48f5a UNIQUE (user_id, movie_id);

ALTER TABLE movie_ratings
    ADD CONSTRAINT uid_movie_ratin_user_id_e056d0 UNIQUE (user_id, movie_id),
    ADD CONSTRAINT ck_movie_ratings_rating CHECK (rating BETWEEN 1 AND 5);

-- ---------- recommendations ----------

-- A model is activated only after all of its neighbors are stored.
ALTER TABLE recommendation_models
    ADD CONSTRAINT ck_recommendation_models_active CHECK (NOT is_active OR completed_at IS NOT NULL);

ALTER TABLE movie_neighbors
    ADD CONSTRAINT uid_movie_neigh_model_i_dd3d9f UNIQUE (model_id, movie_id),
    ADD CONSTRAINT ck_movie_neighbors_length CHECK (cardinality(neighbor_ids) = cardinality(weights)),
    ADD CONSTRAINT ck_movie_neighbors_similar CHECK (cardinality(similar_ids) = cardinality(similarities));

ALTER TABLE dismissed_recommendations
    ADD CONSTRAINT uid_dismissed_r_user_id_137eea UNIQUE (user_id, movie_id);

-- ---------- infrastructure ----------

ALTER TABLE idempotency_keys
    ADD CONSTRAINT uid_idempotency_caller_4f9f9f UNIQUE (caller, method, request_id);

-- ---------- references ----------
--
-- CASCADE for rows that belong to another row, SET NULL for files, directors and actors, RESTRICT for countries,
-- genres and characters in use. The order matters: when a row is deleted, PostgreSQL follows the references to it in
-- the order in which they were created, and locks rows in that order.

ALTER TABLE file_renditions
    ADD CONSTRAINT file_renditions_file_id_fkey FOREIGN KEY (file_id) REFERENCES files ON DELETE CASCADE;

ALTER TABLE users
    ADD CONSTRAINT users_avatar_id_fkey FOREIGN KEY (avatar_id) REFERENCES files ON DELETE SET NULL;
ALTER TABLE user_profiles
    ADD CONSTRAINT user_profiles_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;

ALTER TABLE persons
    ADD CONSTRAINT persons_country_id_fkey FOREIGN KEY (country_id) REFERENCES countries ON DELETE RESTRICT,
    ADD CONSTRAINT persons_primary_photo_id_fkey FOREIGN KEY (primary_photo_id) REFERENCES files ON DELETE SET NULL;
ALTER TABLE movies
    ADD CONSTRAINT movies_backdrop_id_fkey FOREIGN KEY (backdrop_id) REFERENCES files ON DELETE SET NULL,
    ADD CONSTRAINT movies_country_id_fkey FOREIGN KEY (country_id) REFERENCES countries ON DELETE RESTRICT,
    ADD CONSTRAINT movies_director_id_fkey FOREIGN KEY (director_id) REFERENCES persons ON DELETE SET NULL,
    ADD CONSTRAINT movies_poster_id_fkey FOREIGN KEY (poster_id) REFERENCES files ON DELETE SET NULL;
ALTER TABLE movie_characters
    ADD CONSTRAINT movie_characters_character_id_fkey
        FOREIGN KEY (character_id) REFERENCES characters ON DELETE RESTRICT,
    ADD CONSTRAINT movie_characters_movie_id_fkey FOREIGN KEY (movie_id) REFERENCES movies ON DELETE CASCADE,
    ADD CONSTRAINT movie_characters_person_id_fkey FOREIGN KEY (person_id) REFERENCES persons ON DELETE SET NULL;
ALTER TABLE movie_genres
    ADD CONSTRAINT movie_genres_genre_id_fkey FOREIGN KEY (genre_id) REFERENCES genres ON DELETE RESTRICT,
    ADD CONSTRAINT movie_genres_movie_id_fkey FOREIGN KEY (movie_id) REFERENCES movies ON DELETE CASCADE;
ALTER TABLE movie_stats
    ADD CONSTRAINT movie_stats_movie_id_fkey FOREIGN KEY (movie_id) REFERENCES movies ON DELETE CASCADE;
ALTER TABLE person_photos
    ADD CONSTRAINT person_photos_file_id_fkey FOREIGN KEY (file_id) REFERENCES files ON DELETE CASCADE,
    ADD CONSTRAINT person_photos_person_id_fkey FOREIGN KEY (person_id) REFERENCES persons ON DELETE CASCADE;

ALTER TABLE favorite_movies
    ADD CONSTRAINT favorite_movies_movie_id_fkey FOREIGN KEY (movie_id) REFERENCES movies ON DELETE CASCADE,
    ADD CONSTRAINT favorite_movies_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
ALTER TABLE movie_ratings
    ADD CONSTRAINT movie_ratings_movie_id_fkey FOREIGN KEY (movie_id) REFERENCES movies ON DELETE CASCADE,
    ADD CONSTRAINT movie_ratings_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
ALTER TABLE watchlist_items
    ADD CONSTRAINT watchlist_items_movie_id_fkey FOREIGN KEY (movie_id) REFERENCES movies ON DELETE CASCADE,
    ADD CONSTRAINT watchlist_items_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;

ALTER TABLE dismissed_recommendations
    ADD CONSTRAINT dismissed_recommendations_movie_id_fkey FOREIGN KEY (movie_id) REFERENCES movies ON DELETE CASCADE,
    ADD CONSTRAINT dismissed_recommendations_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
ALTER TABLE movie_neighbors
    ADD CONSTRAINT movie_neighbors_model_id_fkey
        FOREIGN KEY (model_id) REFERENCES recommendation_models ON DELETE CASCADE,
    ADD CONSTRAINT movie_neighbors_movie_id_fkey FOREIGN KEY (movie_id) REFERENCES movies ON DELETE CASCADE;

-- The models hold these as plain ids: as relations of the ORM they would form a circle.
ALTER TABLE files
    ADD CONSTRAINT fk_files_uploader FOREIGN KEY (uploader_id) REFERENCES users ON DELETE SET NULL,
    ADD CONSTRAINT fk_files_movie FOREIGN KEY (movie_id) REFERENCES movies ON DELETE SET NULL,
    ADD CONSTRAINT fk_files_person FOREIGN KEY (person_id) REFERENCES persons ON DELETE SET NULL;

ALTER TABLE sessions
    ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;

-- After the lists of a user, whose triggers still write to the row.
ALTER TABLE user_activities
    ADD CONSTRAINT fk_user_activities_user FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;

ALTER TABLE genre_counts
    ADD CONSTRAINT genre_counts_genre_id_fkey FOREIGN KEY (genre_id) REFERENCES genres ON DELETE CASCADE;
