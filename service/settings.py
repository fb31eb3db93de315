"""Settings of the server and of the commands: read once from the environment, then immutable.

The environment variable of a field is MARQUEE_ and the field's name in upper case. An unsafe combination is refused
with a sentence that names the variable. The descriptions are the documentation for operators: `docs/settings.md` and
`.env.example` are generated from them with `python -m service.cli.settings_reference`.
"""

from __future__ import annotations

import base64
import enum
import re
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from limits import RateLimitItem, parse_many
from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "MARQUEE_"
OTHER_VARIABLES = {
    "MARQUEE_LOCAL_DATA": "Folder of the local stack; default: `.marquee` in the checkout.",
    "MARQUEE_LOCAL_AWS_PORT": "Port of the local S3, SQS and Lambda; default: 4566.",
    "MARQUEE_MINISTACK_PYTHON": "Python interpreter that runs the local S3, SQS and Lambda.",
    "MARQUEE_DATA_DIR": "Folder of the data sets that tests and benchmarks read.",
    "MARQUEE_SERVICE_ADDRESS": "Address of the server, read by the Lambda functions.",
    "MARQUEE_SERVICE_TOKEN": "Service token, read by the Lambda functions.",
    "MARQUEE_SERVICE_TLS": "Use of TLS, read by the Lambda functions.",
    "MARQUEE_WORKER": "Number of a worker, set by the supervisor.",
    "MARQUEE_READY_FD": "Pipe between a worker and the supervisor, set by the supervisor.",
    "MARQUEE_PARENT_FD": "Pipe between a worker and the supervisor, set by the supervisor.",
}
"""Variables with the prefix that are not settings of the server, and their purpose."""
MIN_KEY_LENGTH = 32
FERNET_KEY_BYTES = 32
STORE_SCHEMES = frozenset({"redis", "rediss", "valkey", "valkeys"})
MAX_RATE_CALLS = 1_000_000_000
MAX_RATE_WINDOW = 86_400
"""Seconds; the counters of a caller are stored for as long as its longest window."""


def parse_rate(text: str) -> RateLimitItem:
    """Returns the rate for a text such as "600/minute", in the notation of the `limits` package; raises ValueError."""
    try:
        (rate,) = parse_many(text)
    except ValueError as error:
        raise ValueError('must be one rate, such as "600/minute" or "10/15minute"') from error
    if not 1 <= rate.amount <= MAX_RATE_CALLS or rate.get_expiry() > MAX_RATE_WINDOW:
        raise ValueError(f"must admit 1 to {MAX_RATE_CALLS} calls in a window of at most a day")
    return rate


def _checked_rate(text: str) -> str:
    parse_rate(text)
    return text


Rate = Annotated[str, AfterValidator(_checked_rate)]
"""A rate."""
OptionalRate = Annotated[str, AfterValidator(lambda text: text and _checked_rate(text))]
"""A rate, or empty for none."""


class Profile(enum.StrEnum):
    """Strictness of the checks of the settings."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Pooler(enum.StrEnum):
    """Connection pooler between the server and PostgreSQL."""

    NONE = "none"
    TRANSACTION = "transaction"


class Delivery(enum.StrEnum):
    """Kind of the URLs of renditions."""

    PUBLIC = "public"
    PRESIGNED = "presigned"


class LogLevel(enum.StrEnum):
    """Lowest level of the log."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class LogFormat(enum.StrEnum):
    """Format of log lines."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class SettingsGroup(BaseSettings):
    """Settings of one topic; the docstring of a subclass is the title of the topic."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", use_attribute_docstrings=True)


class ServerSettings(SettingsGroup):
    """Server."""

    profile: Profile = Profile.PRODUCTION
    """`production` refuses settings that are only safe on a developer's machine; `development` allows them."""
    host: str = "127.0.0.1"
    """Address on which the gRPC server listens."""
    port: int = Field(default=50051, ge=0, le=65535)
    """Port on which the gRPC server listens. 0 lets the system choose one; it needs `MARQUEE_WORKERS=1`."""
    workers: int = Field(default=2, ge=1, le=64)
    """Number of worker processes. They share the port; each uses about one CPU core."""
    http_port: int = Field(default=0, ge=0, le=65535)
    """Port for `/metrics` and `/.well-known/jwks.json` over HTTP, on the address of the gRPC server; 0 turns it off."""
    reflection: bool = False
    """Offers gRPC reflection, so that grpcurl works without the protos. Refused in production."""
    drain_grace: float = Field(default=20.0, ge=0)
    """Seconds for which running calls may continue at shutdown; then they are cancelled."""
    housekeeping_interval: float = Field(default=60.0, gt=0)
    """Average seconds between two housekeeping runs of a worker, which remove expired data."""
    log_level: LogLevel = LogLevel.INFO
    """Lowest level of the log lines that are written."""
    log_format: LogFormat = LogFormat.AUTO
    """`json` or `console`; `auto` is JSON in production and readable lines in development."""


