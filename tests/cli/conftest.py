"""Fixtures of the command-line tests."""

from __future__ import annotations

from typing import Any

import pytest

from service.settings import Settings
from tests.processes import variables_of


@pytest.fixture
def variables(settings: Settings) -> dict[str, Any]:
    """Settings of a server with the test's database, for `run`."""
    return variables_of(settings)
