"""What a run has gained, by the decisions on what it tested."""

from __future__ import annotations

from collections.abc import Iterable

from loopgraph.contracts.loop.experiments import Decision
from loopgraph.contracts.loop.feedback import Verdict


def best_of(decisions: Iterable[Decision]) -> Decision | None:
    """The one with the largest relative gain among those that did not reject, what was applied before all else; of several on one
    experiment the last. None where nothing was measured, or all was rejected."""
    latest: dict[str, tuple[float, Decision]] = {}
    for decision in sorted(decisions, key=lambda item: item.decided_at):
        delta = decision.result.performance_delta if decision.result else None
        if delta is not None and decision.experiment_id is not None:
            latest[decision.experiment_id] = delta, decision
    kept = [(item.verdict is Verdict.APPLY, delta, item) for delta, item in latest.values()]
    better = [found for found in kept if found[2].verdict is not Verdict.REJECT]
    return max(better, key=lambda found: found[:2])[2] if better else None
