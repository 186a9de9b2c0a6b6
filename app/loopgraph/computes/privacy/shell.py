"""How the words of a command stand in text: of a shell, or of JSON that holds one, in which quotes are escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

GAP: Final = r"(?:[ \t]|\\\r?\n|\\{3}n)+"
LONGEST = 20_000
"""So long a value in quotes may be. One that begins ends at the next quote of its kind: so no text is read through often."""

QUOTED: Final = rf"""(?:\$(?=\\{{0,7}}'))?(?P<quote>\\{{0,7}}["'])
    (?P<content>(?:(?!(?P=quote))[^\r\n]|(?<=\\)(?P=quote)){{0,{LONGEST}}}+)(?<!\\)(?P=quote)""".replace("\n    ", "")
PLAIN: Final = r"""(?:[^\s"'`;|&()<>\\$]|\$(?!\\{0,7}')|\\(?![nrt"'\\\s]))+"""


def program(word: str) -> str:
    """The name of the program that a word calls."""
    return word.rpartition("/")[2].removesuffix(".exe")


def lines_at(text: str, places: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Where the lines of the places, which ascend, begin and end. Each is looked through once, however long the text is.

    Behind a backslash a line goes on; a newline that is escaped, as in JSON, ends one, too.
    """
    end = newline = -1
    for place in places:
        if place > end:
            start = _line_start(text, max(end, 0), place)
            if newline < place:
                newline = _line_end(text, "\n", place, len(text))
            end = _line_end(text, "\\n", place, newline)
            yield start, end


def _line_end(text: str, newline: str, low: int, high: int) -> int:
    """The first end of a line between these places; the last of them if there is none."""
    at = text.find(newline, low, high)
    while at > 0 and text[at - 1] == "\\":
        at = text.find(newline, at + 1, high)
    return at if at >= 0 else high


def _line_start(text: str, low: int, high: int) -> int:
    """Behind the last end of a line between these places; the first of them if there is none."""
    start = low
    for newline in ("\n", "\\n"):
        at = text.rfind(newline, start, high)
        while at > 0 and text[at - 1] == "\\":
            at = text.rfind(newline, start, at)
        if at >= 0:
            start = at + len(newline)
    return start
