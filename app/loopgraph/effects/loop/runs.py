"""Changes of feedback runs. Each is one transaction; one that continues a run is a compare-and-set on its revision."""

from __future__ import annotations

from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.audit import EventType, Origin
from loopgraph.contracts.lineage.changes import request_hash
from loopgraph.contracts.loop.feedback import FeedbackRun, LoopInput, RunStatus, Stage
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Transaction
from loopgraph.effects.lineage.audit import make_event, record
from loopgraph.effects.loop import mapping, steps
from loopgraph.errors import Conflict, InvalidInput, InvalidTransition, NotFound

_LOCK_PATTERN = query("feedback/lock_pattern")
_RUNS_BY_ID = query("feedback/runs_by_id")
_CREATE_RUN = query("feedback/create_run")
_CLOSE_EXPERIMENTS = query("feedback/close_experiments")
_RELEASE_IMPROVEMENTS = query("feedback/release_improvements")


class FeedbackRuns:
    """Starts runs, moves them from stage to stage, and ends them."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def start(self, wanted: LoopInput, origin: Origin, run_id: str | None = None) -> FeedbackRun:
        """The new run of a pattern. The same ``run_id`` with the same input gives the first result again.

        Raises NotFound for an unknown pattern, InvalidInput if it has no current version, Conflict if a run of this pattern is
        open or if ``run_id`` is taken by other content.
        """
        at, id_, pattern_id, hash_ = now(), run_id or new_id(), wanted.pattern_id, request_hash(wanted)
        origin = origin.model_copy(update={"correlation_id": wanted.correlation_id or origin.correlation_id})
        wanted = wanted.model_copy(update={"correlation_id": origin.correlation_id})
        event = make_event(
            EventType.FEEDBACK_RUN_STARTED,
            origin,
            pattern_id=pattern_id,
            data={"run_id": id_, "input": wanted.model_dump(mode="json", exclude={"pattern_id", "correlation_id"})},
        )

        async def work(tx: Transaction) -> FeedbackRun:
            locked = await tx.run(_LOCK_PATTERN, pattern_id=pattern_id, turn=at)
            if not locked:
                raise NotFound("Pattern", pattern_id)
            if earlier := await tx.run(_RUNS_BY_ID, run_ids=[id_]):
                if earlier[0]["run"]["request_hash"] != hash_:
                    raise Conflict("FeedbackRun", id_, "the id is taken by a run with other inputs")
                return mapping.run(earlier[0]["run"])
            open_run_id, current = locked[0]["open_run_id"], locked[0]["current_node_id"]
            if open_run_id is not None:
                raise Conflict(
                    "FeedbackRun", open_run_id, f"it is still open on the pattern {pattern_id}; let it end or cancel it"
                )
            if current is None:
                raise InvalidInput("patternId", f"{pattern_id} has no current version; activate one first")
            run = FeedbackRun(
                run_id=id_,
                pattern_id=pattern_id,
                input=wanted,
                status=RunStatus.RUNNING,
                stage=Stage.COLLECT,
                revision=1,
                control_node_id=current,
                created_at=at,
                created_by=origin.actor_id,
                updated_at=at,
            )
            await tx.run(_CREATE_RUN, pattern_id=pattern_id, run_id=id_, run=mapping.run_properties(run, hash_))
            await record(tx, event.model_copy(update={"node_id": current}))
            return run

        return await self._graph.transaction(work)

    async def move(self, run: FeedbackRun, **changes: Any) -> FeedbackRun:
        """The run with some of its fields changed; or as it is now, if somebody else was faster."""
        at = now()
        return await steps.guarded(self._graph, run, lambda tx: steps.claim(tx, run, at, **changes))

    async def complete(self, run: FeedbackRun, message: str | None = None) -> FeedbackRun:
        """Ends a run that has done its work."""
        at = now()
        event = make_event(
            EventType.FEEDBACK_RUN_COMPLETED,
            steps.loop_origin(run),
            pattern_id=run.pattern_id,
            node_id=run.control_node_id,
            data={
                "run_id": run.run_id,
                "improvements_identified": run.improvements_identified,
                "improvements_validated": run.improvements_validated,
                "improvements_applied": run.improvements_applied,
            },
        )

        async def work(tx: Transaction) -> FeedbackRun:
            completed = await steps.claim(
                tx, run, at, status=RunStatus.COMPLETED, completed_at=at, message=message or run.message
            )
            await record(tx, event)
            return completed

        return await steps.guarded(self._graph, run, work)

    async def cancel(self, run_id: str, origin: Origin) -> FeedbackRun:
        """Ends an open run. Its experiment is concluded without a decision, and what it has not decided on is proposed again.

        A cancelled run stays as it is. Raises NotFound, InvalidTransition for a run that ended otherwise.
        """
        return await self._stop(run_id, RunStatus.CANCELLED, EventType.FEEDBACK_RUN_CANCELLED, origin, None)

    async def fail(self, run: FeedbackRun, message: str) -> FeedbackRun:
        """Ends an open run that cannot go on, as ``cancel`` does. Raises InvalidTransition if it ended otherwise meanwhile."""
        return await self._stop(
            run.run_id, RunStatus.FAILED, EventType.FEEDBACK_RUN_FAILED, steps.loop_origin(run), message
        )

    async def _stop(
        self, run_id: str, status: RunStatus, event_type: EventType, origin: Origin, message: str | None
    ) -> FeedbackRun:
        at = now()
        stopped_event = make_event(event_type, origin)
        concluded_event = make_event(EventType.EXPERIMENT_CONCLUDED, origin)

        async def work(tx: Transaction) -> FeedbackRun:
            run = await steps.lock_run(tx, run_id, at)
            if run.status is status:
                return run
            if not run.status.open:
                raise InvalidTransition("FeedbackRun", run_id, run.status, status)
            about = {"pattern_id": run.pattern_id, "node_id": run.control_node_id}
            for row in await tx.run(_CLOSE_EXPERIMENTS, run_id=run_id, now=at):
                data = {"run_id": run_id, "experiment_id": row["experiment_id"], "decision_id": None}
                await record(tx, concluded_event.model_copy(update={**about, "data": data}))
            released = await tx.run(_RELEASE_IMPROVEMENTS, run_id=run_id, turn=at, now=at)
            data = {
                "run_id": run_id,
                "stage": run.stage.value,
                "message": message,
                "released": [row["improvement_id"] for row in released],
            }
            await record(tx, stopped_event.model_copy(update={**about, "data": data}))
            return await steps.claim(tx, run, at, status=status, completed_at=at, message=message)

        return await self._graph.transaction(work)
