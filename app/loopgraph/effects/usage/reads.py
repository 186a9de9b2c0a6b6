"""Reads buckets: in whole hours, or in days, which begin at midnight UTC."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from loopgraph.assets import Query, query
from loopgraph.contracts.analytics.bucket_keys import (
    DIGITS,
    HOURS,
    hour_of,
    instant_of,
    kind_prefix,
    stamp,
    stored_as,
    subject_of,
    subject_prefix,
)
from loopgraph.contracts.analytics.counting import Counts, Tallies
from loopgraph.contracts.analytics.counts import add_to, counts_of, sums_of, tallies_of
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.contracts.analytics.windows import Bucket, Count, Counted, Grain, Window
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.graph.transaction import Row

_SERIES = query("usage/series"), query("usage/series_of_kind")
_COUNTS = query("usage/counts"), query("usage/counts_of_kind")
_RANKED = query("usage/ranked")
_EXECUTIONS_OF_KIND = query("usage/executions_of_kind")


_MOST_KEYS: Final = 50_000
"""So many buckets are looked up by their keys; of more, those of their kind are looked at, which costs as much as there are."""


class UsageReads:
    """Reads what was counted. In days, a window holds those that begin in it."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def series(
        self, subjects: Sequence[Subject], window: Window, grain: Grain, *, dimensions: bool = False
    ) -> dict[Subject, list[Bucket]]:
        """The buckets of each subject in the order of time, in one statement; hours or days without executions are absent.
        Without ``dimensions``, nothing is told apart by them."""
        rows = await self._rows(_SERIES, subjects, window, grain, breakdowns=dimensions)

        def made() -> dict[Subject, list[Bucket]]:
            found: dict[Subject, list[Bucket]] = {subject: [] for subject in subjects}
            of_key = _by_key(found)
            for row in sorted(rows, key=lambda row: str(row["key"])):
                sums = sums_of(counts_of(row["sums"]), tallies_of(row["breakdown"]))
                found[of_key[subject_of(row["key"])]].append(Bucket(instant_of(row["key"][-DIGITS[grain] :]), sums))
            return found

        return await made_of(rows, made)

    async def sums(
        self, subjects: Sequence[Subject], window: Window, grain: Grain, dimensions: Collection[str] = ()
    ) -> dict[Subject, UsageSums]:
        """The sums of each subject over a window, told apart by some dimensions, in one statement."""
        rows = await self._rows(_SERIES, subjects, window, grain, breakdowns=bool(dimensions))

        def made() -> dict[Subject, UsageSums]:
            found: dict[Subject, list[Row]] = {subject: [] for subject in subjects}
            of_key = _by_key(found)
            for row in rows:
                found[of_key[subject_of(row["key"])]].append(row)
            return {subject: _summed(of, dimensions) for subject, of in found.items()}

        return await made_of(rows, made)

    async def counts(self, subjects: Sequence[Subject], window: Window, grain: Grain) -> dict[Subject, list[Count]]:
        """The plain counts of each subject in the order of time, in one statement."""
        digits = DIGITS[grain]
        rows = await self._rows(_COUNTS, subjects, window, grain)

        def made() -> dict[Subject, list[Count]]:
            found: dict[Subject, list[Count]] = {subject: [] for subject in subjects}
            of_key = _by_key(found)
            for row in rows:
                counted = sorted(row["counts"])
                found[of_key[subject_of(counted[0][0])]] = [
                    Count(instant_of(key[-digits:]), *numbers) for key, *numbers in counted
                ]
            return found

        return await made_of(sum(len(row["counts"]) for row in rows), made)

    async def ranked(self, kind: SubjectKind, window: Window, grain: Grain, limit: int) -> list[Counted]:
        """The subjects of a kind, summed in the graph, the most executions first."""
        prefix = kind_prefix(grain, kind)
        since, until = (f"{prefix}{at}" for at in _stamps(window, grain))
        rows = await self._graph.read(_RANKED, since=since, until=until, digits=DIGITS[grain], limit=limit)
        return [_counted(row) for row in rows]

    async def executions_of_kind(
        self, kind: SubjectKind, window: Window, grain: Grain, limit: int
    ) -> dict[Subject, dict[datetime, int]]:
        """How often the subjects of a kind were used by hour or day, the most used first, in one statement that looks at each
        bucket once; hours or days without executions are absent."""
        prefix, digits = kind_prefix(grain, kind), DIGITS[grain]
        since, until = (f"{prefix}{at}" for at in _stamps(window, grain))
        rows = await self._graph.read(_EXECUTIONS_OF_KIND, since=since, until=until, digits=digits, limit=limit)

        def made() -> dict[Subject, dict[datetime, int]]:
            return {
                subject_of(row["subject"]): dict(zip(map(instant_of, row["stamps"]), row["executions"], strict=True))
                for row in rows
            }

        return await made_of(sum(len(row["stamps"]) for row in rows), made)

    async def _rows(
        self, queries: tuple[Query, Query], subjects: Sequence[Subject], window: Window, grain: Grain, **more: Any
    ) -> list[Row]:
        """What a query answers of buckets by their keys; of very many keys, what another one does of each kind of subject."""
        by_key, of_kind = queries
        hours = _hours(window, grain)
        different = list(dict.fromkeys(subjects))
        if different and len(different) * len(hours) <= _MOST_KEYS:
            stamps = [stamp(grain, hour) for hour in hours]
            keys = [f"{prefix}{at}" for one in different for prefix in [subject_prefix(grain, one)] for at in stamps]
            extra = {"digits": DIGITS[grain]} if queries is _COUNTS else {}
            return await self._graph.read(by_key, keys=keys, **extra, **more)
        since, until = _stamps(window, grain)
        rows: list[Row] = []
        for kind in sorted({one.kind for one in different}):
            prefix = kind_prefix(grain, kind)
            rows += await self._graph.read(
                of_kind,
                since=f"{prefix}{since}",
                until=f"{prefix}{until}",
                digits=DIGITS[grain],
                subjects=[subject_prefix(grain, one) for one in different if one.kind is kind],
                **more,
            )
        return rows


