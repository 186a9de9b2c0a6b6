"""Log records of the agent client as observations. What has a place in a trace goes there; the rest stays a log record.

They alone know both the id of the prompt and the OpenTelemetry trace, and so tie hooks and spans together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from loopgraph.computes.agents.fields import LONGEST_NAME, Fields, said, shortened
from loopgraph.computes.agents.ids import as_id, call_id, digest_id, execution_id
from loopgraph.computes.agents.tokens import tokens
from loopgraph.computes.agents.traces import story, subagent_end
from loopgraph.computes.agents.uses import (
    BUILT_IN,
    SKILL_TOOL,
    command_name,
    command_used,
    origin,
    skill_used,
    subagent_used,
)
from loopgraph.computes.otel.claude_code import PREFIX, AgentSignal
from loopgraph.computes.otel.claude_code_spans import decided, failed_aside, unnamed_call_id
from loopgraph.computes.otel.model import Log, instant
from loopgraph.computes.otel.report import is_trace_id
from loopgraph.contracts.traces.events import (
    MOST_RETRIES,
    MOST_USD,
    OF_SESSION,
    EndpointCalled,
    HookExecuted,
    TraceCompleted,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.observations import LogRecorded, Observation, ObservedEvent, SpawnRule
from loopgraph.contracts.traces.precedence import Clock, Ending, Place, Trust

_REQUESTS: Final = frozenset({"api_request", "api_error"})


def event_name(log: Log) -> str | None:
    """The client's name of an event, such as ``tool_result``; None for a record that is not the client's."""
    named = log.attributes.get("event.name")
    whole = log.event_name or (log.body if isinstance(log.body, str) else "")
    if whole.startswith(PREFIX):
        return named if isinstance(named, str) and named else whole.removeprefix(PREFIX)
    return None


@dataclass(frozen=True)
class _Record:
    """One record and where it belongs: to the prompt, the OpenTelemetry trace if it names none, or only to the session."""

    name: str
    log: Log
    signal: AgentSignal
    prompt_id: str | None

    @property
    def otel_trace_id(self) -> str | None:
        return self.log.trace_id if is_trace_id(self.log.trace_id) else None

    @property
    def root_id(self) -> str | None:
        return self.prompt_id or self.otel_trace_id

    @property
    def correlation_id(self) -> str | None:
        if self.root_id is None:
            return self.signal.session if self.of_last_prompt else None
        return self.signal.trace(self.root_id)

    @property
    def of_last_prompt(self) -> bool:
        """Whether it is a request of a client that does not name its prompts: it counts with the last one of its session."""
        return self.root_id is None and self.name in _REQUESTS

    def observed(self, event: ObservedEvent, place: int = Place.LOGGED, *, name: str = "", **how: Any) -> Observation:
        told = {
            **said(prompt_of=self.signal.session if self.of_last_prompt else None),
            "rank": Trust.TELEMETRY,
            "clock": Clock.LOGGED,
            "place": place,
            **said(otel_trace_id=self.otel_trace_id),
            **how,
        }
        return Observation(event=event, source=shortened(f"otel.{PREFIX}{name or self.name}", LONGEST_NAME), **told)


def observe_agent_log(log: Log, name: str) -> tuple[tuple[Observation, ...], tuple[Observation, ...]]:
    """What a record of the client says, and where it belongs: the session of its prompt, the place of the subagent that it names.
    Raises InvalidInput for ids that are no texts."""
    signal = AgentSignal.of(log.attributes)
    prompt_id = signal.fields.id("prompt.id")
    record = _Record(name, log, signal, as_id(prompt_id) if prompt_id else None)
    if record.correlation_id is None:
        return (_logged(record),), ()
    places = [record.observed(_whole(record), name="prompt", rank=Trust.HEARSAY)]
    if signal.agent_id and record.root_id:
        places.append(record.observed(signal.subagent(record.root_id), name="subagent"))
    used = _uses(record)
    return (*(_placed(record) or (_logged(record),)), *used), tuple(places)


def _whole(record: _Record) -> TraceStarted:
    """The trace of the prompt, or of the session itself."""
    if record.root_id:
        return record.signal.prompt(record.root_id)
    return record.signal.prompt(record.signal.session, source=OF_SESSION)


def _placed(record: _Record) -> tuple[Observation, ...] | None:
    """What a record says of a trace, a tool call or a request; None if it has no place of its own."""
    fields = record.signal.fields
    match record.name:
        case "user_prompt":
            return _user_prompt(record)
        case "tool_result" if fields.rest.get("tool_use_id"):
            return (_tool_result(record),)
        case "tool_decision" if fields.rest.get("tool_use_id"):
            return (_tool_decision(record),)
        case name if name in _REQUESTS:
            return (_api_request(record),)
        case "subagent_completed" if record.signal.agent_id:
            return (_subagent_completed(record),)
    return None


def _uses(record: _Record) -> tuple[Observation, ...]:
    """The use of a command, a skill or a subagent's definition that a record tells of."""
    told, signal = record.log.attributes, record.signal
    at, trace = instant(record.log.time_ns), record.correlation_id or ""
    if record.name == "skill_activated" and told.get("invocation_trigger") == "user-slash" and record.prompt_id:
        name = command_name(told.get("skill.name"))
        if name and not signal.agent_id:
            source = origin(told.get("skill.source"))
            used = command_used(signal.session_id, record.prompt_id, name, pattern_origin=source, timestamp=at)
            return (record.observed(used),)
    elif record.name == "tool_result" and told.get("tool_name") == SKILL_TOOL and told.get("tool_use_id"):
        given, named = (Fields(told).json(name) for name in ("tool_input", "tool_parameters"))
        given, named = (each if isinstance(each, dict) else {} for each in (given, named))
        name, arguments = command_name(given.get("skill")) or command_name(named.get("skill_name")), given.get("args")
        if name and Fields(told).flag("success"):
            more = {"arguments": arguments if isinstance(arguments, str) and arguments else None, "timestamp": at}
            used = skill_used(signal.session_id, str(told["tool_use_id"]), trace, name, root_id=record.root_id, **more)
            return (record.observed(used),)
    elif record.name == "subagent_completed" and signal.agent_id:
        name = command_name(told.get("agent_type"))
        if name and name not in BUILT_IN and Fields(told).flag("is_built_in") is not True:
            source = origin(told.get("agent.source"))
            used = subagent_used(
                signal.session_id, signal.agent_id, name, root_id=record.root_id, pattern_origin=source
            )
            return (record.observed(used),)
    return ()


