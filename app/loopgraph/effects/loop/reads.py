"""Reads of the improvement loop. Those that take many ids ask for all of them in one statement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from loopgraph.assets import query
from loopgraph.contracts.base import Page
from loopgraph.contracts.experiments import Decision, Experiment
from loopgraph.contracts.feedback import (
    Arm,
    FeedbackRun,
    Improvement,
    ImprovementPage,
    ImprovementStatus,
    RunPage,
    RunStatus,
)
from loopgraph.contracts.lineage import PatternStatus, PatternVersion
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.mapping import version as version_of
from loopgraph.effects.loop import mapping
from loopgraph.errors import NotFound

T = TypeVar("T")

_RUNS_BY_ID = query("feedback/runs_by_id")
_OPEN_RUNS = query("feedback/open_runs")
_RUNS_PAGE = query("feedback/runs_page")
_RUNS_OF_PATTERNS = query("feedback/runs_of_patterns")
_IMPROVEMENTS_BY_ID = query("feedback/improvements_by_id")
_IMPROVEMENTS_OF_PATTERNS = query("feedback/improvements_of_patterns")
_IMPROVEMENTS_OF_RUNS = query("feedback/improvements_of_runs")
_EXPERIMENTS_BY_ID = query("feedback/experiments_by_id")
_EXPERIMENTS_OF_IMPROVEMENTS = query("feedback/experiments_of_improvements")
_WAITING_EXPERIMENTS = query("feedback/waiting_experiments")
_ASSIGNED_UNITS = query("feedback/assigned_units")
_DECISIONS_BY_ID = query("feedback/decisions_by_id")
_DECISIONS_OF_IMPROVEMENTS = query("feedback/decisions_of_improvements")
_DECISIONS_OF_EXPERIMENTS = query("feedback/decisions_of_experiments")
_DECISIONS_OF_VERSIONS = query("feedback/decisions_of_versions")
_ASSIGNMENT = query("feedback/assignment")

_LAST_KEY = "~"
_OPEN = [status for status in RunStatus if status.open]


@dataclass(frozen=True)
class Assignable:
    """What a unit of work can be assigned to: the version in use (None: none is), and the arms of an experiment beside it.

    The control of the experiment is the version in use; ``experiment_id`` and ``treatment`` are None together.
    """

    current: PatternVersion | None
    experiment_id: str | None
    treatment: PatternVersion | None


@dataclass(frozen=True)
class WaitingExperiment:
    """An experiment that its run waits for. ``can_conclude``: its control is in use and its treatment is a draft."""

    experiment: Experiment
    can_conclude: bool


class FeedbackReads:
    """Reads runs, improvements, experiments and decisions."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def run(self, run_id: str) -> FeedbackRun:
        """A run. Raises NotFound."""
        found = await self.runs([run_id])
        if run_id not in found:
            raise NotFound("FeedbackRun", run_id)
        return found[run_id]

    async def runs(self, run_ids: Collection[str]) -> dict[str, FeedbackRun]:
        """Runs by id; unknown ids are absent."""
        rows = await self._graph.read(_RUNS_BY_ID, run_ids=list(run_ids))
        return {found.run_id: found for found in (mapping.run(row["run"]) for row in rows)}

    async def open_runs(self) -> list[FeedbackRun]:
        """The runs that still go on."""
        return [mapping.run(row["run"]) for row in await self._graph.read(_OPEN_RUNS, statuses=_OPEN)]

    async def runs_page(self, page: Page, status: RunStatus | None = None) -> RunPage:
        """One page of all runs, newest first. ``page.after`` is the time key of the last run seen."""
        before = page.after or _LAST_KEY
        rows = await self._graph.read(_RUNS_PAGE, before=before, status=status, limit=page.first + 1)
        runs = tuple(mapping.run(row["run"]) for row in rows)
        return RunPage(runs=runs[: page.first], has_more=len(runs) > page.first)

    async def runs_of_patterns(
        self, pattern_ids: Collection[str], page: Page, status: RunStatus | None = None
    ) -> dict[str, RunPage]:
        """One page of the runs of each pattern, newest first. ``page.after`` is the time key of the last run seen."""
        rows = await self._graph.read(
            _RUNS_OF_PATTERNS,
            pattern_ids=list(pattern_ids),
            before=page.after or _LAST_KEY,
            status=status,
            limit=page.first + 1,
        )
        found = _grouped(pattern_ids, rows, "pattern_id", lambda row: mapping.run(row["run"]))
        return {
            id_: RunPage(runs=tuple(runs[: page.first]), has_more=len(runs) > page.first) for id_, runs in found.items()
        }

    async def improvement(self, improvement_id: str) -> Improvement:
        """An improvement. Raises NotFound."""
        found = await self.improvements([improvement_id])
        if improvement_id not in found:
            raise NotFound("Improvement", improvement_id)
        return found[improvement_id]

    async def improvements(self, improvement_ids: Collection[str]) -> dict[str, Improvement]:
        """Improvements by id; unknown ids are absent."""
        rows = await self._graph.read(_IMPROVEMENTS_BY_ID, improvement_ids=list(improvement_ids))
        found = (mapping.improvement(row["improvement"]) for row in rows)
        return {improvement.improvement_id: improvement for improvement in found}

    async def improvements_of_patterns(
        self, pattern_ids: Collection[str], page: Page, status: ImprovementStatus | None = None
    ) -> dict[str, ImprovementPage]:
        """One page of the improvements of each pattern, newest first. ``page.after`` is the time key of the last one seen."""
        rows = await self._graph.read(
            _IMPROVEMENTS_OF_PATTERNS,
            pattern_ids=list(pattern_ids),
            before=page.after or _LAST_KEY,
            status=status,
            limit=page.first + 1,
        )
        found = _grouped(pattern_ids, rows, "pattern_id", lambda row: mapping.improvement(row["improvement"]))
        return {
            id_: ImprovementPage(improvements=tuple(items[: page.first]), has_more=len(items) > page.first)
            for id_, items in found.items()
        }

    async def improvements_of_runs(self, run_ids: Collection[str]) -> dict[str, list[Improvement]]:
        """The improvements that each run took up, in the order it tests them."""
        rows = await self._graph.read(_IMPROVEMENTS_OF_RUNS, run_ids=list(run_ids))
        return _grouped(run_ids, rows, "run_id", lambda row: mapping.improvement(row["improvement"]))

    async def experiments(self, experiment_ids: Collection[str]) -> dict[str, Experiment]:
        """Experiments by id; unknown ids are absent."""
        rows = await self._graph.read(_EXPERIMENTS_BY_ID, experiment_ids=list(experiment_ids))
        return {found.experiment_id: found for found in (mapping.experiment(row["experiment"]) for row in rows)}

    async def experiments_of_improvements(self, improvement_ids: Collection[str]) -> dict[str, list[Experiment]]:
        """The experiments on each improvement, in the order they were started."""
        rows = await self._graph.read(_EXPERIMENTS_OF_IMPROVEMENTS, improvement_ids=list(improvement_ids))
        found = _grouped(improvement_ids, rows, "improvement_id", lambda row: mapping.experiment(row["experiment"]))
        return {id_: sorted(items, key=lambda item: item.started_at) for id_, items in found.items()}

    async def waiting_experiments(self, run_ids: Collection[str]) -> dict[str, WaitingExperiment]:
        """The experiment that each run is at, by run id; runs that are at none are absent."""
        rows = await self._graph.read(_WAITING_EXPERIMENTS, run_ids=list(run_ids)) if run_ids else []
        found = {}
        for row in rows:
            can_conclude = row["control_in_use"] and row["treatment_status"] == PatternStatus.DRAFT
            experiment = mapping.experiment(row["experiment"])
            found[experiment.run_id] = WaitingExperiment(experiment, can_conclude)
        return found

    async def assigned_units(self, experiment_ids: Collection[str]) -> dict[str, dict[Arm, int]]:
        """How many units were assigned to each arm, for every id given."""
        counts = {id_: dict.fromkeys(Arm, 0) for id_ in experiment_ids}
        for row in await self._graph.read(_ASSIGNED_UNITS, experiment_ids=list(counts)) if counts else ():
            counts[row["experiment_id"]][Arm(row["arm"])] = row["units"]
        return counts

    async def decisions(self, decision_ids: Collection[str]) -> dict[str, Decision]:
        """Decisions by id; unknown ids are absent."""
        rows = await self._graph.read(_DECISIONS_BY_ID, decision_ids=list(decision_ids))
        return {found.decision_id: found for found in (mapping.decision(row["decision"]) for row in rows)}

    async def decisions_of_improvements(self, improvement_ids: Collection[str]) -> dict[str, list[Decision]]:
        """The decisions on each improvement in their order: the loop's, and then a reviewer's."""
        rows = await self._graph.read(_DECISIONS_OF_IMPROVEMENTS, improvement_ids=list(improvement_ids))
        return _in_order(_grouped(improvement_ids, rows, "improvement_id", _decision))

    async def decisions_of_experiments(self, experiment_ids: Collection[str]) -> dict[str, list[Decision]]:
        """The decisions that rest on each experiment, in their order; none while it runs."""
        rows = await self._graph.read(_DECISIONS_OF_EXPERIMENTS, experiment_ids=list(experiment_ids))
        return _in_order(_grouped(experiment_ids, rows, "experiment_id", _decision))

    async def decisions_of_versions(self, node_ids: Collection[str]) -> dict[str, Decision]:
        """The decision that approved each version; versions that the loop did not make active are absent."""
        rows = await self._graph.read(_DECISIONS_OF_VERSIONS, node_ids=list(node_ids))
        return {row["node_id"]: _decision(row) for row in rows}

    async def assignable(self, pattern_id: str) -> Assignable:
        """What a unit of work of this pattern can be assigned to. Raises NotFound."""
        rows = await self._graph.read(_ASSIGNMENT, pattern_id=pattern_id)
        if not rows:
            raise NotFound("Pattern", pattern_id)
        row = rows[0]
        current = version_of(row["current"]) if row["current"] else None
        treatment = version_of(row["treatment"]) if row["treatment"] else None
        # Until the loop has noticed that an arm was changed by hand, nothing more is assigned to the experiment.
        if (
            current is None
            or treatment is None
            or row["control_node_id"] != current.node_id
            or treatment.status is not PatternStatus.DRAFT
        ):
            return Assignable(current, None, None)
        return Assignable(current, row["experiment_id"], treatment)


def _decision(row: dict[str, Any]) -> Decision:
    return mapping.decision(row["decision"])


def _grouped(
    ids: Collection[str], rows: Sequence[dict[str, Any]], key: str, convert: Callable[[dict[str, Any]], T]
) -> dict[str, list[T]]:
    found: dict[str, list[T]] = {id_: [] for id_ in ids}
    for row in rows:
        found[row[key]].append(convert(row))
    return found


def _in_order(decisions: dict[str, list[Decision]]) -> dict[str, list[Decision]]:
    return {id_: sorted(items, key=lambda item: item.decided_at) for id_, items in decisions.items()}
