"""What the hooks of agent clients have in common: where an event belongs, and what it says of a session, a prompt, a tool call.

A client's dialect is a table from its events to functions that read the fields of one. Where an event belongs: to the subagent's
trace if it names one, else to the prompt's. A client that does not name its prompts has a trace for each all the same, which the
event that submits it names, and all others belong to the one that was submitted last. In the same way, where a client gives its
tool calls no ids, the end of a call is that of the call of this tool with this input that had begun last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from loopgraph.computes.agents.endings import INTERRUPTED
from loopgraph.computes.agents.fields import LONGEST_NAME, LONGEST_TEXT, Fields, first_problem, said, shortened
from loopgraph.computes.agents.ids import agent_trace_id, as_id, digest_id, execution_id, unnamed_call_id
from loopgraph.computes.agents.traces import subagent_trace
from loopgraph.computes.agents.uses import BUILT_IN_OF, memory_loaded, skill_used, subagent_used
from loopgraph.computes.definitions.seen import origin_of
from loopgraph.contracts.base import Instant, JsonMap
from loopgraph.contracts.traces.events import (
    OF_SESSION,
    PROMPTED,
    HookExecuted,
    TraceCompleted,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.observations import Observation, ObservedEvent, SessionSeen, SpawnRule
from loopgraph.contracts.traces.precedence import Clock, Trust
from loopgraph.contracts.traces.uses import MemoryLoaded
from loopgraph.errors import InvalidInput

_INSTANT: Final[TypeAdapter[Instant]] = TypeAdapter(Instant)

TOOL_ERROR: Final = "tool_error"
"""The error type of a call that ran and failed."""


@dataclass(frozen=True)
class Arrival:
    """What the door knows of an event: when it happened, whether the client said so, and an id that is free for it."""

    at: datetime
    stamped: bool
    execution_id: str


@dataclass(frozen=True)
class Hook:
    """One event and where it belongs. ``fields`` are those that have not been read yet.

    ``prompt_id`` is the trace of its prompt. None: the event names none; it is then of the one that was submitted last if
    ``goes_by_order``, because the client names none at all, else of the session itself. ``cwd`` is the folder that the agent
    works in, ``file`` the ``path`` and the ``digest`` of the file that the event is about, ``memory`` those of the files of
    memory that the client reads at this event, each with its ``slot`` if it has one. ``in_order``: others than
    hooks tell of the prompts of the session, too, by names of their own.
    """

    client: str
    event: str
    session_id: str
    prompt_id: str | None
    agent_id: str | None
    agent_type: str | None
    fields: Fields
    arrival: Arrival
    goes_by_order: bool = False
    in_order: bool = False
    cwd: str | None = None
    file: Mapping[str, str] = field(default_factory=dict)
    memory: Sequence[Mapping[str, str]] = ()

    @property
    def at(self) -> datetime:
        """When it happened."""
        return self.arrival.at

    @property
    def session(self) -> str:
        """The id of its session."""
        return as_id(self.session_id)

    @property
    def correlation_id(self) -> str:
        """The trace that it belongs to, as far as the event alone tells."""
        if self.agent_id:
            return agent_trace_id(self.session_id, self.agent_id)
        return self.prompt_id or self.session

    @property
    def context(self) -> JsonMap | None:
        """What has not been read."""
        return self.fields.rest or None

    def observed(self, event: ObservedEvent, **how: Any) -> Observation:
        """The report of an event of ours; ``how`` are other fields of the Observation."""
        clock = Clock.STAMPED if self.arrival.stamped else Clock.ARRIVAL
        if self.goes_by_order and self.prompt_id is None and not isinstance(event, SessionSeen | MemoryLoaded):
            how |= {"prompt_of": self.session, "told_at": self.at}
        return Observation(event=event, source=f"hook.{self.event}", **{"clock": clock, **how})


Reading = Callable[[Hook], tuple[Observation, ...]]
"""What an event of one kind says."""


def hook_of(client: str, payload: Any, name: str, session: str) -> tuple[Fields, str, str]:
    """The fields of an event, its name, and the id of its session; ``name`` and ``session`` are the fields that hold them.

    Raises InvalidInput if it is no object, or lacks one of the two.
    """
    if not isinstance(payload, dict):
        raise InvalidInput("body", "must be a JSON object")
    fields = Fields(payload)
    event = fields.required_id(name).strip()
    if not event:
        raise InvalidInput(name, f"must name the event of {client}")
    return fields, shortened(event, LONGEST_NAME - len("hook.")), fields.required_id(session)


def stamped(fields: Fields, arrival: Arrival, payload: JsonMap) -> Arrival:
    """What is known of an event that says when it was (``timestamp``: RFC 3339, or ms since 1970): told again, it has the same
    id, whoever tells it."""
    said_at = fields.rest.get("timestamp")
    try:
        if isinstance(said_at, int) and not isinstance(said_at, bool):
            at = datetime.fromtimestamp(said_at / 1000, UTC)
        else:
            at = _INSTANT.validate_python(said_at)
    except (ValueError, OverflowError, OSError):
        return arrival
    del fields.rest["timestamp"]
    return Arrival(at, True, digest_id(payload))


def tell(hook: Hook, readings: Mapping[str, Reading], of_session: Container[Reading]) -> tuple[Observation, ...]:
    """All that an event says: what its reading makes of it, its session, and its place. Raises InvalidInput for ids that
    contradict each other."""
    with ids_agree():
        hook = with_files(hook)
        seen = session(hook)
        reading = readings.get(hook.event, notice)
        if reading in of_session:
            return (*reading(hook), *memory(hook), seen)
        return (*reading(hook), *memory(hook), *place(hook), seen)


@contextmanager
def ids_agree() -> Iterator[None]:
    """Raises InvalidInput for ids of an event that contradict each other."""
    try:
        yield
    except ValidationError as error:
        raise first_problem(error) from error


# The files that an event is about


FILE: Final = "loopgraph_file"
MEMORY: Final = "loopgraph_memory"
"""The fields that the hook shim adds (``clients.hook_files``)."""
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_MOST_FILES: Final = 50


def with_files(hook: Hook) -> Hook:
    """The event with what whoever hands it on has read of files where the agent runs."""
    told, cwd = hook.fields.any(MEMORY), hook.cwd or hook.fields.rest.get("cwd")
    files = [_file(one) for one in told[:_MOST_FILES]] if isinstance(told, list) else []
    known = isinstance(cwd, str) and 0 < len(cwd) <= LONGEST_TEXT
    return replace(
        hook, cwd=cwd if known else None, file=_file(hook.fields.any(FILE)), memory=[file for file in files if file]
    )


def _file(told: Any) -> dict[str, str]:
    path, digest, slot, beside = (
        (told.get(name) for name in ("path", "digest", "slot", "resources")) if isinstance(told, dict) else [None] * 4
    )
    if not isinstance(path, str) or not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        return {}
    known = {"slot": slot} if isinstance(slot, str) and 0 < len(slot) <= LONGEST_NAME else {}
    known |= {"resources": beside} if isinstance(beside, str) and _DIGEST.fullmatch(beside) else {}
    return {"path": path, "digest": digest, **known} if 0 < len(path) <= LONGEST_TEXT else {}


def of_file(hook: Hook) -> dict[str, Any]:
    """What the file of a definition tells of its version, and by its place whose it is; that of a skill is its folder."""
    if not hook.file:
        return {}
    path = hook.file["path"]
    place = re.sub(r"[\\/]SKILL\.md\Z", "", path)
    known = {"pattern_path": place, "pattern_origin": origin_of(path), "file_digest": hook.file["digest"]}
    return {**known, **said(resources_digest=hook.file.get("resources"))}


def memory(hook: Hook) -> tuple[Observation, ...]:
    """The files of memory that the client reads at this event."""
    if hook.agent_id:
        return ()
    return tuple(
        hook.observed(
            memory_loaded(
                hook.session_id,
                file["path"],
                hook.at,
                cwd=hook.cwd,
                file_digest=file["digest"],
                **said(slot=file.get("slot"), loaded_for=hook.prompt_id),
            )
        )
        for file in hook.memory
    )


def skill(hook: Hook, name: str | None, tool_use_id: str | None = None, **evidence: Any) -> tuple[Observation, ...]:
    """The use of a skill that a model has called, if it is named; a call without an id is known by its event."""
    if name is None:
        return ()
    used = skill_used(
        hook.session_id,
        tool_use_id or hook.arrival.execution_id,
        hook.correlation_id,
        name,
        root_id=hook.prompt_id,
        cwd=hook.cwd,
        timestamp=hook.at,
        **{**of_file(hook), **evidence},
    )
    return (hook.observed(used),)


def subagent_use(hook: Hook) -> tuple[Observation, ...]:
    """A subagent works by its definition, unless it is one of the client's own."""
    kind = hook.agent_type
    if hook.agent_id is None or not kind or kind in BUILT_IN_OF.get(hook.client, ()):
        return ()
    where = {"root_id": hook.prompt_id, "cwd": hook.cwd, "timestamp": hook.at, **of_file(hook)}
    return (hook.observed(subagent_used(hook.session_id, hook.agent_id, kind, **where)),)


