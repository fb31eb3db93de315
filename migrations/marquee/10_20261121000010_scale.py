"""What searches and lists read at any size: a vocabulary for typing errors, years beside genres, kept counts."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

# A word may stand here twice, and stays when its last title goes: as a unique one it would make whoever writes a new
# word wait for every transaction that writes it, too, and lock them in a circle.
WORDS = """
CREATE TABLE search_words (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    word text NOT NULL
);

-- What is left of a word's first six letters when none, one or two of them are torn out, hashed: two words with up to
-- two edits between them have one in common (as in SymSpell, https://github.com/wolfgarbe/SymSpell). Of a short word
-- at most one letter is torn out. hashtext is what hash indexes keep, so that it does not change between versions.
CREATE FUNCTION search_torn(word text) RETURNS int[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
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
CREATE INDEX ix_search_words_torn ON search_words USING gin (search_torn(word));

-- Always through the index, also where the table was empty when the plan was made.
CREATE FUNCTION near_words(asked text, most int) RETURNS TABLE (word text, edits int) LANGUAGE plpgsql STABLE ROWS 30
SET enable_seqscan TO off AS $$
BEGIN
    -- A swap of letters counts as two edits.
    RETURN QUERY SELECT near.word, near.edits FROM (
        SELECT DISTINCT known.word, levenshtein_less_equal(known.word, asked, 3) AS edits
        FROM search_words AS known WHERE search_torn(known.word) && search_torn(asked)
    ) AS near
    WHERE near.edits <= 3 ORDER BY near.edits, near.word LIMIT most;
END $$;

CREATE FUNCTION keep_search_words() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan TO off AS $$
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

-- One look-up a word, whatever the size of the statement that the plan was made for.
CREATE FUNCTION add_search_words(keys text[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan TO off AS $$
BEGIN
    INSERT INTO search_words (word)
    SELECT fresh.word FROM (SELECT DISTINCT string_to_table(key, ' ') AS word FROM unnest(keys) AS key) AS fresh
    WHERE (SELECT known.id FROM search_words AS known WHERE known.word = fresh.word LIMIT 1) IS NULL;
END $$;
"""
LISTS = """
-- movie_genres repeats the year as it repeats the popularity: one index holds a genre's movies of a year in order.
ALTER TABLE movie_genres ADD COLUMN release_year int;
-- Nobody changed these rows: no time, no entry in the feed of changes.
ALTER TABLE movie_genres DISABLE TRIGGER USER;
UPDATE movie_genres SET release_year = extract(year FROM m.release_date) FROM movies AS m
WHERE m.id = movie_id AND isfinite(m.release_date);
ALTER TABLE movie_genres ENABLE TRIGGER USER;

CREATE OR REPLACE FUNCTION take_movie_popularity() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    current record;
BEGIN
    SELECT popularity, CASE WHEN isfinite(release_date) THEN extract(year FROM release_date) END AS year
    INTO current FROM movies WHERE id = NEW.movie_id FOR SHARE;
    NEW.popularity := coalesce(current.popularity, 0);
    NEW.release_year := current.year;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION pass_movie_popularity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE movie_genres SET
        popularity = NEW.popularity,
        release_year = CASE WHEN isfinite(NEW.release_date) THEN extract(year FROM NEW.release_date) END
    WHERE movie_id = NEW.id;
    RETURN NULL;
END $$;
DROP TRIGGER tr_movies_popularity ON movies;
CREATE TRIGGER tr_movies_popularity AFTER UPDATE OF popularity, release_date ON movies FOR EACH ROW
    WHEN (OLD.popularity <> NEW.popularity OR OLD.release_date IS DISTINCT FROM NEW.release_date)
    EXECUTE FUNCTION pass_movie_popularity();
CREATE INDEX ix_movie_genres_year ON movie_genres (genre_id, release_year, popularity, movie_id);
CREATE INDEX ix_movies_year ON movies ((extract(year FROM release_date)), popularity, id);

DROP INDEX ix_movies_director;
DROP INDEX ix_movies_country;
CREATE INDEX ix_movies_director ON movies (director_id, popularity, id);
CREATE INDEX ix_movies_country ON movies (country_id, popularity, id);
DROP INDEX ix_persons_country;
CREATE INDEX ix_persons_country ON persons (country_id, last_name, first_name, id);
"""
COUNTS = """
-- The number of a genre's movies is the sum of its rows. Whoever writes takes one that nobody else holds, or adds one:
-- no import keeps others waiting, and there are never more rows than there were writers at once.
CREATE TABLE genre_counts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    genre_id int NOT NULL CONSTRAINT genre_counts_genre_id_fkey REFERENCES genres (id) ON DELETE CASCADE,
    movies int NOT NULL
);
CREATE INDEX ix_genre_counts_genre ON genre_counts (genre_id);
INSERT INTO genre_counts (genre_id, movies) SELECT genre_id, count(*) FROM movie_genres GROUP BY genre_id;

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
"""
EVENTS = {
    "INSERT": "NEW TABLE AS added",
    "DELETE": "OLD TABLE AS removed",
    "UPDATE": "OLD TABLE AS removed NEW TABLE AS added",
}
TRIGGERS = (
    ("movie_search", "tr_movie_search_words", "keep_search_words", ("INSERT", "UPDATE")),
    ("person_search", "tr_person_search_words", "keep_search_words", ("INSERT", "UPDATE")),
    ("movie_genres", "tr_movie_genres_count", "sync_genre_counts", ("INSERT", "DELETE", "UPDATE")),
)
FILLED = """
SELECT add_search_words(array_agg(key)) FROM (
    SELECT title_key || coalesce(' ' || original_key, '') AS key FROM movie_search
    UNION ALL
    SELECT name_key FROM person_search
) AS every;
"""
# What the vocabulary does now: trigrams of whole titles take longer with every title.
REPLACED = """
DROP FUNCTION near_movies(text, real, int);
DROP FUNCTION near_persons(text, real, int);
DROP INDEX ix_movie_search_trgm;
DROP INDEX ix_person_search_trgm;
"""
RESTORED = """
CREATE INDEX ix_movie_search_trgm ON movie_search USING gin (title_key gin_trgm_ops, original_key gin_trgm_ops);
CREATE INDEX ix_person_search_trgm ON person_search USING gin (name_key gin_trgm_ops);
CREATE FUNCTION near_movies(key text, threshold real, most int) RETURNS SETOF int LANGUAGE plpgsql STABLE ROWS 100
SET pg_trgm.similarity_threshold TO 0.3 AS $$
BEGIN
    PERFORM set_config('pg_trgm.similarity_threshold', threshold::text, true);
    RETURN QUERY SELECT movie_id FROM movie_search WHERE title_key % key OR original_key % key
        ORDER BY greatest(similarity(title_key, key), similarity(original_key, key)) DESC, popularity DESC LIMIT most;
END $$;

CREATE FUNCTION near_persons(key text, threshold real, most int) RETURNS SETOF int LANGUAGE plpgsql STABLE ROWS 100
SET pg_trgm.similarity_threshold TO 0.3 AS $$
BEGIN
    PERFORM set_config('pg_trgm.similarity_threshold', threshold::text, true);
    RETURN QUERY SELECT person_id FROM person_search WHERE name_key % key
        ORDER BY similarity(name_key, key) DESC, credits DESC LIMIT most;
END $$;

DROP TRIGGER tr_movies_popularity ON movies;
CREATE OR REPLACE FUNCTION take_movie_popularity() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    current double precision;
BEGIN
    SELECT popularity INTO current FROM movies WHERE id = NEW.movie_id FOR SHARE;
    NEW.popularity := coalesce(current, 0);
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION pass_movie_popularity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE movie_genres SET popularity = NEW.popularity WHERE movie_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER tr_movies_popularity AFTER UPDATE OF popularity ON movies
    FOR EACH ROW WHEN (OLD.popularity <> NEW.popularity) EXECUTE FUNCTION pass_movie_popularity();
DROP INDEX ix_movies_year;
DROP INDEX ix_movies_director;
DROP INDEX ix_movies_country;
CREATE INDEX ix_movies_director ON movies (director_id);
CREATE INDEX ix_movies_country ON movies (country_id);
DROP INDEX ix_persons_country;
CREATE INDEX ix_persons_country ON persons (country_id);
ALTER TABLE movie_genres DROP COLUMN release_year;
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    triggers = [
        f"CREATE TRIGGER {name}_{event.lower()} AFTER {event} ON {table}"
        f" REFERENCING {EVENTS[event]} FOR EACH STATEMENT EXECUTE FUNCTION {function}();"
        for table, name, function, events in TRIGGERS
        for event in events
    ]
    return "\n".join([WORDS, FILLED, LISTS, COUNTS, *triggers, REPLACED])


async def downgrade(db: BaseDBAsyncClient) -> str:
    triggers = [
        f"DROP TRIGGER {name}_{event.lower()} ON {table};" for table, name, _, events in TRIGGERS for event in events
    ]
    functions = [
        "keep_search_words()",
        "add_search_words(text[])",
        "near_words(text, int)",
        "sync_genre_counts()",
        "count_genre_movies(int, int)",
    ]
    drops = [f"DROP FUNCTION {function};" for function in functions]
    tables = "DROP TABLE genre_counts; DROP TABLE search_words; DROP FUNCTION search_torn(text);"
    return "\n".join([*triggers, *drops, tables, RESTORED])


MODELS_STATE = (
    "eJztXetz4ji2/1dUfOmeW2yqQzrp3vTWVpGE7slMArmEzExvZ8oRtgBNjMT4EZo7m//9Sj"
    "LGL9nYPI1HX1LB1pHhd2TpvM9ftTG0/nQROvqMTVQ7B3/VCBzzf6I36qAGJ5PQZX7FgX1B"
    "UxuwIbYY07cdC+oOuziApo3YJQPZuoUnDqaED20S4E5MCg1kANr/A+kOgMQA0xF0QB/p7N"
    "mADgB2jvh0BtXZfJgMC1E+kkfyZCP2LYmOrCeAbeDwQeyuM0LAhLYDbIdacIgAekGEzTOZ"
    "mBgZ54AScwYgIGiKLPYBgTGcAX0ECRvKaS06PQI99g827Pl8j2T+rSzxdeYPoVPCLujQsm"
    "ZgQC2EhwQ8o5kN3t63eqD9cHPzg/el+OAxHlqQA8Qe94zscwBt0OneAguZ4jL//mgGptQ1"
    "jUfSR0DHlu6a0BIguQSzn6o5dIjYMItB9e1bre/qz8jht9lTa7//zv7BxEDfGZvYff5x8q"
    "wNMDKNCM+xwUnEdc2ZTcS1a+J8FgM5Q/qaTk13TILBk5kzomQxGhPx1CFivx86iE/vWC5f"
    "CMQ1zfmC8deG99WDId5XDNEYaABdky8nTu19geBaTdPanZ7GENW0WmKp+RShNTS/pDNI2T"
    "JlX9UWv37Iv8I/GsfvP7z/eHL2/iMbIr7m4sqHV+/RATAeoYCn3au9ivvQgd4IgXEAqm4h"
    "joQGnSS4V+yOg8dIjnCUMoa0MSc98v+J4+6jnAW8fyFAPnhvM6Fv0+nbH9YAPQPR3vVt67"
    "7XvL3j049t+09TINXstfidhrg6i119eya+DHupdW9LWkwCfr3u/Qj4R/CfTrslgKS2M7TE"
    "E4Nxvf/U+HeCrkM1QqcaNMJo+Jf9S2xowGB3YqzI4CilYnBJGfzM0Euy9nIErRZxx4K11+"
    "zHQ3beJFjs08aYy6DaKTszt8pa85dmr9llB88L28SsR3LXue+12GcOJGKfL5qXP191O3fn"
    "oA/1Z8OiEzam1b3vtLW7Hzu9DhuJLJv9vMmIOjR+dKdsu2P4XTMRGToj9vH4LGPB/NLsXv"
    "7Y7L49ji+C9vxOQ9x6jTCN8cNBq3JtQbxntk0QMTiISZbdtdpX1+0vHHkxhDGk27ls3d97"
    "Fy2qI9sW17ut5tXXcyZNQGPGP/3Uuuy1rvgFLkQhJlK0fru77vJL6PsEW/zKVeumJQYZyE"
    "T8d67C0kYeljbSWdqIs5TLmZr4IGWrfI+NEJX5LcwvsERgbpye5sCZjUoFWtyLIj1mx42H"
    "UgGkI0QVRPq4kSUIBiv6Q8aS/hBHOpDU88IcUFQQ47OTHBCfnaQizG9FAeYKUAF058MrCO"
    "3xu8b7POuXDUtfwOLma0z89fRfrZD2GKNarkZK8J5riRlwH54eGdqD6QtGxUANkyhEE4jO"
    "hdRCkEZoFKYJTG38f0jrzxzPABgF9QIPU3GN0q0EbOm2Ww/afzYaJycfGu9Ozj6evv/w4f"
    "TjuwXGyVtZYF9cf+F4R7biJAMMpJuQCe2aPYKN0zMZFwi0ZnIuSIhjrFiwaO1VvlNeZMF6"
    "07mIWB7Y6XZx3W52v769bf72Q8T8cNNpf/HHh60KF197rWaMEZ7yZK9gBopSlsoMtHVuHJ"
    "wxCDlwWESg9MfvWaLcoBb0MZcW9DFDC/oYlyFf2CmLU47mdGijVJUBeEty+sIlVgTiCFFV"
    "ED7Lg+9ZOrpnCWyn2GAz55cqF+O3JFHuQ+7ZmEg5Qng4khyiqWgGBApOiYS+glyoxMG1xU"
    "Fn5I77I2hLtoUs5CNkCvwVwTfomGFMHA4sLXTgJSmrcurlMV6nm64ThmvPfcTFLwtBm32x"
    "AiDLaKsC80ket9dJutvrJOH2CtAymDKBzdWQDmirgvTpu3c5oGajUrEW915feTzU4DkUvM"
    "MvcE/3FFqGFrkT5goxsAjPkmzwc9rPP3fnMVwS3MMBdl1/ssNV7oOr8xMosoa9yAKNDtYE"
    "68FGeVZrOU/AbIj80Ir1QbrlboCKouSFpCiMMjGyMPuZMy8aZ32o7oQLpKpYbRKjOz/8qS"
    "pbOD8IaYOmHY3JW+PGOH4FEjgUP4k/+7WedvClxZ5HjsYlQeha9FBeHo7eIQhwT5SI3R5Q"
    "a+zFiUMwwbrjWigZhp6LQhqTPZgH0ntE/L+FFWhuwFBx2ipOW4XxqjhtxeDVGBzsrKvE/A"
    "bUZQ7+qv101/pyDv6YoOEj+bV1cXcOpqg/eSTNX64/8whuPIifWXl06Tw+vXSPXsKft1t/"
    "SNnEqUN3iFQdTxWztOeYpb24pMoG/R7cIvuMhd6v7rCTCAuhghbSzUIUVdpO1tqpE9b4KM"
    "BJdD97CdY/o1lCwMswuR8gumlmGnbZgtOFnSC8qoTjh6dwiTe9eX/ZvGrVXtP9G1s1+Nzz"
    "lLQUU49/r55p5LG9UYWsO0PyD0yEuQaaJrDQgG2QI+DQZ0TmlQE4GeLmHIuOeQUB0CK8yo"
    "D/MAAtNs8UTRxA2brys+TSbENbfZ7EsrSO0ejh4fqqgNXIdbFxxGm2cwDU/jVwifBWAvEk"
    "/uf9v2u7P389H62nyobPVPHTs61I7OejQh7aBUFV3LLHudyyxxlu2WPPLRtN3UCWVjyaJk"
    "Km5MZV5Uaxea2UYBCnVDxYlQfKPF1x6yUvTKS59kosjtMqJpeUyYeVJLRLFb1KXLbQCzv3"
    "VnmRo5Qb4HI5YzIqwWW23xZNerfXS3gvmxi0ZXOPa8uSlYqbe3IGDZYN3bzmntCqKpW5R8"
    "Aus/X4/Mgw9PDflL+kJNR16hJ50Uj/Hi8LyUs3shec7QE2Lwv5zE0siOjWbMIWxSfwhMYQ"
    "m0JfFGUjIa/ZiAzAL3jFJW1AuJfYxEzUEtE/ddCfgekI6yN2l9N4i4ebfx7JgD3Y8ApG8t"
    "/DYQgNmWK2WF0HWGjIsAYOBTq0U+OHVGiQCg1SYrkKDVIMXllWK1o5LkxT5pCgVe20p7ns"
    "tKcZdtrThJ12gC3bWaFGX5iqMobwbQAsLD1F8Y0QKXgz4PUkwIVMWMzYLSFW9u76ivbuQB"
    "ZfhQnK57Mu/hNo21PKlEA5C9I3mwRhBc/OrRRdxbbGFF38ItnaLyg1ESQpWlyYLr7gGeEu"
    "0V5ofRtf5p3OTWSZX1zHwgzbD7cXLbbhC8jZIOxZQZLRhwwv24EDWcrXEpgXZHtGWW4JKS"
    "HM7gRZciveUqjDpAru5XBzFVP7g2Iik1qyddgYqVJiS6rECjHepENMVnURh4mVc6nMvPYC"
    "Z9CE6kXyaGJU+3UyvVtD2tpwxofFwJ9XCyyAZoxqv2gelwfNeTGPQq6GCI0q07bU9+nhtQ"
    "nvZ85g95LBm9f5GVlXEfen32kty/8Zro4ZRJbHJNUidSBCYewHpuDmqpYxgC/UwvLEuUI1"
    "j+bz5K3CcpBg8aZ+ZLguVAKirpiqqkBNoaOPTGxLZNpCUP3qz3PtoHFVwTKwPca2LbVNFw"
    "Hryp+ni3Q6HiNiLCiqAluh6JZw+SQqTzTz8e0Q1KPsT856ZXfBfNU4g19XiQTyUUgLCAqh"
    "tCQuSJszKGd80K885QqKCBzgINO0AezzuBtnhMY2Ml94x1Xe65VJ+/NhdTCGhhegIxq0po"
    "YXbXZqFfWjon6UPU1F/SgGb4rBfUyTnO2h7ykb43z44QZIZPGu9VsvwjbfFSn3EvvDQ46I"
    "S+44jjUvxJYz0oT7YMWQibQZVOXzFd32voauMaQsmZ7+032nnRKFlSSN72xYd8B/ga+q7e"
    "yVuP/TvPI+vX2svfn2+5vH2pa2OI5O9msSfyNiPOETxF8TQh08wLrQFZjwigbI4j1VCjEn"
    "a45Scumv1wPjUgnSeQ5enE4YtIuknixL/PHV7m2n/eyVC9tJ+lkvkeeSaUgmHV6OIBnKFf"
    "joiHqmCq97YzVdDC5QysUj8Krtik6ngFrzxvN1nowjFOr5oAESCT3fsfEE3mIibnFFrw9t"
    "RkbM2Q+M2GC0PG3HhgNkzuT1XHbx0A0r/lkl7Cqm+++kbl26hQARBzuFSqoFFBWMijzOV/"
    "glo+5LIhxbwFXsVI7QqDRbif/+mf2OIovWH6+WbI4lq6yGFTQqrSXXblISY+8ok5NS8qqD"
    "u0skMH9c3gxrsKCoAziBluOVruPyjZCJhEDDHoggl22IJA97lRmWi0Xfan5SE9vtf1feEe"
    "UdUfuc8o4oBudjcNEs0pIkkB5MPlf4myVgTvdCxchWQvtw/CBb8UtZVBa+k68NiE9bYtxr"
    "N63m1XX7yzkwETQY8I/k/uHurtPtiYu2O5lQyxHXL5qXP3/pdh7aV+eAy6BDi9ekictnuT"
    "SlPH1Nj9P7mh4n+5qqoPzdmdtDkeVCyoZyB1Tx0NSI0nFgh8BmIgcLK3E84sua1aQq3Pxe"
    "PVuBE6NwXuM50768aaWKWeiWikBTOpYSwZWOpRi8KQbvV8cqVc+dLXQFwDbVTo7PzrTjIh"
    "hHqTYi55cI6DxierqUroT0cgjpnlF8E/J5abTWzaZBeSEY6yJUudbmW1VcvvC40JpMbfHu"
    "1DOVliCqNI/GIkZ/8kru5q6bG1NtVppD6UBKB1IistKBFIM3xWDlZ9quFkSotCBDuodpQV"
    "BiH0dpfUvOmD2t0EkfothI4ZsKHPdKvyyDfpmaI1Zcy1woAAe2Pe9HkfIUc5kitVDZMxSp"
    "wDaQR5ESo4/A0wvb9LX/eRKNaZ8mdOKa0MLO7AnolKlGi2g8m7qWjng03hTaAI+5Jxl5rW"
    "o/ATolYF7VRjSpFd/23oGOLVO/dvhkpbQppU3J9EppUwzeFIOVmLtRMRenwZnhpkrF8+B9"
    "VJuPJXOwkxbyl7JafYIKWhlOc1kZTjOsDKdJKwO18BATaGqFoU5SVsHusAPI9xhAvLkFfk"
    "imHTg0MZGs7XSsQyQK59xlg1yD6WkSwRHpeAxNOdIBUVxm9KiO5tSHt5NkwH/Vury+bd68"
    "bRzXG7EOED4f3ie2DQu9IOJKlnEmviEqBfAygE0EbSTKVsnVnzSIo3RZyk+1UGYaTfxscy"
    "0oP9hSFYwwiaogn9QxuArIq6NCp1i/rihZ9WSzrSR3cUuwYdFJYbgThArwXIALKzJ8YaAM"
    "JZvuZ5PClG0jThjDe8ApdympvTtaozFK1ibbebi4aYG7LjvS7q/nBdIWNiVxM3rAdVvNGx"
    "nIIiOkwL4cJVI9Zxbbse/pKLRco2RqsaYv1jEyMPSgke6/y3M9ozPsWYEb+66/mAvvtvPL"
    "devc86Y9kt4vbPN/iXvb8sWebLrUDUPVcSXu43zgB9QlPgFr3YfbTrd1dQ4sd0wtZDySu5"
    "tmu82vTExICL9y3dbuup2rh8seW8nnAPMCndRwdT4HG9+570Xuc4ErMqLbumk178VDPA2B"
    "zXnZbF+yy+yaztEz0UpJu408PG+k87yRbgZkP37oSs/iHJbAMHGJub9ylNem37RgtTA0xx"
    "NIpMkB6dVj0+hLWTn24Or7RtANZeauxJ0QveLOJrhjT0RTRH/LKcQZGa3iyia4khn3l1XB"
    "tGKhfzupYCoxWxRy7ceolPEtCey8jEIxXKNEClZJV2tsId2hBQuzx6gUsKnG4kKwRmgUqE"
    "t7uPrLUGL/KdzFtWqZqvVYPfvYK5vSyVWy424C3FDVnWqiGz1oIuB2W/e97vVlrybZHjaB"
    "bbXbD0e2xByL1pekFLLLkI3JnGu0dtbh2p1lq1vpLGJQV0lB+cFSrbBVK+zNA7VohY3W7e"
    "+smmGrZthpsBEmaYz61NrIC9kOT1YVtAqlf0Y9ohmgFmgcHiQ4VkfEK9w3PCZ2pSbM5m18"
    "4Qk4a7S/eGODoHwuwMRvClYXya3TEeVO4RlvZvEJPPFK0k9ghCxeb4jYgL6gRbuwxXR0mt"
    "0uY3tPVDmzKmdWpVSqnFnF4E0xWLUdOIS2A31smuz5mmjFWcQJGqdTka6qhs82PMm+rFbQ"
    "lxwjU50vJdh6CkAhXMMkClOZJ1l4Jgt6ksM0ypO81JO8iA1f12dUNStzPeY1Cr+t8r7o0q"
    "12I07kCrqH4vDGD5k8nuRF4IIKgVjiSw5vioX9ndsvWJde/jvq7VtqgCtWCVzQvLFBH5mU"
    "DBnQvFw39Ip7p5adyxovMXx9C3ZYMc5rJhvpNDv0f543UnWbVcYxZTtRxjHF4JwMFvtnMS"
    "0hTKJUL6XOKs2rxNJrMc1rIU2tC2vVYszisIb3wBRta586gRehkKoTLAIYluoEi8iJHCrB"
    "cMj79jjIBnQAbr0pPce2XyO6Dp7RxAH9GcMUD4fI+gTgBFqOV23aK6Bd595zGwGLTm3AHj"
    "8DLnGoq4+QIVErdvPMNXzypTgLKq2DeHwuXB4lTqbcRlE8bXecRDMzAzRCd+hw7jgBdA6e"
    "pGHmMrxl3TIPDu1NL95GcRwbCsckjifFcTxROCZxfF8cx/cKxySOp8VxPP3b45hQo4toJk"
    "tVbj94eusK916F2M2p2xtU9eaeN5maFzjlMlS8ULPe5erdPR0jSpCIbR5DA/kRz4BaItYZ"
    "GTwMmo1Iamn5SR/JI3maWJh925k2GVGHPoEBNU2ulz15v+mOXz3CtjYf9hRS7c7BlOdsAW"
    "cEnTogyIuzxnmbEX2rmdB2tKAxohX6xHiqnEvKuaR8D8q5pBick8HRHTQZfy1nbpSqgo1g"
    "jk9zVSI8zShFeJqoRRg7uvJBHSE63E4ZO4C3j+nQgpORpLBJehuSCFGJUwg2sjltoyUJ38"
    "E1OtD62JKVc0/v6ZAg/Ds3dWC/TZpTkS8FJqAu8QqufW7dNm9abDI0hiZ6JN4n7/92p61d"
    "XLeb3a9savYD+phAr6zQ/tNeVEO/mmrotzVBY+PLVeUUqeqUpd8EIgakghkwElIF8dJwLF"
    "X0b5tF/8JrchMQV7tCnewVXqNMnVcBc+1SRnndHgcCenSBQiurvM52SvkdJFB8Sa6LVMgN"
    "coCWsM2UdlrNU+Zhlu4uW2C61GemBZzMkyslRvMIRQg8+k8AOmBMbYd7vfgNZ4SwZQNsg/"
    "n2JUuhWnUaaWZVOAHQTGZWKVeXcnUpT4hydSkG52NwEJAgOd4pNREkKVtkhDDG3z6j3CVL"
    "5SfYJhh60encRHh5cR23/z/cXrS6b49j/Z6T6j0/r4pp9SEKlVxVmlohVUQ1w0ayh4oLZU"
    "N4/ZIL0qy1AZYVeNuaXeRQUQ3tgjlCE3eXsRYttS5TzxLF2DMUNL8AvOalduVV0byARDim"
    "ZMjUK9cWNVkXxeRTC1pkU0gVLz5SnIRBwYpV9a6sdJyKqV47ycdRCtrfVn5XClrFGVyKRN"
    "wKSLiRl8YuWg4zRKEQXa4z+LLCupLtg13p+nehVbVcW1ClQ3KiWjCXacclLuYNh1JrXAQN"
    "iZYWuQi1QcqjKsxFfY/Kc8fMez8c85p2p3Uwxc6IXbUQuzqV6Q6rTKGUCaVMKGXiIGRNpU"
    "xUnMHW4nCJMvd+DE1zSUZ61WTfk8aHs8X2yT9kbZj3t82bG0l6vzjmknimp9YEFIebtrTr"
    "bBqlAisVuJyIKhVYqcBlRLW0KnC0jaxMCU40ms1QgxftbTXMBhf0mVESuL8WE6U7zNKHKw"
    "VXKbhKwT0I/UcpuBVnsFIVlKpQTkSVqqBUhTKiWlpV4QrbY2zbyOginY7HiBhwjkFSaUgb"
    "m60+GD6VZkXICioSvGrfXDcABkU2INRhKgJxuEvMRggsZpeWgl91FqV2KLVDqR1KKj2Q80"
    "hJpWVEVEmlSiotI6qllUoF8G3GrVGfWrZUGI0NyZZBvR9KIqMLdDElCLJzypn3AwIuL3kn"
    "kurHlGF2DrBhA0gMMOUPcOw6YFNTMuQkolxpnQdxoT9daAKv+lZWC9TtPCylfyqbUQmyBy"
    "bI+suYvbiSaiFNy4IzORvihDGGcFfL4W52Kafvt99jEs38tSkEXIim8ph1W82bBGhioygq"
    "WgckShBUfUD3IVwvzrd1BcGowevWn/bA0M4vFgavrpK2qy9ty1a3TOROeQsy5O6oxVcTCy"
    "un9N1hEq+Ak0HPe3a6DpsKRWtaYSYJ6w5+kXSVKU6+RhtPVfVKVb1S9loVJqIYHGEwNIe8"
    "3MVI0io2veB6hKiC7V1O8lRdP0mvun6SqLqObc07xiRGmSW1xQI6VVpseWmxCbTYfw6yJN"
    "aDn+47bTnMUar4ZoV1B/wX7NyMcP+neeV9evtYe/PX65vH2pZ2LQ5MBP9Erko8LSW2E/EJ"
    "ErkqiH0fvRAbQiSKB5vggdg7VjzA47QbOMLLWfH5YM/xhFUlXTdNWqY3Uu474ts5sCM/zS"
    "Sw3TrWXfRC9fTwrdDt+hKt3R9YRFcf8WIF0xG12f/0GRGmXFsITKnljExk23XwjCYOcImD"
    "TV6JGvDucvOq1GMwgjYQQVcAktkUSgpcb+kZG9b6lRdsV14w2+3/gXTJyZOuWoRIKqhYnL"
    "3PoVicvU9VLPit6AmPJlSX9NVLXeCL8aonjqSb00GZs/LtJ8rYEXpZvk8wm24F/kYpy8Rf"
    "JQoXFIW3Kt7dI+sF66jHBR+pgBcZkC3i2d5QzZOi8kl5TU/m8mLop0yYGkEhTVHX8SpSsX"
    "+E1OUNw46NzIEs0mnVaTYsqz08XF8VkNRcFxtHnGaVN3C5wFb718AlOscaiCfxP+//Xdv9"
    "O+kZIL2XLPz6iJ++RCbzVlUhmSwgqaBMdvwuV7PpdxnNpt8lmk3bOp2gQravgKIkpq+tL+"
    "KtWLyei7WOfV6jbWzZoN62qnFY0rHyBVZcPC7LNnZwbOamw+eV3uMopXIIlI3LZdGCmq6B"
    "ndYLEjb1pA4Uul3P1IAgH6iZdJjfxM0GHIEfIU8aBgMvvBE8o5l97qkrjNcm12JM/IJ4ig"
    "Zgq9Nmig3PXarP8zj4QGwAaFKSErS2jYcsV5y+cZcctbRQnhX7ywZ9Yy+mTV3LE9H5NWUP"
    "L6U9PMG/nEbbBJ0y3iaNt1D33Wa5w5j0FB9nFeT/rai14X0mL8phmgri3MiFcyMD50YS53"
    "kodBGYQySVRDkXyBkYJ5cy+5m8XmIhe0GUaiWgy7YNb9lqYCCHiUNFLGEBRUksYQceBKbs"
    "NkrV25qqd0ld4gh1Jann+ffqmUqe7o0qEMY0ZauFTt/YQJDy2CGeKcQUsCPwQJi2yL7pOY"
    "BAZ1rXiN+98/C+/98brq0x/WpOadfBdIT1EU8yYjv+mIcnyRW+rT9xDbcZ+xaFLN5I1qZ6"
    "RRlhvzrdtuSwjHwnzsQCittivMoElmhsh2VvVuEYh3c6XRtoPKEOIvrsZ7bvyQ6p2JDssw"
    "oHgzVu8Mt3ZvVGyCv7AiCxp9z4R0VjMF+VqPMLfQSG+AURAIdsGfhDJkwASx5Jm5hQWmxG"
    "h6Y5L5vIrlLx4oVUnnjxmW9hCVEZHctpdAx4mldECCgqaEnYil0seFvyYhxQVBDjrdjEsg"
    "w26WFimQabtcLFyuurXBodlgTVHsHG6ZlsmybQSqm4lKSNJ6jOHHTAmUHSLXhuc1kIXmzF"
    "Xly3m92v8rZeFxIbzcXXXquZNKxP2JeQpQdnciCgWhH7klkj9wC9Mo8pBWR7kRDIwvqoJo"
    "2C8G5lKxwwGLRMzUjnraqaU66qOS/Isgu6qkMkVZQXT0/zyIunp+nyIr8Xiwdgb1UBhOfD"
    "K4juVjQe9kQHyWyh6X69EElJHHuHE+K+1/Ps9f8BVlWVIA=="
)
