-- Search: normalised texts, one narrow row per movie and person, and a vocabulary for misspelled words.
--
-- Triggers maintain these tables for every writer. The order is: people, then movies that show their names, then the
-- words of both.

-- ---------- normalised texts ----------

-- Lower case, without accents and punctuation, words separated by one space. A text without letters and digits stays
-- as it is. 200 characters fit into an index entry and a lexeme.
CREATE FUNCTION search_text(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT rtrim(left(coalesce(nullif(trim(regexp_replace(
        replace(replace(replace(replace(replace(
            translate(
                regexp_replace(lower(normalize(value, NFKD)), '[\u0300-\u036f''’ʼ`´]+', '', 'g'),
                'øłđħıðς', 'oldhidσ'
            ),
            '&', ' and '), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
        '[^[:alnum:]]+', ' ', 'g')), ''), lower(trim(value))), 200))
$$;

-- The same without English articles at any place: people omit them or move them to the end.
CREATE FUNCTION search_key(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(
        nullif(trim(regexp_replace(search_text(value), '\m(the|an?)\M *', '', 'g')), ''), search_text(value)
    )
$$;

-- Similarity of two keys from 0 to 1 by their edit distance, also when the query is only the beginning of the key.
-- NULL if one of them is NULL; not declared STRICT, because PostgreSQL would then not inline it.
CREATE FUNCTION search_similarity(key text, query text) RETURNS real LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT greatest(
        1 - levenshtein(left(key, 60), left(query, 60))::real
            / greatest(length(left(key, 60)), length(left(query, 60))),
        0.9 - levenshtein(left(key, least(60, length(query))), left(query, 60))::real / length(left(query, 60))
    )
$$;

-- ---------- tables ----------

-- Without foreign keys: the triggers that write a row also delete it.
CREATE TABLE movie_search (
    movie_id int PRIMARY KEY,
    title_text text NOT NULL,
    title_key text NOT NULL,
    original_key text,
    year smallint,
    popularity double precision NOT NULL,
    document tsvector NOT NULL
);
COMMENT ON COLUMN movie_search.document IS 'Words of the titles as they are; words of names of people after an @.';
CREATE INDEX ix_movie_search_title ON movie_search (title_key);
CREATE INDEX ix_movie_search_original ON movie_search (original_key) WHERE original_key IS NOT NULL;
CREATE INDEX ix_movie_search_popularity ON movie_search (popularity DESC, movie_id);
CREATE INDEX ix_movie_search_document ON movie_search USING gin (document);

CREATE TABLE person_search (
    person_id int PRIMARY KEY,
    name_key text NOT NULL,
    credits int NOT NULL,
    document tsvector NOT NULL
);
CREATE INDEX ix_person_search_name ON person_search (name_key);
CREATE INDEX ix_person_search_document ON person_search USING gin (document);

-- A word may occur twice, and stays when its last title is deleted. A unique rule would make the writer of a new word
-- wait for every transaction that writes the same word, and could end in a deadlock.
CREATE TABLE search_words (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    word text NOT NULL
);

-- ---------- vocabulary ----------

-- Hashes of the first six letters of a word, and of what remains without one or two of them. Two words with up to two
-- edits between them have one hash in common (as in SymSpell, https://github.com/wolfgarbe/SymSpell). At most one
-- letter is removed from a short word. hashtext is stable between versions, because hash indexes store it.
CREATE FUNCTION search_deletions(word text) RETURNS int[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
DECLARE
    start text := left(word, 6);
    torn text;
    hashes int[] := ARRAY[hashtext(start)];
BEGIN
    FOR one IN 1 .. length(start) LOOP
        torn := overlay(start PLACING '' FROM one FOR 1);
        hashes := hashes || hashtext(torn);
        CONTINUE WHEN length(word) < 5;
        FOR two IN one .. length(torn) LOOP
            hashes := hashes || hashtext(overlay(torn PLACING '' FROM two FOR 1));
        END LOOP;
    END LOOP;
    RETURN hashes;
END $$;
CREATE INDEX ix_search_words_word ON search_words (word);
CREATE INDEX ix_search_words_torn ON search_words USING gin (search_deletions(word));

-- Sequential scans are off, because the plan may have been made while the table was empty.
CREATE FUNCTION similar_words(asked text, most int) RETURNS TABLE (word text, edits int) LANGUAGE plpgsql STABLE ROWS 30
SET enable_seqscan TO off AS $$
BEGIN
    -- Two swapped letters count as two edits.
    RETURN QUERY SELECT near.word, near.edits FROM (
        SELECT DISTINCT known.word, levenshtein_less_equal(known.word, asked, 3) AS edits
        FROM search_words AS known WHERE search_deletions(known.word) && search_deletions(asked)
    ) AS near
    WHERE near.edits <= 3 ORDER BY near.edits, near.word LIMIT most;
END $$;

-- One index look-up per word, whatever the size of the statement that the plan was made for.
CREATE FUNCTION add_search_words(keys text[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan TO off AS $$
BEGIN
    INSERT INTO search_words (word)
    SELECT fresh.word FROM (SELECT DISTINCT string_to_table(key, ' ') AS word FROM unnest(keys) AS key) AS fresh
    WHERE (SELECT known.id FROM search_words AS known WHERE known.word = fresh.word LIMIT 1) IS NULL;
END $$;

CREATE FUNCTION sync_search_words() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan TO off AS $$
DECLARE
    keys text[];
BEGIN
    IF TG_TABLE_NAME = 'movie_search' THEN
        IF TG_OP = 'INSERT' THEN
            SELECT array_agg(title_key || coalesce(' ' || original_key, '')) INTO keys FROM added;
        ELSE
            SELECT array_agg(title_key || coalesce(' ' || original_key, '')) INTO keys FROM (
                SELECT title_key, original_key FROM added EXCEPT SELECT title_key, original_key FROM removed
            ) AS other;
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(name_key) INTO keys FROM added;
    ELSE
        SELECT array_agg(name_key) INTO keys FROM (
            SELECT name_key FROM added EXCEPT SELECT name_key FROM removed
        ) AS other;
    END IF;
    IF keys <> '{}' THEN
        PERFORM add_search_words(keys);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_movie_search_words_insert AFTER INSERT ON movie_search
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_search_words();
CREATE TRIGGER tr_movie_search_words_update AFTER UPDATE ON movie_search
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_search_words();
CREATE TRIGGER tr_person_search_words_insert AFTER INSERT ON person_search
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_search_words();
CREATE TRIGGER tr_person_search_words_update AFTER UPDATE ON person_search
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_search_words();

-- ---------- rows of movies and people ----------

-- Both functions lock the rows in a statement of their own: the next statement then sees what other transactions
-- committed meanwhile. Unchanged rows are not written.
CREATE FUNCTION refresh_movie_search(changed int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM movie_search WHERE movie_id = ANY (changed) ORDER BY movie_id FOR UPDATE;
    INSERT INTO movie_search AS kept (movie_id, title_text, title_key, original_key, year, popularity, document)
    SELECT
        m.id, search_text(m.title), t.title_key, nullif(t.original_key, t.title_key),
        CASE WHEN isfinite(m.release_date) THEN extract(year FROM m.release_date) END, m.popularity,
        array_to_tsvector(
            string_to_array(t.title_key, ' ')
            || coalesce(string_to_array(t.original_key, ' '), '{}')
            || coalesce(p.words, '{}')
        )
    FROM movies AS m
    CROSS JOIN LATERAL (SELECT search_key(m.title) AS title_key, search_key(m.original_title) AS original_key) AS t
    LEFT JOIN (
        SELECT part.movie_id, array_agg(DISTINCT '@' || word) AS words
        FROM (
            SELECT id AS movie_id, director_id AS person_id FROM movies WHERE id = ANY (changed)
            UNION
            SELECT movie_id, person_id FROM movie_characters WHERE movie_id = ANY (changed)
        ) AS part
        JOIN person_search USING (person_id)
        CROSS JOIN LATERAL string_to_table(name_key, ' ') AS word
        GROUP BY part.movie_id
    ) AS p ON p.movie_id = m.id
    WHERE m.id = ANY (changed)
    ORDER BY m.id
    ON CONFLICT (movie_id) DO UPDATE SET
        title_text = EXCLUDED.title_text, title_key = EXCLUDED.title_key, original_key = EXCLUDED.original_key,
        year = EXCLUDED.year, popularity = EXCLUDED.popularity, document = EXCLUDED.document
    WHERE (kept.title_text, kept.original_key, kept.year, kept.popularity, kept.document) IS DISTINCT FROM
        (EXCLUDED.title_text, EXCLUDED.original_key, EXCLUDED.year, EXCLUDED.popularity, EXCLUDED.document);
END $$;

CREATE FUNCTION refresh_person_search(changed int[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM person_search WHERE person_id = ANY (changed) ORDER BY person_id FOR UPDATE;
    INSERT INTO person_search AS kept (person_id, name_key, credits, document)
    SELECT p.id, n.name_key, coalesce(c.credits, 0), array_to_tsvector(string_to_array(n.name_key, ' '))
    FROM persons AS p
    CROSS JOIN LATERAL (SELECT search_text(trim(p.first_name || ' ' || p.last_name)) AS name_key) AS n
    LEFT JOIN (
        SELECT person_id, count(*) AS credits
        FROM (
            SELECT person_id FROM movie_characters WHERE person_id = ANY (changed)
            UNION ALL
            SELECT director_id FROM movies WHERE director_id = ANY (changed)
        ) AS part
        GROUP BY person_id
    ) AS c ON c.person_id = p.id
    WHERE p.id = ANY (changed)
    ORDER BY p.id
    ON CONFLICT (person_id) DO UPDATE SET
        name_key = EXCLUDED.name_key, credits = EXCLUDED.credits, document = EXCLUDED.document
    WHERE (kept.name_key, kept.credits) IS DISTINCT FROM (EXCLUDED.name_key, EXCLUDED.credits);
END $$;

-- ---------- triggers ----------
--
-- Once per statement, because an import writes thousands of rows.

CREATE FUNCTION sync_movie_search() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed int[];
    people int[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(id), array_agg(DISTINCT director_id) INTO changed, people FROM added;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM movie_search USING removed WHERE movie_id = removed.id;
        SELECT array_agg(DISTINCT director_id) INTO people FROM removed;
    ELSE
        -- No joins: PostgreSQL keeps the plan of a small statement for a large one, and would loop over its rows.
        SELECT array_agg(id) INTO changed FROM (
            SELECT id, title, original_title, release_date, popularity, director_id FROM added
            EXCEPT SELECT id, title, original_title, release_date, popularity, director_id FROM removed
        ) AS other;
        SELECT array_agg(DISTINCT director_id) INTO people FROM (
            (SELECT id, director_id FROM added EXCEPT SELECT id, director_id FROM removed)
            UNION ALL
            (SELECT id, director_id FROM removed EXCEPT SELECT id, director_id FROM added)
        ) AS other;
    END IF;
    people := array_remove(people, NULL);
    IF people <> '{}' THEN
        PERFORM refresh_person_search(people);
    END IF;
    IF changed <> '{}' THEN
        PERFORM refresh_movie_search(changed);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_movies_search_insert AFTER INSERT ON movies
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_movie_search();
CREATE TRIGGER tr_movies_search_update AFTER UPDATE ON movies
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_movie_search();
CREATE TRIGGER tr_movies_search_delete AFTER DELETE ON movies
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION sync_movie_search();

CREATE FUNCTION sync_cast_search() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed int[];
    people int[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT movie_id), array_agg(DISTINCT person_id) INTO changed, people FROM added;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT movie_id), array_agg(DISTINCT person_id) INTO changed, people FROM removed;
    ELSE
        SELECT array_agg(DISTINCT movie_id), array_agg(DISTINCT person_id) INTO changed, people FROM (
            (SELECT id, movie_id, person_id FROM added EXCEPT SELECT id, movie_id, person_id FROM removed)
            UNION ALL
            (SELECT id, movie_id, person_id FROM removed EXCEPT SELECT id, movie_id, person_id FROM added)
        ) AS either;
    END IF;
    people := array_remove(people, NULL);
    IF people <> '{}' THEN
        PERFORM refresh_person_search(people);
    END IF;
    IF changed <> '{}' THEN
        PERFORM refresh_movie_search(changed);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_movie_characters_search_insert AFTER INSERT ON movie_characters
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_cast_search();
CREATE TRIGGER tr_movie_characters_search_update AFTER UPDATE ON movie_characters
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_cast_search();
CREATE TRIGGER tr_movie_characters_search_delete AFTER DELETE ON movie_characters
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION sync_cast_search();

CREATE FUNCTION sync_person_search() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed int[];
    shown_in int[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM refresh_person_search(array_agg(id)) FROM added;
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM person_search USING removed WHERE person_id = removed.id;
    ELSE
        SELECT array_agg(id) INTO changed FROM (
            SELECT id, first_name, last_name FROM added EXCEPT SELECT id, first_name, last_name FROM removed
        ) AS other;
        IF changed <> '{}' THEN
            PERFORM refresh_person_search(changed);
            SELECT array_agg(DISTINCT movie_id) INTO shown_in FROM (
                SELECT movie_id FROM movie_characters WHERE person_id = ANY (changed)
                UNION ALL
                SELECT id FROM movies WHERE director_id = ANY (changed)
            ) AS part;
            PERFORM refresh_movie_search(shown_in) WHERE shown_in <> '{}';
        END IF;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_persons_search_insert AFTER INSERT ON persons
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_person_search();
CREATE TRIGGER tr_persons_search_update AFTER UPDATE ON persons
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION sync_person_search();
CREATE TRIGGER tr_persons_search_delete AFTER DELETE ON persons
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION sync_person_search();
