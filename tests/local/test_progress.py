"""Progress and status of a stack that starts."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from service.local import demo
from service.local.layout import Layout
from service.local.progress import Progress
from service.local.status import READY, StackRunning, locked, read_status


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


@contextmanager
def shown(*, terminal: bool) -> Iterator[tuple[Progress, io.StringIO]]:
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=100, highlight=False)
    yield Progress(console, plain_seconds=0.05), output


def test_a_long_step_prints_lines_with_its_detail_without_a_terminal() -> None:
    with shown(terminal=False) as (progress, output):
        with progress.step("sample") as show_detail:
            show_detail("12 of 60 movies")
            deadline = time.monotonic() + 10
            while output.getvalue().count("  sample: 12 of 60 movies (") < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
        assert output.getvalue().count("  sample: 12 of 60 movies (") >= 2
        assert "✓ sample" in output.getvalue()


def test_a_step_on_a_terminal_updates_one_line() -> None:
    with shown(terminal=True) as (progress, output), progress.step("sample") as show_detail:
        show_detail("12 of 60 movies")
        time.sleep(1.2)
        assert "12 of 60 movies" in output.getvalue()


def test_a_failed_step_has_no_check_mark() -> None:
    with shown(terminal=False) as (progress, output):
        with pytest.raises(ValueError, match="broken"), progress.step("sample"):
            raise ValueError("broken")
        assert "✓" not in output.getvalue()


def test_the_status_is_visible_while_the_lock_is_held(layout: Layout) -> None:
    assert read_status(layout) is None
    with locked(layout) as publish:
        assert read_status(layout) == ""
        publish("sample: 12 of 60 movies")
        assert read_status(layout) == "sample: 12 of 60 movies"
        publish(READY)
        assert read_status(layout) == READY
        with pytest.raises(StackRunning, match="already running"), locked(layout):
            pass
    assert read_status(layout) is None


def test_a_demo_without_a_stack_says_so(layout: Layout) -> None:
    with pytest.raises(demo.StackNotReady, match="no stack is running"):
        demo.wait_for_stack(layout, stack_seconds=0)


def test_a_demo_whose_stack_is_never_ready_says_so(layout: Layout) -> None:
    with locked(layout) as publish:
        publish("schema")
        with pytest.raises(demo.StackNotReady, match="not ready after 0 s: schema"):
            demo.wait_for_stack(layout, ready_seconds=0)


def test_a_demo_whose_stack_stops_says_so(layout: Layout) -> None:
    lock = ExitStack()
    lock.enter_context(locked(layout))("schema")
    timer = threading.Timer(0.3, lock.close)
    timer.start()
    with pytest.raises(demo.StackNotReady, match="stopped during its start"):
        demo.wait_for_stack(layout)
    timer.join()
