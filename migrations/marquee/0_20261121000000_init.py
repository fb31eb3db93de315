from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE "files" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" SERIAL NOT NULL PRIMARY KEY,
    "kind" VARCHAR(16) NOT NULL,
    "state" VARCHAR(12) NOT NULL DEFAULT 'pending',
    "file_name" VARCHAR(255) NOT NULL,
    "mime_type" VARCHAR(127) NOT NULL,
    "bucket" VARCHAR(63) NOT NULL,
    "key" VARCHAR(1024) NOT NULL,
    "uploader_id" INT,
    "movie_id" INT,
    "person_id" INT,
    "size_bytes" BIGINT NOT NULL,
    "declared_sha256" BYTEA,
    "expires_at" TIMESTAMPTZ NOT NULL,
    "etag" VARCHAR(128) NOT NULL DEFAULT '',
    "version_id" VARCHAR(1024) NOT NULL DEFAULT '',
    "sequencer" VARCHAR(64) NOT NULL DEFAULT '',
    "width" INT,
    "height" INT,
    "sha256" BYTEA,
    "thumbhash" BYTEA,
    "dominant_color" VARCHAR(7) NOT NULL DEFAULT '',
    "rejection_reason" VARCHAR(32) NOT NULL DEFAULT '',
    "rejection_detail" VARCHAR(500) NOT NULL DEFAULT '',
    CONSTRAINT "uid_files_bucket_f1607c" UNIQUE ("bucket", "key")
);
CREATE INDEX "idx_files_uploade_0e4f72" ON "files" ("uploader_id");
CREATE INDEX "idx_files_movie_i_8d8404" ON "files" ("movie_id");
CREATE INDEX "idx_files_person__8eda29" ON "files" ("person_id");
COMMENT ON COLUMN "files"."kind" IS 'AVATAR: avatar\nPOSTER: poster\nBACKDROP: backdrop\nPERSON_PHOTO: person_photo';
COMMENT ON COLUMN "files"."state" IS 'PENDING: pending\nPROCESSING: processing\nREADY: ready\nREJECTED: rejected\nEXPIRED: expired\nDELETED: deleted';
COMMENT ON TABLE "files" IS 'An uploaded object and what became of it.';
CREATE TABLE "file_renditions" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" SERIAL NOT NULL PRIMARY KEY,
    "format" VARCHAR(8) NOT NULL,
    "width" INT NOT NULL,
    "height" INT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "sha256" BYTEA NOT NULL,
    "key" VARCHAR(1024) NOT NULL UNIQUE,
    "file_id" INT NOT NULL REFERENCES "files" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_file_rendit_file_id_a7e2ec" UNIQUE ("file_id", "format", "width", "height")
);
COMMENT ON COLUMN "file_renditions"."format" IS 'JPEG: jpeg\nWEBP: webp\nAVIF: avif';
COMMENT ON TABLE "file_renditions" IS 'One size and format of a picture.';
CREATE TABLE "users" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" SERIAL NOT NULL PRIMARY KEY,
    "username" VARCHAR(150) NOT NULL,
    "first_name" VARCHAR(150) NOT NULL DEFAULT '',
    "last_name" VARCHAR(150) NOT NULL DEFAULT '',
    "email_encrypted" BYTEA NOT NULL,
    "email_hash" BYTEA NOT NULL,
    "password_hash" VARCHAR(255) NOT NULL,
    "is_active" BOOL NOT NULL DEFAULT True,
    "is_staff" BOOL NOT NULL DEFAULT False,
    "is_superuser" BOOL NOT NULL DEFAULT False,
    "date_joined" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_login_at" TIMESTAMPTZ,
    "token_epoch" INT NOT NULL DEFAULT 0,
    "avatar_id" INT REFERENCES "files" ("id") ON DELETE SET NULL
);
COMMENT ON TABLE "users" IS 'An account.';
CREATE TABLE "refresh_tokens" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "family_id" UUID NOT NULL,
    "token_sha256" BYTEA NOT NULL,
    "label" VARCHAR(200) NOT NULL DEFAULT '',
    "expires_at" TIMESTAMPTZ NOT NULL,
    "used_at" TIMESTAMPTZ,
    "revoked_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "user_id" INT NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE
);
CREATE INDEX "idx_refresh_tok_family__59d0e5" ON "refresh_tokens" ("family_id");
CREATE INDEX "idx_refresh_tok_expires_310999" ON "refresh_tokens" ("expires_at");
COMMENT ON TABLE "refresh_tokens" IS 'A refresh token by its hash; all that descend from one sign-in are a family, which is a session.';
CREATE TABLE "user_profiles" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" SERIAL NOT NULL PRIMARY KEY,
    "bio" TEXT NOT NULL DEFAULT '',
    "birth_date_encrypted" BYTEA,
    "favorite_genres" JSONB NOT NULL DEFAULT '[]',
    "notification_preferences" JSONB NOT NULL DEFAULT '{}',
    "user_id" INT NOT NULL UNIQUE REFERENCES "users" ("id") ON DELETE CASCADE
);
COMMENT ON TABLE "user_profiles" IS 'What a user tells about themselves: one row a user, made with the account.';
CREATE TABLE "catalog_changes" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "entity" VARCHAR(10) NOT NULL,
    "entity_id" INT NOT NULL,
    "kind" VARCHAR(10) NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);
