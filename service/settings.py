"""Everything that can be set from outside, read once and frozen.

Each field is read from the environment variable MARQUEE_<FIELD>. Unsafe combinations are refused with a sentence
that names the variable.
"""

from __future__ import annotations

import base64
import enum
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from limits import RateLimitItem, parse_many
from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MIN_KEY_LENGTH = 32
FERNET_KEY_BYTES = 32
STORE_SCHEMES = frozenset({"redis", "rediss", "valkey", "valkeys"})
MAX_RATE_CALLS = 1_000_000_000
MAX_RATE_WINDOW = 86_400
"""Seconds. The window bounds how long callers are remembered."""


def parse_rate(text: str) -> RateLimitItem:
    """Returns the rate in the notation of the `limits` package, such as "600/minute"; raises ValueError."""
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
    """How careful the server has to be."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Pooler(enum.StrEnum):
    """What stands between the server and PostgreSQL."""

    NONE = "none"
    TRANSACTION = "transaction"


class Delivery(enum.StrEnum):
    """How clients get at renditions."""

    PUBLIC = "public"
    PRESIGNED = "presigned"


class LogLevel(enum.StrEnum):
    """How much is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class LogFormat(enum.StrEnum):
    """How log lines are written."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class Settings(BaseSettings):
    """The effective settings of one process."""

    model_config = SettingsConfigDict(env_prefix="MARQUEE_", frozen=True, extra="ignore", use_attribute_docstrings=True)

    profile: Profile = Profile.PRODUCTION
    """`production` refuses what is only fit for one's own machine; `development` admits it."""

    host: str = "127.0.0.1"
    """Address the gRPC server listens on."""
    port: int = Field(default=50051, ge=0, le=65535)
    """Port the gRPC server listens on; 0 lets the system choose (single worker only)."""
    workers: int = Field(default=2, ge=1, le=64)
    """Number of worker processes that share the port."""
    http_port: int = Field(default=0, ge=0, le=65535)
    """Port that serves /metrics and /.well-known/jwks.json over HTTP on `host`; 0 serves none."""
    reflection: bool = False
    """Offers gRPC reflection, so that grpcurl needs no protos. Refused in production."""

    database_url: SecretStr = SecretStr("postgresql://127.0.0.1:5432/marquee")
    """PostgreSQL, as a libpq URL; several hosts may be named for failover."""
    database_pooler: Pooler = Pooler.NONE
    """`transaction` behind PgBouncer in transaction mode: no prepared statements are kept and no session
    parameters sent; the timeouts below must then be set on the role."""
    database_pool_size: int = Field(default=8, ge=1, le=200)
    """Connections of each worker."""
    database_acquire_timeout: float = Field(default=2.0, gt=0)
    """Seconds a call waits for a free connection."""
    database_connect_timeout: float = Field(default=3.0, gt=0)
    """Seconds that making a connection may take."""
    database_statement_timeout: float = Field(default=5.0, gt=0)
    """Seconds a single statement may run."""
    database_lock_timeout: float = Field(default=2.0, gt=0)
    """Seconds a statement may wait for a lock."""

    deadline: float = Field(default=15.0, gt=0)
    """Seconds a unary call may take, whatever deadline the client set or did not set."""
    stream_deadline: float = Field(default=3600.0, gt=0)
    """The same for streams."""
    drain_grace: float = Field(default=20.0, ge=0)
    """Seconds that calls under way are given at shutdown."""
    max_concurrent_calls: int = Field(default=256, ge=1)
    """Unary calls that a worker handles at once; more are refused with RESOURCE_EXHAUSTED."""
    max_concurrent_streams: int = Field(default=128, ge=1)
    """Streams that a worker keeps open at once."""
    max_request_bytes: int = Field(default=1 << 20, ge=1024)
    """Largest request message."""
    max_response_bytes: int = Field(default=4 << 20, ge=1024)
    """Largest response message; 4 MiB is what clients accept unless told otherwise."""
    max_metadata_bytes: int = Field(default=8192, ge=1024, le=16384)
    """Request metadata above this may be refused; at twice as much it is."""
    connection_max_age: float = Field(default=600.0, gt=0)
    """Seconds after which a connection is closed gently, so that clients spread over the workers anew."""
    trusted_proxies: int = Field(default=0, ge=0, le=16)
    """Proxies in front that each append their caller to x-forwarded-for; with 0 the header is not believed. Workers
    must then be reachable through these proxies only."""
    rate_limit_read: OptionalRate = "3000/minute"
    """Calls that only read, of one user or, of callers nobody knows, one peer; empty does not limit them. Where
    nothing is shared, each worker admits its part."""
    rate_limit_write: OptionalRate = "600/minute"
    """The same for calls that change something."""
    rate_limit_sign_in: OptionalRate = "60/minute"
    """The same for calls that check a password or a refresh token."""
    rate_limit_service: OptionalRate = "60000/minute"
    """The same for whatever one service calls."""
    shared_store_url: SecretStr = SecretStr("")
    """Redis or Valkey that limits are shared through, as redis://, rediss://, valkey:// or valkeys:// with host and
    port; empty shares none."""
    shared_store_timeout: float = Field(default=0.2, gt=0)
    """Seconds that a call waits for the shared store before it goes on without."""
    response_cache_bytes: int = Field(default=64 << 20, ge=0)
    """Memory of a worker for the replies about movies that it keeps, as much for people, an eighth for users' lists,
    an eighth for these in bytes, and an eighth for what recommendations follow from; 0 keeps none."""
    housekeeping_interval: float = Field(default=60.0, gt=0)
    """Seconds between two turns of a worker at clearing away what has ended, on average."""

    keys_dir: Path = Path("keys")
    """Folder of the signing keys: one PKCS#8 PEM file of an Ed25519 key each; the newest signs, all verify."""
    key_activation_delay: float = Field(default=600.0, ge=0, le=86400)
    """Seconds that a new signing key is published before it signs: more than others keep the published keys."""
    token_issuer: str = "marquee"  # noqa: S105 - a name, no secret
    """`iss` of tokens."""
    token_audience: str = "marquee"  # noqa: S105 - a name, no secret
    """`aud` of tokens; must not be empty."""
    access_token_ttl: float = Field(default=900.0, gt=0, le=86400)
    """Seconds an access token lives."""
    refresh_token_ttl: float = Field(default=30 * 86400.0, gt=0, le=366 * 86400)
    """Seconds a refresh token lives, and so a session that is not used."""
    data_keys: SecretStr = SecretStr("")
    """Fernet keys, comma-separated, that email addresses and birth dates are encrypted with; the first encrypts,
    all decrypt."""
    index_key: SecretStr = SecretStr("")
    """Key of at least 32 characters that email addresses are hashed with, to find them. Changing it loses them."""
    page_token_key: SecretStr = SecretStr("")
    """Key of at least 32 characters that page tokens are signed with; all workers need the same."""

    password_time_cost: int = Field(default=3, ge=1)
    """argon2id passes over the memory."""
    password_memory_kib: int = Field(default=65536, ge=8192)
    """argon2id memory in KiB."""
    password_parallelism: int = Field(default=1, ge=1)
    """argon2id lanes."""
    password_processes: int = Field(default=1, ge=1)
    """Processes of a worker that hash passwords, each of about 20 MB and `password_memory_kib`."""
    password_queue: int = Field(default=96, ge=1)
    """Password hashings of a worker that wait or run at once; more are refused with RESOURCE_EXHAUSTED."""
    password_attempts_account_peer: Rate = "10/15minute"  # noqa: S105 - a rate, no secret
    """Attempts at one account's password from one peer, on all workers together. A success forgets them."""
    password_attempts_peer: Rate = "100/15minute"  # noqa: S105 - a rate, no secret
    """Attempts from one peer at all accounts; a success does not count."""
    password_attempts_account: Rate = "50/hour"  # noqa: S105 - a rate, no secret
    """Attempts at one account from all peers, those spared that it was used from before."""

    recommendation_most_movies: int = Field(default=20_000, ge=2)
    """Movies with interactions that a model is trained for on one machine, in 8 bytes x movies x movies of memory;
    with more, training is refused."""
    recommendation_models_kept: int = Field(default=3, ge=1)
    """Trained models that are kept besides the active one; older ones are removed."""
    recommendation_threads: int = Field(default=2, ge=1, le=256)
    """Threads that training computes with."""

    upload_bucket: str = "marquee-uploads"
    """Bucket that clients upload into and that triggers the Lambda functions."""
    rendition_bucket: str = "marquee-renditions"
    """Bucket that holds the renditions."""
    media_base_url: str = "http://127.0.0.1:4566/marquee-renditions"
    """Public URL that rendition keys are appended to: a CDN, or the bucket's own endpoint."""
    media_delivery: Delivery = Delivery.PUBLIC
    """`public` hands out addresses below the public URL; `presigned` signed ones of the rendition bucket itself."""
    media_url_ttl: float = Field(default=3600.0, ge=300, le=604800)
    """Seconds that a presigned address is good for; with temporary credentials, no longer than these."""
    s3_endpoint_url: str | None = None
    """Endpoint of an S3 that is not AWS's own; AWS_ENDPOINT_URL serves as well."""
    s3_region: str = "us-east-1"
    """Region of the buckets."""
    upload_ttl: float = Field(default=900.0, gt=0, le=86400)
    """Seconds an upload form is good for."""
    upload_pending_limit: int = Field(default=20, ge=1, le=100_000)
    """Uploads of one user that may wait for their picture or its verdict at once; staff have ten times each quota."""
    upload_daily_files: int = Field(default=200, ge=1, le=1_000_000)
    """Uploads that one user may begin within 24 hours."""
    upload_daily_bytes: int = Field(default=1 << 30, ge=1 << 20, le=1 << 36)
    """Bytes that one user may announce within 24 hours."""
    media_stack: str = "marquee-media"
    """CloudFormation stack whose outputs name the functions' queues, for operators' commands."""
    upload_queue_url: str = ""
    """Queue of arrived uploads, for operators' commands; empty takes all queues from the stack's outputs."""
    upload_dead_letters_url: str = ""
    """Where that queue puts what its function could not handle."""
    removal_queue_url: str = ""
    """Queue of removed uploads; named beside the upload queue only."""
    removal_dead_letters_url: str = ""
    """Where that queue puts what its function could not handle."""

    log_level: LogLevel = LogLevel.INFO
    """Least level that is logged."""
    log_format: LogFormat = LogFormat.AUTO
    """`auto` writes JSON in production and readable lines in development."""

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        if not self.token_audience:
            raise ValueError("MARQUEE_TOKEN_AUDIENCE must not be empty: tokens of other systems would pass")
        if not self.database_url.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("MARQUEE_DATABASE_URL must be a URL that starts with postgresql://")
        if self.shared_store_url and not _is_store_url(self.shared_store_url.get_secret_value()):
            raise ValueError("MARQUEE_SHARED_STORE_URL must read redis://, rediss://, valkey:// or valkeys://HOST:PORT")
        if self.port == 0 and self.workers > 1:
            raise ValueError("MARQUEE_PORT=0 needs MARQUEE_WORKERS=1: several workers must share one known port")
        if self.profile is Profile.PRODUCTION and self.reflection:
            raise ValueError("MARQUEE_REFLECTION is refused in production: it publishes the whole contract")
        return self

    def for_serving(self) -> Self:
        """Checks what a serving process cannot do without, and other commands can; returns the same settings.

        Raises ValueError naming the variable.
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
