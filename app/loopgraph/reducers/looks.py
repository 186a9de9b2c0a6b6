"""From the executions of both arms to what one look at an experiment sees."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from loopgraph.contracts.loop.arms import ArmSample
from loopgraph.contracts.loop.design import ExperimentDesign, Metric
from loopgraph.contracts.loop.feedback import Execution
from loopgraph.contracts.loop.sights import Seen, StageSeen
from loopgraph.contracts.statistics.metrics import Logarithm, MetricDefinition, Tail
from loopgraph.contracts.statistics.plans import ArmUnits
from loopgraph.contracts.statistics.samples import UnitSamples, UnitValue
from loopgraph.reducers.composites import Composed, composed
from loopgraph.reducers.history import History
from loopgraph.reducers.performance import metric_values
from loopgraph.reducers.samples import mean, summarize
from loopgraph.reducers.unit_samples import unit_samples
from loopgraph.reducers.units import arm_sample, clustered, telling_units


def seen(
    control: Sequence[Execution],
    treatment: Sequence[Execution],
    metric: Metric,
    design: ExperimentDesign,
    before: History | None = None,
    stages: Mapping[str, int] | None = None,
    propensities: Mapping[str, float] | None = None,
    of_stages: int = 0,
) -> Seen:
    """What both arms come to on the compared metric and on the guarded ones. Those that are set aside must not be among them.
    ``before`` is what units did before the experiment, where the design adjusts for that; ``stages`` are those of the units,
    which are ``of_stages``, where exposure grows or follows from what was seen; the latter has ``propensities``, in the order in
    which units were assigned (``unit_samples``)."""
    strata = None if propensities is not None else stages
    arms, past = (control, treatment), before or {}
    metrics: dict[Metric, MetricDefinition] = {}
    samples: dict[Metric, UnitSamples] = {}
    composite = _composed(arms, design, past) if Metric.COMPOSITE in design.measured(metric) else Composed([], [])
    for name in design.measured(metric):
        if name is Metric.COMPOSITE:
            metrics[name] = design.definition(name)
            found = unit_samples(metrics[name], composite.control, composite.treatment, strata)
            samples[name] = found.model_copy(update={"reason": composite.reason or found.reason})
            continue
        values = [unit_values(executions, name) for executions in arms]
        metrics[name] = design.definition(name, binary=is_binary(name, values))
        if metrics[name].covariate is not None:
            known = _as_compared(past.get(name, {}), metrics[name].tail)
            values = [unit_values(executions, name, known) for executions in arms]
        samples[name] = unit_samples(metrics[name], values[0], values[1], strata, propensities)
    before_and_after = [arm_sample(executions, metric) for executions in arms]
    if metric is Metric.COMPOSITE:
        parts = design.parts_of(metric)
        of_arms = zip(before_and_after, arms, (composite.control, composite.treatment), strict=True)
        before_and_after = [_with_composite(sample, of, units, parts) for sample, of, units in of_arms]
    return Seen(
        control=before_and_after[0],
        treatment=before_and_after[1],
        metrics=metrics,
        samples=samples,
        failing=ArmUnits(failing_units(control), failing_units(treatment)),
        stages=() if stages is None else _by_stage(arms, metric, design, stages, of_stages or len(design.stages)),
    )


def unit_values(
    executions: Iterable[Execution], metric: Metric, past: Mapping[str, float] | None = None
) -> list[UnitValue]:
    """The value of each unit that reports the metric: the plain mean over its executions that do; with its value in the past."""
    known = past or {}
    values = _by_unit(executions, metric)
    return [UnitValue(value, covariate=known.get(unit), unit=unit) for unit, value in values.items()]


def failing_units(executions: Iterable[Execution]) -> int:
    """How many units have an execution that failed."""
    return len({execution.unit for execution in executions if execution.success is False})


def is_binary(metric: Metric, arms: Iterable[Sequence[UnitValue]]) -> bool:
    """Whether each unit either succeeded or failed: of such ones, an interval can be told though nothing varies."""
    return metric is Metric.SUCCESS_RATE and all(unit.value in (0.0, 1.0) for units in arms for unit in units)


def _by_unit(executions: Iterable[Execution], metric: Metric) -> dict[str, float]:
    units: defaultdict[str, list[float]] = defaultdict(list)
    for execution in executions:
        for value in metric_values((execution,), metric):
            units[execution.unit].append(value)
    return {unit: mean(values) for unit, values in units.items()}


def _by_stage(
    arms: Sequence[Sequence[Execution]],
    metric: Metric,
    design: ExperimentDesign,
    stages: Mapping[str, int],
    count: int,
) -> tuple[StageSeen, ...]:
    parts = design.parts_of(metric) if metric is Metric.COMPOSITE else ()
    found = []
    for stage in range(count):
        mine = [[each for each in executions if stages.get(each.unit) == stage] for executions in arms]
        found.append(
            StageSeen(
                units=ArmUnits(*(len({each.unit for each in of}) for of in mine)),
                telling=ArmUnits(*(telling_units(of, metric, parts) for of in mine)),
                failing=ArmUnits(*(failing_units(of) for of in mine)),
            )
        )
    return tuple(found)


def _composed(arms: Sequence[Sequence[Execution]], design: ExperimentDesign, past: History) -> Composed:
    parts = design.parts_of(Metric.COMPOSITE)
    control, treatment = ([_by_unit(executions, part) for part in parts] for executions in arms)
    before = [past.get(part, {}) for part in parts] if design.history_days else None
    return composed(design.composite, control, treatment, before)


def _with_composite(
    sample: ArmSample, executions: Sequence[Execution], units: Sequence[UnitValue], parts: Sequence[Metric]
) -> ArmSample:
    values = [unit.value for unit in units]
    changes = {
        "sample": summarize(values),
        "metric": clustered([[value] for value in values]),
        "telling_units": telling_units(executions, Metric.COMPOSITE, parts),
    }
    return sample.model_copy(update=changes)


def _as_compared(past: Mapping[str, float], tail: Tail | None) -> Mapping[str, float]:
    """Past values go by logarithms where these are compared; what has none is as if it were not known."""
    if not isinstance(tail, Logarithm):
        return past
    return {unit: math.log(value) for unit, value in past.items() if value > 0}