class CallSettings(SettingsGroup):
    """Calls and connections."""

    deadline: float = Field(default=15.0, gt=0)
    """Maximum seconds of a unary call, even if the client allows more; then it ends with DEADLINE_EXCEEDED."""
    stream_deadline: float = Field(default=3600.0, gt=0)
    """Maximum seconds of a streaming call."""
    max_concurrent_calls: int = Field(default=256, ge=1)
    """Unary calls that a worker processes at the same time; it refuses more with RESOURCE_EXHAUSTED."""
    max_concurrent_streams: int = Field(default=128, ge=1)
    """Streaming calls that a worker keeps open at the same time; it refuses more with RESOURCE_EXHAUSTED."""
    max_request_bytes: int = Field(default=1 << 20, ge=1024)
    """Maximum size of a request message in bytes."""
    max_response_bytes: int = Field(default=4 << 20, ge=1024)
    """Maximum size of a response message in bytes. Clients accept 4 MiB unless they are configured otherwise."""
    max_metadata_bytes: int = Field(default=8192, ge=1024, le=16384)
    """Size of the request metadata in bytes above which a call may be refused; above twice this size it always is."""
    connection_max_age: float = Field(default=600.0, gt=0)
    """Seconds after which a connection is closed without losing calls, so that clients spread over all workers."""
    trusted_proxies: int = Field(default=0, ge=0, le=16)
    """Number of proxies in front of the server, each of which appends its caller to `x-forwarded-for`. With 0 the
    header is ignored. Clients must not reach the workers without these proxies: they could fake their address."""


class DatabaseSettings(SettingsGroup):
    """Database."""

    database_url: SecretStr = SecretStr("postgresql://127.0.0.1:5432/marquee")
    """PostgreSQL, as a libpq URL. Several hosts, separated by commas, allow failover."""
    database_pooler: Pooler = Pooler.NONE
    """`transaction` for PgBouncer in transaction mode: the server then uses no prepared statements and sends no session
    parameters, so the timeouts of statements and locks must be set on the database role."""
    database_pool_size: int = Field(default=8, ge=1, le=200)
    """Maximum number of pooled connections of each worker."""
    database_acquire_timeout: float = Field(default=2.0, gt=0)
    """Seconds for which a call waits for a free connection; then it ends with UNAVAILABLE."""
    database_connect_timeout: float = Field(default=3.0, gt=0)
    """Maximum seconds for opening a connection."""
    database_statement_timeout: float = Field(default=5.0, gt=0)
    """Maximum seconds of one statement; then the call ends with DEADLINE_EXCEEDED."""
    database_lock_timeout: float = Field(default=2.0, gt=0)
    """Maximum seconds for which a statement waits for a lock; then the call ends with ABORTED."""


class CacheSettings(SettingsGroup):
    """Caches and shared store."""

    response_cache_bytes: int = Field(default=64 << 20, ge=0)
    """Memory of each worker for cached movies, in bytes. Cached people may use the same amount again; users' lists, the
    responses built from them, and the histories for recommendations may use an eighth each. 0 turns the caches off."""
    shared_store_url: SecretStr = SecretStr("")
    """Redis or Valkey that all servers share for their rate limits: `redis://`, `rediss://`, `valkey://` or `valkeys://`
    with host and port. Without it each worker counts alone. Needs the extra `redis`."""
    shared_store_timeout: float = Field(default=0.2, gt=0)
    """Seconds for which a call waits for the shared store; then it continues without it."""


