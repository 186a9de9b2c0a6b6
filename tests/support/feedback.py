"""What tests of the improvement loop share: a pattern in use, and the recording of real executions of its versions."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.loop.assignment import assign
from loopgraph.contracts.loop.feedback import Arm, FeedbackRun, Improvement, LoopInput, NewImprovement
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.errors import UserError
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from support.traces import Traces

TESTER = Origin(actor_type=ActorType.USER, actor_id="tester", correlation_id="test-feedback")


ENOUGH = 10
"""Units of an arm. Of 60 units an arm gets fewer in three of 10⁸ experiments."""


def unit_of(experiment_id: str, arm: Arm) -> str:
    """A new unit that is assigned to this arm."""
    return next(unit for unit in iter(new_id, "") if assign(experiment_id, unit) is arm)


@dataclass(frozen=True)
class Subject:
    """A pattern whose version 1 is in use."""

    graph: Graph
    pattern_id: str
    node_id: str

    @property
    def loop(self) -> FeedbackLoop:
        """A loop that remembers nothing of what an earlier one did."""
        return FeedbackLoop(self.graph)

    @property
    def reads(self) -> FeedbackReads:
        return FeedbackReads(self.graph)

    async def propose(self, template_code: str = "print('better')", **more: Any) -> Improvement:
        new = NewImprovement(pattern_id=self.pattern_id, template_code=template_code, **more)
        return await self.loop.propose_improvement(new, TESTER)

    async def start(self, **inputs: Any) -> FeedbackRun:
        return await self.loop.start(
            LoopInput(pattern_id=self.pattern_id, **{"min_sample_size": ENOUGH, **inputs}), TESTER
        )

    async def advance(self, run: FeedbackRun) -> FeedbackRun:
        """The run as far as it goes without more executions."""
        revision = 0
        while run.status.open and run.revision != revision:
            revision, run = run.revision, await self.loop.advance(run.run_id)
        return run

    async def record(self, node_id: str, durations: Sequence[float], **more: Any) -> list[str]:
        """Records an execution for each duration; returns their ids. ``error_type`` makes them failures.

        Those of an experiment are a unit each, of the right arm, if ``unit`` does not say otherwise.
        """
        experiment_id = more.get("experiment_id")
        arm = (await self.reads.experiments([experiment_id]))[experiment_id].arm_of(node_id) if experiment_id else None
        events = [
            HookExecuted(
                correlation_id=f"{self.pattern_id}-work",
                execution_id=new_id(),
                hook_type="PostToolUse",
                node_id=node_id,
                **{
                    "duration_ms": duration,
                    "unit": unit_of(experiment_id, arm) if experiment_id and arm else None,
                    "success": "error_type" not in more,
                    **more,
                },
            )
            for duration in durations
        ]
        for outcome in await Traces(self.graph).record(events, received_at=now()):
            assert not isinstance(outcome, UserError), outcome
        return [event.execution_id for event in events]

    async def work(self, units: int, means: dict[str, float]) -> None:
        """Runs what each unit of work is assigned to, and records it. ``means`` are the durations by node id."""
        assignments = Assignments(self.graph)
        assigned = await asyncio.gather(
            *(assignments.assign_variant(self.pattern_id, f"unit-{unit}") for unit in range(units))
        )
        events = [
            HookExecuted(
                correlation_id=f"{self.pattern_id}-work", execution_id=new_id(), hook_type="PostToolUse",
                node_id=item.node_id, experiment_id=item.experiment_id, unit=item.unit, success=True,
                duration_ms=random.Random(unit).gauss(means[item.node_id], 5.0),
            )
            for unit, item in enumerate(assigned)
        ]  # fmt: skip
        for outcome in await Traces(self.graph).record(events, received_at=now()):
            assert not isinstance(outcome, UserError), outcome


async def make_subject(graph: Graph, **version: Any) -> Subject:
    """A new pattern with its version 1 in use."""
    first = NewVersion(**{"activate": True, "template_code": "print('good')", **version})
    created = await Lineage(graph).create_pattern(NewPattern(name="greet"), first, TESTER)
    return Subject(graph, created.pattern.pattern_id, created.version.node_id)
