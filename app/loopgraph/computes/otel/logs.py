"""Log records as observations: those of agent clients by their own names, messages of calls of models as parts of those, and all
others as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import ValidationError

from loopgraph.computes.agents.fields import LONGEST_NAME, Fields, said, shortened
from loopgraph.computes.agents.ids import as_id, digest_id, prompt_trace_id, span_key
from loopgraph.computes.otel.claude_code import PREFIX, SESSION, is_of_agent, session_seen
from loopgraph.computes.otel.claude_code_logs import event_name, observe_agent_log
from loopgraph.computes.otel.dialects.events import event_name as name_of_event
from loopgraph.computes.otel.dialects.events import observe_event, observe_message
from loopgraph.computes.otel.dialects.table import CLIENTS, SCOPES_OF_EVENTS, WHOSE
from loopgraph.computes.otel.model import Log, instant
from loopgraph.computes.otel.report import Report, is_span_id, is_trace_id
from loopgraph.computes.transcripts.lines import instant_of
from loopgraph.contracts.traces.observations import LogRecorded, Observation
from loopgraph.errors import InvalidInput


def observe_logs(items: Sequence[Log | InvalidInput]) -> Report:
    """What the log records of one request say; what could not be read is refused, and a record whose ids are wrong."""
    report, sessions, places = Report(), set(), set()
    for i, log in report.sound(items).items():
        try:
            _check(log)
            name = event_name(log)
            if name is None or not is_of_agent(PREFIX, log.attributes):
                report.add(i, *_observe(log))
                continue
            observations, around = observe_agent_log(log, name)
        except (InvalidInput, ValidationError) as error:
            report.refuse(i, error)
            continue
        report.add(i, *observations)
        for place in around:
            if (said_of := place.model_dump_json()) not in places:
                places.add(said_of)
                report.add_common(place)
        if log.attributes[SESSION] not in sessions:
            sessions.add(log.attributes[SESSION])
            report.add_common(session_seen(log.origin, log.attributes, log.time_ns))
    return report


def _check(log: Log) -> None:
    if log.trace_id.strip("0") and not is_trace_id(log.trace_id):
        raise InvalidInput("traceId", "must be 16 bytes, as 32 hexadecimal digits in JSON")


def _observe(log: Log) -> tuple[Observation, ...]:
    """A record of anybody but the agent client whose hooks are known."""
    name = name_of_event(log)
    if (message := observe_message(log, name)) is not None:
        return (message,)
    return observe_event(log, name) or (_record(log, name),)


def _record(log: Log, named: str | None) -> Observation:
    """A record that has no place of its own; sent again, it has the same id."""
    fields, trace_id = Fields(log.attributes), log.trace_id if is_trace_id(log.trace_id) else None
    if fields.rest.get("event.name") == named:
        fields.any("event.name")
    session = fields.text(*WHOSE) or Fields(log.origin.resource).text(*WHOSE)
    turn_id = fields.text("turn.id") if named == _TURN_COST else None
    in_order = session is not None and turn_id is None and _is_of_client(log, named)
    span = span_key(trace_id, log.span_id) if trace_id and is_span_id(log.span_id) else None
    what = (log.time_ns, log.severity, log.event_name, log.body, log.attributes, log.trace_id, log.span_id)
    record = LogRecorded(
        record_id=digest_id(log.origin.resource, log.origin.scope, what),
        **said(
            correlation_id=prompt_trace_id(session, turn_id) if session and turn_id else None if in_order else trace_id,
            session_id=as_id(session) if session else None,
            span_key=span,
            name=shortened((named or "").strip(), LONGEST_NAME).strip() or None,
            severity=shortened((log.severity or "").strip(), LONGEST_NAME).strip() or None,
            timestamp=(instant_of(log.attributes.get("event.timestamp")) if in_order else None) or instant(log.time_ns),
            body=log.body,
        ),
        context={**fields.rest, **said(span_id=log.span_id or None), "resource": log.origin.resource, **_scope(log)},
    )
    source = f"otel.{log.origin.service or 'unknown'}"
    if in_order:
        return Observation(event=record, source=source, prompt_of=record.session_id)
    return Observation(event=record, source=source, **said(otel_trace_id=None if turn_id else trace_id))


_TURN_COST: Final = "codex.turn_cost"
"""What a whole turn has cost as its vendor estimates, told minutes later to those who have signed in; it names its turn."""


def _is_of_client(log: Log, named: str | None) -> bool:
    """Whether it is a record of a client whose prompts follow each other: it is of the last one, whatever span it names."""
    return (named or "").partition(".")[0] in CLIENTS or log.origin.scope.get("name") in SCOPES_OF_EVENTS


def _scope(log: Log) -> dict[str, object]:
    return {"scope": log.origin.scope} if log.origin.scope else {}