class RateLimitSettings(SettingsGroup):
    """Rate limits."""

    rate_limit_read: OptionalRate = "3000/minute"
    """Reading calls of one user, or of one address for calls without a valid token. Written as `600/minute` or
    `10/15minute`, with a window of at most a day; empty means no limit. Without a shared store each worker allows its
    part."""
    rate_limit_write: OptionalRate = "600/minute"
    """Changing calls of one user or address."""
    rate_limit_sign_in: OptionalRate = "60/minute"
    """Calls of one user or address that check a password or a refresh token."""
    rate_limit_service: OptionalRate = "60000/minute"
    """All calls of one service token's service."""
    password_attempts_account_peer: Rate = "10/15minute"  # noqa: S105 - a rate, no secret
    """Password attempts at one account from one address, over all workers. A success resets the count."""
    password_attempts_peer: Rate = "100/15minute"  # noqa: S105 - a rate, no secret
    """Password attempts from one address at all accounts. A success does not reset the count."""
    password_attempts_account: Rate = "50/hour"  # noqa: S105 - a rate, no secret
    """Password attempts at one account from all addresses, except those from which the account has a session."""


class KeySettings(SettingsGroup):
    """Keys and tokens."""

    keys_dir: Path = Path("keys")
    """Folder of the signing keys: one PKCS#8 PEM file per Ed25519 key. The newest key signs, all keys verify. Create
    the first key with `marquee keys rotate`."""
    key_activation_delay: float = Field(default=600.0, ge=0, le=86400)
    """Seconds between the publication of a new signing key and its first use. Must be longer than clients cache the
    published keys, or they refuse new tokens for a while."""
    token_issuer: str = "marquee"  # noqa: S105 - a name, no secret
    """`iss` claim of tokens."""
    token_audience: str = "marquee"  # noqa: S105 - a name, no secret
    """`aud` claim of tokens; must not be empty."""
    access_token_ttl: float = Field(default=900.0, gt=0, le=86400)
    """Seconds until an access token expires."""
    refresh_token_ttl: float = Field(default=30 * 86400.0, gt=0, le=366 * 86400)
    """Seconds until a refresh token expires; an unused session ends with it."""
    data_keys: SecretStr = SecretStr("")
    """Fernet keys for email addresses and birth dates, separated by commas: the first encrypts, all decrypt. Data that
    was encrypted with a lost key is lost."""
    index_key: SecretStr = SecretStr("")
    """Key of at least 32 characters for the hashes by which email addresses are found. After a change no account is
    found by its email address."""
    page_token_key: SecretStr = SecretStr("")
    """Key of at least 32 characters that signs page tokens; all workers need the same. A change makes the page tokens
    of clients invalid."""


class PasswordSettings(SettingsGroup):
    """Password hashing."""

    password_time_cost: int = Field(default=3, ge=1)
    """Passes of argon2id over its memory. More passes make sign-ins slower and guessing more expensive."""
    password_memory_kib: int = Field(default=65536, ge=8192)
    """Memory of one argon2id hash in KiB."""
    password_parallelism: int = Field(default=1, ge=1)
    """Lanes of argon2id."""
    password_processes: int = Field(default=1, ge=1)
    """Processes per worker that hash passwords. Each needs about 20 MB and the memory of one hash."""
    password_queue: int = Field(default=96, ge=1)
    """Hashes of a worker that run or wait at the same time; it refuses more with RESOURCE_EXHAUSTED."""


class RecommendationSettings(SettingsGroup):
    """Recommendations."""

    recommendation_most_movies: int = Field(default=20_000, ge=2)
    """Maximum number of movies with interactions in one training, which needs 8 bytes x movies x movies of memory;
    with more movies it is refused."""
    recommendation_models_kept: int = Field(default=3, ge=1)
    """Number of trained models to store in addition to the active one; older models are removed."""
    recommendation_threads: int = Field(default=2, ge=1, le=256)
    """Threads of a training."""


