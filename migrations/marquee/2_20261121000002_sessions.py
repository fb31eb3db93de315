"""Sessions, revocations, service tokens, shared counters; names that look alike; an audit trail nobody rewrites."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

# No refresh token was ever handed out under the table of that name; a session knows its newest one.
UP = """
DROP TABLE refresh_tokens;

CREATE TABLE sessions (
    id uuid NOT NULL PRIMARY KEY,
    label varchar(100) NOT NULL DEFAULT '',
    peer_hash bytea NOT NULL,
    token_sha256 bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    last_used_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    user_id int NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT ck_sessions_peer_hash CHECK (octet_length(peer_hash) = 32),
    CONSTRAINT ck_sessions_token_sha256 CHECK (octet_length(token_sha256) = 32)
);
CREATE INDEX idx_sessions_expires ON sessions (expires_at);
CREATE INDEX ix_sessions_user ON sessions (user_id, last_used_at DESC);

CREATE TABLE revocations (
    id bigserial NOT NULL PRIMARY KEY,
    subject varchar(64) NOT NULL,
    epoch int,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    expires_at timestamptz NOT NULL,
    CONSTRAINT ck_revocations_epoch CHECK ((subject LIKE 'user:%') = (epoch IS NOT NULL))
);
CREATE INDEX idx_revocations_created ON revocations (created_at);
CREATE INDEX idx_revocations_expires ON revocations (expires_at);

CREATE TABLE service_tokens (
    id uuid NOT NULL PRIMARY KEY,
    service varchar(100) NOT NULL,
    scopes jsonb NOT NULL,
    kid varchar(64) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT ck_service_tokens_service CHECK (service <> ''),
    CONSTRAINT ck_service_tokens_scopes CHECK (jsonb_typeof(scopes) = 'array')
);

