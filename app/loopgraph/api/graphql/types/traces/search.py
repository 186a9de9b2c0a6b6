"""What traces are searched by."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from loopgraph.api.graphql.types.enums import TraceStatus


def _about(description: str) -> Any:
    return strawberry.field(default=None, description=description)


@strawberry.input(
    description="Which steps: hook executions and endpoint calls that are as all that is given says. Only the former have a tool "
    "and a hookType, only the latter a service and an endpoint."
)
class StepMatchInput:
    tool: str | None = None
    hook_type: str | None = None
    status: TraceStatus | None = None
    agent_type: str | None = _about("The type of the subagent in whose trace the step is.")
    service: str | None = None
    endpoint: str | None = None
    text_in_input: str | None = _about("Part of a text in the tool's input or the request body, whatever the case.")


@strawberry.input(
    description="What happened where in the tree of a trace: in itself and in all that it spawned. There is one step that "
    "matches `has` and is `under`, `before` and `after` what is given; and no step matches `without`."
)
class TraceStructureInput:
    has: StepMatchInput | None = None
    under: StepMatchInput | None = _about("It is nested in such a step, at any depth, also across subagents.")
    before: StepMatchInput | None = _about(
        "It was over when another such step began. Nested steps are not before each other."
    )
    after: StepMatchInput | None = _about("It began when another such step was over.")
    without: StepMatchInput | None = _about("No step of the tree matches this.")


@strawberry.input(
    description="Which traces; what is left out does not filter, and a trace must pass all that is given."
)
class TraceFilterInput:
    session_id: strawberry.ID | None = None
    status: list[TraceStatus] = strawberry.field(default_factory=list, description="Any of these.")
    agent: str | None = _about(
        "The agent that the routing selected, or the type of the subagent whose work the trace is."
    )
    tool: str | None = _about("A step of the trace itself, not of its subagents, ran this tool.")
    failed_tool: str | None = _about("A step of the trace itself ran this tool and failed.")
    pattern_id: strawberry.ID | None = _about("A step ran a version of this pattern.")
    node_id: strawberry.ID | None = _about("A step ran this version of a pattern.")
    all_tags: list[str] = strawberry.field(default_factory=list, description="All of these.")
    any_tags: list[str] = strawberry.field(default_factory=list, description="At least one of these.")
    text: str | None = _about(
        "The prompt or the answer contains it, whatever the case. It is looked for trace by trace: give a range of time."
    )
    min_duration_ms: float | None = _about("Inclusive; traces of unknown duration do not pass.")
    max_duration_ms: float | None = _about("Inclusive; traces of unknown duration do not pass.")
    source: str | None = None
    user_id: str | None = None
    project: str | None = _about(
        "What the trace says that it is for; of one that says nothing, what its session says, or the folder that it worked in."
    )
    roots_only: bool = strawberry.field(
        default=False, description="No subagents, and nothing else that another trace spawned."
    )
    incomplete_only: bool = strawberry.field(
        default=False, description="In progress, without a beginning, or ended by the service's time limit."
    )
    structure: TraceStructureInput | None = _about(
        "Finds root traces by what happened in them and in all that they spawned. Trees are looked at one by one: give other "
        "conditions, too. A tree of more than 10,000 steps is not found."
    )
    since: datetime | None = _about("Inclusive.")
    until: datetime | None = _about("Exclusive.")