# Sessions


def session(hook: Hook, **more: Any) -> Observation:
    """What any event says of its session. Without its instant, where every event says the same, so that it changes nothing."""
    fields = hook.fields
    known = {name: fields.text(name) for name in ("cwd", "transcript_path")} | {"model": fields.name("model")}
    seen = SessionSeen(session_id=hook.session, client=hook.client, **said(**{**known, **more}))
    # A subagent may work in a folder of its own, with a model of its own.
    return hook.observed(seen, rank=Trust.ASIDE if hook.agent_id else Trust.IN_PASSING)


def session_start(hook: Hook) -> tuple[Observation, ...]:
    """A session begins, or goes on: what was left open when its process went is over."""
    source = hook.fields.name("source")
    goes_on = source in ("resume", "compact")
    how = {"rank": Trust.CONTINUATION, "clock": Clock.CONTINUATION} if goes_on else {}
    new_process = hook.at if source not in ("clear", "compact") else None
    return (_change(hook, how, started_at=hook.at, source=source, cut_off_at=new_process),)


def session_end(hook: Hook) -> tuple[Observation, ...]:
    """A session is over."""
    reason = hook.fields.name("reason")
    return (_change(hook, {}, ended_at=hook.at, end_reason=reason, cut_off_at=hook.at),)


