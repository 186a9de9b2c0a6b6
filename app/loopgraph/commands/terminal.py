"""What the commands share: where they print and log, and how they end with an error."""

from __future__ import annotations

import difflib
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from loopgraph.commands.exit_codes import ExitCode
from loopgraph.effects.logs import CONTROL, configure
from loopgraph.errors import InvalidInput, InvalidSetting, LoopgraphError, in_our_words
from loopgraph.settings import Settings, unknown_settings

P = ParamSpec("P")
T = TypeVar("T")

_BUT_LINES = {code: text for code, text in CONTROL.items() if chr(code) not in "\n\t"}


class _Plain(Console):
    """A console on which no text moves the cursor, wherever it is from. What begins no line either is ``shown``."""

    def print(self, *objects: Any, **options: Any) -> None:
        """As of any console."""
        super().print(*(one.translate(_BUT_LINES) if isinstance(one, str) else one for one in objects), **options)

    def on_broken_pipe(self) -> None:
        """Whoever read the output has gone, which is no error of ours."""
        let_go_of_output()
        raise SystemExit(ExitCode.BROKEN_PIPE)


out = _Plain(highlight=False, soft_wrap=True)
err = _Plain(stderr=True, highlight=False, soft_wrap=True)


def shown(text: str) -> str:
    """A text from elsewhere, such as the name of a file, as it can be printed: it begins no line, and moves no cursor."""
    return text.translate(CONTROL)


SILENCE_S = 5.0
"""So long a command that waits says nothing."""


@contextmanager
def waiting_for(what: str) -> Iterator[None]:
    """Says once on standard error what is waited for, where the block takes longer than some seconds."""
    timer = threading.Timer(SILENCE_S, lambda: err.print(f"… waiting for {what}", markup=False))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def configure_logging(level: str) -> None:
    """Log lines on standard error, for whoever reads the terminal."""
    configure(level)


def impossible(problem: Mapping[str, Any]) -> str:
    """What is wrong with the value of a setting, as one sentence that names its variable; of a known few, with the nearest."""
    field = str(problem["loc"][0]) if problem["loc"] else ""
    name = f"LOOPGRAPH_{field}".upper() if field else "the settings"
    told, given = in_our_words(str(problem["msg"])), problem.get("input")
    if problem["type"] == "string_pattern_mismatch" and field in Settings.model_fields:
        return f"{name}: {given!r} is none; it is {Settings.model_fields[field].description}"
    if problem["type"] == "value_error" or not told.startswith("must ") or not isinstance(given, str | int | float):
        return f"{name}: {told}"
    known = re.findall(r"'([^']*)'", told) if problem["type"] in ("enum", "literal_error") else []
    nearest = difflib.get_close_matches(str(given).lower(), known, n=1)
    return f"{name}: {told}, not {given!r}{f'; did you mean {nearest[0]}?' if nearest else ''}"


_OF_OPTIONS: Final = ("graph_url", "host", "port")
"""Settings for which some commands have an option, which then counts in their place."""


def plainly(command: Callable[P, T]) -> Callable[P, T]:
    """An expected error ends the command with one plain sentence and its exit code, not with a traceback.

    Variables that may be misspelt settings are told first. A setting that cannot be ends every command, also one that does not
    need it: which it is should not depend on what is done next.
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        for sentence in unknown_settings(os.environ):
            err.print(f"loopgraph: warning: {sentence}", markup=False, style="yellow")
        try:
            given: dict[str, Any] = {name: kwargs[name] for name in _OF_OPTIONS if kwargs.get(name) is not None}
            Settings(**given)
            return command(*args, **kwargs)
        except LoopgraphError as error:
            err.print(f"loopgraph: {error}", markup=False, style="red")
            raise typer.Exit(code_of(error)) from error
        except ValidationError as error:
            if error.title != Settings.__name__:
                raise
            for problem in error.errors():
                err.print(f"loopgraph: {impossible(problem)}", markup=False, style="red")
            raise typer.Exit(ExitCode.USAGE) from error

    return run


def is_unread() -> bool:
    """Whether nobody reads standard output any more, as far as something is left for it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        let_go_of_output()
        return True
    return False


def let_go_of_output() -> None:
    """Has what is left for standard output go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def code_of(error: LoopgraphError) -> ExitCode:
    """The exit code of an expected error: whether something that was given is wrong, or it could not be done."""
    return ExitCode.USAGE if isinstance(error, InvalidInput | InvalidSetting) else ExitCode.FAILED
