-- Extensions and tables: columns, defaults, primary keys. The tables of the search are in search.sql.
--
-- PostgreSQL sets created_at by default and updated_at by trigger (triggers_versions.sql).

-- Extensions belong to the whole database, so reverting the migration keeps them.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;

-- ---------- users ----------

CREATE TABLE users (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id serial PRIMARY KEY,
    username varchar(150) NOT NULL,
    first_name varchar(150) NOT NULL DEFAULT '',
    last_name varchar(150) NOT NULL DEFAULT '',
    -- The address is encrypted; it is found by a keyed hash of its normalised form.
    email_encrypted bytea NOT NULL,
    email_hash bytea NOT NULL,
    password_hash varchar(255) NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    is_staff boolean NOT NULL DEFAULT false,
    is_superuser boolean NOT NULL DEFAULT false,
    date_joined timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    last_login_at timestamptz,
    -- Access tokens of an older epoch are not accepted.
    token_epoch int NOT NULL DEFAULT 0,
    avatar_id int,
    row_version int NOT NULL DEFAULT 1
);
COMMENT ON TABLE users IS 'An account.';

CREATE TABLE user_profiles (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id serial PRIMARY KEY,
    bio text NOT NULL DEFAULT '',
    birth_date_encrypted bytea,
    favorite_genres jsonb NOT NULL DEFAULT '[]',
    notification_preferences jsonb NOT NULL DEFAULT '{}',
    user_id int NOT NULL
);
COMMENT ON TABLE user_profiles IS 'Personal details and preferences: one row per user, created with the account.';

-- A sign-in. token_sha256 is the hash of its newest refresh token; an older token means reuse.
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    label varchar(100) NOT NULL DEFAULT '',
    -- Keyed hash of the client address.
    peer_hash bytea NOT NULL,
    token_sha256 bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    last_used_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    user_id int NOT NULL
);

-- Kept until the last affected token has expired.
CREATE TABLE revocations (
    id bigserial PRIMARY KEY,
    -- session:<id>, token:<jti> or user:<id>.
    subject varchar(64) NOT NULL,
    -- Set for users only: access tokens of an older epoch are revoked.
    epoch int,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    expires_at timestamptz NOT NULL
);

-- Tokens issued to other services.
CREATE TABLE service_tokens (
    id uuid PRIMARY KEY,
    service varchar(100) NOT NULL,
    scopes jsonb NOT NULL,
    -- Id of the signing key.
    kid varchar(64) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- ---------- catalog ----------

CREATE TABLE countries (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id serial PRIMARY KEY,
    name varchar(100) NOT NULL,
    iso_3166_1 varchar(2),
    row_version int NOT NULL DEFAULT 1
);
COMMENT ON TABLE countries IS 'A country.';

CREATE TABLE genres (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id serial PRIMARY KEY,
    name varchar(100) NOT NULL,
    notes text,
    tmdb_id int,
    row_version int NOT NULL DEFAULT 1
);
COMMENT ON TABLE genres IS 'A genre. Its name is unique without regard to case.';

-- The number of movies of a genre is the sum of its rows, maintained by triggers.
-- A writer updates a row that no other transaction has locked, or adds a row. So an import never blocks other writers,
-- and there are never more rows than there were concurrent writers.
CREATE TABLE genre_counts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    genre_id int NOT NULL,
    movies int NOT NULL
);

CREATE TABLE persons (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id serial PRIMARY KEY,
    first_name varchar(150) NOT NULL,
    last_name varchar(150) NOT NULL DEFAULT '',
    biography text,
    date_of_birth date,
    gender varchar(12),
    tmdb_id int,
    imdb_id varchar(12),
    country_id int,
    -- Follows person_photos.is_primary by trigger; never write it directly.
    primary_photo_id int,
    row_version int NOT NULL DEFAULT 1
);
COMMENT ON TABLE persons IS 'A person who worked on a movie or acted in one.';
COMMENT ON COLUMN persons.gender IS E'FEMALE: female\nMALE: male\nNON_BINARY: non_binary';

CREATE TABLE person_photos (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id serial PRIMARY KEY,
    is_primary boolean NOT NULL DEFAULT false,
    file_id int NOT NULL,
    person_id int NOT NULL
);
COMMENT ON TABLE person_photos IS 'A photo of a person. At most one photo per person is primary.';

CREATE TABLE movies (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id serial PRIMARY KEY,
    tmdb_id int,
    imdb_id varchar(12),
    title varchar(500) NOT NULL,
    original_title varchar(500),
    description text NOT NULL DEFAULT '',
    tagline text NOT NULL DEFAULT '',
    budget numeric(21, 2),
    revenue numeric(21, 2),
    release_date date,
    duration int,
    poster_path varchar(255),
    backdrop_path varchar(255),
    vote_average double precision NOT NULL DEFAULT 0,
    vote_count int NOT NULL DEFAULT 0,
    popularity double precision NOT NULL DEFAULT 0,
    media_type varchar(10) NOT NULL DEFAULT 'movie',
    status varchar(20),
    original_language varchar(10),
    production_companies jsonb NOT NULL DEFAULT '[]',
    production_countries jsonb NOT NULL DEFAULT '[]',
    spoken_languages jsonb NOT NULL DEFAULT '[]',
    row_version bigint NOT NULL DEFAULT 1,
    backdrop_id int,
    country_id int,
    director_id int,
    poster_id int
);
COMMENT ON TABLE movies IS
    'A movie. vote_* and popularity come from the import source; own ratings are in movie_stats.';
