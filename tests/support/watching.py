"""What tests of versions under watch share: an applied improvement, and units that use it."""

from __future__ import annotations

import random
from typing import Any

from loopgraph.contracts.loop.feedback import Improvement, RunStatus
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.effects.clock import new_id, now
from loopgraph.errors import UserError
from support.feedback import Subject
from support.traces import Traces

SLOW, FAST, SLOWER = 100.0, 50.0, 150.0
"""Milliseconds of the version before, of the one that is applied, and of that when it has got worse."""


async def applied(subject: Subject) -> Improvement:
    """An improvement that the loop has applied."""
    improvement = await subject.propose()
    run = await subject.advance(await subject.start())
    await subject.work(60, {subject.node_id: SLOW, improvement.candidate_node_id: FAST})
    assert (await subject.advance(run)).status is RunStatus.COMPLETED
    return await subject.reads.improvement(improvement.improvement_id)


async def used(subject: Subject, node_id: str, units: int, mean: float, **more: Any) -> None:
    """Records an execution by each of so many units, the same ones at every call with this mean."""
    events = [
        HookExecuted(
            execution_id=new_id(), hook_type="PostToolUse", node_id=node_id,
            **{
                "unit": f"{mean}-{unit}", "duration_ms": random.Random(unit).gauss(mean, 5.0),
                "success": "error_type" not in more, "started_at": now(), "correlation_id": f"{subject.pattern_id}-use", **more,
            },
        )
        for unit in range(units)
    ]  # fmt: skip
    for outcome in await Traces(subject.graph).record(events, received_at=now()):
        assert not isinstance(outcome, UserError), outcome
