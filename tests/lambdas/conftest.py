"""Fixtures for the tests of the Lambda functions."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.lambdas.fakes import FakeStore, MediaServiceRecorder, media_service

_EVENTS = Path(__file__).parent / "events"


@pytest.fixture
def load_event() -> Callable[[str], dict[str, Any]]:
    """Loads a recorded event by its name."""

    def load(name: str) -> dict[str, Any]:
        event: dict[str, Any] = json.loads((_EVENTS / f"{name}.json").read_text(encoding="utf-8"))
        return event

    return load


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def service() -> Iterator[MediaServiceRecorder]:
    with media_service() as recorder:
        yield recorder
