"""Guardrails over the candidates of a run: how often any that breaks one is held, and what it costs those that are sound.

Candidates are better beyond doubt, so that the guardrail alone decides. One look, through the functions that the loop calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from numpy.random import Generator

from loopgraph.computes.loop.experiments.family import in_family
from loopgraph.computes.loop.statistics.guardrails import guard
from loopgraph.contracts.loop.design import Metric
from loopgraph.contracts.loop.experiments import ExperimentResult, GuardrailResult, UnitEstimate
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.contracts.statistics.decisions import GuardrailStatus, Margin
from loopgraph.contracts.statistics.metrics import Direction, MetricDefinition
from loopgraph.contracts.statistics.plans import FixedHorizon
from loopgraph.contracts.statistics.samples import UnitValue
from loopgraph.reducers.unit_samples import unit_samples
from support.designed import drawn, executions, experiment, look

LEVEL, MARGIN, UNITS = 0.05, 0.25, 350
"""``MARGIN`` in deviations of a unit, ``UNITS`` of each arm."""

SOUND = MARGIN / 5

_BETTER = look(experiment(), executions(Arm.CONTROL, drawn(100, 80)), executions(Arm.TREATMENT, drawn(60, 80)))
_QUALITY = MetricDefinition(name="quality", direction=Direction.LARGER_IS_BETTER)


def rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """By the candidates of a run: in how many runs any is held of those that break the guardrail exactly by its margin, each
    looked at by itself and as one of the run; and how many are held of sound ones, which lose a fifth of the margin."""
    for candidates in (1, 2, 5):
        broken = [_held(_run(random, candidates, MARGIN)) for _ in range(repetitions)]
        sound = [_held(_run(random, candidates, SOUND)) for _ in range(repetitions // 4)]
        cells = [f"{sum(any(each[way]) for each in broken) / repetitions:.1%}" for way in (0, 1)]
        cells += [f"{sum(sum(each[way]) for each in sound) / len(sound) / candidates:.1%}" for way in (0, 1)]
        yield [str(candidates), *cells]


def _run(random: Generator, candidates: int, loss: float) -> list[ExperimentResult]:
    found = []
    for _ in range(candidates):
        arms = [[UnitValue(float(value)) for value in random.normal(mean, 1.0, UNITS)] for mean in (0.0, -loss)]
        margin = Margin(value=MARGIN, relative=False)
        guarded = guard(_QUALITY, unit_samples(_QUALITY, *arms), margin, FixedHorizon(), LEVEL)
        assert isinstance(_BETTER.details, UnitEstimate)
        one = GuardrailResult(metric=Metric.QUALITY_SCORE, guardrail=guarded)
        found.append(_BETTER.model_copy(update={"details": _BETTER.details.model_copy(update={"guardrails": (one,)})}))
    return found


def _held(results: Sequence[ExperimentResult]) -> tuple[list[bool], list[bool]]:
    """Of each candidate, by itself and beside the others."""
    together = [in_family(each, [other for other in results if other is not each], len(results)) for each in results]
    return [_holds(each) for each in results], [_holds(each) for each in together]


def _holds(result: ExperimentResult) -> bool:
    assert isinstance(result.details, UnitEstimate)
    return all(each.guardrail.status is GuardrailStatus.HELD for each in result.details.guardrails)
