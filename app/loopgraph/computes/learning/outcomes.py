"""Whether a trace is learned from, and as what: by the criteria of success (``computes/success``)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from loopgraph.contracts.learning.lessons import After, Judged, Role
from loopgraph.contracts.learning.plans import PLAN
from loopgraph.contracts.traces.assembly import TraceParts
from loopgraph.contracts.traces.events import ABANDONED, PROMPTED, TraceStatus
from loopgraph.contracts.traces.records import is_of_model
from loopgraph.contracts.traces.success import Judging, Work

_CHARACTERS = 1_000
"""Of a prompt, so much says what it asks for."""


def teaches(parts: TraceParts) -> bool:
    """Whether it can teach: a person's prompt whose text is kept, and that is over. What subagents are asked is not a person's
    words, and is told as a step of the prompt that asked them."""
    trace = parts.trace
    return (
        trace.source == PROMPTED
        and trace.agent_id is None
        and trace.status is not TraceStatus.IN_PROGRESS
        and bool(trace.prompt_text and trace.prompt_text.strip())
    )


def judged(traces: Sequence[tuple[TraceParts, After]], judging: Judging) -> list[Judged]:
    """What each of some traces that are over is: where it is not known whether it succeeded, nothing."""
    outcomes = judging([_work(parts, after) for parts, after in traces])
    roles = {True: Role.SUCCESS, False: Role.FAILURE, None: None}
    return [Judged(roles[outcome.success], outcome) for outcome in outcomes]


def _work(parts: TraceParts, after: After) -> Work:
    trace = parts.trace
    steps = [hook for hook in parts.hooks if hook.is_step]
    over = [hook for hook in steps if hook.status is not TraceStatus.IN_PROGRESS]
    gathering = [hook for hook in over if hook.rag_queries_executed or hook.intelligence_functions_executed]
    models = [call for call in parts.endpoints if is_of_model(call)]
    return Work(
        pattern_type=PLAN,
        status=trace.status,
        duration_ms=trace.duration_ms,
        quality_score=_mean(hook.quality_score for hook in over),
        steps=len(steps),
        open_steps=len(steps) - len(over),
        unsuccessful_steps=sum(hook.status is not TraceStatus.SUCCESS for hook in over),
        model_calls=len(models),
        failed_model_calls=sum(call.status is not TraceStatus.SUCCESS for call in models),
        tokens=sum((call.input_tokens or 0) + (call.output_tokens or 0) for call in models),
        cost_usd=math.fsum(call.cost_usd or 0.0 for call in models),
        unpriced_calls=sum(call.unpriced is not None for call in models),
        gathering_steps=len(gathering),
        gathered_steps=sum(hook.status is TraceStatus.SUCCESS for hook in gathering),
        answered_at=trace.completed_at,
        rewound=ABANDONED in trace.tags,
        asked=(trace.prompt_text or "")[:_CHARACTERS],
        asked_back=bool(trace.response_text and trace.response_text.strip().endswith("?")),
        rating=after.rating,
        next_prompt=after.next_prompt,
        next_at=after.next_at,
        reported=after.reported,
    )


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None
