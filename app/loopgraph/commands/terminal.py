"""What the commands share: where they print and log, and how they end with an error."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from loopgraph.errors import LoopgraphError
from loopgraph.settings import unknown_settings

P = ParamSpec("P")
T = TypeVar("T")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


_CONTROL = {
    code: repr(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0xD800, 0xE000))
}


class Lines(logging.Formatter):
    """Each record as one line, and its traceback as indented ones: what a client sends begins no line, and moves no cursor."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        return super().formatMessage(record).translate(_CONTROL)

    def formatException(self, ei: Any) -> str:
        """The lines of a traceback; the text of an error can hold what a client has sent."""
        return "\n".join("  " + line.translate(_CONTROL) for line in super().formatException(ei).split("\n"))


def shown(text: str) -> str:
    """A text from elsewhere, such as the name of a file, as it can be printed: it begins no line, and moves no cursor."""
    return text.translate(_CONTROL)


def counted(number: int, one: str, more: str = "") -> str:
    """A number with what it counts: ``1 event``, ``1,000 events``; ``more`` where that is not ``one`` with an s."""
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"


def configure_logging(level: str) -> None:
    """Log lines on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(level=level.upper(), handlers=[handler])
    # The driver tells of every conflict that it retries and of every connection that is lost; what is not mended reaches us
    # as an error.
    logging.getLogger("neo4j").setLevel(logging.CRITICAL)
    # It tells of each change of a file, and agents write all the time.
    logging.getLogger("watchfiles").setLevel(logging.WARNING)


def plainly(command: Callable[P, T]) -> Callable[P, T]:
    """An expected error ends the command with one plain sentence and exit code 1, not with a traceback. Variables that may be
    misspelt settings are told first."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for sentence in unknown_settings(os.environ):
            err.print(f"loopgraph: warning: {sentence}", markup=False, style="yellow")
        try:
            return command(*args, **kwargs)
        except LoopgraphError as error:
            err.print(f"loopgraph: {error}", markup=False, style="red")
            raise typer.Exit(1) from error
        except ValidationError as error:
            for problem in error.errors():
                name = f"LOOPGRAPH_{'_'.join(map(str, problem['loc']))}".upper()
                err.print(
                    f"loopgraph: {name}: {problem['msg'].removeprefix('Value error, ')}", markup=False, style="red"
                )
            raise typer.Exit(2) from error

    return run
