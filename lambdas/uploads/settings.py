"""The functions' configuration, read from their environment once."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class FunctionSettings:
    """What the template passes to every function."""

    service_address: str
    """host:port of the media service."""
    service_token: str = field(repr=False)
    """Bearer token of the service role."""
    service_tls: bool
    """Whether the service is spoken to over TLS. Without it the token travels in the clear."""
    service_deadline: float = 10.0
    """Seconds that one call to the service may take, retries included."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "FunctionSettings":
        """Reads the MARQUEE_* variables; raises ValueError naming one that is missing or wrong."""
        return cls(
            service_address=required(environ, "MARQUEE_SERVICE_ADDRESS"),
            service_token=required(environ, "MARQUEE_SERVICE_TOKEN"),
            service_tls=_flag(environ, "MARQUEE_SERVICE_TLS"),
        )


def required(environ: Mapping[str, str], name: str) -> str:
    """Returns a variable's value; raises ValueError when it is missing or empty."""
    value = environ.get(name, "")
    if not value:
        raise ValueError(f"{name} is not set")
    return value


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "true").lower()
    if value not in ("true", "false"):
        raise ValueError(f"{name} must be true or false")
    return value == "true"
