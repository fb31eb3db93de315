"""The function's configuration, read from its environment once."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class FunctionSettings:
    """What the template passes to the function."""

    service_address: str
    """host:port of the media service."""
    service_token: str = field(repr=False)
    """Bearer token of the service role."""
    service_tls: bool
    """Whether the service is spoken to over TLS. Without it the token travels in the clear."""
    rendition_bucket: str
    """Bucket that renditions are written to; never the one that triggers the function."""
    service_deadline: float = 10.0
    """Seconds that one call to the service may take, retries included."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "FunctionSettings":
        """Reads the MARQUEE_* variables; raises ValueError naming one that is missing or wrong."""
        return cls(
            service_address=_required(environ, "MARQUEE_SERVICE_ADDRESS"),
            service_token=_required(environ, "MARQUEE_SERVICE_TOKEN"),
            service_tls=_flag(environ, "MARQUEE_SERVICE_TLS"),
            rendition_bucket=_required(environ, "MARQUEE_RENDITION_BUCKET"),
        )


def _required(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise ValueError(f"{name} is not set")
    return value


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "true").lower()
    if value not in ("true", "false"):
        raise ValueError(f"{name} must be true or false")
    return value == "true"