def _change(hook: Hook, how: Mapping[str, int], **more: Any) -> Observation:
    seen = SessionSeen(
        session_id=hook.session, client=hook.client, timestamp=hook.at, **said(context=hook.context, **more)
    )
    return hook.observed(seen, **how)


def place(hook: Hook) -> tuple[Observation, ...]:
    """The trace that the event belongs to, where that is not the prompt's own."""
    if hook.agent_id:
        return (hook.observed(subagent(hook)),)
    if hook.prompt_id is None:
        return (hook.observed(TraceStarted(correlation_id=hook.session, session_id=hook.session, source=OF_SESSION)),)
    return ()


# Prompts and subagents


def prompt(hook: Hook) -> tuple[Observation, ...]:
    """A person has submitted a prompt; or a subagent is given its own."""
    text = hook.fields.text("prompt")
    if hook.agent_id:
        return (hook.observed(subagent(hook, timestamp=hook.at, prompt_text=text, context=hook.context)),)
    return (submitted(hook, text, timestamp=hook.at, context=hook.context),)


def submitted(hook: Hook, text: str | None, **more: Any) -> Observation:
    """The prompt that the event is of, with its text as far as that is known."""
    known = said(prompt_text=text, **more)
    started = TraceStarted(correlation_id=hook.correlation_id, session_id=hook.session, source=PROMPTED, **known)
    return hook.observed(started, in_order=hook.in_order)


def ended(hook: Hook, status: TraceStatus, *, answer: str | None = None, **more: Any) -> TraceCompleted:
    """The trace that the event belongs to is over."""
    return TraceCompleted(
        correlation_id=hook.correlation_id,
        status=status,
        timestamp=hook.at,
        **said(response_text=answer, context=hook.context, **more),
    )


def stop(hook: Hook) -> tuple[Observation, ...]:
    """The agent has come to its answer."""
    answer = hook.fields.text("last_assistant_message", "prompt_response", "response")
    return (hook.observed(ended(hook, TraceStatus.SUCCESS, answer=answer)),)


def interrupted(hook: Hook, error: str | None = None) -> tuple[Observation, ...]:
    """A person has stopped the prompt, and with it all that was open in its session."""
    over = SessionSeen(session_id=hook.session, client=hook.client, timestamp=hook.at, cut_off_at=hook.at)
    stopped = ended(hook, TraceStatus.INTERRUPTED, error_type=INTERRUPTED, error_message=error)
    return (hook.observed(stopped), hook.observed(over))


def subagent(hook: Hook, **more: Any) -> TraceStarted:
    """The trace of the subagent that the event is of."""
    kind, root = hook.agent_type, hook.prompt_id
    return subagent_trace(hook.session_id, hook.agent_id or "", agent_type=kind, root_id=root, parent_id=root, **more)


