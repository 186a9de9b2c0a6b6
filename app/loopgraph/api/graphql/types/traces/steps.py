"""Steps of traces, and the calls of endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from loopgraph.api.graphql.types.common import Info, Long, shape
from loopgraph.api.graphql.types.connections import Connection
from loopgraph.api.graphql.types.enums import (
    Arm,
    CorrectionRule,
    CostSource,
    Criterion,
    SetAside,
    TraceStatus,
    UnitRule,
    UnknownReason,
    VersionBasis,
)
from loopgraph.api.graphql.types.list_size import at_most, short_list
from loopgraph.api.graphql.types.nodes import (
    CALL,
    EXPERIMENT,
    FEEDBACK,
    FEEDBACKS,
    OUTCOME,
    OUTCOMES,
    SESSION,
    STEP,
    TRACE,
    VERSION,
    Loaded,
    link,
    own_id,
    paged,
)
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.api.graphql.types.traces.pages import lists
from loopgraph.api.graphql.types.traces.records import LogRecord, logs_of_step
from loopgraph.computes.traces.tree import Key, Node
from loopgraph.contracts.traces import records, success
from loopgraph.contracts.traces.assembly import SpanKind
from loopgraph.contracts.traces.uses import UseFigures
from loopgraph.errors import NotFound


@presents(records.EndpointCall)
@strawberry.type(description="One call of an endpoint, from a step or straight from the trace.")
class EndpointCall:
    call_id: strawberry.ID
    correlation_id: strawberry.ID
    hook_execution_id: strawberry.ID | None
    service_name: str
    endpoint_path: str
    http_method: str
    request_body: JSON | None
    response_body: JSON | None
    response_status: int | None
    headers: JSON
    status: TraceStatus
    success: bool | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None
    error_message: str | None
    error_type: str | None
    retry_count: Long
    context: JSON
    model: str | None = strawberry.field(description="The language model, if one was called.")
    input_tokens: Long | None
    cache_read_tokens: Long | None
    cache_write_tokens: Long | None
    cache_write_1h_tokens: Long | None = strawberry.field(name="cacheWrite1hTokens")
    output_tokens: Long | None
    reasoning_tokens: Long | None
    cost_usd: float | None = strawberry.field(
        description="What it cost, in US dollars: as its sender says, else by the list of prices; null where neither knows."
    )
    cost_source: CostSource | None = strawberry.field(description="Who says what it cost; null where nobody does.")
    skill: str | None

    trace = link("head", "correlation_id", TRACE, "The trace that it is in.")
    hook_execution = link("hook_execution", "hook_execution_id", STEP, "The step that made it.")

    @strawberry.field(description="Log records that name its span, in the order of time.")
    async def logs(self, info: Info, first: int = 20, after: str | None = None) -> Connection[LogRecord]:
        return await logs_of_step(info, self.call_id, self.correlation_id, first, after)

    @classmethod
    def of(cls, call: records.EndpointCall, place: Node[Any] | None = None) -> Self:
        """The call; where it is in its tree makes no difference to it."""
        return shape(cls, call)


@strawberry.type(description="One criterion of the success of an execution of a pattern.")
class JudgedCriterion:
    criterion: Criterion
    weight: float = strawberry.field(description="What it counts for, beside the others.")
    value: float | None = strawberry.field(description="How well it was met, 0..1; null where nothing tells it.")
    at_least: float | None = strawberry.field(
        description="What the value has to be for a success, if it is known; null: anything."
    )
    met: bool | None = strawberry.field(description="Whether it is that; null where the value or `atLeast` is.")

    @classmethod
    def of(cls, result: success.CriterionResult) -> Self:
        return shape(cls, result)


@strawberry.type(description="Whether the next prompt of a person corrected what was done.")
class Correction:
    corrected: bool | None = strawberry.field(
        description="Null where that is not known: there is no next prompt, or not yet, or its text is not kept."
    )
    rule: CorrectionRule = strawberry.field(description="On what it rests, or why it is not known.")
    evidence: str | None = strawberry.field(description="The words that tell it, or how alike two prompts are.")

    @classmethod
    def of(cls, correction: success.Correction) -> Self:
        return shape(cls, correction)


@strawberry.type(
    description="What was done under the use of a pattern: in its trace, from its beginning to its end, and by the subagents "
    "that worked for its prompt. Of a skill, calls of models are those that the client attributes to it."
)
class PatternUse(Loaded):
    success: bool | None = strawberry.field(
        description="Whether it succeeded: each known criterion is as it has to be, and the score reaches the threshold. Null "
        "where that is not known; `reason` says why. It is found anew whenever it is asked for."
    )
    score: float | None = strawberry.field(
        description="The mean of the criteria that are known, by their weights, 0..1; null where `success` is."
    )
    threshold: float = strawberry.field(description="The score of a success at least.")
    known_weight: float = strawberry.field(description="The share of all weights that the known criteria have, 0..1.")
    reason: UnknownReason | None = strawberry.field(
        description="Why it is not known whether it succeeded; null if it is."
    )
    criteria: list[JudgedCriterion] = strawberry.field(
        description="The criteria that count.", directives=[at_most(len(Criterion))]
    )
    correction: Correction = strawberry.field(
        description="Whether the next prompt corrected what was done in its trace."
    )
    steps: Long = strawberry.field(description="Steps, without uses of patterns.")
    failed_steps: Long = strawberry.field(description="Steps that failed by themselves.")
    denied_steps: Long = strawberry.field(description="Steps that were not allowed to run.")
    interrupted_steps: Long = strawberry.field(description="Steps that were stopped.")
    model_calls: Long = strawberry.field(description="Calls of language models.")
    failed_model_calls: Long = strawberry.field(description="Calls of language models that failed.")
    input_tokens: Long = strawberry.field(description="Tokens that the models were given, those from caches included.")
    output_tokens: Long = strawberry.field(description="Tokens that the models made, those of reasoning included.")
    cost_usd: float = strawberry.field(description="What the calls cost, in US dollars, as far as that is known.")
    unpriced_calls: Long = strawberry.field(description="Calls of which nobody knows what they cost.")
    next_correlation_id: strawberry.ID | None = strawberry.field(
        description="The trace of the next prompt of a person in the session, which may be a correction; null if there is none."
    )

    @classmethod
    def of(cls, figures: UseFigures) -> Self:
        """The figures of a use, and what came of it."""
        outcome = figures.outcome
        assert outcome is not None, "the service judges"
        names = ("success", "score", "threshold", "known_weight", "reason")
        return shape(
            cls,
            figures,
            **{name: getattr(outcome, name) for name in names},
            criteria=[JudgedCriterion.of(result) for result in outcome.criteria],
            correction=Correction.of(outcome.correction),
        )

    next_prompt = link("head", "next_correlation_id", TRACE, "The next prompt of a person in the session.")


@presents(records.HookExecution)
@strawberry.type(description="One step inside a trace; if it ran a pattern, it names the exact version.")
class HookExecution(Loaded, relay.Node):
    loader = "hook_execution"
    execution_id: relay.NodeID[str]
    place: strawberry.Private[Node[Any] | None]
    correlation_id: strawberry.ID
    parent_id: strawberry.ID | None = strawberry.field(description="The execution it is nested in.")
    session_id: strawberry.ID | None
    hook_type: str | None = strawberry.field(
        description="What kind of step it is, as its client names it, such as `PreToolUse`; `ToolUse`: a tool call that an "
        "agent client told of. Null while only its endpoint calls are known."
    )
    tool_name: str | None
    tool_use_id: strawberry.ID | None = strawberry.field(description="The agent client's own id of the tool call.")
    tool_input: JSON | None
    tool_response: JSON | None
    hook_script: str | None
    status: TraceStatus
    success: bool | None
    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None
    error_message: str | None
    error_type: str | None
    quality_score: float | None
    intelligence_functions_executed: list[str] = short_list()
    rag_queries_executed: list[JSON] = short_list()
    quality_gates_validated: list[str] = short_list()
    modifications_made: JSON
    context: JSON
    node_id: strawberry.ID | None
    experiment_id: strawberry.ID | None
    arm: Arm | None
    unit: str | None = strawberry.field(
        description="What an execution of a version belongs to, such as a session or a task; null if it ran no version."
    )
    unit_rule: UnitRule | None
    set_aside: SetAside | None = strawberry.field(description="Why it is no evidence of its experiment; null if it is.")
    pattern_type: str | None = strawberry.field(
        description="Of a use of a pattern, what its reporters say that it is, such as `skill`, `command`, `subagent`, `memory` "
        "or `prompt`; null for other steps."
    )
    pattern_name: str | None = strawberry.field(
        description="What a pattern that was used is called; null for other steps."
    )
    pattern_path: str | None = strawberry.field(
        description="The file or the folder that a pattern was read from, where the agent runs; null where nobody said."
    )
    arguments: str | None = strawberry.field(
        description="What a command or a skill was called with, as far as content is kept."
    )
    used_rule: VersionBasis | None = strawberry.field(
        description="On what it rests which version it ran; null if that is not known."
    )
    used_evidence: str | None = strawberry.field(
        description="What was compared for that: the digest of a body or the hash of a file, the name of the version, since when "
        "it was in force."
    )
    used_resources: str | None = strawberry.field(
        description="Of a skill, the digest of the files that lay beside its text then, as `resources` of its version has it; "
        "null if there were none, or nobody knows."
    )
    used_resources_rule: VersionBasis | None = strawberry.field(
        description="On what it rests which files lay beside its text: they were read where the agent runs, or were in force "
        "then."
    )

    @strawberry.field(description="What was done under the use of a pattern; null for other steps.")
    async def use(self, info: Info) -> PatternUse | None:
        if self.pattern_type is None:
            return None
        figures = await info.context.loaders.use.load(self.execution_id)
        return PatternUse.of(figures) if figures else None

    @classmethod
    def of(cls, hook: records.HookExecution, place: Node[Any] | None = None) -> Self:
        """The step, and its place in a tree that is loaded already."""
        return shape(cls, hook, place=place)

    raw_id = own_id("execution_id")
    trace = link("head", "correlation_id", TRACE, "The trace that it is in.")
    parent = link("hook_execution", "parent_id", STEP, "The step that it is nested in.")
    session = link("session", "session_id", SESSION, "The session that it is part of.")
    version = link("version", "node_id", VERSION, "The pattern version that was run.")
    experiment = link("experiment", "experiment_id", EXPERIMENT, "The experiment that chose the version.")

    @strawberry.field(description="Log records that name its span, in the order of time.")
    async def logs(self, info: Info, first: int = 20, after: str | None = None) -> Connection[LogRecord]:
        return await logs_of_step(info, self.execution_id, self.correlation_id, first, after)

    feedback = paged(
        "feedback_of_execution", "execution_id", FEEDBACKS, FEEDBACK, "What was said of this very step, newest first."
    )
    outcomes = paged(
        "outcomes_of_execution",
        "execution_id",
        OUTCOMES,
        OUTCOME,
        "What others reported of what came of this very step, the latest first.",
    )

    steps_connection, steps = lists(
        "stepsConnection", SpanKind.STEP, STEP, "Steps nested in this one, in the order of time."
    )
    endpoint_calls_connection, endpoint_calls = lists(
        "endpointCallsConnection", SpanKind.CALL, CALL, "Endpoint calls made from this very step, in the order of time."
    )
    spawned_connection, spawned = lists(
        "spawnedConnection",
        SpanKind.TRACE,
        TRACE,
        "The traces of the subagents that this very step spawned, in the order of time.",
    )

    async def find_place(self, info: Info) -> Node[Any]:
        """Where it is in the tree of its trace. Raises NotFound if it was archived meanwhile."""
        if self.place is None:
            top = await info.context.loaders.place.load(self.correlation_id)
            places = info.context.loaders.once.made("places", _by_key, top) if top else {}
            self.place = places.get((SpanKind.STEP, self.execution_id))
        if self.place is None:
            raise NotFound("HookExecution", self.execution_id)
        return self.place


def _by_key(top: Node[Any]) -> dict[Key, Node[Any]]:
    return {node.key: node for node in top.walk()}
