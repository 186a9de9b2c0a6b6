"""Tables fit where they are printed."""

from __future__ import annotations

import io

from rich.console import Console

from loopgraph.commands.tables import Column, print_table

COLUMNS = [
    Column("project", ["/home/dev/a-long-name-of-a-project", "[b]"], left=True, total="total"),
    Column("prompts", ["1,000", "2"], total="1,002"),
    Column("steps", ["9", "8"], 2, total="17"),
    Column("cached", ["7", "6"], 1, total="13"),
    Column("cost", ["$1.00", "–"], total="$1.00"),
]


def printed(width: int, *, terminal: bool) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=terminal, highlight=False, color_system=None)
    print_table(console, COLUMNS)
    return file.getvalue().splitlines()


def test_elsewhere_than_on_a_terminal_nothing_is_cut() -> None:
    names, first, second, total = printed(20, terminal=False)
    assert names.split() == ["project", "prompts", "steps", "cached", "cost"]
    assert first.split() == ["/home/dev/a-long-name-of-a-project", "1,000", "9", "7", "$1.00"]
    assert second.split() == ["[b]", "2", "8", "6", "–"]
    assert total.split() == ["total", "1,002", "17", "13", "$1.00"]
    assert [len(line) for line in (names, first, second, total)] == [len(first.rstrip())] * 4


def test_on_a_narrow_terminal_columns_give_way_the_highest_rank_first() -> None:
    assert printed(100, terminal=True)[0].split() == ["project", "prompts", "steps", "cached", "cost"]
    assert len(printed(100, terminal=True)) == 4
    assert printed(64, terminal=True)[0].split() == ["project", "prompts", "cached", "cost"]
    assert printed(64, terminal=True)[4:] == ["too narrow for: steps; a pipe gets all columns"]
    assert printed(53, terminal=True)[0].split() == ["project", "prompts", "cost"]
    assert printed(53, terminal=True)[4:] == ["too narrow for: steps, cached; a pipe gets all columns"]
    lines = printed(30, terminal=True)
    assert lines[0].split() == ["project", "prompts", "cost"]
    assert "1,000" in lines[1], "figures stay whole, and names go on in the next line"
