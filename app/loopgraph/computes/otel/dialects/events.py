"""What log records of generative AI say: the events of agent clients, by the table, and messages of calls of models."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from loopgraph.computes.agents.endings import DENIED, INTERRUPTED
from loopgraph.computes.agents.fields import LONGEST_NAME, Fields, said, shortened
from loopgraph.computes.agents.ids import as_id, digest_id, execution_id, span_key, unnamed_call_id, unnamed_prompt_id
from loopgraph.computes.agents.traces import subagent_thread, subagent_trace
from loopgraph.computes.otel.dialects.dialect import Dialect, Meaning
from loopgraph.computes.otel.dialects.reading import Reading, message_of
from loopgraph.computes.otel.dialects.saying import token_counts
from loopgraph.computes.otel.dialects.table import EVENTS, SCOPES_OF_EVENTS
from loopgraph.computes.otel.model import PROJECT, Attributes, Log, instant
from loopgraph.computes.otel.report import is_span_id, is_trace_id
from loopgraph.computes.transcripts.lines import instant_of
from loopgraph.contracts.traces.events import (
    OF_SESSION,
    PROMPTED,
    UNNAMED_CALL,
    EndpointCalled,
    HookExecuted,
    TraceCompleted,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.observations import Observation, ObservedEvent, SessionSeen, SpawnRule
from loopgraph.contracts.traces.precedence import Clock, Ending, Place, Trust

_REQUEST: Final = frozenset(f"gen_ai.{who}.message" for who in ("system", "user", "assistant", "tool"))
_RESPONSE: Final = "gen_ai.choice"
_DETAILS: Final = "gen_ai.client.inference.operation.details"
_FAILED: Final = 400
_MAIN: Final = "/root"
"""The name of the agent that works for a person."""
_WITHHELD: Final = "[REDACTED]"
"""What Codex gives for the text of a prompt, unless it is told to give that."""


_PLACE_IN_SOURCE: Final = re.compile(r"event \S+:\d+")
"""What programs in Rust give as the name of an event; its own is an attribute."""


def event_name(log: Log) -> str | None:
    """The name of the event that a record is of."""
    names = (log.event_name, log.attributes.get("event.name"))
    given = [name for name in names if isinstance(name, str) and name.strip()]
    return next((name for name in given if not _PLACE_IN_SOURCE.fullmatch(name)), given[0] if given else None)


# Messages of a call of a model


def observe_message(log: Log, name: str | None) -> Observation | None:
    """A record that holds what a model was given or has answered, as a part of the call whose span it names; else None."""
    if not is_trace_id(log.trace_id) or not is_span_id(log.span_id):
        return None
    if log.origin.scope.get("name") in SCOPES_OF_EVENTS:
        return None
    reading = Reading.of_attributes(log.attributes)
    if name in _REQUEST or name == _RESPONSE:
        body = "response_body" if name == _RESPONSE else "request_body"
        said_of = {body: message_of(str(name), log.body)}
        part: str | None = f"{log.time_ns:020d}.{digest_id(name, log.body)[:8]}"
    elif name == _DETAILS:
        said_of, part = {"request_body": reading.json("request"), "response_body": reading.json("response")}, None
    else:
        return None
    call = EndpointCalled(
        correlation_id=log.trace_id,
        call_id=span_key(log.trace_id, log.span_id),
        service_name=reading.name("provider") or log.origin.service or "unknown",
        endpoint_path=reading.name("operation") or "chat",
        **said(**said_of),
    )
    source = shortened(f"otel.{name}", LONGEST_NAME)
    return Observation(event=call, source=source, rank=Trust.HEARSAY, otel_trace_id=log.trace_id, **said(part=part))


# Events of agent clients


def observe_event(log: Log, name: str | None) -> tuple[Observation, ...] | None:
    """What a record says; None if it is not one of an agent client that is known, or has no place of its own.

    A record that names no prompt belongs to the last of its session: whatever is at work in that, one follows the other. Nor does
    the trace of OpenTelemetry that it may name tell more, since subagents, which are sessions of their own here, share it.
    """
    dialect = EVENTS.get(name or "")
    if dialect is None or name is None:
        return None
    record = _Record(dialect, name, log)
    if record.session is None or (event := record.event()) is None:
        return None
    ending = _ENDINGS.get(event.status) if isinstance(event, HookExecuted) and event.status else None
    told = record.observed(event, **said(ending=ending))
    return (*record.around(event), told, *record.spawned(event), *record.ending(event))


_ENDINGS: Final = {TraceStatus.ERROR: Ending.TOLD, TraceStatus.DENIED: Ending.FIRST_HAND}
"""A hook may tell that a call is over that has failed, and a record that one has failed that was not allowed."""


class _Record:
    def __init__(self, dialect: Dialect, name: str, log: Log) -> None:
        self._dialect, self._name, self._log = dialect, name, log
        self._reading = Reading(log.attributes, (dialect,))
        session, prompt = self._reading.text("session"), self._reading.text("prompt_id")
        self.session = as_id(session) if session else None
        apart = Reading(log.attributes, (dialect,))  # what was decided stays in the context
        self._decision, self._decided_by = apart.name("decision"), apart.text("decided_by")
        self._stops = self._decision in dialect.stops
        self._place = Place.LOGGED
        if prompt and prompt != session:  # without a person at hand, Gemini CLI gives each prompt the id of its session
            self.trace, self._place = as_id(prompt), Place.SURE
        elif dialect.events[name] is Meaning.PROMPT:
            self.trace = unnamed_prompt_id(str(self.session), self._digest())
        else:
            self.trace = str(self.session)

    @property
    def _at(self) -> datetime | None:
        """When it happened: a record may be written later than that."""
        return instant_of(self._log.attributes.get("event.timestamp")) or instant(self._log.time_ns)

    def observed(self, event: ObservedEvent, rank: Trust = Trust.TELEMETRY, **how: Any) -> Observation:
        placed = said(
            prompt_of=self.session if self.trace == self.session and not isinstance(event, SessionSeen) else None,
            in_order=True if isinstance(event, TraceStarted) and event.source == PROMPTED else None,
            unnamed_call=True if self._is_unnamed(event) else None,
        )
        source = shortened(f"otel.{self._name}", LONGEST_NAME)
        return Observation(
            event=event, source=source, rank=rank, clock=Clock.LOGGED, place=self._place, **placed, **how
        )

    def _is_unnamed(self, event: ObservedEvent) -> bool:
        """Whether a call has no id that others give it, too."""
        if isinstance(event, EndpointCalled):
            return self._dialect.calls_are_named_elsewhere
        return isinstance(event, HookExecuted) and UNNAMED_CALL in event.execution_id

    def around(self, event: ObservedEvent) -> tuple[Observation, ...]:
        """The session, and the trace that it ties to it: while tools are used in it, it goes on."""
        resource, own = Fields(self._log.origin.resource), Reading(self._log.attributes, (self._dialect,))
        seen = SessionSeen(
            session_id=self.session,
            **said(
                timestamp=self._at,
                client=resource.name("service.name"),
                client_version=resource.name("service.version"),
                project=resource.name(PROJECT),
                model=own.name("model"),
                user_id=own.name("user"),
            ),
        )
        source = {"source": OF_SESSION} if self.trace == self.session else {}
        trace = TraceStarted(correlation_id=self.trace, session_id=self.session, **source)
        going_on = said(going_on_at=self._at if isinstance(event, HookExecuted) and self._is_at_work(event) else None)
        return (self.observed(seen), self.observed(trace, Trust.HEARSAY, **going_on))

    def _is_at_work(self, used: HookExecuted) -> bool:
        """Whether the model is told of what has become of a call. A failure says nothing of that: it may follow from a stop."""
        return used.status in (None, TraceStatus.SUCCESS) or (used.status is TraceStatus.DENIED and not self._stops)

    def ending(self, event: ObservedEvent) -> tuple[Observation, ...]:
        """No record says that a prompt is over: it is with what a model has said last, or with a call that a person has stopped,
        unless the work is known to have gone on after that."""
        match event:
            case EndpointCalled():
                status = event.status
            case HookExecuted() if self._stops or event.status is TraceStatus.INTERRUPTED:
                status = TraceStatus.INTERRUPTED
            case _:
                return ()
        over = TraceCompleted(correlation_id=self.trace, status=status, **said(timestamp=self._at))
        return (self.observed(over, ending=Ending.AROUND),)

    def spawned(self, event: ObservedEvent) -> tuple[Observation, ...]:
        """The subagent that a call has spawned, whose thread has records of its own. One that subagents spawn works for the same
        session as they do, which these records do not name."""
        if not isinstance(event, HookExecuted) or event.tool_name not in self._dialect.spawns:
            return ()
        answer, caller = event.tool_response, self._log.attributes.get("agent_name", _MAIN)
        agent_id = answer.get("agent_id") if isinstance(answer, dict) else None
        if not isinstance(agent_id, str) or not agent_id or caller != _MAIN:
            return ()
        session = str(self.session)
        trace = subagent_trace(session, agent_id, spawned_by=event.execution_id)
        return (
            self.observed(trace, spawn_rule=SpawnRule.TOOL_RESPONSE),
            self.observed(subagent_thread(session, agent_id)),
        )

    def event(self) -> ObservedEvent | None:
        """What the record tells of; None if it is nothing that has a place in a trace."""
        match self._dialect.events[self._name]:
            case Meaning.PROMPT:
                return self._prompt()
            case Meaning.MODEL:
                return self._model(failed=False)
            case Meaning.MODEL_FAILED:
                return self._model(failed=True)
            case Meaning.TOOL:
                return self._tool(over=True)
            case Meaning.TOOL_DECIDED:
                return self._tool(over=False)
        return None

    def _prompt(self) -> TraceStarted:
        text = self._reading.text("prompt")
        return TraceStarted(
            correlation_id=self.trace,
            session_id=self.session,
            source=PROMPTED,
            **said(
                timestamp=self._at,
                prompt_text=None if text == _WITHHELD else text,
                user_id=self._reading.name("user"),
            ),
            context=self._context(),
        )

    def _model(self, *, failed: bool) -> EndpointCalled | None:
        reading, key = self._reading, self._digest()
        problem, status = reading.text("error_message"), reading.http_status("status_code")
        if failed and not problem and (status or 0) < _FAILED:
            return None
        counts = {} if failed else said(**token_counts(reading))
        if not failed and not counts:
            return None
        model = reading.name("model")
        return EndpointCalled(
            correlation_id=self.trace,
            call_id=key,
            service_name=reading.name("provider") or self._dialect.vendor or "unknown",
            endpoint_path=reading.name("operation") or self._name,
            status=TraceStatus.ERROR if failed else TraceStatus.SUCCESS,
            **said(
                timestamp=self._at,
                model=model,
                completed_at=self._at,
                duration_ms=reading.number("duration_ms"),
                error_message=problem,
                error_type=reading.name("error_type"),
                response_status=status,
                request_body=reading.json("request"),
                response_body=reading.json("response"),
            ),
            **counts,
            context=self._context(),
        )

    def _tool(self, *, over: bool) -> HookExecuted | None:
        reading = self._reading
        tool_use_id, course = reading.name("tool_use_id"), self._course(over=over)
        if not over and tool_use_id is None and not course:
            return None  # nothing ties what was allowed to what has become of it
        tool, given = reading.name("tool"), reading.json("tool_input")
        if tool_use_id:
            id_ = execution_id(str(self.session), tool_use_id)
        else:
            id_ = unnamed_call_id(str(self.session), digest_id(tool, given), self._digest())
        return HookExecuted(
            correlation_id=self.trace,
            **({"root_id": self.trace} if self.trace != self.session else {}),
            execution_id=id_,
            session_id=self.session,
            hook_type="ToolUse",
            **said(timestamp=self._at),
            **course,
            **said(
                tool_name=tool,
                tool_use_id=as_id(tool_use_id) if tool_use_id else None,
                tool_input=given,
                tool_response=reading.json("tool_output"),
            ),
            context=self._context(),
        )

    def _course(self, *, over: bool) -> dict[str, Any]:
        """How a call of a tool ended, if it did."""
        reading, dialect = self._reading, self._dialect
        problem = reading.text("error_message") if over else None
        error = {"error_message": problem, "error_type": reading.name("error_type")}
        if {self._decision, error["error_type"]} & dialect.denials:
            why = problem or (f"rejected by {self._decided_by}" if self._decided_by else "rejected")
            ended: dict[str, Any] = {"status": TraceStatus.DENIED, "error_type": DENIED, "error_message": why}
        elif not over:
            return {}
        elif not problem and reading.flag("success") is not False:
            ended = {"status": TraceStatus.SUCCESS}
        elif not problem and dialect.failures_say_why:
            ended = {"status": TraceStatus.INTERRUPTED, "error_type": INTERRUPTED}
        else:
            ended = {"status": TraceStatus.ERROR, **error}
        return said(completed_at=self._at, duration_ms=reading.number("duration_ms") if over else None, **ended)

    def _digest(self) -> str:
        """The id of what has none; sent again, it has the same."""
        return digest_id(self.session, self._name, self._log.time_ns, self._log.attributes)

    def _context(self) -> Attributes:
        context: dict[str, Any] = self._reading.fields.rest
        return context
