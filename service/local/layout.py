"""Where the embedded stack keeps what, and the secrets it makes on its first run."""

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

TOKEN_SPARE = timedelta(days=30)
CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Layout:
    """The folders and files below one data folder."""

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
        """The functions' zip."""
        return self.root / "build"

    @property
    def keys(self) -> Path:
        """Signing keys."""
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        """What the parts print."""
        return self.root / "logs"

    @property
    def secrets_file(self) -> Path:
        """Secrets of the first run."""
        return self.root / "secrets.json"

    @property
    def environment_file(self) -> Path:
        """The server's settings as shell assignments, for commands beside the running stack."""
        return self.root / "environment"

    @property
    def lock_file(self) -> Path:
        """Held by the running stack."""
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
    """What only this installation knows."""

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
    """Returns the secrets; makes them on first use, readable by their owner alone."""
    if layout.secrets_file.is_file():
        return read_secrets(layout)
    made = StackSecrets(
        data_keys=Fernet.generate_key().decode(),
        index_key=secrets.token_urlsafe(32),
        page_token_key=secrets.token_urlsafe(32),
        staff_password=secrets.token_urlsafe(9),
        user_password=secrets.token_urlsafe(9),
    )
    write_private(layout.secrets_file, json.dumps(asdict(made), indent=2) + "\n")
    return made


def read_secrets(layout: Layout) -> StackSecrets:
    """Reads the secrets; raises FileNotFoundError before the first run."""
    known = json.loads(layout.secrets_file.read_text(encoding="utf-8"))
    return StackSecrets(**{field.name: known[field.name] for field in fields(StackSecrets)})


async def ensure_service_token(layout: Layout) -> str:
    """Returns the functions' token; registers one that lives a year when there is none or it nears its end.

    The same token from start to start leaves the deployed functions unchanged. The database must be up, with its
    schema, and the environment written.
    """
    settings = read_settings(layout)
    keys = KeyRing.from_settings(settings)
    file = layout.root / "service-token"
    async with orm.connected(settings):
        if file.is_file():
            known = file.read_text(encoding="utf-8")
            if await _is_lasting(known, keys):
                return known
        issuer = TokenIssuer.from_settings(settings, keys)
        made = await service_tokens.issue(issuer, service="register-image", scopes=[MEDIA_REGISTER], ttl=365 * 86400.0)
    write_private(file, made.token)
    return made.token


def read_settings(layout: Layout) -> Settings:
    """Returns the server's settings; raises FileNotFoundError before the first start."""
    environment = read_environment(layout)
    named: dict[str, Any] = {name.removeprefix("MARQUEE_").lower(): value for name, value in environment.items()}
    return Settings(**named)


async def _is_lasting(token: str, keys: KeyRing) -> bool:
    """Tells whether a token that was made here is registered, not revoked, far from its end, and its key there."""
    try:
        token_id = UUID(jwt.decode(token, options={"verify_signature": False})["jti"])
    except (jwt.InvalidTokenError, LookupError, ValueError):
        return False
    spared = datetime.now(UTC) + TOKEN_SPARE
    return await ServiceToken.filter(
        id=token_id, revoked_at=None, expires_at__gt=spared, kid__in=list(keys.verifying)
    ).exists()


def write_environment(layout: Layout, environment: Mapping[str, str]) -> None:
    """Keeps the server's settings for commands beside it: `set -a; . .marquee/environment`."""
    lines = [f"{name}='{value}'\n" for name, value in sorted(environment.items())]
    write_private(layout.environment_file, "".join(lines))


def read_environment(layout: Layout) -> dict[str, str]:
    """Reads what write_environment kept; raises FileNotFoundError while nothing was started."""
    lines = layout.environment_file.read_text(encoding="utf-8").splitlines()
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


def write_private(file: Path, text: str) -> None:
    """Writes a file whole or not at all, readable by its owner alone from its first moment."""
    draft = file.with_name(f"{file.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    draft.replace(file)
