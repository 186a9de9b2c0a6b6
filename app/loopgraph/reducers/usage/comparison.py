"""Several subjects side by side: what is the difference of every two, is it more than chance, and what else differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, combinations, count
from typing import Final, NamedTuple

import numpy as np

from loopgraph.contracts.analytics.comparison import (
    Compared,
    ComparedMeasure,
    Comparison,
    Difference,
)
from loopgraph.contracts.analytics.subjects import OTHER, Dimension, Subject, SubjectKind
from loopgraph.contracts.analytics.sums import NANO_PER_USD, US_PER_MS, UsageSums
from loopgraph.contracts.lineage.patterns import Pattern, PatternVersion
from loopgraph.contracts.loop.multiplicity import holm
from loopgraph.reducers.usage.clustered import LEVEL, Clustered, Contrast, Floats, Rows, clustered, columns, contrast
from loopgraph.reducers.usage.distributions import values
from loopgraph.reducers.usage.mixes import MIXES, mixes
from loopgraph.reducers.usage.performance import cost_figures, duration_figures
from loopgraph.reducers.usage.success import success_figures
from loopgraph.reducers.usage.wording import in_words

COMPARED: Final = (Dimension.UNIT, *MIXES)
"""The dimensions that a comparison asks for."""


def _cost(executions: Floats, nanousd: Floats) -> tuple[Floats, Floats]:
    return nanousd / NANO_PER_USD, np.where(nanousd != 0, executions, 0.0)


_OF_UNITS: Final[Mapping[ComparedMeasure, Callable[[Floats], tuple[Floats, Floats]]]] = {
    ComparedMeasure.SUCCESS_RATE: lambda of: (of[1], of[1] + of[2]),
    ComparedMeasure.DURATION_MS: lambda of: (of[4] / US_PER_MS, of[3]),
    ComparedMeasure.COST_USD: lambda of: _cost(of[0], of[5]),
}
"""What the executions of units come to, and how many of them tell, by the ``columns`` of their tallies. What cost nothing is
taken for what has no known cost."""


class Candidate(NamedTuple):
    """What is compared: its key, what people call it, and its sums with their dimensions."""

    key: str
    label: str
    sums: UsageSums


def labelled(patterns: Sequence[Pattern], versions: Sequence[PatternVersion]) -> dict[Subject, str]:
    """What is compared, by what it is called: versions of one pattern by their numbers, all others with their names."""
    alone = not patterns and len({version.pattern_id for version in versions}) == 1
    return {Subject(SubjectKind.PATTERN, pattern.pattern_id): pattern.name for pattern in patterns} | {
        Subject(SubjectKind.PATTERN_VERSION, version.node_id): f"v{version.version}"
        if alone
        else f"{version.pattern_name} v{version.version}"
        for version in versions
    }


class _Units(NamedTuple):
    """The units of a candidate, as numbers that the same units of all have; and its mean on every measure."""

    numbers: Rows
    means: Mapping[ComparedMeasure, Clustered | None]


def compare(candidates: Sequence[Candidate]) -> Comparison:
    """The matrix, and the differences of every two on every measure, their p-values adjusted for all of them (Holm)."""
    units = _units(candidates)
    pairs = list(combinations(range(len(candidates)), 2))
    told = [
        (measure, first, second, _contrast(units[first].means[measure], units[second].means[measure], both))
        for (first, second), both in zip(pairs, _in_both([one.numbers for one in units]), strict=True)
        for measure in ComparedMeasure
    ]
    p_values = [found.p_value for *_, found in told if found and found.p_value is not None]
    adjusted = iter(holm(p_values))
    return Comparison(
        columns=tuple(_column(one, len(of.numbers)) for one, of in zip(candidates, units, strict=True)),
        differences=tuple(
            _difference(
                measure,
                (candidates[first], units[first].means[measure]),
                (candidates[second], units[second].means[measure]),
                found,
                next(adjusted) if found and found.p_value is not None else None,
            )
            for measure, first, second, found in told
        ),
        mixes=mixes([(one.key, one.sums.dimensions) for one in candidates]),
        tests=len(p_values),
    )


def _units(candidates: Sequence[Candidate]) -> list[_Units]:
    told = [values(one.sums.dimensions.get(Dimension.UNIT, {})) for one in candidates]
    number_of = dict(zip(dict.fromkeys(chain.from_iterable(told)), count()))
    found = []
    for units in told:
        numbers = np.fromiter(map(number_of.__getitem__, units), np.intp, len(units))
        of = columns(units.values())
        found.append(_Units(numbers, {measure: clustered(*of_units(of)) for measure, of_units in _OF_UNITS.items()}))
    return found


def _in_both(several: Sequence[Rows]) -> Iterator[tuple[Rows, Rows]]:
    """Of every two, in the order of ``combinations``: where the numbers are that both have, in the first and in the second."""
    row_of = np.full(1 + max((int(numbers.max(initial=-1)) for numbers in several), default=-1), -1)
    for index, first in enumerate(several):
        row_of[first] = np.arange(len(first))
        for second in several[index + 1 :]:
            rows = row_of[second]
            both = np.flatnonzero(rows >= 0)
            yield rows[both], both
        row_of[first] = -1


def _contrast(first: Clustered | None, second: Clustered | None, both: tuple[Rows, Rows]) -> Contrast | None:
    return contrast(first, second, both) if first and second else None


def _column(one: Candidate, units: int) -> Compared:
    return Compared(
        key=one.key,
        label=one.label,
        units=units,
        unit_limit_hit=OTHER in one.sums.dimensions.get(Dimension.UNIT, {}),
        success=success_figures(one.sums),
        duration=duration_figures(one.sums),
        cost=cost_figures(one.sums),
    )


def _difference(
    measure: ComparedMeasure,
    first: tuple[Candidate, Clustered | None],
    second: tuple[Candidate, Clustered | None],
    found: Contrast | None,
    adjusted: float | None,
) -> Difference:
    (one, before), (other, after) = first, second
    told = Difference(
        measure=measure,
        first=one.key,
        second=other.key,
        first_value=before.value if before else None,
        second_value=after.value if after else None,
        first_units=before.means.n if before else 0,
        second_units=after.means.n if after else 0,
        adjusted_p_value=adjusted,
        significant=adjusted is not None and adjusted < LEVEL,
        **(found._asdict() if found else {}),
    )
    return told.model_copy(update={"summary": in_words(told, one.label, other.label)})