def subagent_start(hook: Hook) -> tuple[Observation, ...]:
    """A subagent begins."""
    if hook.agent_id is None:
        return own(hook)
    return (hook.observed(subagent(hook, timestamp=hook.at, context=hook.context)), *subagent_use(hook))


def subagent_stop(hook: Hook) -> tuple[Observation, ...]:
    """A subagent has come to its answer."""
    return own(hook) if hook.agent_id is None else stop(hook)


def spawning(
    hook: Hook, agent_id: str, tool_use_id: str, rule: SpawnRule, agent_type: str | None = None
) -> Observation:
    """It is known which call spawned a subagent."""
    execution = execution_id(hook.session_id, tool_use_id)
    spawned = subagent_trace(hook.session_id, agent_id, spawned_by=execution, agent_type=agent_type)
    return hook.observed(spawned, spawn_rule=rule)


# Tool calls


@dataclass(frozen=True)
class Call:
    """A tool call, as an event tells of it. ``id`` is the client's; None if it gives none, and ``input`` tells it from others."""

    id: str | None
    tool: str | None
    input: Any = None


def call_of(hook: Hook) -> Call:
    """The call that an event is about, whose fields have the usual names."""
    fields = hook.fields
    return Call(fields.id("tool_use_id"), fields.name("tool_name"), fields.json("tool_input"))


def begun(hook: Hook, call: Call) -> Observation:
    """A call begins."""
    return _called(hook, call, status=TraceStatus.IN_PROGRESS, started_at=hook.at)


def returned(
    hook: Hook, call: Call, response: Any = None, *, how: Mapping[str, Any] | None = None, **more: Any
) -> Observation:
    """A call is over: well, unless ``more`` says otherwise; ``how`` are fields of the Observation."""
    course = {"status": TraceStatus.SUCCESS, "completed_at": hook.at, "tool_response": response, **more}
    return _called(hook, call, how=how, **course)


def failed(message: str | None, status: TraceStatus = TraceStatus.ERROR, kind: str = TOOL_ERROR) -> dict[str, Any]:
    """Status and error of a call that did not end well."""
    return {"status": status, "error_type": kind, "error_message": message}


_EXIT = re.compile(r"\s*-?\d{1,10}\s*")


def exited(code: Any) -> dict[str, Any]:
    """Status and error of a command by its exit code, a number or a text; empty if that is 0, or none."""
    text = str(code) if isinstance(code, int | str) and not isinstance(code, bool) else ""
    number = int(text) if _EXIT.fullmatch(text) else 0
    return failed(f"exit code {number}") if number else {}


def _called(hook: Hook, call: Call, *, how: Mapping[str, Any] | None = None, **course: Any) -> Observation:
    more = dict(how or {})
    if call.id is None:
        more["unnamed_call"] = True
        kind = digest_id(call.tool, call.input)
        execution = unnamed_call_id(hook.session_id, kind, hook.arrival.execution_id)
    else:
        execution = execution_id(hook.session_id, call.id)
    ran = HookExecuted(
        execution_id=execution,
        hook_type="ToolUse",
        **where(hook),
        **said(tool_use_id=as_id(call.id) if call.id else None, tool_name=call.tool, tool_input=call.input),
        **said(context=hook.context, **course),
    )
    return hook.observed(ran, **more)


def where(hook: Hook) -> dict[str, Any]:
    """Where a step belongs, and when it was: fields of a HookExecuted."""
    return {
        "correlation_id": hook.correlation_id,
        "session_id": hook.session,
        "timestamp": hook.at,
        **said(root_id=hook.prompt_id),
    }


# Everything else, also what is not known yet


def own(hook: Hook, **course: Any) -> tuple[Observation, ...]:
    """An event that is a step of its own; of a use of a tool, if it names one."""
    fields = hook.fields
    call = Call(fields.id("tool_use_id"), fields.name("tool_name"), fields.any("tool_input"))
    used = said(tool_use_id=as_id(call.id) if call.id else None, tool_name=call.tool, tool_input=call.input)
    return notice(hook, **used, **course)


def notice(hook: Hook, **course: Any) -> tuple[Observation, ...]:
    """An event that is a step of its own, and no use of a tool: what it says of one (a permission that is asked for) stays in its
    context."""
    ran = HookExecuted(
        execution_id=hook.arrival.execution_id,
        hook_type=hook.event,
        completed_at=hook.at,
        **where(hook),
        **{"status": TraceStatus.SUCCESS, **said(**course)},
        **said(context=hook.context),
    )
    return (hook.observed(ran),)
