"""Sums of executions, added and taken away again. All that is returned is in one form: without zeros, keys ascending.

So equal sums are equal values, and are written as the same bytes, whatever they were added from and in which order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from operator import add as plus
from operator import attrgetter
from typing import Any, Final, TypeVar

from loopgraph.contracts.analytics.sums import NO_SUMS, Moments, Tally, UsageSums

K = TypeVar("K", str, int)
T = TypeVar("T", Moments, Tally)

_NUMBERS: Final = tuple(each.name for each in fields(UsageSums) if isinstance(getattr(NO_SUMS, each.name), int))
_MOMENTS: Final = tuple(each.name for each in fields(UsageSums) if isinstance(getattr(NO_SUMS, each.name), Moments))
_numbers_of = attrgetter(*_NUMBERS)


def total(several: Iterable[UsageSums]) -> UsageSums:
    """The sum of any number of sums."""
    parts = list(several)
    if not parts:
        return NO_SUMS
    values: dict[str, Any] = dict(zip(_NUMBERS, map(sum, zip(*map(_numbers_of, parts), strict=True)), strict=True))
    for name in _MOMENTS:
        values[name] = _sum(Moments, list(map(attrgetter(name), parts)))
    return UsageSums(
        **values,
        statuses=_counts([part.statuses for part in parts]),
        errors=_counts([part.errors for part in parts]),
        durations=_counts([part.durations for part in parts]),
        grades=_counts([part.grades for part in parts]),
        measures=_tuples(Moments, [part.measures for part in parts]),
        dimensions=_dimensions([part.dimensions for part in parts]),
    )


def add(a: UsageSums, b: UsageSums) -> UsageSums:
    """The sums over the executions of both."""
    return total((a, b))


def subtract(a: UsageSums, b: UsageSums) -> UsageSums:
    """The difference, so that ``add(b, subtract(a, b)) == a``; what ``b`` has more of is negative in it."""
    return total((a, negative(b)))


def negative(sums: UsageSums) -> UsageSums:
    """What takes ``sums`` away again when it is added."""
    return UsageSums(
        **{name: -getattr(sums, name) for name in _NUMBERS},
        **{name: _minus(getattr(sums, name)) for name in _MOMENTS},
        statuses={key: -count for key, count in sums.statuses.items()},
        errors={key: -count for key, count in sums.errors.items()},
        durations={key: -count for key, count in sums.durations.items()},
        grades={key: -count for key, count in sums.grades.items()},
        measures={key: _minus(moments) for key, moments in sums.measures.items()},
        dimensions={
            dimension: {key: _minus(tally) for key, tally in tallies.items()}
            for dimension, tallies in sums.dimensions.items()
        },
    )


def _counts(several: Sequence[Mapping[K, int]]) -> dict[K, int]:
    sums: dict[K, int] = {}
    get = sums.get
    for counts in several:
        for key, count in counts.items():
            sums[key] = get(key, 0) + count
    return {key: count for key in sorted(sums) if (count := sums[key])}


def _tuples(of: type[T], several: Sequence[Mapping[str, T]]) -> dict[str, T]:
    sums: dict[str, T] = {}
    for values in several:
        if sums.keys().isdisjoint(values):
            sums.update(values)
            continue
        for key, value in values.items():
            known = sums.get(key)
            sums[key] = value if known is None else of(*map(plus, known, value))
    return {key: value for key in sorted(sums) if any(value := sums[key])}


def _dimensions(several: Sequence[Mapping[str, Mapping[str, Tally]]]) -> dict[str, dict[str, Tally]]:
    found: defaultdict[str, list[Mapping[str, Tally]]] = defaultdict(list)
    for dimensions in several:
        for dimension, tallies in dimensions.items():
            found[dimension].append(tallies)
    sums = {dimension: _tuples(Tally, found[dimension]) for dimension in sorted(found)}
    return {dimension: tallies for dimension, tallies in sums.items() if tallies}


def _sum(of: type[T], values: Sequence[T]) -> T:
    return values[0] if len(values) == 1 else of(*map(sum, zip(*values, strict=True)))


def _minus(values: T) -> T:
    return type(values)(*(-value for value in values))
