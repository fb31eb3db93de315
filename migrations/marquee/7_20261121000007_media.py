"""Files: the states they go through, what their owners' versions and the feed learn of them, and what is let go."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

# From each state to which others; a verdict may come without word that work began, and after the form's end.
TRANSITIONS = {
    "pending": ("processing", "ready", "rejected", "expired", "deleted"),
    "processing": ("ready", "rejected", "expired", "deleted"),
    "ready": ("rejected", "deleted"),
    "rejected": ("processing", "ready", "deleted"),
    "expired": ("processing", "ready", "rejected", "deleted"),
}
STATES = """
CREATE FUNCTION refuse_file_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a file does not become % from %', NEW.state, coalesce(OLD.state, 'nothing')
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_files_transition', TABLE = 'files';
END $$;
-- After the row is written, so that broken CHECKs are told as such.
CREATE TRIGGER tr_files_begin AFTER INSERT ON files
    FOR EACH ROW WHEN (NEW.state <> 'pending') EXECUTE FUNCTION refuse_file_state();
CREATE TRIGGER tr_files_transition AFTER UPDATE OF state ON files
    FOR EACH ROW WHEN (NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({transitions}))
    EXECUTE FUNCTION refuse_file_state();

-- Asked at the end of the transaction, which may take the file from its owners after it was made DELETED.
CREATE FUNCTION refuse_deleted_in_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF file_in_use(NEW.id) AND EXISTS (SELECT FROM files WHERE id = NEW.id AND state = 'deleted') THEN
        RAISE EXCEPTION 'file % is in use', NEW.id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'ck_files_deleted_unused', TABLE = 'files';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER tr_files_deleted_unused AFTER UPDATE OF state ON files DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state = 'deleted' AND OLD.state <> 'deleted') EXECUTE FUNCTION refuse_deleted_in_use();

CREATE FUNCTION announce_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('marquee_files', OLD.id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER tr_files_announce AFTER UPDATE OF state ON files
    FOR EACH ROW WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION announce_file();
CREATE TRIGGER tr_files_announce_delete AFTER DELETE ON files
    FOR EACH ROW WHEN (OLD.state <> 'deleted') EXECUTE FUNCTION announce_file();
"""
# Who shows a file. Persons by their photos, of which the primary one is one.
IN_USE = """
CREATE FUNCTION file_in_use(wanted int) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM users WHERE avatar_id = wanted)
        OR EXISTS (SELECT FROM movies WHERE poster_id = wanted)
        OR EXISTS (SELECT FROM movies WHERE backdrop_id = wanted)
        OR EXISTS (SELECT FROM person_photos WHERE file_id = wanted)
        OR EXISTS (SELECT FROM persons WHERE primary_photo_id = wanted)
