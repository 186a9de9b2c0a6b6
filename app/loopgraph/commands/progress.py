"""How far a long command is: a line that changes on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from rich.console import Console

EVERY_S = 10.0
"""Elsewhere than on a terminal."""


@contextlib.contextmanager
def shown(console: Console, every_s: float = EVERY_S) -> Iterator[Callable[[str, int, str], None]]:
    """A function that is told what has been done so far and how many of what that are; it shows that with their rate."""
    began = told_at = time.monotonic()
    with console.status("") if console.is_terminal else contextlib.nullcontext() as status:

        def tell(done: str, count: int, unit: str) -> None:
            nonlocal told_at
            at = time.monotonic()
            line = f"{done} · {at - began:,.0f} s · {count / max(at - began, 0.001):,.0f} {unit}/s"
            if status is not None:
                status.update(line)
            elif at - told_at >= every_s:
                told_at = at
                console.print(line, markup=False)

        yield tell
