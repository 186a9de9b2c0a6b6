"""Buckets while they are being changed, and what traces have contributed to them, as text."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, Final

from loopgraph.contracts.analytics.bucket_keys import HOURS, BucketId
from loopgraph.contracts.analytics.counting import OTHER, Contribution, Counts, Part, Tallies
from loopgraph.contracts.analytics.counts import ERROR, LEVELS, add_to, counts_of, json_of, of_json, text_of
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind

MOST_VALUES: Final = 1_000
"""So many values of a dimension, and so many types of errors, are told apart in a bucket. Where there are more, a half of all, by
a digest, goes to ``OTHER``, then a half of the rest: those that are left are a fair sample."""


class Bucket:
    """The sums of a bucket while they are being changed.

    ``levels``: how often the values of a dimension were halved. It never falls, so that the order of changes cannot matter for
    what is told apart as long as the bucket is there. ``stored`` are the texts that it was read of, or was written as.
    """

    def __init__(
        self,
        counts: Counts | None = None,
        tallies: Tallies | None = None,
        levels: Counts | None = None,
        most: int = MOST_VALUES,
    ) -> None:
        self.counts: Counts = counts or {}
        self.tallies: Tallies = tallies or {}
        self.levels: Counts = levels or {}
        self.stored: tuple[str | None, str | None] = (None, None)
        self._most = most

    @classmethod
    def read(cls, sums: str | None, breakdown: str | None) -> Bucket:
        """A stored bucket."""
        told: dict[str, Any] = of_json(breakdown) if breakdown else {}
        levels: Counts = told.pop(LEVELS, {})
        bucket = cls(counts_of(sums) if sums else {}, told, levels)
        bucket.stored = (sums, breakdown)
        return bucket

    @property
    def sums(self) -> str:
        """The sums as text."""
        return text_of(self.counts)

    @property
    def breakdown(self) -> str | None:
        """By what they are told apart, as text; None for nothing."""
        told: dict[str, Any] = {**self.tallies, **({LEVELS: self.levels} if self.levels else {})}
        return json_of(told) if told else None

    def coarsened(self, levels: Counts) -> Bucket:
        """The same, told apart no finer than by these levels, and more coarsely where there are too many values."""
        coarse = Bucket(self.counts, self.tallies, dict(levels))
        for dimension in list(coarse.tallies):
            coarse._fold(dimension, levels.get(dimension, 0))
        coarse._fold_errors(levels.get(ERROR, 0))
        return coarse

    def clear(self) -> None:
        """It is as if it had never been there."""
        self.counts, self.tallies, self.levels = {}, {}, {}
        self.stored = (None, None)

    def add(self, part: Part, sign: int) -> None:
        """Adds a part, or takes it away."""
        level = self.levels.get(ERROR, 0)
        add_to(self.counts, _with_errors(part.counts, level) if level else part.counts, sign)
        if len(self.counts) > self._most:
            self._fold_errors(level)
        for dimension, values in part.tallies.items():
            level = self.levels.get(dimension, 0)
            known = self.tallies.setdefault(dimension, {})
            for value, tally in values.items():
                _add(known, value if _is_kept(value, level) else OTHER, tally, sign)
            if len(known) > self._most:
                self._fold(dimension, level + 1)
            elif not known:
                del self.tallies[dimension]

    def _fold(self, dimension: str, level: int) -> None:
        """Tells the values of a dimension apart by this level, or as much more coarsely as it takes."""
        known = self.tallies[dimension]
        while True:
            for value in [value for value in known if not _is_kept(value, level)]:
                _add(known, OTHER, known.pop(value), 1)
            if len(known) <= self._most or level >= _MOST_LEVELS:
                break
            level += 1
        if level:
            self.levels[dimension] = level

    def _fold_errors(self, level: int) -> None:
        """The same of the types of errors."""
        errors = [key for key in self.counts if key.startswith(ERROR)]
        while level < _MOST_LEVELS and sum(_is_kept(key[len(ERROR) :], level) for key in errors) > self._most:
            level += 1
        if level:
            self.counts, self.levels[ERROR] = _with_errors(self.counts, level), level


_MOST_LEVELS: Final = 32


def _with_errors(counts: Counts, level: int) -> Counts:
    """The counts with the types of errors that a level tells apart."""
    found: Counts = {}
    for key, count in counts.items():
        is_told = not key.startswith(ERROR) or _is_kept(key[len(ERROR) :], level)
        kept = key if is_told else ERROR + OTHER
        found[kept] = found.get(kept, 0) + count
    return found


def _is_kept(value: str, level: int) -> bool:
    return not level or value == OTHER or not zlib.crc32(value.encode()) & ((1 << level) - 1)


def _add(known: dict[str, list[int]], value: str, tally: Iterable[int], sign: int) -> None:
    before = known.get(value)
    after = [a + sign * b for a, b in zip(before or _NONE, tally, strict=True)]
    if any(after):
        known[value] = after
    else:
        known.pop(value, None)


_NONE: Final = (0, 0, 0, 0, 0, 0)


def changes(before: Contribution, after: Contribution) -> list[tuple[Part, int]]:
    """What is to be taken away and added where a trace contributes ``after`` instead of ``before``: parts with their sign."""
    was, now = ({(part.hour, part.subjects): part for part in parts} for parts in (before, after))
    left = [(part, -1) for key, part in was.items() if now.get(key) != part]
    return left + [(part, 1) for key, part in now.items() if was.get(key) != part]


def joined(*contributions: Contribution) -> Contribution:
    """All of it, as one contribution."""
    found: dict[tuple[int, tuple[Subject, ...]], Bucket] = {}
    for part in (part for contribution in contributions for part in contribution):
        found.setdefault((part.hour, part.subjects), Bucket(most=sys.maxsize)).add(part, 1)
    return tuple(Part(*key, bucket.counts, bucket.tallies) for key, bucket in sorted(found.items(), key=itemgetter(0)))


def buckets_of(part: Part) -> Iterable[BucketId]:
    """The buckets that a part is counted in."""
    for grain, hours in HOURS.items():
        hour = part.hour // hours * hours
        for subject in part.subjects:
            yield BucketId(grain, subject, hour)


def contribution_text(contribution: Contribution) -> str:
    """What a trace has contributed, as text."""
    parts = [
        [
            part.hour,
            [[kind.value, name, where] for kind, name, where in part.subjects],
            text_of(part.counts),
            part.tallies,
        ]
        for part in contribution
    ]
    return json_of(parts)


def contribution_of(text: str | None) -> Contribution:
    """What ``contribution_text`` wrote."""
    if not text:
        return ()
    return tuple(
        Part(
            hour,
            tuple(Subject(SubjectKind(kind), name, where) for kind, name, where in subjects),
            counts_of(counts),
            tallies,
        )
        for hour, subjects, counts, tallies in of_json(text)
    )


def as_plain(counts: Mapping[str, int], key: str) -> int:
    """A number that Cypher can sum; one that is too large for that is as large as can be."""
    return min(counts.get(key, 0), _LARGEST_PLAIN)


_LARGEST_PLAIN: Final = 2**53