COMMENT ON COLUMN movies.media_type IS E'MOVIE: movie\nTV: tv';
COMMENT ON COLUMN movies.status IS
    E'RUMORED: rumored\nPLANNED: planned\nIN_PRODUCTION: in_production\nPOST_PRODUCTION: post_production\n'
    'RELEASED: released\nCANCELED: canceled';

CREATE TABLE movie_genres (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id serial PRIMARY KEY,
    genre_id int NOT NULL,
    movie_id int NOT NULL,
    -- Copies of columns of movies, maintained by triggers, for the indexes that begin with the genre.
    popularity double precision NOT NULL DEFAULT 0,
    release_year int,
    vote_average double precision NOT NULL DEFAULT 0,
    release_date date
);
COMMENT ON TABLE movie_genres IS 'A genre of a movie, with copies of the columns of the movie by which lists sort.';

CREATE TABLE characters (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id serial PRIMARY KEY,
    name varchar(255) NOT NULL,
    description text,
    role varchar(12),
    row_version int NOT NULL DEFAULT 1
);
COMMENT ON TABLE characters IS 'A character, independent of the movies in which it appears.';
COMMENT ON COLUMN characters.role IS E'LEADING: leading\nSUPPORTING: supporting\nBACKGROUND: background';

CREATE TABLE movie_characters (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id serial PRIMARY KEY,
    role varchar(12),
    billing_order int NOT NULL DEFAULT 0,
    character_id int NOT NULL,
    movie_id int NOT NULL,
    person_id int,
    row_version int NOT NULL DEFAULT 1
);
COMMENT ON TABLE movie_characters IS
    'A character in a movie, with the actor. This role overrides the role of the character.';
COMMENT ON COLUMN movie_characters.role IS E'LEADING: leading\nSUPPORTING: supporting\nBACKGROUND: background';

CREATE TABLE movie_stats (
    rating_count int NOT NULL DEFAULT 0,
    rating_sum bigint NOT NULL DEFAULT 0,
    rating_1 int NOT NULL DEFAULT 0,
    rating_2 int NOT NULL DEFAULT 0,
    rating_3 int NOT NULL DEFAULT 0,
    rating_4 int NOT NULL DEFAULT 0,
    rating_5 int NOT NULL DEFAULT 0,
    movie_id int PRIMARY KEY,
    rating_average numeric(4, 3) GENERATED ALWAYS AS (
        CASE WHEN rating_count > 0 THEN rating_sum::numeric / rating_count END
    ) STORED
);
COMMENT ON TABLE movie_stats IS
    'Totals of the ratings of a movie, maintained by triggers. A rating does not write to movies.';

