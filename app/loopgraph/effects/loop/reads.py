"""Reads of the improvement loop. Those that take many ids ask for all of them in one statement."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from loopgraph.assets import query
from loopgraph.contracts.base import Page
from loopgraph.contracts.lineage.patterns import PatternStatus, PatternVersion
from loopgraph.contracts.loop.experiments import Decision, Experiment
from loopgraph.contracts.loop.feedback import (
    Arm,
    FeedbackRun,
    Improvement,
    ImprovementPage,
    ImprovementStatus,
    RunPage,
    RunStatus,
)
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
_IMPROVEMENTS_FOR_REVIEW = query("feedback/improvements_for_review")
_IMPROVEMENTS_OF_PATTERNS = query("feedback/improvements_of_patterns")
_IMPROVEMENTS_OF_RUNS = query("feedback/improvements_of_runs")
_EXPERIMENTS_BY_ID = query("feedback/experiments_by_id")
_EXPERIMENTS_OF_IMPROVEMENTS = query("feedback/experiments_of_improvements")
_WAITING_EXPERIMENTS = query("feedback/waiting_experiments")
_ASSIGNED_UNITS = query("feedback/assigned_units")
_DECISIONS_BY_ID = query("feedback/decisions_by_id")
_DECISIONS_OF_IMPROVEMENTS = query("feedback/decisions_of_improvements")
_DECISIONS_OF_EXPERIMENTS = query("feedback/decisions_of_experiments")
_DECISIONS_OF_RUNS = query("feedback/decisions_of_runs")
_DECISIONS_OF_VERSIONS = query("feedback/decisions_of_versions")
_ASSIGNMENT = query("feedback/assignment")
_VERSIONS_BEFORE = query("feedback/versions_before")

_LAST_KEY = "~"
_OPEN = [status for status in RunStatus if status.open]
_FOR_REVIEW = [status for status in ImprovementStatus if status.for_review]


@dataclass(frozen=True)
class Candidate:
    """A treatment that units can be assigned to: how many of them get it, and whether it was dropped meanwhile."""

    version: PatternVersion
    share: float
    dropped: bool = False


@dataclass(frozen=True)
class Assignable:
    """What a unit of work can be assigned to: the version in use (None: none is), and the arms of an experiment beside it.

    The control of the experiment is the version in use; ``experiment_id`` is None where there is none, and then there are no
    ``candidates``. ``stage`` is that of an exposure that grows or of the shares in force, which in the latter case ``adapt``;
    ``holdout_share`` of the units are in no experiment; ``several``: candidates are tried beside each other, so that records have
    to tell them apart.
    """

    current: PatternVersion | None
    experiment_id: str | None = None
    candidates: tuple[Candidate, ...] = ()
    stage: int | None = None
    holdout_share: float = 0.0
    several: bool = False
    adapt: bool = False


@dataclass(frozen=True)
class WaitingExperiment:
    """An experiment that its run waits for: whether its control is still in use, and the candidates of those that it still tries
    that are no drafts any more, since somebody has rejected or activated them."""

    experiment: Experiment
    control_in_use: bool
    gone: frozenset[str] = frozenset()

    @property
    def can_conclude(self) -> bool:
        """Whether all that it still tries can be decided on."""
        return self.control_in_use and not self.gone

    @property
    def can_go_on(self) -> bool:
        """Whether there is a candidate left that can be."""
        tried = {each.treatment_node_id for each in self.experiment.comparisons}
        return self.control_in_use and bool(tried - self.gone)


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

    async def improvements_for_review(self, page: Page, pattern_id: str | None = None) -> ImprovementPage:
        """One page of what waits for a reviewer, the oldest first. ``page.after`` is the time key of the last one seen."""
        rows = await self._graph.read(
            _IMPROVEMENTS_FOR_REVIEW,
            statuses=_FOR_REVIEW,
            pattern_id=pattern_id,
            after=page.after or "",
            limit=page.first + 1,
        )
        found = tuple(mapping.improvement(row["improvement"]) for row in rows)
        return ImprovementPage(improvements=found[: page.first], has_more=len(found) > page.first)

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
            experiment, statuses = mapping.experiment(row["experiment"]), dict(row["treatments"])
            tried = (each.treatment_node_id for each in experiment.comparisons)
            gone = frozenset(node_id for node_id in tried if statuses.get(node_id) != PatternStatus.DRAFT)
            found[experiment.run_id] = WaitingExperiment(experiment, row["control_in_use"], gone)
        return found

    async def versions_before(self, pattern_id: str, before: datetime, limit: int) -> list[str]:
        """The newest versions of a pattern that were there before an instant, by node id."""
        rows = await self._graph.read(_VERSIONS_BEFORE, pattern_id=pattern_id, before=before, limit=limit)
        return [row["node_id"] for row in rows]

    async def assigned_units(self, experiment_ids: Collection[str]) -> dict[str, dict[str, tuple[int, ...]]]:
        """How many units were assigned to each arm, for every id given, by stage: of an experiment without stages, one number.

        Arms go by their name, those of several candidates by the ids of their versions.
        """
        counts: dict[str, dict[str, list[int]]] = {id_: {arm: [0] for arm in Arm} for id_ in experiment_ids}
        for row in await self._graph.read(_ASSIGNED_UNITS, experiment_ids=list(counts)) if counts else ():
            units, stage = counts[row["experiment_id"]].setdefault(row["arm"], [0]), row["stage"] or 0
            units += [0] * (stage + 1 - len(units))
            units[stage] += row["units"]
        return {id_: {arm: tuple(units) for arm, units in arms.items()} for id_, arms in counts.items()}

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

    async def decisions_of_runs(self, run_ids: Collection[str]) -> dict[str, list[Decision]]:
        """The decisions that rest on the experiments of each run, in their order."""
        rows = await self._graph.read(_DECISIONS_OF_RUNS, run_ids=list(run_ids))
        return _in_order(_grouped(run_ids, rows, "run_id", _decision))

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
        if row["experiment_id"] is None:
            return Assignable(current)
        candidates = tuple(_candidates(row))
        # Until the loop has noticed that an arm was changed by hand, nothing more is assigned to the experiment.
        if (
            current is None
            or row["control_node_id"] != current.node_id
            or any(each.version.status is not PatternStatus.DRAFT for each in candidates if not each.dropped)
        ):
            return Assignable(current)
        allotments = mapping.shares_of(row["allotments"])
        return Assignable(
            current,
            row["experiment_id"],
            candidates,
            len(allotments) - 1 if allotments else row["stage"],
            row["holdout_share"],
            several=bool(row["arms"]),
            adapt=bool(allotments),
        )


def _candidates(row: dict[str, Any]) -> Iterator[Candidate]:
    versions = {found.node_id: found for found in map(version_of, row["treatments"])}
    allotments = mapping.shares_of(row["allotments"])
    arms = mapping.treatment_arms(row["arms"])
    if not arms:
        share = allotments[-1][0] if allotments else row["treatment_share"]
        yield from (Candidate(version, share) for version in versions.values())
        return
    shares = allotments[-1] if allotments else tuple(arm.share for arm in arms)
    for arm, share in zip(arms, shares, strict=True):
        yield Candidate(versions[arm.node_id], share, arm.dropped_at is not None)


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
