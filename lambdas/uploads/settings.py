"""Configuration of the functions, read once from their environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class FunctionSettings:
    """Settings that the template passes to every function."""

    service_address: str
    """host:port of the media service."""
    service_token: str = field(repr=False)
    """Bearer token with the service role."""
    service_tls: bool
    """True to use TLS. Without TLS the token is sent unencrypted."""
    service_deadline: float = 10.0
    """Maximum duration of one call to the service in seconds, including retries."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "FunctionSettings":
        """Reads the MARQUEE_* variables; raises ValueError with the name of a missing or invalid variable."""
        return cls(
            service_address=required(environ, "MARQUEE_SERVICE_ADDRESS"),
            service_token=required(environ, "MARQUEE_SERVICE_TOKEN"),
            service_tls=_flag(environ, "MARQUEE_SERVICE_TLS"),
        )


def required(environ: Mapping[str, str], name: str) -> str:
    """Returns the value of a variable; raises ValueError if it is missing or empty."""
    value = environ.get(name, "")
    if not value:
        raise ValueError(f"{name} is not set")
    return value


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(name, "true").lower()
    if value not in ("true", "false"):
        raise ValueError(f"{name} must be true or false")
    return value == "true"
