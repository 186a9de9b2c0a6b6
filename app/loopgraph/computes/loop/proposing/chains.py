"""Parts of a text that follow each other within some distance, in a time that grows with the length of the text alone.

One regular expression over all of it would try each beginning with each middle and each end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator


class Link:
    """What follows: at least ``least`` and at most ``most`` characters behind what is before it, with none of the ``barriers``
    in between. Case makes no difference."""

    def __init__(self, pattern: str, most: int, barriers: str, *, least: int = 0) -> None:
        self.pattern = re.compile(pattern, re.IGNORECASE)
        self.least, self.most, self.barriers = least, most, barriers


class Chain:
    """What begins, and what follows on it, link by link."""

    def __init__(self, begin: str, *links: Link) -> None:
        self.begin = re.compile(begin, re.IGNORECASE)
        self.links = links


def found_in(chain: Chain, text: str) -> Iterator[tuple[int, int]]:
    """Where a chain begins and ends in a text, in the order of the ends. Of several beginnings with one end it is the last."""
    spans: Iterator[tuple[int, int]] = ((match.start(), match.end()) for match in chain.begin.finditer(text))
    for link in chain.links:
        spans = _followed(spans, link, text)
    yield from spans


def _followed(spans: Iterator[tuple[int, int]], link: Link, text: str) -> Iterator[tuple[int, int]]:
    """The spans that a link follows on, each as far as its end.

    Only the last span before it can be the one: what bars that bars every earlier one, and these are farther away.
    """
    coming = next(spans, None)
    if coming is None:
        return
    last: tuple[int, int] | None = None
    for match in link.pattern.finditer(text, coming[1]):
        at = match.start()
        while coming and coming[1] + link.least <= at:
            last, coming = coming, next(spans, None)
        if last is None or at - last[1] > link.most:
            if coming is None:
                return
            continue
        if all(text.rfind(barrier, last[1], at) < 0 for barrier in link.barriers):
            yield last[0], match.end()
