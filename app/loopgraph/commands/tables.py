"""Tables that fit where they are printed: on a narrow terminal, columns that say less give way, and it is said which; elsewhere,
none do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

_ENDLESS: Final = Console(width=10_000)


@dataclass(frozen=True)
class Column:
    """A column: its name, its cells, what stands below them. ``rank``: those of the highest give way first, 0 stays."""

    name: str
    cells: Sequence[str]
    rank: int = 0
    left: bool = False
    total: str = ""


def print_table(console: Console, columns: Sequence[Column]) -> None:
    """Prints the columns, or as many of them as fit, and then the names of the others."""
    left = list(columns)
    while True:
        table = _table(left)
        natural = _ENDLESS.measure(table).maximum
        rank = max(column.rank for column in left)
        if not console.is_terminal:
            type(console)(file=console.file, width=natural, highlight=False).print(table)
            return
        if natural <= console.width or not rank:
            console.print(table)
            if gone := [column.name for column in columns if column not in left]:
                console.print(
                    f"too narrow for: {', '.join(gone)}; a pipe gets all columns", markup=False, soft_wrap=True
                )
            return
        left.remove([column for column in left if column.rank == rank][-1])


def _table(columns: Sequence[Column]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_footer=any(column.total for column in columns))
    for column in columns:
        table.add_column(
            column.name,
            Text(column.total),
            justify="left" if column.left else "right",
            overflow="fold",
            no_wrap=not column.left,
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*map(Text, row))
    return table
