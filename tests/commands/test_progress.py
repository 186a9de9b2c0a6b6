"""What a long command shows of how far it is."""

from __future__ import annotations

import io
import re

from rich.console import Console
from rich.progress import MofNCompleteColumn

from loopgraph.commands.progress import bar, shown


def test_a_line_now_and_then_where_nobody_watches() -> None:
    told = io.StringIO()
    with shown(Console(file=told, width=200), every_s=0) as tell:
        tell("moved 5", 5, "traces")
        tell("moved 9 [all]", 9, "traces")
    lines = told.getvalue().splitlines()
    assert [re.sub(r"[\d,]+ traces/s", "N traces/s", line) for line in lines] == [
        "moved 5 · 0 s · N traces/s",
        "moved 9 [all] · 0 s · N traces/s",
    ]


def test_nothing_where_it_is_done_at_once() -> None:
    told = io.StringIO()
    with shown(Console(file=told, width=200), every_s=3600) as tell:
        tell("moved 5", 5, "traces")
    assert told.getvalue() == ""


def test_one_line_that_changes_on_a_terminal() -> None:
    told = io.StringIO()
    with shown(Console(file=told, width=200, force_terminal=True)) as tell:
        tell("moved 5", 5, "traces")
        tell("moved 9", 9, "traces")
    assert "moved 9" in told.getvalue()
    assert told.getvalue().count("\n") <= 1


def test_a_bar_is_a_line_now_and_then_where_nobody_watches() -> None:
    told = io.StringIO()
    with bar(Console(file=told, width=200), MofNCompleteColumn(), every_s=0) as tell:
        tell("5 events [all]", 5, 20)
        tell("9 events", 9, None)
    assert told.getvalue().splitlines() == ["25 % · 5 events [all] · 0 s", "9 events · 0 s"]


def test_a_bar_says_nothing_where_it_is_done_at_once_or_to_be_quiet() -> None:
    told = io.StringIO()
    for options in ({"every_s": 3600.0}, {"every_s": 0.0, "quiet": True}):
        with bar(Console(file=told, width=200), MofNCompleteColumn(), **options) as tell:
            tell("5 events", 5, 20)
    with bar(Console(file=told, width=200, force_terminal=True), MofNCompleteColumn(), quiet=True) as tell:
        tell("5 events", 5, 20)
    assert told.getvalue() == ""


def test_a_bar_on_a_terminal_has_what_is_done_beside_it() -> None:
    told = io.StringIO()
    with bar(Console(file=told, width=200, force_terminal=True), MofNCompleteColumn()) as tell:
        tell("5 events [all]", 5, 20)
    assert "5 events [all]" in told.getvalue()
    assert "5/20" in told.getvalue()
    assert "25 %" not in told.getvalue()
