"""What a prompt is about, as far as matching goes by it."""

from __future__ import annotations

from typing import Final

from loopgraph.contracts.base import Contract

UNKNOWN_ACTION: Final = ""


class PromptFeatures(Contract):
    """What a prompt asks for. ``action`` is what is to be done, one word of a closed list (``UNKNOWN_ACTION``: it is not told);
    ``intent`` the kind of work that the action belongs to, as seed 003 §3.1 has it (``debugging``, ``testing``, …); ``keywords``
    are normalised, without duplicates, the most telling first. ``contrasts`` are marks, ``class:what``, of what makes other work
    of the same words: opposites, places, ways, manners; they are told from a text when they are needed, and are not stored."""

    action: str = UNKNOWN_ACTION
    intent: str
    keywords: tuple[str, ...] = ()
    contrasts: tuple[str, ...] = ()


class MatchContext(Contract):
    """Where a prompt is asked, as far as that is known; what is None says nothing."""

    domain: str | None = None
    project: str | None = None
    agent: str | None = None
