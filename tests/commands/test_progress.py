"""What a long command shows of how far it is."""

from __future__ import annotations

import io
import re

from rich.console import Console

from loopgraph.commands.progress import shown


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
