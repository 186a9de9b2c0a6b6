"""Events as properties of the nodes of a trace, and those nodes as contracts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, NamedTuple

import orjson
from pydantic import BaseModel

from loopgraph.contracts.base import Contract
from loopgraph.contracts.lineage.definitions import VersionBasis
from loopgraph.contracts.loop.assignment import assign
from loopgraph.contracts.loop.design import EVEN
from loopgraph.contracts.loop.feedback import Execution, SetAside, UnitRule
from loopgraph.contracts.stored import stored
from loopgraph.contracts.traces.assembly import Span, SpanKind
from loopgraph.contracts.traces.events import (
    FINAL,
    EndpointCalled,
    HookExecuted,
    RoutingDecided,
    TraceCompleted,
    TraceEvent,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.precedence import Ending, Place
from loopgraph.contracts.traces.pricing import TOKENS, CostSource, ModelUsage, Pricing
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, RoutingDecision, Trace
from loopgraph.contracts.traces.uses import definition_key
from loopgraph.effects.clock import time_key
from loopgraph.effects.graph.values import json_text, json_value
from loopgraph.effects.traces.recording.concluding import BEGUN as begun_slot
from loopgraph.effects.traces.recording.concluding import with_conclusions
from loopgraph.effects.traces.recording.joining import PARTS, Properties, is_concluded, level
from loopgraph.errors import InvalidInput

BEGUN, ENDED = begun_slot, "ended_hash"
"""Digests of the event that began a node and of the one that ended it; absent while that event has not arrived."""

JSON_MAPS = ("context", "headers", "modifications_made")
"""Free maps; what the beginning and the end of a step say in them is put together."""

_BODIES = ("request_body", "response_body", "tool_input", "tool_response")
FREE_VALUES = frozenset({*JSON_MAPS, *_BODIES, "body", "alternatives", "rag_queries_executed"})
"""The fields that are stored as JSON text."""


_Key = tuple[SpanKind, str]


class Times(NamedTuple):
    """Start, end and milliseconds of a step."""

    started_at: datetime | None
    completed_at: datetime | None
    duration_ms: float | None


def times(properties: Properties) -> Times:
    """The times of a stored step or trace: of start, end and duration, any two that are known imply the third.

    Only what clients said is stored, so that it does not matter which event came first. An end before its start (two clocks)
    implies no duration.
    """
    return _completed(properties.get("started_at"), properties.get("completed_at"), properties.get("duration_ms"))


def _completed(started: datetime | None, completed: datetime | None, duration: float | None) -> Times:
    if completed is not None and started is None and duration is not None:
        started = _shifted(completed, -duration)
    elif completed is not None and started is not None and duration is None and started <= completed:
        duration = (completed - started) / timedelta(milliseconds=1)
    return Times(started, completed, duration)


def _shifted(instant: datetime, milliseconds: float) -> datetime | None:
    try:
        return instant + timedelta(milliseconds=milliseconds)
    except OverflowError:  # before the year 1 or after 9999
        return None


def is_final(properties: Properties) -> bool:
    """Whether a stored step or trace is over."""
    return TraceStatus(properties["status"]) in FINAL


def is_unsettled(properties: Properties) -> bool:
    """Whether a stored trace has no end of its own: it is in progress, or only what is around it has ended."""
    return not is_final(properties) or level("status", properties) <= Ending.CUT_OFF


# Events → properties


_STEPS = (HookExecuted, EndpointCalled)

ELSEWHERE = FREE_VALUES | {"kind", "timestamp", "success"}
"""Fields that are no properties, or not as they are."""


def fields(event: BaseModel) -> Iterator[tuple[str, Any]]:
    """The fields of an event that are properties as they are, tuples as lists; None says nothing.

    Many times as fast as ``model_dump``, which looks into every value.
    """
    for name, value in event.__dict__.items():
        if value is not None and name not in ELSEWHERE:
            yield name, list(value) if type(value) is tuple else value


@cache
def _defaults(contract: type[BaseModel]) -> Properties:
    """The defaults of the fields of a contract, tuples as lists."""
    defaults = {name: field.get_default(call_default_factory=True) for name, field in contract.model_fields.items()}
    return {name: list(default) if type(default) is tuple else default for name, default in defaults.items()}


def given(event: TraceEvent, received_at: datetime) -> Properties:
    """The properties that an event gives to the node it is about; what it leaves open is absent.

    Raises InvalidInput for a free value that JSON cannot hold.
    """
    at = event.timestamp or received_at
    # A default says nothing: for a step the other event of it may say more.
    step, defaults = isinstance(event, _STEPS), _defaults(type(event))
    properties = {name: value for name, value in fields(event) if not (step and value == defaults[name])}
    for name in FREE_VALUES & event.model_fields_set:
        value = getattr(event, name)
        if value or (name in _BODIES and value is not None):
            properties[name] = free_value(name, value)
    if type(event) is HookExecuted and event.unit is not None:
        properties["given_unit"] = properties.pop("unit")
    if isinstance(event, _STEPS):
        return {**properties, **_course(event, at)}
    match event:
        case TraceStarted():
            if event.spawned_by:
                properties["spawned_by_client"] = properties.pop("spawned_by")
            return {**properties, "started_at": at}
        case RoutingDecided():
            return {**properties, "created_at": at}
        case TraceCompleted():
            return {**properties, "status": event.outcome.value, "completed_at": at}


def _course(event: HookExecuted | EndpointCalled, at: datetime) -> Properties:
    """The status of a step or call, and when that was."""
    if event.outcome is TraceStatus.IN_PROGRESS:
        return {"status": event.outcome.value, "started_at": event.started_at or at}
    completed = event.completed_at
    if completed is None and event.started_at is not None and event.duration_ms is not None:
        completed = _shifted(event.started_at, event.duration_ms)
    return {"status": event.outcome.value, "completed_at": completed or at}


def free_value(field: str, value: Any) -> str | None:
    """The JSON text of a free value. Raises InvalidInput, naming the field, for what JSON cannot hold."""
    items = [item.model_dump() for item in value] if field == "alternatives" else value
    try:
        return json_text(items)
    except orjson.JSONEncodeError as error:
        problem = re.sub(r"^Type is not JSON serializable: ", "", str(error))
        raise InvalidInput(
            field, f"must be plain JSON, with integers of 64 bits and no more than 250 levels ({problem})"
        ) from error


def stub(correlation_id: str, received_at: datetime) -> Properties:
    """Properties of a ``:Trace`` of which only parts have arrived."""
    return keyed_trace(
        {
            "correlation_id": correlation_id,
            "created_at": received_at,
            "status": TraceStatus.IN_PROGRESS.value,
        }
    )


def keyed_trace(properties: Properties) -> Properties:
    """With a key for each order that traces are read in; ``open_key`` only while it is in progress. One of which only spans below
    an unknown one are known is over when they are."""
    properties = with_conclusions(properties)
    known = times(properties)
    at = known.started_at or known.completed_at or properties["created_at"]
    key = time_key(at, properties["correlation_id"])
    session = properties.get("session_id")
    keys: Properties = {"time_key": key, "open_key": None if is_final(properties) else key}
    if session:
        keys["session_key"] = f"{session}|{key}"
    keys["unsettled"] = True if properties.get("hooked") and is_unsettled(properties) else None
    if properties.get("closed_by") and not is_concluded("status", properties):
        keys["closed_by"] = None  # its real end has arrived
    return _in_order({**properties, **keys}, "root_id")


SPAWNING_TOOLS = frozenset({"Agent", "Task", "task"})
"""The tools of agent clients that spawn subagents."""


def keyed_hook(properties: Properties) -> Properties:
    """With its unit, if it ran a version, and the keys that it is found by: the finished executions of a version, and the calls
    of a prompt that spawn subagents."""
    properties = _in_order(properties, "correlation_id", "root_id")
    if properties.get("node_id"):
        properties = {**properties, **_unit(properties)}
    if properties.get("pattern_type"):
        properties = {**properties, **_found_by(properties)}
    if properties.get("tool_name") in SPAWNING_TOOLS and properties.get("root_id"):
        properties = {**properties, "spawner_root": properties["root_id"]}
    if not properties.get("node_id") or not is_final(properties):
        return properties
    at = times(properties).started_at or properties.get("completed_at") or properties["created_at"]
    return {**properties, "version_key": f"{properties['node_id']}|{time_key(at, properties['execution_id'])}"}


def _in_order(properties: Properties, *places: str) -> Properties:
    """A step, a call or a subagent goes by order only while nothing names its prompt, in these fields."""
    if properties.get("ordered_at") is None:
        return properties
    if any(properties.get(name) is None or level(name, properties) <= Place.BY_ORDER for name in places):
        return properties
    return {**properties, "ordered_at": None}


def _found_by(properties: Properties) -> Properties:
    """The keys by which the use of a pattern is found when there are more versions: that of its name while any of these may be
    better, and the digest of its body."""
    key = definition_key(properties["pattern_type"], properties["pattern_name"])
    digests = properties.get("digests") or (None,)
    return {"use_open_key": None if properties.get("use_final") else key, "use_digest": digests[-1]}


def _unit(properties: Properties) -> Properties:
    """What an execution of a version belongs to and how that is known, and whether that was assigned to the arm that it names.

    Only a unit that was named can be checked: the session or trace in its place may not be what was assigned.
    """
    known = (
        (UnitRule.GIVEN, properties.get("given_unit")),
        (UnitRule.SESSION, properties.get("session_id")),
        (UnitRule.TRACE, properties.get("root_id") or properties["correlation_id"]),
    )
    rule, unit = next((rule, unit) for rule, unit in known if unit)
    arm, experiment_id = properties.get("arm"), properties.get("experiment_id")
    share = properties.get("treatment_share") or EVEN
    # Where exposure grows in stages, the arm follows from when the unit was assigned: looks at the experiment check that.
    checked = rule is UnitRule.GIVEN and not properties.get("staged")
    aside = arm and experiment_id and checked and assign(experiment_id, unit, share).value != arm
    kept: Properties = {"unit": unit, "unit_rule": rule.value}
    if aside or properties.get("set_aside"):  # which version it ran, and with it the arm, may turn out to be another
        kept["set_aside"] = SetAside.OTHER_ARM.value if aside else None
    return kept


NEVER_ENDED = "never_ended"
"""The error type of an execution that began and has not ended."""


def keyed_call(pricing: Pricing, properties: Properties) -> Properties:
    """With ``price_usd``, what it cost by the list of prices, if it called a model."""
    properties = _in_order(properties, "correlation_id")
    model = properties.get("model")
    counts = {name: properties.get(name) for name in TOKENS}
    if model is None or not any(counts.values()):
        return properties
    cached = sum(counts[name] or 0 for name in ("cache_read_tokens", "cache_write_tokens"))
    known = times(properties)
    usage = ModelUsage(
        model=model,
        service=properties.get("service_name"),
        at=known.started_at or known.completed_at or properties["created_at"],
        # Reports that are put together can differ: no count is less than what is a part of it.
        **{name: count or 0 for name, count in counts.items()}
        | {"input_tokens": max(counts["input_tokens"] or 0, cached)}
        | {"cache_write_1h_tokens": min(counts["cache_write_1h_tokens"] or 0, counts["cache_write_tokens"] or 0)},
    )
    return {**properties, "price_usd": pricing(usage)}


def keyed_session(properties: Properties) -> Properties:
    """With the key of the order of time."""
    at = properties.get("started_at") or properties["created_at"]
    return {**properties, "time_key": time_key(at, properties["session_id"])}


# Properties → contracts


def trace(properties: Properties) -> Trace:
    """The trace of a ``:Trace`` node. One without parent is its own root."""
    # What third parties report begins no node, but says when it began.
    started, root_id = BEGUN in properties or properties.get("started_at") is not None, properties.get("root_id")
    if root_id is None and started and properties.get("parent_id") is None:
        root_id = properties["correlation_id"]
    return stored(Trace, {**_record(Trace, properties), "started": started, "root_id": root_id})


def trace_key(trace: Trace) -> str:
    """The key of a trace in the order of time: what ``Page.after`` takes."""
    return time_key(trace.at, trace.correlation_id)


def hook(properties: Properties) -> HookExecution:
    """The execution of a ``:HookExecution`` node."""
    record = _record(HookExecution, properties)
    if record["node_id"] and record["used_rule"] is None:
        record["used_rule"] = VersionBasis.REPORTED
    return stored(HookExecution, record)


def call(properties: Properties) -> EndpointCall:
    """The call of an ``:EndpointCall`` node."""
    record = _record(EndpointCall, properties)
    record["http_method"] = record["http_method"] or EndpointCalled.model_fields["http_method"].default
    record["retry_count"] = record["retry_count"] or 0
    for body, parts in PARTS.items():
        if record[body] is None and properties.get(parts):
            record[body] = [message for _, message in sorted(json_value(properties[parts]).items())]
    record["cost_source"] = CostSource.REPORTED if record["cost_usd"] is not None else None
    if record["cost_usd"] is None and (price := properties.get("price_usd")) is not None:
        record["cost_usd"], record["cost_source"] = price, CostSource.COMPUTED
    return stored(EndpointCall, record)


def routing(properties: Properties) -> RoutingDecision:
    """The decision of a ``:RoutingDecision`` node."""
    return stored(RoutingDecision, _record(RoutingDecision, properties))


EVIDENCE: Final = (
    "execution_id", "node_id", "experiment_id", "arm", "set_aside", "unit", "unit_rule",
    "session_id", "root_id", "correlation_id", "pattern_type", "status", "error_type",
    "quality_score", "duration_ms", "started_at", "completed_at", "created_at",
)  # fmt: skip
"""The properties of a stored execution that it is evidence by. In lists of the graph the instants, which are the last three, are
each two values, as in ``skeleton_of_traces``: the driver would take longer over them than over all else."""


def evidence(values: Sequence[Any]) -> Execution:
    """An execution of a version as a row of evidence, from a list of the values that ``EVIDENCE`` names; it is dated by its
    start, or its end if that is all we know.

    One that has not ended counts as a failure, and has no duration: it is the caller's to tell when it has had its time. A run
    reads tens of thousands of them, so that nothing is done here that need not be.
    """
    (
        execution_id, node_id, experiment_id, arm, set_aside, unit, unit_rule, session_id, root_id, correlation_id,
        pattern_type, status, error_type, quality_score, duration, started, of_start, completed, of_end, created, of_arrival,
    ) = values  # fmt: skip
    started_at, completed_at = _instant(started, of_start), _instant(completed, of_end)
    if started_at is None or duration is None:
        started_at, completed_at, duration = _completed(started_at, completed_at, duration)
    ended = _STATUSES[status] in FINAL
    return stored(
        Execution,
        {
            "execution_id": execution_id,
            "unit": str(unit or session_id or root_id or correlation_id),  # as those are given it that name none
            "unit_rule": unit_rule,
            "node_id": node_id,
            "experiment_id": experiment_id,
            "arm": arm,
            "started_at": started_at or completed_at or _instant(created, of_arrival),
            "duration_ms": duration,
            "success": status == TraceStatus.SUCCESS,
            "error_type": error_type if ended else NEVER_ENDED,
            "quality_score": quality_score,
            "ended": ended,
            "is_use": pattern_type is not None,
            "set_aside": set_aside,
        },
    )


def step_key(hook: HookExecution) -> str:
    """The key of a step in the order of time: what ``Page.after`` takes."""
    return time_key(hook.at, hook.execution_id)


def version_key(execution: Execution) -> str:
    """The key that an execution of a version is found by: by version, then by time."""
    return f"{execution.node_id}|{time_key(execution.started_at, execution.execution_id)}"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STATUSES = {status.value: status for status in TraceStatus}


def trace_span(values: Sequence[Any]) -> tuple[Span, str | None]:
    """The span of a trace from a list of ``skeleton_of_traces``, and the trace that it goes on with."""
    id_, spawned_by, parent_id, root_id, continued_from, name, status, *times = values
    named = ((SpanKind.STEP, spawned_by), (SpanKind.TRACE, parent_id))
    around = tuple((kind, of) for kind, of in named if of)
    at, began, took = _when(times)
    return Span(SpanKind.TRACE, id_, id_, around, root_id, name, at, began, took, _STATUSES[status]), continued_from


def step_spans(kind: SpanKind, rows: Iterable[Mapping[str, Any]]) -> Iterator[Span]:
    """The spans of one kind from rows of ``skeleton_of_steps``: tens of thousands, so that nothing is done here that need not
    be."""
    step, statuses = SpanKind.STEP, _STATUSES
    for row in rows:
        if row["kind"] != kind:
            continue
        for trace, id_, outer, name, status, *times in row["spans"]:
            at, began, took = _when(times)
            around = ((step, outer),) if outer else ()
            yield Span(kind, id_, trace, around, None, name, at, began, took, statuses[status])


def _when(times: list[Any]) -> tuple[datetime, datetime | None, float | None]:
    """When something was, as well as that is known; when it began, and how long it took."""
    started, duration = _instant(times[0], times[1]), times[4]
    if started is not None and duration is not None:
        return started, started, duration
    started, completed, duration = _completed(started, _instant(times[2], times[3]), duration)
    at = started or completed or _instant(times[5], times[6])
    assert at is not None, "every node says when it arrived"
    return at, started, duration


def _instant(milliseconds: int | datetime | None, microseconds: int | None) -> datetime | None:
    """An instant of a skeleton: milliseconds since 1970, and the microseconds of its second."""
    if isinstance(milliseconds, datetime):
        return milliseconds
    if milliseconds is None:
        return None
    return _EPOCH + timedelta(
        0, 0, (microseconds or 0) % 1_000, milliseconds
    )  # by place: by name it takes as long again


_LISTS = (
    "tags", "alternatives", "intelligence_functions_executed", "rag_queries_executed", "quality_gates_validated",
)  # fmt: skip


def _record(contract: type[Contract], properties: Properties) -> Properties:
    """A value for every field of the contract: JSON decoded, times completed, empty where nothing is stored."""
    empty = _empty(contract)
    record = {**empty, **properties}
    for name in _decoded(contract):
        value = record[name]
        if name in FREE_VALUES and isinstance(value, str):
            value = json_value(value)
        record[name] = empty[name] if value is None else value
    record.update(zip(Times._fields, times(properties), strict=True))
    return record


@cache
def _empty(contract: type[Contract]) -> Properties:
    """What a contract holds where nothing is stored."""
    kinds: Properties = {**{name: {} for name in JSON_MAPS}, **dict.fromkeys(_LISTS, ())}
    return {name: kinds.get(name) for name in contract.model_fields}


@cache
def _decoded(contract: type[Contract]) -> tuple[str, ...]:
    """The fields of a contract that are stored as JSON, or are lists."""
    return tuple(name for name in contract.model_fields if name in FREE_VALUES or name in _LISTS)
