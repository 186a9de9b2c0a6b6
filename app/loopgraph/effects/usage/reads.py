"""Reads buckets: in whole hours, or in days, which begin at midnight UTC."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from operator import add
from typing import Any, Final, NamedTuple

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
from loopgraph.contracts.analytics.counting import ChangedDays, Counts, Tallies
from loopgraph.contracts.analytics.counts import counts_of, sums_of, tallies_of
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.contracts.analytics.windows import Bucket, Count, Counted, Grain, Window
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.many import made_of
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.usage.changed_days import changed_days_of

_SERIES, _SERIES_OF_KIND = query("usage/series"), query("usage/series_of_kind")
_SUMS_OF_KEYS = query("usage/sums_of_keys")
_SERIES_OF_SUBJECT = query("usage/series_of_subject")
_COUNTS, _COUNTS_OF_KIND = query("usage/counts"), query("usage/counts_of_kind")
_COUNTS_OF_SUBJECT = query("usage/counts_of_subject")
_RANKED = query("usage/ranked")
_COUNTS_OF_ALL, _COSTS = query("usage/counts_of_all"), query("usage/costs")
_CHANGED_DAYS = query("usage/changed_days")
_ROUND_NAME: Final = "usage"
"""As ``rounds`` has it."""

_EXECUTIONS_OF_KIND = query("usage/executions_of_kind")


_MANY_KEYS: Final = 1_000
"""Of more hours it is asked first on which days there was any use."""

_MOST_KEYS: Final = 50_000
"""So many buckets are looked up by their keys; of more, those of their kind are looked at, which costs as much as there are."""


class UsageReads:
    """Reads what was counted. In days, a window holds those that begin in it."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def changed_days(self, since: int = 0) -> tuple[int, list[ChangedDays]]:
        """How often buckets were changed, by whichever process: while that stays, they hold the same. And which days the rounds
        from one on and the one before it have changed, the newest first: those of which that is known."""
        rows = await self._graph.read(_CHANGED_DAYS, name=_ROUND_NAME, since=since)
        return (rows[0]["round"], list(map(changed_days_of, rows[0]["changed"] or ()))) if rows else (0, [])

    async def series(
        self, subjects: Sequence[Subject], window: Window, grain: Grain, *, dimensions: bool = False
    ) -> dict[Subject, list[Bucket]]:
        """The buckets of each subject in the order of time, in one statement; hours or days without executions are absent.
        Without ``dimensions``, nothing is told apart by them."""
        stored = await self._stored(subjects, window, grain, breakdowns=dimensions)

        def made() -> dict[Subject, list[Bucket]]:
            found: dict[Subject, list[Bucket]] = {subject: [] for subject in subjects}
            of_key = _by_key(found)
            for key, sums, breakdown in sorted(stored):
                bucket = sums_of(counts_of(sums), tallies_of(breakdown))
                found[of_key[subject_of(key)]].append(Bucket(instant_of(key[-DIGITS[grain] :]), bucket))
            return found

        return await made_of(stored, made)

    async def sums(
        self, subjects: Sequence[Subject], window: Window, grain: Grain, dimensions: Collection[str] = ()
    ) -> dict[Subject, UsageSums]:
        """The sums of each subject over a window, told apart by some dimensions, in one statement."""
        stored = await self._stored(subjects, window, grain, breakdowns=bool(dimensions))

        def made() -> dict[Subject, UsageSums]:
            found: dict[Subject, list[_Stored]] = {subject: [] for subject in subjects}
            of_key = _by_key(found)
            for one in stored:
                found[of_key[subject_of(one.key)]].append(one)
            return {subject: _summed(of, dimensions) for subject, of in found.items()}

        return await made_of(stored, made)

    async def counts(self, subjects: Sequence[Subject], window: Window, grain: Grain) -> dict[Subject, list[Count]]:
        """The plain counts of each subject in the order of time: in one statement, those of very many hours in two."""
        digits = DIGITS[grain]
        rows = await self._counts(subjects, window, grain)

        def made() -> dict[Subject, list[Count]]:
            found: dict[Subject, list[Count]] = {subject: [] for subject in subjects}
            of_key = _by_key(found)
            for counted in map(sorted, rows):
                found[of_key[subject_of(counted[0][0])]] = [
                    Count(instant_of(key[-digits:]), *numbers) for key, *numbers in counted
                ]
            return found

        return await made_of(sum(map(len, rows)), made)

    async def ranked(self, kind: SubjectKind, window: Window, grain: Grain, limit: int) -> list[Counted]:
        """The subjects of a kind, summed in the graph, the most executions first."""
        bounds = _bounds(kind_prefix(grain, kind), window, grain)
        rows = await self._graph.read(_RANKED, **bounds, digits=DIGITS[grain], limit=limit)
        return [_counted(row) for row in rows]

    async def totals(self, kind: SubjectKind, window: Window, grain: Grain, limit: int) -> list[Counted]:
        """All subjects of a kind that have any executions, summed in the graph, in any order; at most so many."""
        bounds = _bounds(kind_prefix(grain, kind), window, grain)
        rows = await self._graph.read(_COUNTS_OF_ALL, **bounds, digits=DIGITS[grain], limit=limit)
        every = [one for row in rows for one in row["counts"]]
        return await made_of(every, lambda: [Counted(subject_of(key), *counts) for key, *counts in every])

    async def costs(self, kind: SubjectKind, window: Window, grain: Grain, limit: int) -> dict[Subject, float]:
        """What the executions of the subjects of a kind are known to have cost, in 10⁻⁹ US dollars, summed in the graph; those of
        which that is not known are absent. At most so many."""
        bounds = _bounds(kind_prefix(grain, kind), window, grain)
        rows = await self._graph.read(_COSTS, **bounds, digits=DIGITS[grain], limit=limit)
        every = [one for row in rows for one in row["costs"]]
        return await made_of(every, lambda: {subject_of(key): cost for key, cost in every})

    async def executions_of_kind(
        self, kind: SubjectKind, window: Window, grain: Grain, limit: int
    ) -> dict[Subject, dict[datetime, int]]:
        """How often the subjects of a kind were used by hour or day, the most used first, in one statement that looks at each
        bucket once; hours or days without executions are absent."""
        bounds = _bounds(kind_prefix(grain, kind), window, grain)
        rows = await self._graph.read(_EXECUTIONS_OF_KIND, **bounds, digits=DIGITS[grain], limit=limit)

        def made() -> dict[Subject, dict[datetime, int]]:
            return {
                subject_of(row["subject"]): dict(zip(map(instant_of, row["stamps"]), row["executions"], strict=True))
                for row in rows
            }

        return await made_of(sum(len(row["stamps"]) for row in rows), made)

    async def _stored(
        self, subjects: Sequence[Subject], window: Window, grain: Grain, *, breakdowns: bool
    ) -> list[_Stored]:
        """Buckets as they are: of one subject by the range of their keys, of several by the keys, of very many by their kinds."""
        different = list(dict.fromkeys(subjects))
        if len(different) == 1:
            [bounds] = [_bounds(subject_prefix(grain, one), window, grain) for one in different]
            apart = bounds if breakdowns else {"since": "", "until": ""}
            rows = await self._graph.read(
                _SERIES_OF_SUBJECT, **bounds, breakdowns_since=apart["since"], breakdowns_until=apart["until"]
            )
            told = {key: text for row in rows if row["what"] == "breakdown" for key, text in row["found"]}
            return [
                _Stored(key, sums, told.get(key)) for row in rows if row["what"] == "sums" for key, sums in row["found"]
            ]
        if keys := _keys(different, window, grain):
            rows = await self._graph.read(_SERIES if breakdowns else _SUMS_OF_KEYS, keys=keys)
        else:
            rows = await self._of_kinds(_SERIES_OF_KIND, different, window, grain, breakdowns=breakdowns)
        return [_Stored(*one) for row in rows for one in row["found"]]

    async def _counts(self, subjects: Sequence[Subject], window: Window, grain: Grain) -> list[list[Any]]:
        """The plain counts of each subject that has any, found in the same ways."""
        different = list(dict.fromkeys(subjects))
        if len(different) == 1:
            [bounds] = [_bounds(subject_prefix(grain, one), window, grain) for one in different]
            rows = await self._graph.read(_COUNTS_OF_SUBJECT, **bounds)
        elif keys := _keys(different, window, grain):
            if grain is Grain.HOUR and len(keys) > _MANY_KEYS:
                keys = await self._hours_of_use(different, window)
            rows = await self._graph.read(_COUNTS, keys=keys, digits=DIGITS[grain])
        else:
            rows = await self._of_kinds(_COUNTS_OF_KIND, different, window, grain)
        return [row["counts"] for row in rows if row["counts"]]

    async def _hours_of_use(self, subjects: Sequence[Subject], window: Window) -> list[str]:
        """The keys of the hours of a window on those days of UTC on which each subject was used; most are used on few."""
        hours = _hours(window, Grain.HOUR)
        days = {stamp(Grain.DAY, day): day for day in range(hours.start // 24 * 24, hours.stop, 24)}
        keys = [f"{subject_prefix(Grain.DAY, one)}{day}" for one in subjects for day in days]
        rows = await self._graph.read(_COUNTS, keys=keys, digits=DIGITS[Grain.DAY])
        used = [(subject_of(key), days[key[-DIGITS[Grain.DAY] :]]) for row in rows for key, *_ in row["counts"]]
        return [
            f"{subject_prefix(Grain.HOUR, subject)}{stamp(Grain.HOUR, hour)}"
            for subject, day in used
            for hour in range(max(day, hours.start), min(day + 24, hours.stop))
        ]

    async def _of_kinds(
        self, of_kind: Query, subjects: Sequence[Subject], window: Window, grain: Grain, **more: Any
    ) -> list[Row]:
        """What a query answers of all buckets of each kind of subject."""
        rows: list[Row] = []
        for kind in sorted({one.kind for one in subjects}):
            rows += await self._graph.read(
                of_kind,
                **_bounds(kind_prefix(grain, kind), window, grain),
                digits=DIGITS[grain],
                subjects=[subject_prefix(grain, one) for one in subjects if one.kind is kind],
                **more,
            )
        return rows


class _Stored(NamedTuple):
    """A bucket as it is in the graph."""

    key: str
    sums: str
    breakdown: str | None


def _keys(subjects: Sequence[Subject], window: Window, grain: Grain) -> list[str]:
    """The keys of all buckets that there can be; none where they are too many."""
    hours = _hours(window, grain)
    if len(subjects) * len(hours) > _MOST_KEYS:
        return []
    stamps = [stamp(grain, hour) for hour in hours]
    return [f"{prefix}{at}" for one in subjects for prefix in [subject_prefix(grain, one)] for at in stamps]


def _bounds(prefix: str, window: Window, grain: Grain) -> dict[str, str]:
    """The keys with this beginning in a window: the first, and the first behind it."""
    hours = _hours(window, grain)
    return {"since": f"{prefix}{stamp(grain, hours.start)}", "until": f"{prefix}{stamp(grain, hours.stop)}"}


def _by_key(subjects: Iterable[Subject]) -> dict[Subject, Subject]:
    """Subjects by what they are in keys."""
    return {stored_as(subject): subject for subject in subjects}


def _summed(buckets: Iterable[_Stored], dimensions: Collection[str]) -> UsageSums:
    """The sums of some buckets. They are added as they are read: to add ``UsageSums`` would take ten times as long."""
    counts: Counts = {}
    counted = counts.get
    tallies: Tallies = {str(dimension): {} for dimension in dimensions}
    for one in buckets:
        for name, number in counts_of(one.sums).items():
            counts[name] = counted(name, 0) + number
        told = tallies_of(one.breakdown, dimensions) if dimensions else {}
        for dimension, known in tallies.items():
            values = told.get(dimension, {})
            if known.keys().isdisjoint(values):  # so it is of sessions, of which there are the most
                known.update(values)
                continue
            for value, numbers in values.items():
                if (sums := known.get(value)) is None:
                    known[value] = numbers
                else:
                    known[value] = list(map(add, sums, numbers))
    return sums_of(counts, tallies)


def _counted(row: Row) -> Counted:
    return Counted(subject_of(row["subject"]), row["executions"], row["successes"], row["failures"])


def _hours(window: Window, grain: Grain) -> range:
    """The hours, counted since 1970, at which the buckets of a window begin."""
    hours = HOURS[grain]
    first, end = (-(-hour_of(at) // hours) * hours for at in (window.since, window.until))
    return range(first, end, hours)