def _by_key(subjects: Iterable[Subject]) -> dict[Subject, Subject]:
    """Subjects by what they are in keys."""
    return {stored_as(subject): subject for subject in subjects}


def _summed(rows: Iterable[Row], dimensions: Collection[str]) -> UsageSums:
    """The sums of some buckets. They are added as they are read: to add ``UsageSums`` would take ten times as long."""
    counts: Counts = {}
    tallies: Tallies = {str(dimension): {} for dimension in dimensions}
    for row in rows:
        add_to(counts, counts_of(row["sums"]))
        told = tallies_of(row["breakdown"]) if dimensions else {}
        for dimension, known in tallies.items():
            for value, numbers in told.get(dimension, {}).items():
                if (sums := known.get(value)) is None:
                    known[value] = numbers
                else:
                    known[value] = [a + b for a, b in zip(sums, numbers, strict=True)]
    return sums_of(counts, {dimension: known for dimension, known in tallies.items() if known})


def _counted(row: Row) -> Counted:
    return Counted(subject_of(row["subject"]), row["executions"], row["successes"], row["failures"])


def _stamps(window: Window, grain: Grain) -> tuple[str, str]:
    """The stamps of the first bucket of a window and of the first after it."""
    hours = _hours(window, grain)
    return stamp(grain, hours.start), stamp(grain, hours.stop)


def _hours(window: Window, grain: Grain) -> range:
    """The hours, counted since 1970, at which the buckets of a window begin."""
    hours = HOURS[grain]
    first, end = (-(-hour_of(at) // hours) * hours for at in (window.since, window.until))
    return range(first, end, hours)
