"""Sets of words, as they are written down."""

from __future__ import annotations


def words_of(text: str) -> frozenset[str]:
    """The words of a text with spaces between them."""
    return frozenset(text.split())
