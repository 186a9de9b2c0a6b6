"""How experiments stand, and what planned ones would find."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from loopgraph.computes.loop.experiments.deciding import estimate_of, guardrails_of
from loopgraph.computes.loop.experiments.experiment import evidence_of, of_comparison
from loopgraph.computes.loop.experiments.looks import (
    most_units,
    next_look,
    plan_for,
    plan_of,
    planned_units,
    sequence_of,
)
from loopgraph.computes.loop.experiments.planning import figures_of, power_of_gain, units_for_gain
from loopgraph.computes.loop.statistics.power import units_still_needed
from loopgraph.contracts.loop.design import ExperimentDesign
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import Arm, Execution, Metric
from loopgraph.contracts.loop.outlook import PlannedPower, PowerAsked, Standing
from loopgraph.contracts.loop.sights import Seen
from loopgraph.contracts.traces.success import Judging
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.errors import InvalidInput, NotFound
from loopgraph.orchestrators.loop.backgrounds import Backgrounds
from loopgraph.orchestrators.loop.feedback_loop import EXECUTION_TIMEOUT, MAX_ANALYZED
from loopgraph.orchestrators.loop.judging import Judge
from loopgraph.orchestrators.loop.looking import sight_of
from loopgraph.reducers.looks import is_binary, unit_values
from loopgraph.reducers.unit_samples import unit_samples

POWER = 0.8
"""How surely the gain that matters is to be found, where it is asked how many units are still needed."""


class Planning:
    """Reads what experiments rest on, those of uses judged as the loop judges them, and says what that comes to."""

    def __init__(
        self, graph: Graph, execution_timeout: timedelta = EXECUTION_TIMEOUT, judging: Judging | None = None
    ) -> None:
        self._execution_timeout = execution_timeout
        self._judge = Judge(graph, judging)
        self._traces = TraceReads(graph)
        self._lineage = LineageReads(graph)
        self._reads = FeedbackReads(graph)
        self._backgrounds = Backgrounds(graph, judging)

    async def standing(self, experiment: Experiment, gain: float | None = None) -> Standing:
        """How an experiment of one candidate, or a comparison of several, stands by what is there, or ended by what was there.

        While it runs, the estimate is one that holds whenever it is asked for, whatever looks its design has. Without a ``gain``
        the units needed are those for its design's smallest gain that matters, else for what its maker expects.
        """
        found = await self._traces.experiment_executions(experiment.experiment_id, now() - self._execution_timeout)
        until = experiment.concluded_at
        judged = await self._judge.judged(
            [each for each in of_comparison(found, experiment) if until is None or each.started_at <= until],
            experiment.design.read(experiment.metric),
        )
        background = await self._backgrounds.of(experiment)
        counted = self._backgrounds.counted(experiment, judged, background)
        sight = sight_of(experiment, {arm: evidence_of(counted, arm) for arm in Arm}, background)
        wanted = gain or experiment.design.minimum_gain
        if wanted is None:
            [improvement] = (await self._reads.improvements([experiment.improvement_id])).values()
            wanted = improvement.expected_delta
        return await asyncio.to_thread(_standing, experiment, sight, wanted if wanted and wanted > 0 else None)

    async def power(self, asked: PowerAsked) -> PlannedPower:
        """What a planned experiment would find, by how units of the version in use have varied.

        Raises NotFound for an unknown pattern, InvalidInput for one without a version in use, and for a composite.
        """
        if asked.metric is Metric.COMPOSITE:
            raise InvalidInput("metric", "must be one of its parts: a composite is standardised by a control")
        pattern = (await self._lineage.patterns([asked.pattern_id])).get(asked.pattern_id)
        if pattern is None:
            raise NotFound("Pattern", asked.pattern_id)
        if pattern.current_node_id is None:
            raise InvalidInput("patternId", f"{asked.pattern_id} has no current version; activate one first")
        since = now() - timedelta(days=asked.time_window_days)
        executions = await self._traces.executions([pattern.current_node_id], since, limit=MAX_ANALYZED)
        return await asyncio.to_thread(_power, asked, await self._judge.judged(executions, (asked.metric,)))


def _standing(experiment: Experiment, sight: Seen, gain: float | None) -> Standing:
    design, level, metric = experiment.design, experiment.significance_level, experiment.metric
    sequence = sequence_of(design, experiment.min_sample_size)
    plan = plan_of(experiment) if experiment.concluded_at else sequence
    definition, samples = sight.metrics[metric], sight.samples[metric]
    needed = None
    if gain is not None and metric is not Metric.COMPOSITE and not design.in_ranks:
        power = (gain, plan, level, POWER, design.treatment_share)
        needed = units_for_gain(definition, samples.control, *power)
    return Standing(
        metric=metric,
        estimate=estimate_of(experiment, sight, plan),
        guardrails=guardrails_of(experiment, sight, plan),
        planned_units=planned_units(design, experiment.min_sample_size),
        most_units=most_units(design, experiment.min_sample_size),
        next_look=None if experiment.concluded_at else next_look(experiment),
        gain=gain,
        needed=needed,
        units_needed=None if needed is None else units_still_needed(needed, samples.control.n + samples.treatment.n),
    )


def _power(asked: PowerAsked, executions: list[Execution]) -> PlannedPower:
    design = ExperimentDesign(metric=asked.metric, horizon=asked.horizon, treatment_share=asked.treatment_share)
    values = unit_values(executions, asked.metric)
    definition = design.definition(asked.metric, binary=is_binary(asked.metric, [values]))
    sample = unit_samples(definition, values, []).control
    plan = plan_for(design, asked.min_sample_size)
    planned, level = planned_units(design, asked.min_sample_size), asked.significance_level / asked.candidates
    mean, deviation = figures_of(sample)
    return PlannedPower(
        metric=asked.metric,
        gain=asked.gain,
        units=sample.n,
        mean=mean,
        deviation=deviation,
        needed=units_for_gain(definition, sample, asked.gain, plan, level, asked.power, asked.treatment_share),
        planned=power_of_gain(definition, sample, asked.gain, planned, plan, level, asked.treatment_share),
    )
