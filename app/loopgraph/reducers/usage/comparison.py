"""Several subjects side by side: what is the difference of every two, is it more than chance, and what else differs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple

from loopgraph.contracts.analytics.comparison import (
    Compared,
    ComparedMeasure,
    Comparison,
    Difference,
    MixDifference,
    MixShare,
)
from loopgraph.contracts.analytics.subjects import OTHER, Dimension, Subject, SubjectKind
from loopgraph.contracts.analytics.sums import NANO_PER_USD, US_PER_MS, Tally, UsageSums
from loopgraph.contracts.lineage.patterns import Pattern, PatternVersion
from loopgraph.contracts.loop.multiplicity import holm
from loopgraph.reducers.usage.clustered import LEVEL, Clustered, clustered, contrast
from loopgraph.reducers.usage.distributions import values
from loopgraph.reducers.usage.performance import cost_figures, duration_figures
from loopgraph.reducers.usage.success import success_figures
from loopgraph.reducers.usage.wording import in_words

MIXES: Final = (Dimension.CONTEXT, Dimension.AGENT, Dimension.MODEL, Dimension.PROJECT, Dimension.USER)
"""By what else the executions of two may differ."""

COMPARED: Final = (Dimension.UNIT, *MIXES)
"""The dimensions that a comparison asks for."""

MOST_MIX_VALUES: Final = 5

_OF_UNIT: Final[Mapping[ComparedMeasure, Callable[[Tally], tuple[float, float]]]] = {
    ComparedMeasure.SUCCESS_RATE: lambda tally: (tally.successes, tally.successes + tally.failures),
    ComparedMeasure.DURATION_MS: lambda tally: (tally.duration_us / US_PER_MS, tally.timed),
    ComparedMeasure.COST_USD: lambda tally: (
        tally.cost_nanousd / NANO_PER_USD,
        tally.executions if tally.cost_nanousd else 0,
    ),
}
"""What a unit's executions come to, and how many of them tell. What cost nothing is taken for what has no known cost."""


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


def compare(candidates: Sequence[Candidate]) -> Comparison:
    """The matrix, and the differences of every two on every measure, their p-values adjusted for all of them (Holm)."""
    means = {(one.key, measure): mean for one in candidates for measure, mean in _means(one.sums).items()}
    pairs = list(combinations(candidates, 2))
    plain = [
        _difference(measure, first, second, means[first.key, measure], means[second.key, measure])
        for first, second in pairs
        for measure in ComparedMeasure
    ]
    tested = [index for index, one in enumerate(plain) if one.p_value is not None]
    adjusted = dict(zip(tested, holm([plain[index].p_value or 0.0 for index in tested]), strict=True))
    labels = {one.key: one.label for one in candidates}
    return Comparison(
        columns=tuple(map(_column, candidates)),
        differences=tuple(_judged(one, adjusted.get(index), labels) for index, one in enumerate(plain)),
        mixes=tuple(mix for first, second in pairs for dimension in MIXES if (mix := _mix(dimension, first, second))),
        tests=len(tested),
    )


def _column(one: Candidate) -> Compared:
    units = one.sums.dimensions.get(Dimension.UNIT, {})
    return Compared(
        key=one.key,
        label=one.label,
        units=len(values(units)),
        unit_limit_hit=OTHER in units,
        success=success_figures(one.sums),
        duration=duration_figures(one.sums),
        cost=cost_figures(one.sums),
    )


def _means(sums: UsageSums) -> dict[ComparedMeasure, Clustered | None]:
    units = values(sums.dimensions.get(Dimension.UNIT, {}))
    return {measure: clustered(_pairs(units, of_unit)) for measure, of_unit in _OF_UNIT.items()}


def _pairs(
    units: Mapping[str, Tally], of_unit: Callable[[Tally], tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """Of the units that tell something."""
    return {unit: pair for unit, tally in units.items() if (pair := of_unit(tally))[1]}


def _difference(
    measure: ComparedMeasure, first: Candidate, second: Candidate, before: Clustered | None, after: Clustered | None
) -> Difference:
    plain = Difference(
        measure=measure,
        first=first.key,
        second=second.key,
        first_value=before.value if before else None,
        second_value=after.value if after else None,
        first_units=before.means.n if before else 0,
        second_units=after.means.n if after else 0,
    )
    return plain.model_copy(update=contrast(before, after)._asdict()) if before and after else plain


def _judged(one: Difference, adjusted: float | None, labels: Mapping[str, str]) -> Difference:
    judged = one.model_copy(
        update={"adjusted_p_value": adjusted, "significant": adjusted is not None and adjusted < LEVEL}
    )
    return judged.model_copy(update={"summary": in_words(judged, labels[one.first], labels[one.second])})


def _mix(dimension: Dimension, first: Candidate, second: Candidate) -> MixDifference | None:
    shares = [_shares(one.sums.dimensions.get(dimension, {})) for one in (first, second)]
    if not all(shares):
        return None
    before, after = shares
    apart = {value: (before.get(value, 0.0), after.get(value, 0.0)) for value in sorted({*before, *after})}
    ranked = sorted(apart.items(), key=lambda item: -abs(item[1][1] - item[1][0]))
    told = [item for item in ranked if item[0] != OTHER and item[1][0] != item[1][1]]
    return MixDifference(
        dimension=dimension,
        first=first.key,
        second=second.key,
        distance=min(1.0, sum(abs(b - a) for a, b in apart.values()) / 2),
        values=tuple(MixShare(value=value, first_share=a, second_share=b) for value, (a, b) in told[:MOST_MIX_VALUES]),
    )


def _shares(tallies: Mapping[str, Tally]) -> dict[str, float]:
    whole = sum(tally.executions for tally in tallies.values())
    return {value: tally.executions / whole for value, tally in tallies.items()} if whole else {}
