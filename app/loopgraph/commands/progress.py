"""How far a long command is: a line or a bar that changes on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

EVERY_S = 10.0
"""So often a line is printed elsewhere than on a terminal."""


@contextlib.contextmanager
def line(console: Console, every_s: float | None = None, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """A function that shows the line it is given; nothing where it is to be ``quiet``."""
    told_at, pause_s = time.monotonic(), EVERY_S if every_s is None else every_s
    watched = console.is_terminal and not quiet
    with console.status("") if watched else contextlib.nullcontext() as status:

        def show(text: str) -> None:
            nonlocal told_at
            if status is not None:
                status.update(text)
            elif not quiet and time.monotonic() - told_at >= pause_s:
                told_at = time.monotonic()
                console.print(text, markup=False)

        yield show


@contextlib.contextmanager
def shown(console: Console, every_s: float | None = None) -> Iterator[Callable[[str, int, str], None]]:
    """A function that is told what has been done so far and how many of what that are; it shows that with their rate."""
    began = time.monotonic()
    with line(console, every_s) as show:

        def tell(done: str, count: int, unit: str) -> None:
            passed = time.monotonic() - began
            show(f"{done} · {passed:,.0f} s · {count / max(passed, 0.001):,.0f} {unit}/s")

        yield tell


@contextlib.contextmanager
def bar(
    console: Console, amount: ProgressColumn, every_s: float | None = None, *, quiet: bool = False
) -> Iterator[Callable[[str, float, float | None], None]]:
    """A function that is told what has been done so far, how much of it all that is, and how much all is (None: not known).

    ``amount`` is how the bar shows the latter two. Nothing is shown where it is to be ``quiet``.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    began = time.monotonic()
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), amount, TimeElapsedColumn(), TimeRemainingColumn()
    )  # fmt: skip
    watched = console.is_terminal and not quiet
    with (
        Progress(*columns, console=console, transient=True, disable=not watched) as drawn,
        line(console, every_s, quiet=quiet or watched) as show,
    ):
        task = drawn.add_task("opening the graph", total=None)

        def tell(done: str, completed: float, total: float | None) -> None:
            drawn.update(task, description=done, completed=completed, total=total)
            share = f"{100 * completed / total:.0f} % · " if total else ""
            show(f"{share}{done} · {time.monotonic() - began:,.0f} s")

        yield tell
