"""Watches versions after they were applied, and rolls back what regresses: which step follows which.

begin (for each decision that applied a version) → look (at those with news) → held, expired, superseded, or: regressed → rollback

A look at all watches takes a fixed number of statements, however many they are: whether a version has news is told by its
counter, or by how long ago it was looked at, and only of those that have are the executions read. (Uses of patterns are judged
by three more for each few hundred, and each rollback is a transaction.) Everything written is a compare-and-set, so any number of
processes can look; what was cut off is done at the next look.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from loopgraph.computes.loop.experiments.experiment import evidence_of, of_comparison
from loopgraph.computes.loop.experiments.watching import all_named, comparable_with, examine, next_status, review_needed
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.counted import counted
from loopgraph.contracts.loop.feedback import Arm, Execution, Metric
from loopgraph.contracts.loop.watching import Finding, Proof, RegressionReview, Watch, WatchRules, WatchStatus
from loopgraph.contracts.traces.success import Judging
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.rollbacks import Regression, Rollbacks
from loopgraph.effects.loop.watches import MOST_EXECUTIONS, Due, OpenWatch, VersionWatches, WatchReads
from loopgraph.errors import Blame, UserError, blame_of
from loopgraph.orchestrators.loop.feedback_loop import EXECUTION_TIMEOUT
from loopgraph.orchestrators.loop.judging import Judge
from loopgraph.reducers.unit_moments import arm_moments
from loopgraph.settings import Rollback

logger = logging.getLogger(__name__)

_S_PER_EXECUTION = 0.001
"""After a look at so many executions nothing is read anew for so long for each: a version that is used much takes no more of the
service's time than others."""


_QUIET = 4
"""A version of which nothing ended is looked at anew after this part of the time that an execution has: what hangs adds to no
counter."""