def _user_prompt(record: _Record) -> tuple[Observation, ...]:
    prompt = record.signal.written("prompt", "prompt_text")
    if record.signal.fields.rest.get("prompt_text") == prompt:
        record.signal.fields.any("prompt_text")
    source, continues, spawned = story(record.signal.session_id, prompt)
    trace = record.correlation_id
    started = TraceStarted(
        correlation_id=trace,
        session_id=record.signal.session,
        source=source,
        **said(
            timestamp=instant(record.log.time_ns),
            prompt_text=prompt,
            continues=continues,
            root_id=record.root_id if trace != record.root_id else None,
        ),
        **_context(record),
    )
    if spawned is None:
        return (record.observed(started, Place.OF_PROMPT),)
    how: dict[str, Any] = {
        "spawn_rule": SpawnRule.TASK_NOTIFICATION,
        "otel_trace_id": None,
    }  # its work was done in another
    end = subagent_end(record.signal.session_id, prompt, instant(record.log.time_ns))
    told = (record.observed(end, Place.OF_PROMPT, otel_trace_id=None, ending=Ending.TOLD),) if end else ()
    return (record.observed(started, Place.OF_PROMPT), record.observed(spawned, Place.OF_PROMPT, **how), *told)


def _used(record: _Record) -> dict[str, Any]:
    """The tool call that a record is about."""
    fields = record.signal.fields
    tool_use_id = fields.required_id("tool_use_id")
    return {
        "correlation_id": record.correlation_id,
        "root_id": record.root_id,
        "execution_id": execution_id(record.signal.session_id, tool_use_id),
        "session_id": record.signal.session,
        "hook_type": "ToolUse",
        "tool_use_id": as_id(tool_use_id),
        **said(tool_name=fields.name("tool_name"), timestamp=instant(record.log.time_ns)),
    }


