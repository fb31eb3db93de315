-- The change feed, and the notifications by which workers drop cached replies.
--
-- Whatever a reply shows of a movie or person counts as a change of it: its own columns, its genres, cast and photos,
-- and the names of genres, countries, characters and people. A write of the same values is no change.
--
-- The update triggers compare the new rows with the old ones by EXCEPT, not by a join on the id: PostgreSQL keeps the
-- plan of the first statement for later ones of any size, and a join planned for few rows would compare each row with
-- each row.

-- A transaction adds at most one 'created' or 'updated' entry per movie or person.
CREATE FUNCTION record_changes(noted_entity text, noted_kind text, ids int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalog_changes (entity, entity_id, kind)
    SELECT DISTINCT noted_entity, changed.id, noted_kind
    FROM unnest(ids) AS changed (id)
    WHERE noted_kind <> 'updated' OR NOT EXISTS (
        SELECT FROM catalog_changes AS earlier
        WHERE earlier.xid = pg_current_xact_id()
            AND earlier.entity = noted_entity AND earlier.entity_id = changed.id
    )
    ORDER BY changed.id;
    IF FOUND THEN
        PERFORM pg_notify('marquee_changes', '');
    END IF;
END $$;

-- ---------- movies and people ----------
--
-- The columns that a reply shows. updated_at and row_version are left out: every write changes them.

CREATE FUNCTION record_movie_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM record_changes('movie', 'created', array_agg(id)) FROM added;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM record_changes('movie', 'deleted', array_agg(id)) FROM removed;
    ELSE
        PERFORM record_changes('movie', 'updated', array_agg(id)) FROM (
            SELECT id, tmdb_id, imdb_id, title, original_title, description, tagline, budget, revenue, release_date,
                duration, director_id, country_id, poster_id, backdrop_id, poster_path, backdrop_path, vote_average,
                vote_count, popularity, media_type, status, original_language, production_companies,
                production_countries, spoken_languages FROM added
            EXCEPT
            SELECT id, tmdb_id, imdb_id, title, original_title, description, tagline, budget, revenue, release_date,
                duration, director_id, country_id, poster_id, backdrop_id, poster_path, backdrop_path, vote_average,
                vote_count, popularity, media_type, status, original_language, production_companies,
                production_countries, spoken_languages FROM removed
        ) AS changed;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_movies_note_insert AFTER INSERT ON movies
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_movie_changes();
CREATE TRIGGER tr_movies_note_update AFTER UPDATE ON movies
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_movie_changes();
CREATE TRIGGER tr_movies_note_delete AFTER DELETE ON movies
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION record_movie_changes();

CREATE FUNCTION record_person_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM record_changes('person', 'created', array_agg(id)) FROM added;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM record_changes('person', 'deleted', array_agg(id)) FROM removed;
    ELSE
        PERFORM record_changes('person', 'updated', array_agg(id)) FROM (
            SELECT id, first_name, last_name, biography, date_of_birth, gender, country_id, primary_photo_id, tmdb_id,
                imdb_id FROM added
            EXCEPT
            SELECT id, first_name, last_name, biography, date_of_birth, gender, country_id, primary_photo_id, tmdb_id,
                imdb_id FROM removed
        ) AS changed;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_persons_note_insert AFTER INSERT ON persons
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_person_changes();
CREATE TRIGGER tr_persons_note_update AFTER UPDATE ON persons
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_person_changes();
CREATE TRIGGER tr_persons_note_delete AFTER DELETE ON persons
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION record_person_changes();

-- ---------- genres, cast and photos ----------
--
-- The owners are read again, so that a deleted movie or person is not reported as updated when its rows go with it.

CREATE FUNCTION record_movie_genre_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched int[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := array(SELECT DISTINCT movie_id FROM added);
    ELSIF TG_OP = 'DELETE' THEN
        touched := array(SELECT DISTINCT movie_id FROM removed);
    ELSE
        touched := array(
            SELECT movie_id FROM (
                SELECT movie_id, genre_id FROM added
                EXCEPT SELECT movie_id, genre_id FROM removed
            ) AS became
            UNION
            SELECT movie_id FROM (
                SELECT movie_id, genre_id FROM removed
                EXCEPT SELECT movie_id, genre_id FROM added
            ) AS was
        );
    END IF;
    IF touched <> '{}' THEN
        PERFORM record_changes('movie', 'updated', array(SELECT id FROM movies WHERE id = ANY (touched)));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_movie_genres_note_insert AFTER INSERT ON movie_genres
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_movie_genre_changes();
CREATE TRIGGER tr_movie_genres_note_update AFTER UPDATE ON movie_genres
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_movie_genre_changes();
CREATE TRIGGER tr_movie_genres_note_delete AFTER DELETE ON movie_genres
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION record_movie_genre_changes();

CREATE FUNCTION record_movie_character_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched int[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := array(SELECT DISTINCT movie_id FROM added);
    ELSIF TG_OP = 'DELETE' THEN
        touched := array(SELECT DISTINCT movie_id FROM removed);
    ELSE
        touched := array(
            SELECT movie_id FROM (
                SELECT id, movie_id, character_id, person_id, role, billing_order FROM added
                EXCEPT SELECT id, movie_id, character_id, person_id, role, billing_order FROM removed
            ) AS became
            UNION
            SELECT movie_id FROM (
                SELECT id, movie_id, character_id, person_id, role, billing_order FROM removed
                EXCEPT SELECT id, movie_id, character_id, person_id, role, billing_order FROM added
            ) AS was
        );
    END IF;
    IF touched <> '{}' THEN
        PERFORM record_changes('movie', 'updated', array(SELECT id FROM movies WHERE id = ANY (touched)));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_movie_characters_note_insert AFTER INSERT ON movie_characters
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_movie_character_changes();
CREATE TRIGGER tr_movie_characters_note_update AFTER UPDATE ON movie_characters
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_movie_character_changes();
CREATE TRIGGER tr_movie_characters_note_delete AFTER DELETE ON movie_characters
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION record_movie_character_changes();

CREATE FUNCTION record_person_photo_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched int[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := array(SELECT DISTINCT person_id FROM added);
    ELSIF TG_OP = 'DELETE' THEN
        touched := array(SELECT DISTINCT person_id FROM removed);
    ELSE
        touched := array(
            SELECT person_id FROM (
                SELECT person_id, file_id, is_primary FROM added
                EXCEPT SELECT person_id, file_id, is_primary FROM removed
            ) AS became
            UNION
            SELECT person_id FROM (
                SELECT person_id, file_id, is_primary FROM removed
                EXCEPT SELECT person_id, file_id, is_primary FROM added
            ) AS was
        );
    END IF;
    IF touched <> '{}' THEN
        PERFORM record_changes('person', 'updated', array(SELECT id FROM persons WHERE id = ANY (touched)));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_person_photos_note_insert AFTER INSERT ON person_photos
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_person_photo_changes();
CREATE TRIGGER tr_person_photos_note_update AFTER UPDATE ON person_photos
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_person_photo_changes();
CREATE TRIGGER tr_person_photos_note_delete AFTER DELETE ON person_photos
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION record_person_photo_changes();

-- ---------- names that other replies show ----------

CREATE FUNCTION record_genre_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched int[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := array(SELECT DISTINCT id FROM added);
    ELSIF TG_OP = 'DELETE' THEN
        touched := array(SELECT DISTINCT id FROM removed);
    ELSE
        touched := array(
            SELECT id FROM (
                SELECT id, name FROM added
                EXCEPT SELECT id, name FROM removed
            ) AS became
            UNION
            SELECT id FROM (
                SELECT id, name FROM removed
                EXCEPT SELECT id, name FROM added
            ) AS was
        );
    END IF;
    IF touched <> '{}' THEN
        PERFORM record_changes('movie', 'updated', array(
            SELECT movie_id FROM movie_genres WHERE genre_id = ANY (touched)
        ));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_genres_note_update AFTER UPDATE ON genres
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_genre_changes();

CREATE FUNCTION record_country_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched int[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := array(SELECT DISTINCT id FROM added);
    ELSIF TG_OP = 'DELETE' THEN
        touched := array(SELECT DISTINCT id FROM removed);
    ELSE
        touched := array(
            SELECT id FROM (
                SELECT id, name, iso_3166_1 FROM added
                EXCEPT SELECT id, name, iso_3166_1 FROM removed
            ) AS became
            UNION
            SELECT id FROM (
                SELECT id, name, iso_3166_1 FROM removed
                EXCEPT SELECT id, name, iso_3166_1 FROM added
            ) AS was
        );
    END IF;
    IF touched <> '{}' THEN
        PERFORM record_changes('movie', 'updated', array(SELECT id FROM movies WHERE country_id = ANY (touched)));
        PERFORM record_changes('person', 'updated', array(SELECT id FROM persons WHERE country_id = ANY (touched)));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_countries_note_update AFTER UPDATE ON countries
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_country_changes();

CREATE FUNCTION record_character_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched int[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := array(SELECT DISTINCT id FROM added);
    ELSIF TG_OP = 'DELETE' THEN
        touched := array(SELECT DISTINCT id FROM removed);
    ELSE
        touched := array(
            SELECT id FROM (
                SELECT id, name, role FROM added
                EXCEPT SELECT id, name, role FROM removed
            ) AS became
            UNION
            SELECT id FROM (
                SELECT id, name, role FROM removed
                EXCEPT SELECT id, name, role FROM added
            ) AS was
        );
    END IF;
    IF touched <> '{}' THEN
        PERFORM record_changes('movie', 'updated', array(
            SELECT movie_id FROM movie_characters WHERE character_id = ANY (touched)
        ));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_characters_note_update AFTER UPDATE ON characters
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_character_changes();

CREATE FUNCTION record_person_name_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched int[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        touched := array(SELECT DISTINCT id FROM added);
    ELSIF TG_OP = 'DELETE' THEN
        touched := array(SELECT DISTINCT id FROM removed);
    ELSE
        touched := array(
            SELECT id FROM (
                SELECT id, first_name, last_name FROM added
                EXCEPT SELECT id, first_name, last_name FROM removed
            ) AS became
            UNION
            SELECT id FROM (
                SELECT id, first_name, last_name FROM removed
                EXCEPT SELECT id, first_name, last_name FROM added
            ) AS was
        );
    END IF;
    IF touched <> '{}' THEN
        PERFORM record_changes('movie', 'updated', array(
            SELECT movie_id FROM movie_characters WHERE person_id = ANY (touched)
            UNION
            SELECT id FROM movies WHERE director_id = ANY (touched)
        ));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_person_names_note_update AFTER UPDATE ON persons
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION record_person_name_changes();

-- ---------- notifications for the response caches ----------
--
-- A payload is "<kind>:<time>:<ids>". The time tells how late it arrives. More than 500 ids could exceed the limit of
-- 8,000 bytes, so "*" stands for all.
CREATE FUNCTION notify_cache_invalidation(kind text, ids int[]) RETURNS void LANGUAGE sql AS $$
    SELECT pg_notify(
        'marquee_cache_invalidations',
        kind || ':' || extract(epoch FROM clock_timestamp()) || ':'
            || CASE WHEN cardinality(ids) > 500 THEN '*' ELSE array_to_string(ids, ',') END
    )
    WHERE cardinality(ids) > 0
$$;

CREATE FUNCTION notify_catalog_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_cache_invalidation(entity, array_agg(entity_id)) FROM added GROUP BY entity;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_catalog_changes_announced AFTER INSERT ON catalog_changes
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION notify_catalog_changes();

-- Also without a change: a write of the same values gives the row a new version, which the reply shows.
CREATE FUNCTION notify_movie_writes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_cache_invalidation('movie', array_agg(id)) FROM written;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_movies_announced AFTER UPDATE ON movies
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION notify_movie_writes();

CREATE FUNCTION notify_person_writes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM notify_cache_invalidation('person', array_agg(id)) FROM written;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_persons_announced AFTER UPDATE ON persons
    REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION notify_person_writes();
