"""Sessions, revocations, service tokens, shared counters; names that look alike; an audit trail nobody rewrites."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

# No refresh token was ever handed out under the first shape of the table, so it is made anew.
UP = """
DROP TABLE refresh_tokens;

CREATE TABLE sessions (
    id uuid NOT NULL PRIMARY KEY,
    label varchar(100) NOT NULL DEFAULT '',
    peer_hash bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    last_used_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    user_id int NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT ck_sessions_peer_hash CHECK (octet_length(peer_hash) = 32)
);
CREATE INDEX idx_sessions_expires ON sessions (expires_at);
CREATE INDEX ix_sessions_user ON sessions (user_id, last_used_at DESC);

CREATE TABLE refresh_tokens (
    id bigserial NOT NULL PRIMARY KEY,
    token_sha256 bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP,
    used_at timestamptz,
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    CONSTRAINT ck_refresh_tokens_token_sha256 CHECK (octet_length(token_sha256) = 32)
);
CREATE UNIQUE INDEX uq_refresh_tokens_sha256 ON refresh_tokens (token_sha256);
-- The database alone keeps a session from having two tokens that are good.
CREATE UNIQUE INDEX uq_refresh_tokens_unused ON refresh_tokens (session_id) WHERE used_at IS NULL;
CREATE INDEX ix_refresh_tokens_session ON refresh_tokens (session_id);

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
DROP TABLE refresh_tokens;
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
    "eJztXW1z4riy/isqvszsLU5qQiaZOZlTp4okzGx2E8glZHfnTLYcYQvQxkisbcJw9+S/X0"
    "m28ZtsbF6NV19SwVbL8LQs9dPdav1VG0PrzylCR5+xiWrn4K8agWP+T/RGHdTgZBK6zK84"
    "sC9kagPWxBZt+rZjQd1hFwfQtBG7ZCBbt/DEwZTwpk0CphOTQgMZgPb/QLoDIDHAbAQd0E"
    "c6ezagA4CdI96dQXXWHybDQpKP5JE82Yh9S6Ij6wlgGzi8EbvrjBAwoe0A26EWHCKAXhBh"
    "/UwmJkbGOaDEnAMICJohi31AYAznQB9BwppyWYvOjkCP/YMN2+vvkXjfyhJfx3sInRF2QY"
    "eWNQcDaiE8JOAZzW3w9r7VA+2Hm5sf3C/FG4/x0IIcIPa4Z2SfA2iDTvcWWMgUl/n3R3Mw"
    "o1PTeCR9BHRs6VMTWgKkKcHsp2oOHSLWzGJQfftW60/1Z+Tw2+yptd9/Z/9gYqDvTE3sPv"
    "84edYGGJlGROfY4CLiuubMJ+LaNXE+i4ZcIX1Np+Z0TILGk7kzomTRGhPx1CFivx86iHfv"
    "WFM+EMjUNL0B448N96sHTdyvGJIx0ABOTT6cuLT7BYJrNU1rd3oaQ1TTaomh5kuExpB3SW"
    "eQsmHKvqotfv2Qf4V/NI7ff3j/8eTs/UfWRHzNxZUPr+6jA2BcQQFPu1d7FfehA90WAuMA"
    "VN1CHAkNOklwr9gdB4+RHOGoZAxpwxM98v+J4+6jnAW8fyFAPnhvM6Fv09nbH9YAPQPR3v"
    "Vt677XvL3j3Y9t+09TINXstfidhrg6j119eya+DHupdXdKWnQCfr3u/Qj4R/CfTrslgKS2"
    "M7TEE4N2vf/U+HeCU4dqhM40aITR8C/7l1jTQMHTibGigqOSSsElVfAzQy+p2ssRtFpkOh"
    "aqvWY/HrL1JqFiXzamXAbVTtWZOVXWmr80e80uW3he2CRmPZK7zn2vxT5zIBH7fNG8/Pmq"
    "27k7B32oPxsWnbA2re59p63d/djpdVhLZNns501G1KHxpTtl2h3D75qJyNAZsY/HZxkD5p"
    "dm9/LHZvftcXwQtL07DXHrNaI0pg8Hraq1hfCe1TZBxOAgJlV212pfXbe/cORFE6aQbuey"
    "dX/vXrSojmxbXO+2mldfz5k1AY05//RT67LXuuIXuBGFmEnR+u3uussvoe8TbPErV62blm"
    "hkIBPx37mKSht5VNpIV2kjrlJuZ2rig1St8jk2IlTmtzC/wRKBuXF6mgNn1ioVaHEvivSY"
    "LTcuSgWQjghVEOnjRpYhGIzoDxlD+kMc6cBSzwtzIFFBjM9OckB8dpKKML8VBZgToALoes"
    "0rCO3xu8b7POOXNUsfwOLma8z8dfmvVog9xqSW00gJ3h5LzID78HhkaA6mLxgVAzUsohBN"
    "IOoZqYUgjcgoTBOY2vj/kNafO64DMArqBR6m4hqVWwnY0k23LrT/bDROTj403p2cfTx9/+"
    "HD6cd3C4yTt7LAvrj+wvGOTMVJBRhINyEz2jV7BBunZzItEGjN5VqQCMdUsVDR2qN8p7rI"
    "gvWmcxHxPLDV7eK63ex+fXvb/O2HiPvhptP+4rcPexUuvvZazZgiXPJkr+AGikqWyg20dW"
    "0cnDMIOXBYxKD02+/ZotwgC/qYiwV9zGBBH+M25AtbZXHK0pwObVSqMgBvyU5fhMSKQBwR"
    "qgrCZ3nwPUtH9yyB7QwbrOf8VuWi/ZYsyn3YPRszKUcID0eSRTQVzUBAwSmx0FewC5U5uL"
    "Y56Iym4/4I2pJpIQv5iJgCf0XwDTpmGBOHA0sLLXhJyaqsenmc1+mu64Tj2g0fcfPLQtBm"
    "X6wAyDLZqsB8kifsdZIe9jpJhL0CtAxGJrC5GtKBbFWQPn33LgfUrFUq1uLe6yvPhxo8h5"
    "J3+AUe6Z5By9Aid8JaIQYW6VmSCd6T/fxz18vhkuAeTrDr+p0dLrkPrnorUGQMu5kFGh2s"
    "CdaDjfKM1nKugNkQ+akV64N0y8MAFUXJTUlRGGViZGH2M+duNs76UN2JEEhVsdokRnd++l"
    "NVpnC+ENIGTVsak7fGjXH8CiRwKH4Sf/ZrPW3hS8s9jyyNS5LQteiivDwdvUMQ4JEokbs9"
    "oNbYzROHYIJ1Z2qhZBp6LglpTvbAS6R3hfh/Cy+Q58BQedoqT1ul8ao8baXg1RQczKyr5P"
    "wG0mVO/qr9dNf6cg7+mKDhI/m1dXF3DmaoP3kkzV+uP/MMbjyIr1l5uHSemF56RC8Rz9tt"
    "PKRs5tShB0SqjqfKWdpzztJeQlJlg34PYZF95kLvlzvsJMNCUNBC3CwkUaXpZK2ZOuGNjw"
    "KcRPezu8H6ZzRPGHgZLvcDRDfNTcMuW3C28BOER5UI/PAtXOJNb95fNq9atdf0+MZWHT5d"
    "NGCT06hHn5Hc3xNpUM9091huU83hbfMWHwCeFBBSoD8H2LEBj7Z/Ak9TWzA8UTDARg6/K7"
    "byExSI8S372AEzaIMhpcIBJKlUsLXHSPxK67iMsmydinmNdmLgpPuWxEBYKUM7LqmMn1WN"
    "H+Xfq7j7x5tZCzv37E2qtpwxsEro1+Y72lOSxB8erq/SMpjt9CTx6RQbR1y2WlOom2Pk6i"
    "qsBfFLMy1sD61NGNn3QVeHiexSOzs6tEplavvgy6zskGIyDGzvxxUKpA7JPzA5F/bsAI6x"
    "ORehUdOMGsRePS7eA+JBVIuOed0u0CK8tpf/XAAt1uUMTRxmG+vIr02RFpHd1aM3bIKnz1"
    "ubn6+W2+G1fw2mRKQLAvEk/uf9v2ulm8CyTG3281GhFMmFQFXyIo9z5UUeZ+RFHrt5kdG9"
    "08jSiqezR8QUd1HcRXEXqW3Lq1JqKxKYuKxSckmVfFg7xHfppauSli30wkzNVV7kqKRyRp"
    "RZy2y+LVrxyF6v2lHZzKAtx/qmtmynenE3RM4dI2VDN68PIjSqijogYuGJdfcxxYN3FQF8"
    "uznwYnTKnDT+sM3w0HDV5y+7DnWdTom8sLp/j5dO5+XN2TzIVGnzEOUz94IgolvzCVPlJ/"
    "CExhCbgtKJECbkdc2RIaKbbgF2GxCeSWliZpGKDPk6j3HORlgf8aAmk3FVzjPoH8mAPdhw"
    "i6rz38NhCDWZYTbUpg6w0JBhDRwKdGin5tir9HmVPq/Yi0qfVwpe2aQtWl05LFPmtPlVXa"
    "mnuVyppxmu1NOEK3WALdtZoY51WKoyvuptACwcYkXxjQgpeDPgdS3AhU1YLCAgEVZhgfqK"
    "YYHAFl9FCSossy7+E2jbM8pIoFwF6ZNNQrCCa+dWDibAtsaILn6RTO0XlJoIkhQWF5aLD3"
    "gmuEu0F6xv48O807mJDPOL61imavvh9qLFJnwBOWuEXWdRcocOw8t24EBWFmEJzAuxPaMs"
    "94SUEObpBFlyZ+dSqMOiCu7lcHOKqf1BMZFZLdkcNiaqSGxJSaww4006xGTVSHpYWMXgyq"
    "xrd28EmlC9yF7zmNR+Y3Hv1rC2Nrwr2mLgexW1C6AZk9ovmsflQdMreFco1BCRUaWMl4aI"
    "XbySAG9tQ2jJ4M0bI46Mq0iU2D+NOF+YOJwSvkaguHobA6LuXfhCLSwvLlGoLqjXT95KhQ"
    "cJFj/4mgzXhUpA1BVdVRWoGXT0kYltiU1bCKpf/X6uHTSuKlgGtsfYtqW+6SJgXfn9dJFO"
    "x2NEjIVEVWArlN0SLjFK5cUYfHw7BPUo+5Ozpu9d0F811uDXVTKBfBTSEoJCKC3JC9I8Be"
    "XMD/qV74qCIgMHOMg0bQD7PO/GGaGxjcwXZJ+7FQrozGtWB2NouAk6YtNVanrRZrtWWT8q"
    "60f501TWj1LwphTcxzSp2R76njIxes0PN0EiS3et33oRtfmhSHmU2G8eCkRc8sBx7IBvbD"
    "kjTYQPVkyZSOtBnQ60YtjeZ+gaQ8qS8fSf7jvtlCyspGh8ZsO6A/4LfKq2s1fi/k/zyv30"
    "9rH25tvvbx5rW5riODrZr0n8jYjphHcQf00IdfAA64IrMOMVDZDFzx0spJysPkqppb9eD0"
    "xLJdj1dPDmdMKhXaREyLL9UT7t3vbuqL1qYTt7o9bbyHPJGJJJh5cjSIZyAh9tUc+k8Lrb"
    "VtNF4wI1WFwB90SKMfeKAmoB9wz7Ot+MIwi112iAxIae79h4Am8xEbc40etDm9cjNOc/MG"
    "GDyfJtOzYcIHMur76yi4eq0ocHWvoQEQc7hcoOBxIVzIo8zlebJaM0SyIdW8BVbFWOyKjd"
    "yJL4/TP7HUUGrd9eDdkcQ1Z5DSvoVFrLrt2kJcbeUWYnpeyrDu4uscD8drlrSy8k6gBOoO"
    "W41eW4fSNsImHQsAciyG0bIisbvUIPy82ibzV/UxOb7X9X0REVHVHznIqOKAXnU3DRXaQl"
    "2UB6MPu5wt8sAXN6FComthLahxMH2UpcyqKy9J18R+X5siXGvXbTal5dt7+cAxNBgwH/SO"
    "4f7u463Z64aE8nE2o54vpF8/LnL93OQ/vqHHAbdGjxmjRx+ywXU2rkYUqNdKbUWPk4etcu"
    "hPKQSfFkyoiZfGDT1n4qOV3yHCVrXpOSDu/eEsohWuG87l7GF9xupVQidEvlTClWoIxGxQ"
    "qUgjel4P2yglKdpLiFUvPYptrJ8dmZdlwE46jURizTEgGdx7BMtytXNytdx+MmLMrSMIPN"
    "bjVxw9zrInQneqkQRFs1tb/w3LuazNB272Sb2UHmXh4bW7T+5JY1zV2bNGaMr9SHstqV1a"
    "6MOmW1KwVvSsHKl79du51Q6ab3dC/+QqDEfuTS+u+dMXtaoZU+JLGR4iIHv9yvzohSd44U"
    "50ULk/XAJpT9mP4ulZSZ/guSmWH6B2w2j+kvWh+Bpxc2TWn/88TPKwBPEzqZmtDCzvwJ6J"
    "QZ84scHZtOLR3557bjMY8vIfeMyU+Azgjwal2I0yXFt713oGPLCMMOn6xohqIZygpVNEMp"
    "eFMKVobZBibI0CqTBmdGKCAVz4OPA2wmwyQyXLGTlgiUMlp9gQry4tNcvPg0gxefJnkxtf"
    "AQE2hqhaFOSlaBKe8A8j2mFW5ugB+SMwIOTUwkYzsd65CIwjl3MZGpwXiaxHBEOh5DU450"
    "IBS3GV2pI0/68GaSDPivWpfXt82bt43jeiNWF97Xw/vEtGGhF0SmkmGciW9ISgG8DGATQR"
    "uJYjZy+pMGcVQui/xUC2XGaOJr29SC8oUtlWCERVRd6STH4BSQ10yETrFTfKJi1bPNtrLl"
    "g3uCDYtOCsOdEFSA5wJceJHhCwNlKJl0P5sUpkwbccEY3gMuuUtL7d3RGsclZE2ynYeLmx"
    "a467Il7f7aK5u08CmJm9EFrttq3shAFln3BeblqJA6iWIxHfuRjkLDNSqmBmv6YB0jA0MX"
    "Gun8u3wHWLSHPRO4sR/6i4Xwbju/XLfO3WjaI+n9wib/l3i0LV+2xKYLYDBUnakkfJwP/E"
    "C6xCtgrftw2+m2rs6BNR1TCxmP5O6m2W7zKxMTEsKvXLe1u27n6uGyx0byOcC8bB81pjrv"
    "g7Xv3Pci97nBFWnRbd20mvfiIS5DYH1eNtuX7DK7pnP0TLTSVr5GHp030nXeSHcDsh8/nE"
    "rX4hyewLBwibW/cl7Spt+0YLQwNMcTSKTp7Ok1JdPkS1lP8uCqfkbQDe1+XEk7IXmlnU1o"
    "x56Io9L8KaeQZmSySiub0ErmOW1ZdQ0rdlTbTuoaStwWhUL7MSnlfEsC621VL4ZrVEjBKj"
    "nrFltId2jBcs0xKQVsqrO4EKwRGQXq0pMd/WEo8f8UPtuxansr67Eq17FXNuV8R8mMuwlw"
    "Q5VNqoludKGJgNtt3fe615e9mmR62AS21T6UNDIl5hi0viWlkF2GbMzmXOPAVx2ufd5kda"
    "tJRRzqalNQfrDUAbnqgNzNA7U4IBete+qrOiJXHZGbBhthlsaoT62NvJDtcGdVQavQ9s9o"
    "RDQD1ALHCQcbHKtj4hU+TThmdqVumM1bDt81cNYoiv/GBkGJUoCJf1RQXWxunY0oDwrPeY"
    "n7T+CJ15d9AiNk8Qo5xAb0BS0OEVp0R2fZRfS390S1Z1btmVVbKtWeWaXgTSlYFSMvazHy"
    "6FHGpsmer4kD+ooEQeNyKtPVX7l866Jg9DMmpk5wk2DrmqyFcA2LKExlsU8RSysY+wzLqN"
    "jn0tjnIpt53ShH1fyi9VicI/y2ys/3lU61Gwl7VjCgEYc3vsjkiX0uQu0qaL8k+hmeFAtH"
    "6LZfYi29xHI0PrXUZVSs2rKQeWODPjIpGTKgeUlk6BZQTi2UltVe4qr5Fsywop17KGLkxM"
    "Sh//PclurUROXOUWxfuXOUgnMqWMyfxVhCWERRL0VnFfMqsfVajHktrKl1Ya1aVlQc1vAc"
    "mMK29skJ3Jh6KidYhNyXcoJFrD8HJRgO+dkoDrIBHYBbt0s3FOtXNa6DZzRxQH/OMMXDIb"
    "I+hU9Pd0s+13m810bAojMbsMfPwZQ4dKqPkCGhFbt55hpR5FKsBZXmIK6eCxf0iIupQEcU"
    "T3s6TqKZuWcxInfocO54y6IHnuQYvWV4y87QOzi0Nz14G8VxbCgckzieFMfxROGYxPF9cR"
    "zfKxyTOJ4Wx/H0b49jgkYXYSZLKbef7rt1wr1XI3ZzdHuDVM+LvMloXhCUy6B4oQNRl9O7"
    "ezpGlCCRjTuGBvJzdAG1RHYuMnjiLmuRZGn5RR/JI3maWJh927k2GVGHPoEBNU3Oy57c33"
    "THrx5hW/OaPYWo3TmY8V1GwBlBpw4IcjODcd7jc77VTGg7WnD4nBX6xHSqgksquKRiDyq4"
    "pBScU8HRGTSZMSxXblSqgkeXHJ/mqp13mlE87zRRPS+2dOWDOiJ0uGc77ADePqZDC05Gkl"
    "Ic6QdnRIRKnPS+kclpG4do8BlcowOtjy1ZAfL0UwgSgn/nYwjYb5PuAsi3aSOQLvEIrn1u"
    "3TZvWqwzNIYmeiTuJ/f/dqetXVy3m92vrGv2A/qYQLcQzv43aqgj6GrqCLqtGRobH66qAu"
    "B2NmuEXR4F92xIRBXESxOIVGG1bRZWC4/JTUBc7Spgsld4jVJgbpXBtcvF5HXUHwjo0QEK"
    "rawSJtspl3aQQPEhuS5SIcf9AfpuNlM+Z7XYjotZeoBngenSKI8WaDLP7h7RmufUQeDKfw"
    "LQAWNqOzxOw284I4QtG2AbeNOXbNPPqt1I9wKFt6yZyb1AKjijgjPKd6+CM0rB+RQchNAl"
    "yzulJoIkZYqMCMb022eSu1SpfAXbhEIvOp2biC4vruMe64fbi1b37XHsTN0kvefrVTFWH5"
    "JQ24FKU92iiqhm+Ej2UCOgbAivXyRAus9qgGVFtLbmFzlUVEOzYI5kut3tsYqWs5bRs0TB"
    "6wyC5hfZ1tzNSHkpmptCB8eUDBm9mtqi7uWiYHdqCYZsCSnx4i3FShiUWFiVd2VtIKkY9d"
    "rJDhJF0P629rsiaBVXcCm2jlbAwo28NHbRAo4hCYXocs7g2wrrWrYPdqUrtoVG1XK2oIpd"
    "5ES14O6bHRdl8A51Sa3KEBz6srQsQ+iomTxUwTP1XSk3HOPV1z/mVdhO62CGnRG7aiF2dS"
    "bjDqt0ociEIhOKTByEranIRMUVbC0Wl6hy78fQNJfsoa6a7XvS+HC2mD75h6wJ8/62eXMj"
    "2ZAulrkknumbQQKJw91os+v9H4oCKwpcTkQVBVYUuIyolpYCR4/qlJHgxGGeGTR4cYSohl"
    "njgjEzSoLw16Kj9IBZenNFcBXBVQT3IPiPIrgVV7CiCooqlBNRRRUUVSgjqqWlCmkH1ctI"
    "Q8ah9hn0wfClNCsiVpBI8DpzHjcABkU2INRhFIE4PCRmIwQWvUuLl6/ai6IdinYo2qGs0g"
    "NZj5RVWkZElVWqrNIyolpaq1QA32baGvWpZUuN0ViTbBvU/aEk0rrAuZsEQbZOOd4JNmDK"
    "i7SJTfVjyjA7B9iwASQGmPEHOHYdsK4pGXIRUWCzzpO40J9TaAK3XlTWoZ3beVjKiZ+sR2"
    "XIHpgh6w9j9uJKqoU0LQvO5WqIC8YUwkMthzvZpay+336PWTTea1MIuJBM5THrtpo3CdDE"
    "RFHUtA5ElCGoTq7ch3G9WN/WNQSjDq9bv9sDQzu/WRi8usrarr61LRvdMpM75S3IsLujHl"
    "9NDKyc1neHWbwCTgY9P2Vy6rCuULSmFWaWsO7gF8k5KMXF1zh4UlW9UlWvlL9WpYkoBUcU"
    "DM0hL3cxkhxuml4iPCJUwQNJTvLUCT9JrxN+kqgTjm3NXcYkTpkltcUCOVVabHlpsQm02H"
    "8OsiTeg5/uO205zFGp+GSFdQf8F+zcjXD/p3nlfnr7WHvz1+ubx9qWZi0OTAT/xF6V+LaU"
    "2EzEO0jsVUHs++iF1BASUTrYhA7E3LHiAh6X3cASXs6Kzwe7jie8KuncNOmZ3ki570hs58"
    "CW/DSXwHbrWHfRC9XT07dCt+tLWLvfsAhXH/FiBbMRtdn/9BkRRq4tBGbUckYmsu06eEYT"
    "B0yJg01eiRrw89C8qtRjMII2EElXAJL5DEoKXG/pGRtm/SoKtqsomD3t/4F0ycqTTi1CIh"
    "UkFmfvcxCLs/epxILfiq7waEJ1yUlwqQN80V6diZMkD4flzso3nyhnR+hl+T7BrLsV9BuV"
    "LJN+lSlc0BTeqnl3j6wXrKMeN3ykBl6kQbaJZ7tNNdeKymflNV2by82hnzFjagSFNUWnjl"
    "uRiv0jrC63GXZsZA5kmU6rdrNhW+3h4fqqgKU2nWLjiMus8gYuN9hq/xpMic6xBuJJ/M/7"
    "f9d2/066Dkj3JQu/PuKnL7HJ3FFVyCYLRCpokx2/y3U88ruM45HfJY5HtnU6QYV8X4FESV"
    "xfWx/EW/F4PRc77PR5jYNOywb1tqnGYVnHKhZYcfO4LNPYwamZuw6fV3qPo5IqIFA2LZeF"
    "BTWnBnZaL0j41JMcKHS7nsmAIG+omXSY38XNGhyBHyHfNAwGbnojeEZz+9ylK0zXJmcxJn"
    "5BfIsGYKPTZsSG712qe/s4eENsAGhSkpK0to2HLCdO33hIjlpaaJ8V+8safWMvpk2nlmui"
    "82vKH15Kf3hCfzmdtgk55bxNOm+h7ofNcqcx6SkxzirY/1uhteF5Ji/KYZkK4tzIhXMjA+"
    "dGEmcvFboIzCGRSqKcC+QMjJNDmf1MXi+xkL8gKrUS0GWbhrfsNTCQw8yhIp6wQKIknrAD"
    "TwJTfhtF9bZG9S7plDiCriR5nn+vnknydLdVgTSmGRstdPbGBkKU5w7xnUKMgB2BB8LYIv"
    "um5wACnbGuEb975+J9/783nK0xfuVJ2nUwG2F9xDcZsRl/zNOT5IRv609cI2zGvkUhjzeS"
    "HVO9oo2wX063LTssY78TV2IB4rZor3YCSxjbYfmbVTrG4a1O1wYaT6iDiD7/mc17skUq1i"
    "R7rcJBY407/PKtWb0Rcsu+AEjsGXf+UXEwmE8l6vxCH4EhfkEEwCEbBn6TCTPAkkvSJjqU"
    "FpvRoWl6ZRPZVSpevBDliRef+Ra2EJXTsZxOx0CneU2EQKKCnoSt+MWCtyUvxoFEBTHeik"
    "8sy2GTniaW6bBZK12svLHKpdlhSVDtEWycnsmmaQKtlIpLSdn4BtW5gw54Z5B0CvZ8LgvD"
    "i43Yi+t2s/tVfqzXhcRHc/G112omHesT9iVk24MzNRBIrYh9ybyRe4BeuccUAdleJgSysD"
    "6qSbMg3FvZhAMGjZbRjHTdqqo55aqa84Isu2CoOiRSRXvx9DSPvXh6mm4v8nuxfAD2VhVA"
    "2GteQXS3wnjYEx0k84Wmx/VCIiUJ7B1Oivte17PX/wdCVx98"
)
