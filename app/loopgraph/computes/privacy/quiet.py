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

_PLAIN: Final = re.compile(r"(?:(?!-)[A-Za-z0-9._~-]{0,14}+[ ,/()!?;+*]++)*+(?!-)[A-Za-z0-9._~-]{0,14}+")
"""Words that are too short for a token and do not begin like an option, on one line."""

_TELLING: Final = re.compile(
    r"""p(?:ass|wd|dp) | token | s(?:ecret|ignature|nyk|ql) | a(?:uth|dd_user|lias) | c(?:ookie|red|argo) | jwt | key | vault
    | b(?:ao|earer|asic) | rman | user | whsec_ | login | bind | --""",
    re.VERBOSE,
)
"""What plain texts with secrets have: the name of one, a command that takes one as an argument, the beginning of a form."""


def is_hexadecimal(text: str) -> bool:
    """Whether a text is an id of a machine, or several with ``-`` or ``/`` between them."""
    return _HEXADECIMAL.fullmatch(text) is not None


def is_quiet(text: str, lowered: str) -> bool:
    """Whether nothing in a text can be a secret by the rules that are built in; ``lowered`` is the same text in lower case."""
    if _HEXADECIMAL.fullmatch(text):
        return True
    return _PLAIN.fullmatch(text) is not None and _TELLING.search(lowered) is None
