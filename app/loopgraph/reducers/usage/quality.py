"""The quality that executions report: how it is distributed, and how often it reaches a gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from loopgraph.contracts.analytics.figures import BandShare, QualityBand, QualityFigures, QualityGate
from loopgraph.contracts.analytics.sums import GRADES, MICRO, UsageSums
from loopgraph.errors import InvalidInput
from loopgraph.reducers.samples import success_rate, wilson_interval
from loopgraph.reducers.usage.performance import deviation

BANDS: Final[Mapping[QualityBand, float]] = {
    QualityBand.EXCELLENT: 0.9,
    QualityBand.GOOD: 0.75,
    QualityBand.FAIR: 0.5,
    QualityBand.POOR: 0.0,
}
"""The least score of each band, the best first."""

GATE: Final = 0.8
"""What a quality score has to reach where nothing else is said: the score that a success has."""

_ROUNDING: Final = 1e-9


def quality_gate(grades: Mapping[int, int], threshold: float) -> QualityGate:
    """How many of the executions that report a quality reach a threshold. Raises InvalidInput for one that is not on the scale
    by which they are counted."""
    reported, passed = sum(grades.values()), _at_least(grades, _grade(threshold))
    return QualityGate(
        threshold=threshold,
        reported=reported,
        passed=passed,
        rate=success_rate(passed, reported),
        interval=wilson_interval(passed, reported),
    )


def quality_figures(sums: UsageSums) -> QualityFigures:
    """The distribution of the quality that executions report."""
    reported, spread, above = sum(sums.grades.values()), deviation(sums.quality), 0
    bands = []
    for band, least in BANDS.items():
        inside = _at_least(sums.grades, _grade(least)) - above
        above += inside
        bands.append(
            BandShare(band=band, at_least=least, executions=inside, share=inside / reported if reported else None)
        )
    return QualityFigures(
        reported=reported,
        mean=min(1.0, sums.quality.total / (MICRO * sums.quality.n)) if sums.quality.n else None,
        std=None if spread is None else spread / MICRO,
        bands=tuple(bands),
        grades=sums.grades,
    )


def _at_least(grades: Mapping[int, int], least: int) -> int:
    return sum(count for grade, count in grades.items() if grade >= least)


def _grade(score: float) -> int:
    """The grade that begins at a score."""
    grade = round(score * GRADES)
    if not 0 <= grade <= GRADES or abs(score * GRADES - grade) > _ROUNDING:
        raise InvalidInput("threshold", f"must be between 0 and 1 in steps of {1 / GRADES}, not {score!r}")
    return grade
