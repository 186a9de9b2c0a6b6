"""The figures of how well the improvement loop does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from loopgraph.contracts.loop.feedback import RunStatus, Verdict
from loopgraph.contracts.loop.health import Fate, LoopHealth
from loopgraph.reducers.samples import wilson_interval

BY_LOOP = "loop"
"""Who decided, where no reviewer did."""


def health_of(since: datetime, until: datetime, runs: Mapping[RunStatus, int], fates: Sequence[Fate]) -> LoopHealth:
    """What runs, by their status, and the decisions on what they proposed come to."""
    tested = [one.decision for one in fates if one.decision.experiment_id and one.decision.decided_by == BY_LOOP]
    rejected = sum(decision.verdict is Verdict.REJECT for decision in tested)
    applied = [one for one in fates if one.decision.verdict is Verdict.APPLY]
    taken_back = sum(bool(one.taken_back) for one in applied)
    held = len(applied) - taken_back
    results = [one.decision.result for one in applied if one.decision.result is not None]
    deltas = [result.performance_delta for result in results if result.performance_delta is not None]
    times = sorted(one.decision.decided_at for one in applied)
    return LoopHealth(
        since=since,
        until=until,
        runs=sum(runs.values()),
        open=sum(count for status, count in runs.items() if status.open),
        completed=runs.get(RunStatus.COMPLETED, 0),
        failed=runs.get(RunStatus.FAILED, 0),
        cancelled=runs.get(RunStatus.CANCELLED, 0),
        tested=len(tested),
        rejected=rejected,
        rejection_rate=rejected / len(tested) if tested else None,
        applied=len(applied),
        applied_by_loop=sum(one.decision.decided_by == BY_LOOP for one in applied),
        held=held,
        taken_back=taken_back,
        held_share=held / len(applied) if applied else None,
        held_interval=wilson_interval(held, len(applied)),
        measured=len(deltas),
        mean_delta=sum(deltas) / len(deltas) if deltas else None,
        mean_time_between_ms=_between_ms(times),
    )


def _between_ms(times: Sequence[datetime]) -> float | None:
    """The mean time from one to the next, in milliseconds; None below two."""
    return (times[-1] - times[0]) / timedelta(milliseconds=1) / (len(times) - 1) if len(times) > 1 else None