COMMENT ON TABLE "catalog_changes" IS 'One change of a movie or person, for the change feed; `xid` (in the database only) orders it safely.';
CREATE TABLE "characters" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" SERIAL NOT NULL PRIMARY KEY,
    "name" VARCHAR(255) NOT NULL,
    "description" TEXT,
    "role" VARCHAR(12)
);
CREATE INDEX "idx_characters_name_2d646f" ON "characters" ("name", "id");
COMMENT ON COLUMN "characters"."role" IS 'LEADING: leading\nSUPPORTING: supporting\nBACKGROUND: background';
COMMENT ON TABLE "characters" IS 'A character, apart from the movies it appears in.';
CREATE TABLE "countries" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" SERIAL NOT NULL PRIMARY KEY,
    "name" VARCHAR(100) NOT NULL UNIQUE,
    "iso_3166_1" VARCHAR(2) UNIQUE
);
COMMENT ON TABLE "countries" IS 'A country.';
CREATE TABLE "genres" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" SERIAL NOT NULL PRIMARY KEY,
    "name" VARCHAR(100) NOT NULL,
    "notes" TEXT,
    "tmdb_id" INT UNIQUE
);
COMMENT ON TABLE "genres" IS 'A genre; its name is unique without regard to case.';
CREATE TABLE "persons" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" SERIAL NOT NULL PRIMARY KEY,
    "first_name" VARCHAR(150) NOT NULL,
    "last_name" VARCHAR(150) NOT NULL DEFAULT '',
    "biography" TEXT,
    "date_of_birth" DATE,
    "gender" VARCHAR(12),
    "tmdb_id" INT UNIQUE,
    "imdb_id" VARCHAR(12) UNIQUE,
    "country_id" INT REFERENCES "countries" ("id") ON DELETE RESTRICT,
    "primary_photo_id" INT REFERENCES "files" ("id") ON DELETE SET NULL
);
CREATE INDEX "idx_persons_last_na_222ef4" ON "persons" ("last_name", "first_name", "id");
COMMENT ON COLUMN "persons"."gender" IS 'FEMALE: female\nMALE: male\nNON_BINARY: non_binary';
COMMENT ON TABLE "persons" IS 'Someone who made a movie or played in one.';
CREATE TABLE "movies" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" SERIAL NOT NULL PRIMARY KEY,
    "tmdb_id" INT UNIQUE,
    "imdb_id" VARCHAR(12) UNIQUE,
    "title" VARCHAR(500) NOT NULL,
    "original_title" VARCHAR(500),
    "description" TEXT NOT NULL DEFAULT '',
    "tagline" TEXT NOT NULL DEFAULT '',
    "budget" DECIMAL(21,2),
    "revenue" DECIMAL(21,2),
    "release_date" DATE,
    "duration" INT,
    "poster_path" VARCHAR(255),
    "backdrop_path" VARCHAR(255),
    "vote_average" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "vote_count" INT NOT NULL DEFAULT 0,
    "popularity" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "media_type" VARCHAR(10) NOT NULL DEFAULT 'movie',
    "status" VARCHAR(20),
    "original_language" VARCHAR(10),
    "production_companies" JSONB NOT NULL DEFAULT '[]',
    "production_countries" JSONB NOT NULL DEFAULT '[]',
    "spoken_languages" JSONB NOT NULL DEFAULT '[]',
    "row_version" BIGINT NOT NULL DEFAULT 1,
    "backdrop_id" INT REFERENCES "files" ("id") ON DELETE SET NULL,
    "country_id" INT REFERENCES "countries" ("id") ON DELETE RESTRICT,
    "director_id" INT REFERENCES "persons" ("id") ON DELETE SET NULL,
    "poster_id" INT REFERENCES "files" ("id") ON DELETE SET NULL
);
COMMENT ON COLUMN "movies"."media_type" IS 'MOVIE: movie\nTV: tv';
COMMENT ON COLUMN "movies"."status" IS 'RUMORED: rumored\nPLANNED: planned\nIN_PRODUCTION: in_production\nPOST_PRODUCTION: post_production\nRELEASED: released\nCANCELED: canceled';
COMMENT ON TABLE "movies" IS 'A movie. `vote_*` and `popularity` come from the source it was imported from; own ratings are MovieStats.';
CREATE TABLE "movie_characters" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" SERIAL NOT NULL PRIMARY KEY,
    "role" VARCHAR(12),
    "billing_order" INT NOT NULL DEFAULT 0,
    "character_id" INT NOT NULL REFERENCES "characters" ("id") ON DELETE RESTRICT,
    "movie_id" INT NOT NULL REFERENCES "movies" ("id") ON DELETE CASCADE,
    "person_id" INT REFERENCES "persons" ("id") ON DELETE SET NULL
);
COMMENT ON COLUMN "movie_characters"."role" IS 'LEADING: leading\nSUPPORTING: supporting\nBACKGROUND: background';
COMMENT ON TABLE "movie_characters" IS 'A character''s appearance in a movie, and who plays it; `role` here wins over the character''s own.';
CREATE TABLE "movie_genres" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" SERIAL NOT NULL PRIMARY KEY,
    "genre_id" INT NOT NULL REFERENCES "genres" ("id") ON DELETE RESTRICT,
    "movie_id" INT NOT NULL REFERENCES "movies" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_movie_genre_movie_i_ae3021" UNIQUE ("movie_id", "genre_id")
);
CREATE INDEX "idx_movie_genre_genre_i_f90117" ON "movie_genres" ("genre_id", "movie_id");
COMMENT ON TABLE "movie_genres" IS 'A movie''s belonging to a genre.';
CREATE TABLE "movie_stats" (
    "rating_count" INT NOT NULL DEFAULT 0,
    "rating_sum" BIGINT NOT NULL DEFAULT 0,
    "rating_1" INT NOT NULL DEFAULT 0,
    "rating_2" INT NOT NULL DEFAULT 0,
    "rating_3" INT NOT NULL DEFAULT 0,
    "rating_4" INT NOT NULL DEFAULT 0,
    "rating_5" INT NOT NULL DEFAULT 0,
    "movie_id" INT NOT NULL PRIMARY KEY REFERENCES "movies" ("id") ON DELETE CASCADE
);
COMMENT ON TABLE "movie_stats" IS 'Aggregates of Marquee''s own ratings, kept by trigger; apart from movies, whose rows stay untouched.';
CREATE TABLE "person_photos" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" SERIAL NOT NULL PRIMARY KEY,
    "is_primary" BOOL NOT NULL DEFAULT False,
    "file_id" INT NOT NULL REFERENCES "files" ("id") ON DELETE CASCADE,
    "person_id" INT NOT NULL REFERENCES "persons" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_person_phot_person__129ba1" UNIQUE ("person_id", "file_id")
);
COMMENT ON TABLE "person_photos" IS 'A photo of a person; at most one of theirs is primary.';
CREATE TABLE "favorite_movies" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "movie_id" INT NOT NULL REFERENCES "movies" ("id") ON DELETE CASCADE,
    "user_id" INT NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_favorite_mo_user_id_8620b0" UNIQUE ("user_id", "movie_id")
);
COMMENT ON TABLE "favorite_movies" IS 'A movie among a user''s favorites.';
CREATE TABLE "movie_ratings" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "rating" SMALLINT NOT NULL,
    "review" TEXT NOT NULL DEFAULT '',
    "movie_id" INT NOT NULL REFERENCES "movies" ("id") ON DELETE CASCADE,
    "user_id" INT NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_movie_ratin_user_id_e056d0" UNIQUE ("user_id", "movie_id")
);
COMMENT ON TABLE "movie_ratings" IS 'A user''s rating of a movie, 1 to 5, with a review.';
CREATE TABLE "watchlist_items" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "movie_id" INT NOT NULL REFERENCES "movies" ("id") ON DELETE CASCADE,
    "user_id" INT NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_watchlist_i_user_id_d48f5a" UNIQUE ("user_id", "movie_id")
);
COMMENT ON TABLE "watchlist_items" IS 'A movie on a user''s watchlist.';
CREATE TABLE "dismissed_recommendations" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "movie_id" INT NOT NULL REFERENCES "movies" ("id") ON DELETE CASCADE,
    "user_id" INT NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_dismissed_r_user_id_137eea" UNIQUE ("user_id", "movie_id")
);
COMMENT ON TABLE "dismissed_recommendations" IS 'A movie that a user does not want to see recommended.';
CREATE TABLE "recommendation_models" (
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "id" SERIAL NOT NULL PRIMARY KEY,
    "algorithm" VARCHAR(32) NOT NULL,
    "is_active" BOOL NOT NULL DEFAULT False,
    "parameters" JSONB NOT NULL DEFAULT '{}',
    "metrics" JSONB NOT NULL DEFAULT '{}',
    "activated_at" TIMESTAMPTZ
);
COMMENT ON TABLE "recommendation_models" IS 'One training''s outcome; at most one is active.';
CREATE TABLE "movie_neighbors" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "neighbor_ids" INT[] NOT NULL,
    "weights" REAL[] NOT NULL,
    "model_id" INT NOT NULL REFERENCES "recommendation_models" ("id") ON DELETE CASCADE,
    "movie_id" INT NOT NULL REFERENCES "movies" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_movie_neigh_model_i_dd3d9f" UNIQUE ("model_id", "movie_id")
);
COMMENT ON TABLE "movie_neighbors" IS 'A movie''s nearest movies under one model: ids and weights, strongest first, of equal length.';
CREATE TABLE "audit_log" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "actor_user_id" INT,
    "action" VARCHAR(100) NOT NULL,
    "resource" VARCHAR(200) NOT NULL,
    "outcome" VARCHAR(20) NOT NULL,
    "request_id" VARCHAR(64),
    "detail" JSONB NOT NULL DEFAULT '{}',
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX "idx_audit_log_actor_u_863cdf" ON "audit_log" ("actor_user_id", "id");
CREATE INDEX "idx_audit_log_resourc_eed5e3" ON "audit_log" ("resource", "id");
COMMENT ON TABLE "audit_log" IS 'One act. Has no foreign keys: the trail outlives an erased user, under the id alone.';
CREATE TABLE "idempotency_keys" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "caller" VARCHAR(100) NOT NULL,
    "method" VARCHAR(200) NOT NULL,
    "request_id" UUID NOT NULL,
    "request_sha256" BYTEA NOT NULL,
    "response" BYTEA,
    "created_at" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "uid_idempotency_caller_4f9f9f" UNIQUE ("caller", "method", "request_id")
);
CREATE INDEX "idx_idempotency_created_944834" ON "idempotency_keys" ("created_at");
COMMENT ON TABLE "idempotency_keys" IS 'The first answer to a request_id, to be given again to a repeat.';
CREATE TABLE IF NOT EXISTS "aerich" (
    "id" SERIAL NOT NULL PRIMARY KEY,
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" JSONB NOT NULL
);"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        DROP TABLE "idempotency_keys";
        DROP TABLE "audit_log";
        DROP TABLE "movie_neighbors";
        DROP TABLE "recommendation_models";
        DROP TABLE "dismissed_recommendations";
        DROP TABLE "watchlist_items";
        DROP TABLE "movie_ratings";
        DROP TABLE "favorite_movies";
        DROP TABLE "person_photos";
        DROP TABLE "movie_stats";
        DROP TABLE "movie_genres";
        DROP TABLE "movie_characters";
        DROP TABLE "movies";
        DROP TABLE "persons";
        DROP TABLE "genres";
        DROP TABLE "countries";
        DROP TABLE "characters";
        DROP TABLE "catalog_changes";
        DROP TABLE "user_profiles";
        DROP TABLE "refresh_tokens";
        DROP TABLE "users";
        DROP TABLE "file_renditions";
        DROP TABLE "files";"""


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