CREATE TABLE catalog_changes (
    id bigserial PRIMARY KEY,
    entity varchar(10) NOT NULL,
    entity_id int NOT NULL,
    kind varchar(10) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    -- Readers of the feed stop before the oldest running transaction, so they never miss a row that commits late.
    xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
COMMENT ON TABLE catalog_changes IS 'A change of a movie or person, for the change feed. xid gives a safe order.';

-- ---------- media ----------

CREATE TABLE files (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id serial PRIMARY KEY,
    kind varchar(16) NOT NULL,
    state varchar(12) NOT NULL DEFAULT 'pending',
    file_name varchar(255) NOT NULL,
    mime_type varchar(127) NOT NULL,
    bucket varchar(63) NOT NULL,
    key varchar(1024) NOT NULL,
    uploader_id int,
    -- The movie or person that the upload is for. An avatar has neither.
    movie_id int,
    person_id int,
    size_bytes bigint NOT NULL,
    -- The checksum that the client announced; sha256 is the computed one.
    declared_sha256 bytea,
    expires_at timestamptz NOT NULL,
    etag varchar(128) NOT NULL DEFAULT '',
    version_id varchar(1024) NOT NULL DEFAULT '',
    -- Of the last applied storage event; an older event changes nothing.
    sequencer varchar(64) NOT NULL DEFAULT '',
    width int,
    height int,
    sha256 bytea,
    thumbhash bytea,
    dominant_color varchar(7) NOT NULL DEFAULT '',
    rejection_reason varchar(32) NOT NULL DEFAULT '',
    rejection_detail varchar(500) NOT NULL DEFAULT '',
    is_animated boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE files IS 'An uploaded object and its processing state.';
COMMENT ON COLUMN files.kind IS E'AVATAR: avatar\nPOSTER: poster\nBACKDROP: backdrop\nPERSON_PHOTO: person_photo';
COMMENT ON COLUMN files.state IS
    E'PENDING: pending\nPROCESSING: processing\nREADY: ready\nREJECTED: rejected\nEXPIRED: expired\nDELETED: deleted';

CREATE TABLE file_renditions (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id serial PRIMARY KEY,
    format varchar(8) NOT NULL,
    width int NOT NULL,
    height int NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 bytea NOT NULL,
    key varchar(1024) NOT NULL,
    file_id int NOT NULL
);
COMMENT ON TABLE file_renditions IS 'One size and format of an image.';
COMMENT ON COLUMN file_renditions.format IS E'JPEG: jpeg\nWEBP: webp\nAVIF: avif';

-- No foreign key: a file may be deleted together with its last owner.
CREATE TABLE released_files (
    file_id int PRIMARY KEY,
    released_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE released_files IS 'READY files that may have no owner: housekeeping deletes those that nothing shows.';

-- ---------- favorites ----------

CREATE TABLE favorite_movies (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id bigserial PRIMARY KEY,
    movie_id int NOT NULL,
    user_id int NOT NULL
);
COMMENT ON TABLE favorite_movies IS 'A favorite movie of a user.';

CREATE TABLE watchlist_items (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id bigserial PRIMARY KEY,
    movie_id int NOT NULL,
    user_id int NOT NULL
);
COMMENT ON TABLE watchlist_items IS 'A movie on the watchlist of a user.';

CREATE TABLE movie_ratings (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id bigserial PRIMARY KEY,
    rating smallint NOT NULL,
    review text NOT NULL DEFAULT '',
    movie_id int NOT NULL,
    user_id int NOT NULL,
    row_version int NOT NULL DEFAULT 1
);
COMMENT ON TABLE movie_ratings IS 'The rating of a movie by a user, 1 to 5, with an optional review.';

CREATE TABLE user_activities (
    user_id int PRIMARY KEY,
    favorites_version int NOT NULL DEFAULT 0,
    favorites_changed_at timestamptz,
    watchlist_version int NOT NULL DEFAULT 0,
    watchlist_changed_at timestamptz,
    ratings_version int NOT NULL DEFAULT 0,
    ratings_changed_at timestamptz
) WITH (fillfactor = 70);
COMMENT ON TABLE user_activities IS 'Version and last change of each list of a user, maintained by triggers.';

-- ---------- recommendations ----------

CREATE TABLE recommendation_models (
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    id serial PRIMARY KEY,
    algorithm varchar(32) NOT NULL,
    is_active boolean NOT NULL DEFAULT false,
    parameters jsonb NOT NULL DEFAULT '{}',
    metrics jsonb NOT NULL DEFAULT '{}',
    activated_at timestamptz,
    completed_at timestamptz
);
COMMENT ON TABLE recommendation_models IS 'The result of one training. At most one model is active.';

CREATE TABLE movie_neighbors (
    id bigserial PRIMARY KEY,
    neighbor_ids int[] NOT NULL,
    weights real[] NOT NULL,
    model_id int NOT NULL,
    movie_id int NOT NULL,
    -- neighbor_ids predict from a history; similar_ids are the movies that resemble this one.
    similar_ids int[] NOT NULL DEFAULT '{}',
    similarities real[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE movie_neighbors IS
    'Neighbors of a movie in one model: ids and weights of equal length, strongest first.';

CREATE TABLE dismissed_recommendations (
    id bigserial PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    movie_id int NOT NULL,
    user_id int NOT NULL
);
COMMENT ON TABLE dismissed_recommendations IS 'A movie that a user does not want to see among recommendations.';

-- ---------- infrastructure ----------

-- Unlogged: writes are cheap, and the counts may be lost in a crash.
CREATE UNLOGGED TABLE counters (
    key varchar(200) PRIMARY KEY,
    count int NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE idempotency_keys (
    id bigserial PRIMARY KEY,
    caller varchar(100) NOT NULL,
    method varchar(200) NOT NULL,
    request_id uuid NOT NULL,
    request_sha256 bytea NOT NULL,
    -- NULL while the first request is still running.
    response bytea,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
COMMENT ON TABLE idempotency_keys IS 'The first response to a request_id; a repeated request receives it again.';

CREATE TABLE audit_log (
    id bigserial PRIMARY KEY,
    -- No foreign key: the row remains, with the id alone, when the user is erased.
    actor_user_id int,
    action varchar(100) NOT NULL,
    resource varchar(200) NOT NULL,
    outcome varchar(20) NOT NULL,
    request_id varchar(64),
    detail jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
COMMENT ON TABLE audit_log IS 'One audited action.';

-- Applied migrations, written by aerich. It stays when the baseline is reverted.
CREATE TABLE IF NOT EXISTS aerich (
    id serial PRIMARY KEY,
    version varchar(255) NOT NULL,
    app varchar(100) NOT NULL,
    content jsonb NOT NULL
);
