"""Rate limit settings: valid values, and clear errors for invalid ones."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from service.cli.application import app
from service.ratelimit.redis_storage import SharedStore
from service.settings import parse_rate
from tests.processes import environment

LIMITS = ["rate_limit_read", "rate_limit_write", "rate_limit_sign_in", "rate_limit_service"]
ATTEMPTS = ["password_attempts_account_peer", "password_attempts_peer", "password_attempts_account"]
STORE = "shared_store_url"


@pytest.mark.parametrize(
    ("text", "amount", "window"),
    [("600/minute", 600, 60), ("10/15minute", 10, 900), ("50 per hour", 50, 3600), ("1/day", 1, 86_400)],
)
def test_a_rate_is_an_amount_in_a_window(text: str, amount: int, window: int) -> None:
    rate = parse_rate(text)
    assert (rate.amount, rate.get_expiry()) == (amount, window)


@pytest.mark.parametrize("name", LIMITS + ATTEMPTS)
@pytest.mark.parametrize(
    "text", ["many", "600", "600/", "-1/minute", "0/minute", "1/2day", "1/second;5/minute", "9999999999/minute"]
)
def test_an_invalid_rate_is_refused_and_the_setting_named(name: str, text: str) -> None:
    ended = CliRunner().invoke(app, ["config"], env=environment(**{name: text}))
    assert ended.exit_code == 78
    assert f"MARQUEE_{name.upper()}: " in ended.output
    assert "must" in ended.output


def test_calls_may_be_unlimited_but_not_password_attempts() -> None:
    assert CliRunner().invoke(app, ["config"], env=environment(**dict.fromkeys(LIMITS, ""))).exit_code == 0
    for name in ATTEMPTS:
        assert CliRunner().invoke(app, ["config"], env=environment(**{name: ""})).exit_code == 78


@pytest.mark.parametrize(
    "url",
    ["redis://:sekret@store", "http://:sekret@store:6379", "store:6379", "redis://:sek/ret@store:6379", "redis://"],
)
def test_a_store_url_needs_scheme_host_and_port_and_its_password_is_not_shown(url: str) -> None:
    ended = CliRunner().invoke(app, ["config"], env=environment(**{STORE: url}))
    assert ended.exit_code == 78
    assert "MARQUEE_SHARED_STORE_URL" in ended.output
    assert "sek" not in ended.output


def test_the_settings_do_not_show_the_password_of_the_store() -> None:
    ended = CliRunner().invoke(app, ["config"], env=environment(**{STORE: "rediss://:sekret@store:6379/1"}))
    assert ended.exit_code == 0
    assert "sekret" not in ended.output


def test_an_unknown_option_in_the_store_url_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="MARQUEE_SHARED_STORE_URL") as raised:
        SharedStore("redis://:sekret@127.0.0.1:1?speed=high", timeout=1)
    assert "sekret" not in str(raised.value)
