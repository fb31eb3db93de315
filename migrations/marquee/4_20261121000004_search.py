"""What searches read: a narrow row for each movie and person, kept by triggers whoever writes."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

TABLES = """
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch;

-- Letters without accents, case and punctuation, words apart by one space; the whole text where nothing of it is a
-- letter or digit. Cut short of what an index entry or lexeme may hold.
CREATE FUNCTION search_text(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT rtrim(left(coalesce(nullif(trim(regexp_replace(
        replace(replace(replace(replace(replace(
            translate(
                regexp_replace(lower(normalize(value, NFKD)), '[\\u0300-\\u036f''\u2019\u02bc`\u00b4]+', '', 'g'),
                '\u00f8\u0142\u0111\u0127\u0131\u00f0\u03c2', 'oldhid\u03c3'
            ),
            '&', ' and '), '\u00df', 'ss'), '\u00e6', 'ae'), '\u0153', 'oe'), '\u00fe', 'th'),
        '[^[:alnum:]]+', ' ', 'g')), ''), lower(trim(value))), 200))
$$;

-- The same without English articles, wherever they stand: they are left out and moved to the end in practice.
CREATE FUNCTION search_key(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(nullif(trim(regexp_replace(search_text(value), '\\m(the|an?)\\M *', '', 'g')), ''), search_text(value))
$$;

-- How alike two keys are, 0 to 1, by the edits between them; also when the query is only the beginning. NULL where one
-- is, yet not STRICT, which would keep it from being inlined.
CREATE FUNCTION search_likeness(key text, query text) RETURNS real LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT greatest(
        1 - levenshtein(left(key, 60), left(query, 60))::real / greatest(length(left(key, 60)), length(left(query, 60))),
        0.9 - levenshtein(left(key, least(60, length(query))), left(query, 60))::real / length(left(query, 60))
    )
$$;

-- Neither table refers to what it describes: the triggers that write a row also take it away.
CREATE TABLE movie_search (
    movie_id int PRIMARY KEY,
    title_text text NOT NULL,
    title_key text NOT NULL,
    original_key text,
    year smallint,
    popularity float8 NOT NULL,
    document tsvector NOT NULL
);
COMMENT ON COLUMN movie_search.document IS 'Words of the keys as they are, of people''s names behind an @';
CREATE INDEX ix_movie_search_title ON movie_search (title_key);
CREATE INDEX ix_movie_search_original ON movie_search (original_key) WHERE original_key IS NOT NULL;
CREATE INDEX ix_movie_search_popularity ON movie_search (popularity DESC, movie_id);
CREATE INDEX ix_movie_search_document ON movie_search USING gin (document);
CREATE INDEX ix_movie_search_trgm ON movie_search USING gin (title_key gin_trgm_ops, original_key gin_trgm_ops);

CREATE TABLE person_search (
    person_id int PRIMARY KEY,
    name_key text NOT NULL,
    credits int NOT NULL,
    document tsvector NOT NULL
);
CREATE INDEX ix_person_search_name ON person_search (name_key);
CREATE INDEX ix_person_search_document ON person_search USING gin (document);
CREATE INDEX ix_person_search_trgm ON person_search USING gin (name_key gin_trgm_ops);
"""
FUNCTIONS = """
-- Rows are locked first, by statements of their own: what another transaction wrote meanwhile is then seen.
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

-- Once a statement, not once a row, as an import writes thousands.
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
        -- No joins: the plan that a small statement was given would be kept for a large one, and loop over it.
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

-- The threshold is the caller's: the higher, the fewer of a key's trigrams are read. It ends with the function.
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
"""
TRIGGERS = {"movies": "sync_movie_search", "movie_characters": "sync_cast_search", "persons": "sync_person_search"}
EVENTS = {"INSERT": "NEW TABLE AS added", "DELETE": "OLD TABLE AS removed",
          "UPDATE": "OLD TABLE AS removed NEW TABLE AS added"}
# What came before, and nothing ever read.
REPLACED = """
DROP INDEX ix_movies_title_trgm;
DROP INDEX ix_persons_name_trgm;
ALTER TABLE movies DROP COLUMN search;
"""
RESTORED = """
ALTER TABLE movies ADD COLUMN search tsvector GENERATED ALWAYS AS (
    setweight(to_tsvector('simple', title), 'A')
    || setweight(to_tsvector('simple', coalesce(original_title, '')), 'B')
    || setweight(to_tsvector('simple', description), 'D')
) STORED;
CREATE INDEX ix_movies_search ON movies USING gin (search);
CREATE INDEX ix_movies_title_trgm ON movies USING gin (title gin_trgm_ops);
CREATE INDEX ix_persons_name_trgm ON persons USING gin ((first_name || ' ' || last_name) gin_trgm_ops);
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    triggers = [
        f"CREATE TRIGGER tr_{table}_search_{event.lower()} AFTER {event} ON {table}"
        f" REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {function}();"
        for table, function in TRIGGERS.items()
        for event, tables in EVENTS.items()
    ]
    filled = "\n".join(f"SELECT refresh_{one}_search(array_agg(id)) FROM {one}s;" for one in ("person", "movie"))
    return "\n".join([TABLES, FUNCTIONS, *triggers, filled, REPLACED])


async def downgrade(db: BaseDBAsyncClient) -> str:
    triggers = [
        f"DROP TRIGGER tr_{table}_search_{event.lower()} ON {table};" for table in TRIGGERS for event in EVENTS
    ]
    functions = [
        *(f"{function}()" for function in TRIGGERS.values()),
        "near_movies(text, real, int)",
        "near_persons(text, real, int)",
        "refresh_movie_search(int[])",
        "refresh_person_search(int[])",
        "search_likeness(text, text)",
        "search_key(text)",
        "search_text(text)",
    ]
    drops = [f"DROP FUNCTION {function};" for function in functions]
    return "\n".join([RESTORED, *triggers, "DROP TABLE movie_search; DROP TABLE person_search;", *drops])


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
