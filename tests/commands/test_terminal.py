"""Log lines: what others have sent cannot look like one of them."""

from __future__ import annotations

import logging
import sys

import pytest

from loopgraph.commands.terminal import out
from loopgraph.effects.logs import TextLines

FORGED = "x\n2026-11-28 19:00:00,000 ERROR   loopgraph: all is lost\r\x1b[2J\x9b1A\u2028\ud800é"
ESCAPED = r"x\n2026-11-28 19:00:00,000 ERROR   loopgraph: all is lost\r\x1b[2J\x9b1A\u2028\ud800é"


def line(message: str, *arguments: object, error: BaseException | None = None) -> str:
    about = (type(error), error, error.__traceback__) if error else None
    return TextLines().format(logging.LogRecord("loopgraph.test", logging.WARNING, "", 0, message, arguments, about))


@pytest.mark.parametrize("arguments", [(FORGED,), ({"text": FORGED},), (ValueError(FORGED),)])
def test_a_record_is_one_line(arguments: tuple[object, ...]) -> None:
    written = (
        line("a client sent %s", *arguments) if not isinstance(arguments[0], dict) else line("%(text)s", *arguments)
    )
    assert written.splitlines() == [written]
    assert ESCAPED in written
    written.encode()  # a lone surrogate would not do


def test_lines_of_a_traceback_are_indented() -> None:
    try:
        raise ValueError(FORGED)
    except ValueError as error:
        first, *rest = line("unexpected error", error=error).split("\n")
    assert first.endswith("loopgraph.test: unexpected error")
    assert len(rest) > 3
    assert all(each.startswith("  ") and each.isprintable() for each in rest)
    assert "\x1b" not in "".join(rest)
    assert sys.exc_info() == (None, None, None)


def test_no_text_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    """A surrogate alone would not do either: no terminal's encoding has it."""
    out.print(f"found {FORGED}", markup=False)
    assert capsys.readouterr().out == "found {}\n".format(ESCAPED.replace(r"\n", "\n"))
