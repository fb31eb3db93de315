"""Files and folders of the embedded stack, and the secrets that it creates on its first start."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
from cryptography.fernet import Fernet

from service.auth import service_tokens
from service.auth.keys import KeyRing
from service.auth.policy import MEDIA_REGISTER
from service.auth.service_tokens import ServiceToken
from service.auth.tokens import TokenIssuer
from service.database import orm
from service.settings import Settings

TOKEN_RESERVE = timedelta(days=30)
"""Time that a token must still be valid at a start, so that it does not expire while the stack runs."""
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Layout:
    """Files and folders below one data folder."""

    root: Path

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data folder."""
        return self.root / "postgres"

    @property
    def aws(self) -> Path:
        """Objects, queues and functions."""
        return self.root / "aws"

    @property
    def build(self) -> Path:
        """Folder for the functions' zip."""
        return self.root / "build"

    @property
    def keys(self) -> Path:
        """Signing keys."""
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        """Logs of all parts."""
        return self.root / "logs"

    @property
    def secrets_file(self) -> Path:
        """Secrets that the first start created."""
        return self.root / "secrets.json"

    @property
    def environment_file(self) -> Path:
        """The server's settings as shell assignments, for other commands on the running stack."""
        return self.root / "environment"

    @property
    def lock_file(self) -> Path:
        """Lock and status of the running stack."""
        return self.root / "lock"


@dataclass(frozen=True, kw_only=True)
class DemoUser:
    """An account of the sample installation."""

    username: str
    email: str
    password: str
    staff: bool


@dataclass(frozen=True, kw_only=True)
class StackSecrets:
    """Secrets of this installation."""

    data_keys: str
    index_key: str
    page_token_key: str
    staff_password: str
    user_password: str

    @property
    def demo_users(self) -> tuple[DemoUser, DemoUser]:
        """A staff user and an ordinary one."""
        return (
            DemoUser(username="sam", email="sam@example.com", password=self.staff_password, staff=True),
            DemoUser(username="uma", email="uma@example.com", password=self.user_password, staff=False),
        )


def ensure_secrets(layout: Layout) -> StackSecrets:
    """Returns the secrets; creates them on first use, readable only by their owner."""
    if layout.secrets_file.is_file():
        return read_secrets(layout)
    created = StackSecrets(
        data_keys=Fernet.generate_key().decode(),
        index_key=secrets.token_urlsafe(32),
        page_token_key=secrets.token_urlsafe(32),
        staff_password=secrets.token_urlsafe(9),
        user_password=secrets.token_urlsafe(9),
    )
    write_private(layout.secrets_file, json.dumps(asdict(created), indent=2) + "\n")
    return created


def read_secrets(layout: Layout) -> StackSecrets:
    """Returns the secrets; raises FileNotFoundError before the first start."""
    values = json.loads(layout.secrets_file.read_text(encoding="utf-8"))
    return StackSecrets(**{field.name: values[field.name] for field in fields(StackSecrets)})


async def ensure_service_token(layout: Layout) -> str:
    """Returns the functions' token; issues a new one for a year if the last one is not valid for 30 more days.

    A start with the same token does not change the deployed functions. Requires the database with its schema, and
    the environment file.
    """
    settings = read_settings(layout)
    keys = KeyRing.from_settings(settings)
    file = layout.root / "service-token"
    async with orm.connected(settings):
        if file.is_file():
            token = file.read_text(encoding="utf-8")
            if await _is_valid(token, keys):
                return token
        issuer = TokenIssuer.from_settings(settings, keys)
        issued = await service_tokens.issue(
            issuer, service="register-image", scopes=[MEDIA_REGISTER], ttl=365 * 86400.0
        )
    write_private(file, issued.token)
    return issued.token


def read_settings(layout: Layout) -> Settings:
    """Returns the server's settings; raises FileNotFoundError before the first start."""
    environment = read_environment(layout)
    named: dict[str, Any] = {name.removeprefix("MARQUEE_").lower(): value for name, value in environment.items()}
    return Settings(**named)


async def _is_valid(token: str, keys: KeyRing) -> bool:
    """Returns whether a token is registered, not revoked, valid for TOKEN_RESERVE, and its key still exists."""
    try:
        token_id = UUID(jwt.decode(token, options={"verify_signature": False})["jti"])
    except (jwt.InvalidTokenError, LookupError, ValueError):
        return False
    earliest_end = datetime.now(UTC) + TOKEN_RESERVE
    return await ServiceToken.filter(
        id=token_id, revoked_at=None, expires_at__gt=earliest_end, kid__in=list(keys.verifying)
    ).exists()


def write_environment(layout: Layout, environment: Mapping[str, str]) -> None:
    """Writes the server's settings for other commands: `set -a; . .marquee/environment`."""
    lines = [f"{name}='{value}'\n" for name, value in sorted(environment.items())]
    write_private(layout.environment_file, "".join(lines))


def read_environment(layout: Layout) -> dict[str, str]:
    """Returns the server's settings as variables; raises FileNotFoundError before the first start."""
    lines = layout.environment_file.read_text(encoding="utf-8").splitlines()
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


def write_private(file: Path, text: str) -> None:
    """Writes a file atomically; at no moment can another user read it."""
    draft = file.with_name(f"{file.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    draft.replace(file)