def _tool_decision(record: _Record) -> Observation:
    used, rejected = _used(record), decided(record.signal.fields, record.log.time_ns)
    return record.observed(HookExecuted(**used, **rejected, **_context(record)))


def _tool_result(record: _Record) -> Observation:
    fields, used = record.signal.fields, _used(record)
    failed = fields.flag("success") is False
    ran = HookExecuted(
        **used,
        status=TraceStatus.ERROR if failed else TraceStatus.SUCCESS,
        **said(
            completed_at=instant(record.log.time_ns),
            duration_ms=fields.number("duration_ms"),
            tool_input=fields.json("tool_input"),
            error_message=fields.text("error") if failed else None,
            error_type=fields.name("error_type") if failed else None,
        ),
        **_context(record),
    )
    return record.observed(ran, **failed_aside(ran.outcome))


def _api_request(record: _Record) -> Observation:
    fields, attributes = record.signal.fields, record.log.attributes
    failed = record.name == "api_error"
    cost, known_as = fields.number("cost_usd", largest=MOST_USD), _call_id(record)
    attempt = fields.count("attempt", largest=MOST_RETRIES)
    status = fields.count("status_code", smallest=100, largest=599)
    provider = attributes.get("anthropic.provider")
    at = instant(record.log.time_ns)
    call = EndpointCalled(
        correlation_id=record.correlation_id,
        call_id=known_as,
        service_name="anthropic" if provider in (None, "firstParty") else shortened(str(provider), LONGEST_NAME),
        endpoint_path="/v1/messages",
        status=TraceStatus.ERROR if failed else TraceStatus.SUCCESS,
        **said(
            timestamp=at,
            completed_at=at,
            duration_ms=fields.number("duration_ms"),
            model=fields.name("model"),
            **tokens(
                plain=fields.count("input_tokens"),
                cache_read=fields.count("cache_read_tokens"),
                cache_write=fields.count("cache_creation_tokens"),
                cache_write_1h=fields.count("cache_creation_1h_tokens"),
                output=fields.count("output_tokens"),
            ),
            cost_usd=cost,
            skill=fields.name("skill.name"),
            retry_count=attempt - 1 if attempt else None,
            response_status=status,
            error_message=fields.text("error") if failed else None,
        ),
        **_context(record),
    )
    return record.observed(call)


def _call_id(record: _Record) -> str:
    """The id of a request. Without one of the API's: that which its span has, too, or one of its own."""
    fields, log = record.signal.fields, record.log
    if request_id := fields.id("request_id"):
        return call_id(record.signal.session_id, request_id)
    if record.otel_trace_id:
        return unnamed_call_id(record.otel_trace_id, fields)
    sequence = fields.rest.get("event.sequence")
    return digest_id(record.signal.session_id, record.name, sequence, log.time_ns, None if sequence else log.attributes)


def _subagent_completed(record: _Record) -> Observation:
    fields = record.signal.fields
    success, error = fields.flag("success"), fields.text("error")
    completed = TraceCompleted(
        correlation_id=record.correlation_id,
        success=error is None if success is None else success,
        **said(timestamp=instant(record.log.time_ns), duration_ms=fields.number("duration_ms"), error_message=error),
        **_context(record),
    )
    return record.observed(completed)


def _context(record: _Record) -> dict[str, Any]:
    """What is left of the attributes; the name and the time of the event are in the record itself."""
    fields = record.signal.fields
    for name in ("event.name", "event.timestamp"):
        fields.any(name)
    return said(context=fields.rest or None)


def _logged(record: _Record) -> Observation:
    fields, log = record.signal.fields, record.log
    sequence = fields.count("event.sequence")
    at = None if sequence is not None else log.attributes
    body = log.body if log.body != f"{PREFIX}{record.name}" else None
    logged = LogRecorded(
        record_id=digest_id(record.signal.session_id, record.name, sequence, log.time_ns, at),
        session_id=record.signal.session,
        name=shortened(record.name, LONGEST_NAME),
        **said(
            correlation_id=record.correlation_id,
            severity=shortened(log.severity, LONGEST_NAME) if log.severity else None,
            timestamp=instant(log.time_ns),
            sequence=sequence,
            body=body,
        ),
        **_context(record),
    )
    return record.observed(logged)