class MediaSettings(SettingsGroup):
    """Images."""

    upload_bucket: str = "marquee-uploads"
    """Bucket into which clients upload; its events start the Lambda functions."""
    rendition_bucket: str = "marquee-renditions"
    """Bucket of the renditions."""
    media_base_url: str = "http://127.0.0.1:4566/marquee-renditions"
    """Public URL of the renditions, without the key: a CDN or the bucket. Must start with https:// in production."""
    media_delivery: Delivery = Delivery.PUBLIC
    """`public` returns URLs below the public URL; `presigned` returns signed URLs of the rendition bucket."""
    media_url_ttl: float = Field(default=3600.0, ge=300, le=604800)
    """Seconds for which a presigned URL is valid. It ends earlier if temporary AWS credentials end earlier."""
    s3_endpoint_url: str | None = None
    """Endpoint of an S3-compatible storage; without it the endpoint is AWS or the value of AWS_ENDPOINT_URL."""
    s3_region: str = "us-east-1"
    """Region of the buckets."""
    upload_ttl: float = Field(default=900.0, gt=0, le=86400)
    """Seconds for which an upload form is valid."""
    upload_pending_limit: int = Field(default=20, ge=1, le=100_000)
    """Uploads of one user that may be unfinished at the same time. Staff may have ten times this and the next two."""
    upload_daily_files: int = Field(default=200, ge=1, le=1_000_000)
    """Uploads that one user may start within 24 hours."""
    upload_daily_bytes: int = Field(default=1 << 30, ge=1 << 20, le=1 << 36)
    """Bytes that one user may announce for uploads within 24 hours."""
    media_stack: str = "marquee-media"
    """CloudFormation stack whose outputs name the queues of the functions; `marquee media` reads them."""
    upload_queue_url: str = ""
    """Queue of arrived uploads, for `marquee media`. Empty reads all queues from the outputs of the stack."""
    upload_dead_letters_url: str = ""
    """Dead-letter queue of arrived uploads."""
    removal_queue_url: str = ""
    """Queue of removed uploads. Used only if the queue of arrived uploads is set too."""
    removal_dead_letters_url: str = ""
    """Dead-letter queue of removed uploads."""


class Settings(
    ServerSettings,
    DatabaseSettings,
    KeySettings,
    MediaSettings,
    CallSettings,
    RateLimitSettings,
    CacheSettings,
    PasswordSettings,
    RecommendationSettings,
):
    """Effective settings of one process."""

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if not self.token_audience:
            raise ValueError("MARQUEE_TOKEN_AUDIENCE must not be empty: tokens of other systems would pass")
        if not self.database_url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("MARQUEE_DATABASE_URL must be a URL that starts with postgresql://")
        if not _has_valid_ports(self.database_url.get_secret_value()):
            raise ValueError(
                "MARQUEE_DATABASE_URL has a port that is not a number;"
                " write special characters of the password as %XX, such as %2F for a slash"
            )
        if self.shared_store_url and not _is_store_url(self.shared_store_url.get_secret_value()):
            raise ValueError("MARQUEE_SHARED_STORE_URL must be redis://, rediss://, valkey:// or valkeys://HOST:PORT")
        if self.port == 0 and self.workers > 1:
            raise ValueError("MARQUEE_PORT=0 needs MARQUEE_WORKERS=1: several workers must share one known port")
        if self.profile is Profile.PRODUCTION and self.reflection:
            raise ValueError("MARQUEE_REFLECTION is refused in production: it publishes the whole contract")
        return self

    def for_serving(self) -> Self:
        """Checks the settings that only serving processes need; returns the same settings.

        Raises ValueError with the name of the variable.
        """
        is_public = self.media_delivery is Delivery.PUBLIC
        if self.profile is Profile.PRODUCTION and is_public and not self.media_base_url.startswith("https://"):
            raise ValueError("MARQUEE_MEDIA_BASE_URL must start with https:// in production")
        for name in ("index_key", "page_token_key"):
            if len(getattr(self, name).get_secret_value()) < MIN_KEY_LENGTH:
                raise ValueError(f"MARQUEE_{name.upper()} must have at least {MIN_KEY_LENGTH} characters")
        if not all(map(_is_fernet_key, self.data_keys.get_secret_value().split(","))):
            raise ValueError("MARQUEE_DATA_KEYS must hold Fernet keys (32 bytes in base64), separated by commas")
        return self


def _has_valid_ports(url: str) -> bool:
    """Returns whether every port in the comma-separated hosts of a URL is a number or empty."""
    hosts = re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0].rpartition("@")[2]
    return all(re.fullmatch(r"(\[[^]]*\]|[^:]*)(:\d*)?", host) for host in hosts.split(","))


def _is_store_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in STORE_SCHEMES and bool(parts.hostname and parts.port)
    except ValueError:
        return False


def _is_fernet_key(text: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(text.strip())) == FERNET_KEY_BYTES
    except ValueError:
        return False


def variable_name(field: str) -> str:
    """Returns the environment variable of a setting."""
    return PREFIX + field.upper()


def fields_by_topic() -> dict[str, dict[str, FieldInfo]]:
    """Returns the settings by the title of their topic, in the order of the documentation."""
    groups = (group for group in Settings.__bases__ if issubclass(group, SettingsGroup))
    return {(group.__doc__ or "").rstrip("."): dict(group.model_fields) for group in groups}


def description_of(field: FieldInfo) -> str:
    """Returns the description of a setting as one line."""
    return " ".join((field.description or "").split())
