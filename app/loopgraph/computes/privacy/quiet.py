"""The cheap look before the careful one: most texts are a few plain words or an id, in which no rule could find a secret.

A text is quiet if it has none of the signs that every rule of this room needs: no sign of an assignment, no quote, no option of
a command, no pipe, no newline, no run of characters that is long enough for a token, and none of the words by which names,
commands and forms without such a sign are known. A new rule that finds secrets in less than that needs its word in ``_TELLING``.
"""

from __future__ import annotations

import re
from typing import Final

_HEXADECIMAL: Final = re.compile(r"[0-9a-f]++(?:[-/][0-9a-f]++)*+")
"""Ids of machines: too few letters for any name."""

_MACHINE_ID: Final = re.compile(
    r"(?:[0-9a-f]++(?:[-/][0-9a-f]++)*+/)?(?:toolu|srvtoolu|call|msg|req)_(?:bdrk_|vrtx_)?[0-9A-Za-z]{16,64}"
)
"""The ids that the APIs of models give to messages, requests and calls, of themselves or in a session."""

_WORD: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~"
_BETWEEN: Final = b" ,/()!?;+*"
_CLASSES: Final = bytes(
    ord("w") if byte in _WORD else ord(" ") if byte in _BETWEEN else ord("-" if byte == ord("-") else "x")
    for byte in range(256)
)
"""What each byte of a text is: of a word, between words, the sign of an option, or another."""

_TOKEN: Final = b"w" * 15
"""So many signs of a word can be a token."""

_TELLING: Final = re.compile(
    r"""p(?:ass|wd|dp) | token | s(?:ecret|ignature|nyk|ql) | a(?:uth|dd_user|lias) | c(?:ookie|red|argo) | jwt | key | vault
    | b(?:ao|earer|asic) | rman | user | whsec_ | login | bind | --""",
    re.VERBOSE,
)
"""What plain texts with secrets have: the name of one, a command that takes one as an argument, the beginning of a form."""


def is_machine_id(text: str) -> bool:
    """Whether a text is an id of a machine, or several with ``-`` or ``/`` between them."""
    return (_HEXADECIMAL.fullmatch(text) or _MACHINE_ID.fullmatch(text)) is not None


def is_quiet(text: str, lowered: str) -> bool:
    """Whether nothing in a text can be a secret by the rules that are built in; ``lowered`` is the same text in lower case."""
    if _HEXADECIMAL.fullmatch(text):
        return True
    return text.isascii() and _is_plain(text.encode()) and _TELLING.search(lowered) is None


def _is_plain(text: bytes) -> bool:
    """Whether it has only words that are too short for a token and do not begin like an option, on one line."""
    classes = text.translate(_CLASSES)  # a table and a search for bytes take a quarter of what an expression takes
    if b"x" in classes or classes.startswith(b"-") or b" -" in classes:
        return False
    return _TOKEN not in classes.replace(b"-", b"w")