$$;
"""
# A DELETED file is taken from its owners, which is a change of theirs already.
PICTURES = """
CREATE FUNCTION touch_owners(changed int[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    shown_by int[];
BEGIN
    shown_by := array(
        SELECT id FROM movies WHERE poster_id = ANY (changed)
        UNION SELECT id FROM movies WHERE backdrop_id = ANY (changed)
        ORDER BY 1
    );
    IF shown_by <> '{}' THEN
        UPDATE movies SET updated_at = now() WHERE id = ANY (shown_by);
        PERFORM note_changes('movie', 'updated', shown_by);
    END IF;
    shown_by := array(SELECT DISTINCT person_id FROM person_photos WHERE file_id = ANY (changed) ORDER BY 1);
    IF shown_by <> '{}' THEN
        UPDATE persons SET updated_at = now() WHERE id = ANY (shown_by);
        PERFORM note_changes('person', 'updated', shown_by);
    END IF;
    UPDATE users SET updated_at = now() WHERE avatar_id = ANY (changed);
END $$;

CREATE FUNCTION note_picture() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM touch_owners(ARRAY[NEW.id]);
    RETURN NULL;
END $$;
CREATE TRIGGER tr_files_note AFTER UPDATE ON files
    FOR EACH ROW WHEN (
        NEW.state <> 'deleted' AND (OLD.state = 'ready' OR NEW.state = 'ready')
        AND (OLD.state, OLD.width, OLD.height, OLD.sha256, OLD.thumbhash, OLD.dominant_color)
            IS DISTINCT FROM (NEW.state, NEW.width, NEW.height, NEW.sha256, NEW.thumbhash, NEW.dominant_color)
    ) EXECUTE FUNCTION note_picture();

CREATE FUNCTION note_renditions() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed int[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        changed := array(SELECT DISTINCT file_id FROM removed);
    ELSE
        changed := array(SELECT DISTINCT file_id FROM added);
    END IF;
    changed := array(SELECT id FROM files WHERE id = ANY (changed) AND state = 'ready');
    IF changed <> '{}' THEN
        PERFORM touch_owners(changed);
    END IF;
    RETURN NULL;
END $$;
"""
RENDITION_EVENTS = {
    "INSERT": "NEW TABLE AS added",
    "UPDATE": "NEW TABLE AS added",
    "DELETE": "OLD TABLE AS removed",
}
# Without a foreign key: a file may go with the owner that lets go of it.
RELEASES = """
CREATE TABLE released_files (
    file_id int PRIMARY KEY,
    released_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_released_files_time ON released_files (released_at);
-- Those that were let go before anybody noted it.
INSERT INTO released_files (file_id) SELECT id FROM files WHERE state = 'ready';
COMMENT ON TABLE released_files IS 'READY files that an owner let go, or that none may have taken: to be looked at.';

CREATE FUNCTION release_file() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO released_files (file_id) VALUES ((to_jsonb(OLD) ->> TG_ARGV[0])::int)
    ON CONFLICT (file_id) DO UPDATE SET released_at = now();
    RETURN NULL;
END $$;
CREATE TRIGGER tr_files_release AFTER UPDATE OF state ON files
    FOR EACH ROW WHEN (NEW.state = 'ready' AND OLD.state <> 'ready') EXECUTE FUNCTION release_file('id');
"""
HOLDERS = (("users", "avatar_id"), ("movies", "poster_id"), ("movies", "backdrop_id"), ("person_photos", "file_id"))
COLUMNS = """
ALTER TABLE files ADD COLUMN is_animated boolean NOT NULL DEFAULT false;
CREATE INDEX ix_files_uploader ON files (uploader_id, id DESC);
CREATE INDEX ix_files_movie ON files (movie_id, id DESC) WHERE movie_id IS NOT NULL;
CREATE INDEX ix_files_person ON files (person_id, id DESC) WHERE person_id IS NOT NULL;
"""
# Those of the first migration, by column: the new ones do their work, too.
SINGLE = {
    "uploader_id": "idx_files_uploade_0e4f72",
    "movie_id": "idx_files_movie_i_8d8404",
    "person_id": "idx_files_person__8eda29",
}


def holders() -> str:
    return "\n".join(
        f"""
        CREATE TRIGGER tr_{table}_release_{column} AFTER UPDATE OF {column} ON {table} FOR EACH ROW
            WHEN (OLD.{column} IS NOT NULL AND OLD.{column} IS DISTINCT FROM NEW.{column})
            EXECUTE FUNCTION release_file('{column}');
        CREATE TRIGGER tr_{table}_drop_{column} AFTER DELETE ON {table} FOR EACH ROW
            WHEN (OLD.{column} IS NOT NULL) EXECUTE FUNCTION release_file('{column}');
        """
        for table, column in HOLDERS
    )


async def upgrade(db: BaseDBAsyncClient) -> str:
    pairs = ", ".join(f"('{old}', '{new}')" for old, following in TRANSITIONS.items() for new in following)
    noted = [
        f"CREATE TRIGGER tr_file_renditions_note_{event.lower()} AFTER {event} ON file_renditions"
        f" REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION note_renditions();"
        for event, rows in RENDITION_EVENTS.items()
    ]
    replaced = [f"DROP INDEX {name};" for name in SINGLE.values()]
    return "\n".join(
        [COLUMNS, *replaced, IN_USE, STATES.format(transitions=pairs), PICTURES, *noted, RELEASES, holders()]
    )


async def downgrade(db: BaseDBAsyncClient) -> str:
    held = [f"DROP TRIGGER tr_{t}_{verb}_{column} ON {t};" for t, column in HOLDERS for verb in ("release", "drop")]
    noted = [f"DROP TRIGGER tr_file_renditions_note_{event.lower()} ON file_renditions;" for event in RENDITION_EVENTS]
    own = ("begin", "transition", "deleted_unused", "announce", "announce_delete", "note", "release")
    functions = (
        "release_file()", "note_renditions()", "note_picture()", "touch_owners(int[])", "announce_file()",
        "refuse_deleted_in_use()", "refuse_file_state()", "file_in_use(int)",
    )  # fmt: skip
    return "\n".join(
        [
            *held,
            *noted,
            *(f"DROP TRIGGER tr_files_{name} ON files;" for name in own),
            *(f"DROP FUNCTION {function};" for function in functions),
            "DROP TABLE released_files;",
            *(f"CREATE INDEX {name} ON files ({column});" for column, name in SINGLE.items()),
            *(f"DROP INDEX ix_files_{name};" for name in ("uploader", "movie", "person")),
            "ALTER TABLE files DROP COLUMN is_animated;",
        ]
    )


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