-- Unlogged: cheap to write, and a crash may forget counts.
CREATE UNLOGGED TABLE counters (
    key varchar(200) NOT NULL PRIMARY KEY,
    count int NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX idx_counters_expires ON counters (expires_at);

ALTER TABLE users ADD COLUMN row_version int NOT NULL DEFAULT 1;
CREATE TRIGGER tr_users_version BEFORE UPDATE ON users FOR EACH ROW
    WHEN (NEW.last_login_at IS NOT DISTINCT FROM OLD.last_login_at) EXECUTE FUNCTION bump_row_version();

-- What two names look like: ASCII alone is admitted, so these few letters are all that can be taken for others. The
-- wide ones are taken apart, for put together vvv could be vw as well as wv.
CREATE FUNCTION username_skeleton(username text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(replace(translate(lower(username), '01i.-_', 'oll'), 'm', 'rn'), 'w', 'vv');
CREATE UNIQUE INDEX uq_users_username_skeleton ON users (username_skeleton(username));
CREATE INDEX ix_users_text_trgm ON users
    USING gin ((username || ' ' || first_name || ' ' || last_name) gin_trgm_ops);

CREATE INDEX ix_files_deleted ON files (updated_at) WHERE state = 'deleted';

CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER tr_audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_rewriting();
CREATE TRIGGER tr_audit_log_no_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
"""
DOWN = """
DROP TRIGGER tr_audit_log_append_only ON audit_log;
DROP TRIGGER tr_audit_log_no_truncate ON audit_log;
DROP FUNCTION refuse_rewriting();

DROP INDEX ix_files_deleted;

DROP INDEX ix_users_text_trgm;
DROP INDEX uq_users_username_skeleton;
DROP FUNCTION username_skeleton(text);
DROP TRIGGER tr_users_version ON users;
ALTER TABLE users DROP COLUMN row_version;

DROP TABLE counters;
DROP TABLE service_tokens;
DROP TABLE revocations;
DROP TABLE sessions;

CREATE TABLE refresh_tokens (
    id bigserial NOT NULL PRIMARY KEY,
    family_id uuid NOT NULL,
    token_sha256 bytea NOT NULL,
    label varchar(200) NOT NULL DEFAULT '',
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    user_id int NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT ck_refresh_tokens_token_sha256 CHECK (octet_length(token_sha256) = 32)
);
CREATE INDEX idx_refresh_tok_family__59d0e5 ON refresh_tokens (family_id);
CREATE INDEX idx_refresh_tok_expires_310999 ON refresh_tokens (expires_at);
CREATE UNIQUE INDEX uq_refresh_tokens_sha256 ON refresh_tokens (token_sha256);
CREATE INDEX ix_refresh_tokens_user ON refresh_tokens (user_id);
COMMENT ON TABLE refresh_tokens IS
    'A refresh token by its hash; all that descend from one sign-in are a family, which is a session.';
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    return UP


async def downgrade(db: BaseDBAsyncClient) -> str:
    return DOWN


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
    "SlPH1Nj9P7mh43Vm616cmFUO4yKR5MGRGTD2zb2kysW2G1g8coWbOaVOmY31uicohROK+5"
    "l+kL3rRSVSJ0S8VMKa1ACY1KK1AM3hSD96sVlKpLzBbq2GObaifHZ2facRGMo1QbkUxLBH"
    "QewTJdrlxdrPQMj5uQKEujGWw21cRzc6+LUOXaR29V1P7CY+9qMkHbu5MtZgeRe3lkbDH6"
    "k1fWNHdt0pgwvtIcSmpXUrsS6pTUrhi8KQYrW/525XZCpUnv6Vb8BUGJ7ciltd87Y/a0Qi"
    "d9iGIjxUUO/rhfXSNKzRwprhctRNYD21D2I/p7qqRM9F8omRmif6DN5hH9xegj8PTCtint"
    "f55Eu8qnCZ24JrSwM3sCOmXC/CJGx6aupSMeozOFNsBj7l9CXgPLT4BOCZjXuhCtK8W3vX"
    "egY8sUhh0+WakZSs1QUqhSMxSDN8VgJZhtYIMMnTJpcGa4AlLxPHg/wGYiTCLLFTtpgUAp"
    "q9UnqKBefJpLLz7N0ItPk3oxtfAQE2hqhaFOUlZBU94B5HsMK9zcAj8kYwQcmphI1nY61i"
    "EShXPuYiKuwfQ0ieCIdDyGphzpgCguM3pUR3Pqw9tJMuC/al1e3zZv3jaO641YXXifD+8T"
    "24aFXhBxJcs4E98QlQJ4GcAmgjYSxWzk6k8axFG6LOWnWigzjSZ+trkWlB9sqQpGmETVlU"
    "7qGFwF5DUToVOsi0+UrHqy2VZSPrgl2LDopDDcCUIFeC7AhRUZvjBQhpJN97NJYcq2ESeM"
    "4T3glLuU1N4drdEuIWuT7Txc3LTAXZcdaffX87JJC5uSuBk94Lqt5o0MZBF1X2BfjhKpTh"
    "SL7dj3dBRarlEytVjTF+sYGRh60Ej33+UZYNEZ9qzAjX3XX8yFd9v55bp17nnTHknvF7b5"
    "v8S9bfmiJTZdAIOh6rgS93E+8APqEp+Ate7DbafbujoHljumFjIeyd1Ns93mVyYmJIRfuW"
    "5rd93O1cNlj63kc4B52T5quDqfg43v3Pci97nAFRnRbd20mvfiIZ6GwOa8bLYv2WV2Tefo"
    "mWilVL5GHp430nneSDcDsh8/dKVncQ5LYJi4xNxfOS5p029asFoYmuMJJNJw9vSakmn0pa"
    "wneXBVPyPohrIfV+JOiF5xZxPcsSeiVZq/5RTijIxWcWUTXMns05ZV17Birdp2UtdQYrYo"
    "5NqPUSnjWxLYeap6MVyjRApWSa9bbCHdoQXLNceoFLCpxuJCsEZoFKhLOzv6y1Bi/ync27"
    "FquZX1WJXr2Cub0t9RsuNuAtxQZZNqohs9aCLgdlv3ve71Za8m2R42gW21m5JGtsQci9aX"
    "pBSyy5CNyZxrNHzV4dr9JqtbTSpiUFdJQfnBUg1yVYPczQO1aJCL1u36qlrkqha5abARJm"
    "mM+tTayAvZDk9WFbQKpX9GPaIZoBZoJxwkOFZHxCvcTTgmdqUmzOYth+8JOGsUxX9jg6BE"
    "KcDEbxVUF8mt0xHlTuEZL3H/CTzx+rJPYIQsXiGH2IC+oEUTocV0dJpdRH97T1Q5sypnVq"
    "VUqpxZxeBNMVgVIy9rMfJoK2PTZM/XRIO+Ik7QOJ2KdPVPLl+6KOj9jJGpDm4SbD2RtRCu"
    "YRKFqcz3KXxpBX2fYRrl+1zq+1xEM6/r5aiaXbQe83OE31Z5f1/pVrsRt2cFHRpxeOOHTB"
    "7f58LVrpz2S7yf4U2xsIdu+yXW0kssR/1TS01GxaotC5o3Nugjk5IhA5qXRIZeAeXUQmlZ"
    "4yWmmm/BDivGeU0RIx0Th/7P80aqronKnKO0fWXOUQzOyWCxfxbTEsIkSvVS6qzSvEosvR"
    "bTvBbS1LqwVi0qKg5reA9M0bb2qRN4PvVUnWDhcl+qEyx8/TlUguGQ90ZxkA3oANx6U3qu"
    "WL+qcR08o4kD+jOGKR4OkfUp3D3dK/lc5/5eGwGLTm3AHj8DLnGoq4+QIVErdvPMNbzIpT"
    "gLKq2DeHwuXNAjTqYcHVE8bXecRDMzZzFCd+hw7jhlcQ6epI3eMrxlPfQODu1NL95GcRwb"
    "CsckjifFcTxROCZxfF8cx/cKxySOp8VxPP3b45hQo4toJktVbj/cd+sK916F2M2p2xtU9e"
    "aeN5maFzjlMlS8UEPU5erdPR0jSpCIxh1DA/kxuoBaIjoXGTxwl41Iamn5SR/JI3maWJh9"
    "25k2GVGHPoEBNU2ulz15v+mOXz3CtjYf9hRS7c7BlGcZAWcEnTogyIsMxnnb53yrmdB2tK"
    "D5nBX6xHiqnEvKuaR8D8q5pBick8HRHTQZMSxnbpSqgq1Ljk9z1c47zSied5qonhc7uvJB"
    "HSE63N4OO4C3j+nQgpORpBRHeuOMCFGJg943sjlto4kG38E1OtD62JIVIE/vQpAg/Du3IW"
    "C/TZoFkC9pI6Au8QqufW7dNm9abDI0hiZ6JN4n7/92p61dXLeb3a9savYD+phArxDO/hM1"
    "VAu6mmpBtzVBY+PLVVUA3E6yRtjkUTBnQ0KqIF4aQKQKq22zsFp4TW4C4mpXAZO9wmuUAv"
    "OqDK5dLiavof5AQI8uUGhllTDZTrm0gwSKL8l1kQoZ7g/QdrOZ8jmr+XY8zNIdPAtMl3p5"
    "tICTebJ7xGgeUweBR/8JQAeMqe1wPw2/4YwQtmyAbTDfvmRJP6tOI80FCqesmclcIOWcUc"
    "4ZZbtXzhnF4HwMDlzokuOdUhNBkrJFRghj/O0zyl2yVH6CbYKhF53OTYSXF9dxi/XD7UWr"
    "+/Y41lM3qd7z86qYVh+iUOlApaluUUVUM2wke6gRUDaE1y8SIM2zGmBZEa2t2UUOFdXQLp"
    "gjmG53OVbRctYy9SxR8DpDQfOLbGteMlJeFc0LoYNjSoZMvXJtUfdyUbA7tQRDNoVU8eIj"
    "xUkYlFhYVe/KSiCpmOq1kwwSpaD9beV3paBVnMGlSB2tgIQbeWnsogUcQxQK0eU6gy8rrC"
    "vZPtiVrtgWWlXLtQVV7CInqgWzb3ZclGHe1CW1KkPQ9GVpWYZQq5k8qsJc1PeoPHfMvL7+"
    "Ma/CdloHU+yM2FULsatTme6wyhRKmVDKhFImDkLWVMpExRlsLQ6XKHPvx9A0l+RQV032PW"
    "l8OFtsn/xD1oZ5f9u8uZEkpItjLolnejJIQHG4iTa7zv9QKrBSgcuJqFKBlQpcRlRLqwJH"
    "W3XKlOBEM88MNXjRQlTDbHBBnxklgftrMVG6wyx9uFJwlYKrFNyD0H+UgltxBitVQakK5U"
    "RUqQpKVSgjqqVVFdIa1cuUhoym9hnqg+FTaVaErKAiwevMzXUDYFBkA0IdpiIQh7vEbITA"
    "YnZp8fJVZ1Fqh1I7lNqhpNIDOY+UVFpGRJVUqqTSMqJaWqlUAN9m3Br1qWVLhdHYkGwZ1P"
    "uhJDK6QN9NgiA7p5x5Bxvg8iJtIql+TBlm5wAbNoDEAFP+AMeuAzY1JUNOIgps1nkQF/rT"
    "hSbw6kVlNe3czsNSOn6yGZUge2CCrL+M2YsrqRbStCw4k7MhThhjCHe1HO5ml3L6fvs9Jt"
    "HMX5tCwIVoKo9Zt9W8SYAmNoqionVAogRB1blyH8L14nxbVxCMGrxu/WkPDO38YmHw6ipp"
    "u/rStmx1y0TulLcgQ+6OWnw1sbBySt8dJvEKOBn0vMuk67CpULSmFWaSsO7gF0kflOLkaz"
    "SeVFWvVNUrZa9VYSKKwREGQ3PIy12MJM1N00uER4gq2JDkJE+d8JP0OuEniTrh2Na8Y0xi"
    "lFlSWyygU6XFlpcWm0CL/ecgS2I9+Om+05bDHKWKb1ZYd8B/wc7NCPd/mlfep7ePtTd/vb"
    "55rG1p1+LARPBP5KrE01JiOxGfIJGrgtj30QuxIUSieLAJHoi9Y8UDPE67gSO8nBWfD/Yc"
    "T1hV0nXTpGV6I+W+I76dAzvy00wC261j3UUvVE8P3wrdri/R2v2BRXT1ES9WMB1Rm/1Pnx"
    "FhyrWFwJRazshEtl0Hz2jiAJc42OSVqAHvhzavSj0GI2gDEXQFIJlNoaTA9ZaesWGtX3nB"
    "duUFs93+H0iXnDzpqkWIpIKKxdn7HIrF2ftUxYLfip7waEJ1SSe41AW+GK964iSVh8MyZ+"
    "XbT5SxI/SyfJ9gNt0K/I1Slom/ShQuKApvVby7R9YL1lGPCz5SAS8yIFvEs72hmidF5ZPy"
    "mp7M5cXQT5kwNYJCmqKu41WkYv8Iqcsbhh0bmQNZpNOq02xYVnt4uL4qIKm5LjaOOM0qb+"
    "Byga32r4FLdI41EE/if97/u7b7d9IzQHovWfj1ET99iUzmrapCMllAUkGZ7PhdrvbI7zLa"
    "I79LtEe2dTpBhWxfAUVJTF9bX8RbsXg9F2t2+rxGo9OyQb1tVeOwpGPlC6y4eFyWbezg2M"
    "xNh88rvcdRSuUQKBuXy6IFNV0DO60XJGzqSR0odLueqQFBPlAz6TC/iZsNOAI/Qp40DAZe"
    "eCN4RjP73FNXGK9NrsWY+AXxFA3AVqfNFBueu1Sf53HwgdgA0KQkJWhtGw9Zrjh94y45am"
    "mhPCv2lw36xl5Mm7qWJ6Lza8oeXkp7eIJ/OY22CTplvE0ab6Huu81yhzHpKT7OKsj/W1Fr"
    "w/tMXpTDNBXEuZEL50YGzo0kzvNQ6CIwh0gqiXIukDMwTi5l9jN5vcRC9oIo1UpAl20b3r"
    "LVwEAOE4eKWMICipJYwg48CEzZbZSqtzVV75K6xBHqSlLP8+/VM5U83RtVIIxpylYLnb6x"
    "gSDlsUM8U4gpYEfggTBtkX3TcwCBzrSuEb975+F9/783XFtj+tWc0q6D6QjrI55kxHb8MQ"
    "9Pkit8W3/iGm4z9i0KWbyRrE31ijLCfnW6bclhGflOnIkFFLfFeJUJLNHYDsverMIxDu90"
    "ujbQeEIdRPTZz2zfkx1SsSHZZxUOBmvc4JfvzOqNkFf2BUBiT7nxj4rGYL4qUecX+ggM8Q"
    "siAA7ZMvCHTJgAljySNjGhtNiMDk1zXjaRXaXixQupPPHiM9/CEqIyOpbT6BjwNK+IEFBU"
    "0JKwFbtY8LbkxTigqCDGW7GJZRls0sPEMg02a4WLlddXuTQ6LAmqPYKN0zPZNk2glVJxKU"
    "kbT1CdOeiAM4OkW/Dc5rIQvNiKvbhuN7tf5W29LiQ2mouvvVYzaVifsC8hSw/O5EBAtSL2"
    "JbNG7gF6ZR5TCsj2IiGQhfVRTRoF4d3KVjhgMGiZmpHOW1U1p1xVc16QZRd0VYdIqigvnp"
    "7mkRdPT9PlRX4vFg/A3qoCCM+HVxDdrWg87IkOktlC0/16IZKSOPYOJ8R9r+fZ6/8DJBmD"
    "dQ=="
)
