"""Pairs of prompts as developers write them, and what they are to each other.

``same_words``: nearly the same words, and another task. ``paraphrases``: other words, and the same task. ``opposites``: the same
words and the opposite, another place, the other way or another manner. ``other_arguments``: the same kind of work on something
else. The rules were written with the tuned parts in view; the held-out parts were written at the same time and were not looked
at while rules were changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[3] / "data" / "prompts"

Pair = tuple[str, str]


def pairs(kind: str, part: str) -> list[Pair]:
    """The pairs of a kind and a part (``tuned``, ``held_out``)."""
    lines = (FOLDER / f"{kind}_{part}.tsv").read_text(encoding="utf-8").splitlines()
    return [(one, other) for one, other in (line.split("\t") for line in lines)]