class VersionWatcher:
    """Watches applied versions. Several processes can do so side by side."""

    def __init__(
        self,
        graph: Graph,
        poll_ms: int,
        rules: WatchRules | None = None,
        rollback: Rollback = Rollback.APPLY,
        execution_timeout: timedelta = EXECUTION_TIMEOUT,
        judging: Judging | None = None,
    ) -> None:
        self._rules = rules or WatchRules()
        self._rollback = rollback
        self._execution_timeout = execution_timeout
        self._poll_s = poll_ms / 1000
        self._judge = Judge(graph, judging)
        self._watches = VersionWatches(graph)
        self._reads = WatchReads(graph)
        self._rollbacks = Rollbacks(graph)
        self._not_before: dict[str, float] = {}

    async def run_forever(self) -> None:
        """Looks every ``poll_ms``, until it is cancelled."""
        said = ""
        while self._rollback is not Rollback.OFF:
            try:
                await self.look()
                said = ""
            except Exception as error:
                if blame_of(error) is Blame.GRAPH:
                    level = logging.DEBUG if said == str(error) else logging.WARNING
                    logger.log(level, "applied versions are looked at when the graph can: %s", error)
                    said = str(error)
                else:
                    logger.exception("the applied versions could not be looked at; trying again")
            await asyncio.sleep(self._poll_s)

    async def look(self) -> None:
        """Begins the watches that are due, and looks once at all that go on."""
        await self._begin()
        at = now()
        open_ = await self._watches.open()
        self._not_before = {
            item.watch.watch_id: self._not_before.get(item.watch.watch_id, 0.0) for item in open_
        }  # forgets those that ended
        changed: dict[str, dict[str, Any]] = {
            item.watch.watch_id: {"status": WatchStatus.SUPERSEDED} for item in open_ if not item.in_use
        }
        looked_at = [item for item in open_ if self._has_news(item, at)]
        executions = await self._executions([item.watch for item in looked_at], at)
        for item in looked_at:
            watch, mine = item.watch, executions[item.watch.watch_id]
            self._not_before[watch.watch_id] = time.monotonic() + len(mine) * _S_PER_EXECUTION
            comparable = comparable_with(watch.proof, mine)
            finding = await asyncio.to_thread(_examined, watch, comparable, len(mine))  # the first loads a library
            status = next_status(finding, in_use=True, ends_at=watch.ends_at, rules=watch.rules, at=at)
            if status is WatchStatus.REGRESSED:
                evidence = tuple(execution.execution_id for execution in comparable)
                await self._regressed(watch, Regression(finding, evidence, item.usage_count))
                continue
            changed[watch.watch_id] = {"status": status, "finding": finding, "usage_count": item.usage_count}
            if status is WatchStatus.WATCHING and len(mine) >= MOST_EXECUTIONS:
                ran = f"it ran {counted(len(mine), 'time')} in {counted(finding.units, 'unit')}"
                note = f"{ran}: what came later is not looked at"
                changed[watch.watch_id] |= {"status": WatchStatus.EXPIRED, "note": note}
        await self._watches.note(changed, [item.watch for item in open_ if item.watch.watch_id in changed])

    async def approve_rollback(self, watch_id: str, origin: Origin, note: str = "") -> Watch:
        """Rolls back a version whose regression waits for review. Errors as ``Rollbacks.approve``, NotFound."""
        return await self._rollbacks.approve(await self._reads.watch(watch_id), origin, note)

    async def dismiss_regression(self, watch_id: str, reason: str, origin: Origin) -> Watch:
        """Lets a version stay whose regression waits for review. Errors as ``Rollbacks.dismiss``, NotFound."""
        return await self._rollbacks.dismiss(await self._reads.watch(watch_id), origin, reason)

    async def _begin(self) -> None:
        due = await self._watches.due()
        if not due:
            return
        proofs = await self._watches.proofs({item.experiment.experiment_id for item in due})
        watches = []
        for item in due:
            metric = item.experiment.design.watched(item.experiment.metric)
            judged = await self._judge.judged(proofs[item.experiment.experiment_id], (metric,))
            watches.append(self._new(item, metric, judged))
        await self._watches.begin(watches)

    def _new(self, due: Due, metric: Metric, executions: list[Execution]) -> Watch:
        experiment, rules = due.experiment, self._rules
        mine = of_comparison(executions, experiment.comparison_with(due.node_id))
        arms = {arm: evidence_of(mine, arm) for arm in Arm}
        control, treatment = (arm_moments(arms[arm], metric) for arm in Arm)
        return Watch(
            watch_id=f"watch-{due.decision_id}",
            pattern_id=experiment.pattern_id,
            node_id=due.node_id,
            decision_id=due.decision_id,
            experiment_id=experiment.experiment_id,
            improvement_id=due.improvement_id,
            restores_node_id=due.replaced_node_id,
            metric=metric,
            rules=rules,
            proof=Proof(control=control, treatment=treatment, named=all_named(arms[Arm.TREATMENT])),
            since=due.applied_at,
            ends_at=due.applied_at + timedelta(days=rules.max_days),
            updated_at=now(),
        )

    def _has_news(self, item: OpenWatch, at: datetime) -> bool:
        watch = item.watch
        if watch.status is not WatchStatus.WATCHING or not item.in_use:
            return False
        if at >= watch.ends_at:
            return True
        if at - watch.updated_at >= self._execution_timeout / _QUIET:
            return True
        return item.usage_count != watch.usage_count and time.monotonic() >= self._not_before[watch.watch_id]

    async def _executions(self, watches: Sequence[Watch], at: datetime) -> dict[str, list[Execution]]:
        if not watches:
            return {}
        found = await self._watches.executions(watches, at - self._execution_timeout)
        metrics = {watch.watch_id: (watch.metric,) for watch in watches}
        return {id_: await self._judge.judged(executions, metrics[id_]) for id_, executions in found.items()}

    async def _regressed(self, watch: Watch, found: Regression) -> None:
        by_itself = self._rollback is Rollback.APPLY
        review = review_needed(found.finding, watch.restores_node_id, by_itself=by_itself)
        if review is not None:
            if await self._rollbacks.leave_for_review(watch, found, review) is not None:
                said = "the version %s of %s got worse than in its proof (%s); watch %s waits for a reviewer"
                logger.warning(said, watch.node_id, watch.pattern_id, review.value, watch.watch_id)
            return
        try:
            done = await self._rollbacks.roll_back(watch, found)
        except UserError as refusal:
            logger.exception("the regressed version %s could not be rolled back", watch.node_id)
            await self._rollbacks.leave_for_review(watch, found, RegressionReview.REFUSED, note=str(refusal))
            return
        if done is not None and done.status is WatchStatus.ROLLED_BACK:
            logger.warning("the version %s of %s was rolled back", watch.node_id, watch.pattern_id)


def _examined(watch: Watch, executions: list[Execution], of: int) -> Finding:
    seen = arm_moments(executions, watch.metric)
    units = len({execution.unit for execution in executions})
    found = examine(watch.metric, watch.proof, seen, units, len(executions), watch.rules)
    return found.model_copy(update={"unnamed": of - len(executions)})
