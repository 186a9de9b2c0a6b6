"""Sessions that OpenCode keeps, as observations.

Recorded from client 1.18.33 against a stand-in for the model's API. It keeps them in a database, ``opencode.db`` (SQLite), of
which a line here is one row as a JSON object: the rows of ``session``, then of ``message``, then of ``part``, each in the order
of ``time_created``; ``data`` is the object that it holds as JSON. Older versions kept the same objects in files, one each
(``storage/session``, ``storage/message``, ``storage/part``), with ``sessionID`` and ``messageID`` in them: by their public
descriptions, and read as lines just so. So is what ``opencode export`` prints: ``{"info", "messages": [{"info", "parts"}]}``.

Its messages, calls and sessions have ids. A prompt is a message of the user, and each message of the assistant is the answer to
one request, with its tokens and what it cost; a subagent works in a session of its own, which names the one that it works for,
and the call that it answers names it. A row is read again when it has changed: it says the same of what was told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from loopgraph.computes.agents import hooks
from loopgraph.computes.agents.endings import DENIED, INTERRUPTED, REFUSED
from loopgraph.computes.agents.fields import LONGEST_TEXT, Fields, said, shortened
from loopgraph.computes.agents.given import opencode_skill
from loopgraph.computes.agents.ids import agent_trace_id, as_id, call_id, execution_id, prompt_trace_id
from loopgraph.computes.agents.traces import subagent_trace
from loopgraph.computes.agents.uses import (
    BUILT_IN_OF,
    command_name,
    memory_loaded,
    skill_given,
    skill_used,
    subagent_used,
)
from loopgraph.computes.transcripts.lines import instant_of, mapping_of
from loopgraph.computes.transcripts.reading import TranscriptFile, read_with
from loopgraph.contracts.stored import sound
from loopgraph.contracts.traces.events import (
    PROMPTED,
    EndpointCalled,
    HookExecuted,
    TraceCompleted,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.observations import Observation, ObservedEvent, SessionSeen, SpawnRule
from loopgraph.contracts.traces.precedence import Ending

CLIENT: Final = "opencode"

_ABORTED: Final = "MessageAbortedError"
_GOES_ON: Final = frozenset({"tool-calls", "unknown"})
_DENIAL: Final = re.compile(r"The user (?:rejected|has specified a rule)|Permission denied")
_STOPPED: Final = re.compile(r"Tool execution (?:was )?aborted|Aborted\b|Cancelled\b")
_SKILL: Final = "skill"
_INVALID: Final = "invalid"
_OF_SESSION: Final = ("title", "project_id", "projectID", "share_url", "revert", "agent")

_Told = Iterator[Observation]


class OpenCodeReader:
    """Reads the rows of one database. See ``transcripts.reading.TranscriptReader``."""

    def __init__(self, file: TranscriptFile) -> None:
        self._parents: dict[str, str] = {}
        self._kinds: dict[str, str] = {}
        self._taken_back: dict[str, str] = {}
        self._traces: dict[str, str] = {}
        self._prompts: set[str] = set()
        self._answers: dict[str, tuple[str, datetime | None, dict[str, Any]]] = {}
        self._texts: dict[str, dict[str, str]] = {}
        self._asked: set[str] = set()
        self._begun: set[str] = set()
        self._open: dict[str, None] = {}
        self._folders: dict[str, str] = {}
        self._running: dict[str, Callable[..., HookExecuted]] = {}

    def read(self, line: bytes) -> Sequence[Observation]:
        """What a whole line says."""
        return read_with(self._read, line)

    def close(self) -> Sequence[Observation]:
        """What follows from nothing more coming: what has not ended was cut off."""
        cut: dict[str, Any] = {"status": TraceStatus.INTERRUPTED, "error_type": INTERRUPTED}
        ends: list[ObservedEvent] = [
            *(told(**cut) for told in self._running.values()),
            *(TraceCompleted(correlation_id=trace, **cut) for trace in self._open),
        ]
        return [self._observed(event, "close", ending=Ending.CUT_OFF) for event in ends]

    def _read(self, record: dict[str, Any]) -> _Told:
        if isinstance(record.get("info"), dict):
            yield from self._exported(record)
            return
        data = record.get("data")
        row = {**record, **data} if isinstance(data, dict) else record
        id_, session_id = row.get("id"), row.get("session_id", row.get("sessionID"))
        message_id = row.get("message_id", row.get("messageID"))
        if not isinstance(id_, str) or not id_:
            return
        if isinstance(session_id, str) and session_id:
            if isinstance(message_id, str) and message_id and isinstance(row.get("type"), str):
                yield from self._part(row, id_, session_id, message_id)
            elif row.get("role") in ("user", "assistant"):
                yield from self._message(row, id_, session_id)
        elif isinstance(row.get("directory"), str):
            yield from self._session(row, id_)

    def _exported(self, record: dict[str, Any]) -> _Told:
        yield from self._read(record["info"])
        for message in _list(record.get("messages")):
            for part in (mapping_of(message).get("info"), *_list(mapping_of(message).get("parts"))):
                if isinstance(part, dict) and "info" not in part:
                    yield from self._read(part)

    def _observed(self, event: ObservedEvent, what: str, **how: Any) -> Observation:
        return sound(Observation, {"event": event, "source": f"transcript.{what}", **how})

    # Sessions

    def _root(self, session_id: str) -> str:
        """The session that a person has begun; of a subagent, the one that it works for."""
        seen = {session_id}
        while (parent := self._parents.get(session_id)) and parent not in seen:
            seen.add(parent)
            session_id = parent
        return session_id

    def _session(self, row: dict[str, Any], id_: str) -> _Told:
        fields = Fields(row)
        cwd = fields.text("directory")
        if cwd:
            self._folders[id_] = cwd
        parent = row.get("parent_id", row.get("parentID"))
        revert = _object(row.get("revert")).get("messageID")
        if isinstance(revert, str):
            self._taken_back[id_] = revert
        begun = instant_of(row.get("time_created")) or instant_of(mapping_of(row.get("time")).get("created"))
        if isinstance(parent, str) and parent:
            self._parents[id_] = parent
            if kind := fields.name("agent"):
                self._kinds[id_] = kind
            yield self._observed(self._subagent(id_, **said(timestamp=begun)), "session")
            if kind and kind not in BUILT_IN_OF[CLIENT]:
                used = subagent_used(self._root(id_), id_, kind, **said(cwd=cwd))
                yield self._observed(used, "session")
            return
        seen = SessionSeen(
            session_id=as_id(id_),
            client=CLIENT,
            context={name: row[name] for name in _OF_SESSION if row.get(name) is not None},
            **said(
                started_at=begun,
                cwd=cwd,
                client_version=fields.name("version"),
                model=Fields(_object(row.get("model"))).name("id"),
            ),
        )
        yield self._observed(seen, "session")

    def _subagent(self, session_id: str, **more: Any) -> TraceStarted:
        kind = self._kinds.get(session_id)
        return subagent_trace(self._root(session_id), session_id, **said(agent_type=kind, **more))

    # Messages

    def _message(self, row: dict[str, Any], id_: str, session_id: str) -> _Told:
        times = mapping_of(row.get("time"))
        begun, over = instant_of(times.get("created")), instant_of(times.get("completed"))
        if row["role"] == "user":
            yield from self._prompt(id_, session_id, begun or instant_of(row.get("time_created")))
            return
        parent = row.get("parentID")
        trace = self._trace(session_id, parent if isinstance(parent, str) else id_)
        error = mapping_of(row.get("error"))
        self._traces[id_] = trace
        if over is None and not error:
            return
        end = _failure(error)
        yield self._observed(self._call(row, id_, session_id, trace, begun, over, end), "message")
        if end or not _goes_on(row.get("finish")):
            self._open.pop(trace, None)
            self._answers[id_] = (trace, over, {"status": TraceStatus.SUCCESS, **end})
            yield self._observed(self._over(id_), "message")

    def _prompt(self, id_: str, session_id: str, at: datetime | None) -> _Told:
        trace = self._traces[id_] = self._trace(session_id, id_)
        self._prompts.add(id_)
        self._open[trace] = None
        if session_id in self._parents:
            return
        begun = TraceStarted(
            correlation_id=trace,
            session_id=as_id(session_id),
            source=PROMPTED,
            **said(timestamp=at, tags=self._tags(id_, session_id)),
        )
        yield self._observed(begun, "message")

    def _tags(self, id_: str, session_id: str) -> tuple[str, ...] | None:
        """Ids grow: what comes from the message on that a session was taken back to does not count any more."""
        back_to = self._taken_back.get(session_id)
        return ("abandoned",) if back_to and id_ >= back_to else None

    def _trace(self, session_id: str, message_id: str) -> str:
        if session_id in self._parents:
            return agent_trace_id(self._root(session_id), session_id)
        return prompt_trace_id(session_id, message_id)

    def _over(self, id_: str) -> TraceCompleted:
        """The prompt is over, with what this message says."""
        trace, at, end = self._answers[id_]
        text = "\n".join(self._texts.get(id_, {}).values())
        return TraceCompleted(correlation_id=trace, **said(timestamp=at, response_text=text or None), **end)

    def _call(
        self,
        row: dict[str, Any],
        id_: str,
        session_id: str,
        trace: str,
        begun: datetime | None,
        over: datetime | None,
        end: dict[str, Any],
    ) -> EndpointCalled:
        """The request that a message is the answer to. Tokens are counted beside each other: of what was given, those of caches,
        and of what was made, those of reasoning."""
        tokens, fields = mapping_of(row.get("tokens")), Fields(row)
        counts, cache = Fields(tokens), Fields(mapping_of(tokens.get("cache")))
        read, written = cache.count("read") or 0, cache.count("write") or 0
        given, made, reasoned = (counts.count(name) for name in ("input", "output", "reasoning"))
        used: dict[str, Any] = {}
        if given is not None and made is not None:
            used = {"input_tokens": given + read + written, "output_tokens": made + (reasoned or 0)}
            used |= {"cache_read_tokens": read, "cache_write_tokens": written, "reasoning_tokens": reasoned or 0}
        return EndpointCalled(
            correlation_id=trace,
            call_id=call_id(session_id, id_),
            service_name=fields.name("providerID") or "unknown",
            endpoint_path="chat",
            **{"status": TraceStatus.SUCCESS, **end},
            **said(
                model=fields.name("modelID"),
                started_at=begun if begun and over and begun <= over else None,
                completed_at=over,
                cost_usd=_cost(row.get("cost")),
            ),
            **used,
        )

    # Parts

    def _part(self, row: dict[str, Any], id_: str, session_id: str, message_id: str) -> _Told:
        kind = row["type"]
        if kind == "text" and not row.get("synthetic") and not row.get("ignored"):
            yield from self._text(row, id_, session_id, message_id)
        elif kind == "tool":
            yield from self._tool(row, session_id, message_id)
        elif kind == "compaction":
            at = instant_of(row.get("time_created"))
            step = HookExecuted(
                correlation_id=self._traces.get(message_id) or self._trace(session_id, message_id),
                session_id=as_id(self._root(session_id)),
                execution_id=as_id(id_),
                hook_type="compaction",
                status=TraceStatus.SUCCESS,
                **said(completed_at=at),
            )
            yield self._observed(step, "compaction")

    def _text(self, row: dict[str, Any], id_: str, session_id: str, message_id: str) -> _Told:
        text = Fields(row).text("text")
        if text is None:
            return
        texts = self._texts.setdefault(message_id, {})
        texts[id_] = text
        if message_id in self._answers:
            yield self._observed(self._over(message_id), "text")
            return
        if message_id not in self._prompts:
            return
        trace = self._traces[message_id]
        whole = shortened("\n".join(texts.values()), LONGEST_TEXT)
        if session_id not in self._parents:
            asked = TraceStarted(correlation_id=trace, session_id=as_id(session_id), source=PROMPTED, prompt_text=whole)
            yield self._observed(asked, "text")
        elif trace not in self._asked:
            self._asked.add(trace)
            yield self._observed(self._subagent(session_id, prompt_text=whole), "text")

    def _tool(self, row: dict[str, Any], session_id: str, message_id: str) -> _Told:
        fields, state = Fields(row), mapping_of(row.get("state"))
        use_id = row.get("callID")
        if not isinstance(use_id, str) or not use_id:
            return
        root = self._root(session_id)
        trace = self._traces.get(message_id) or self._trace(session_id, message_id)
        tool, input_ = fields.name("tool"), state.get("input")
        if tool == _INVALID:  # stands for a call that could not be made
            tool = Fields(mapping_of(input_)).name("tool") or tool
        times = mapping_of(state.get("time"))
        begun, over = instant_of(times.get("start")), instant_of(times.get("end"))
        end = _end(row.get("tool"), state)
        execution = execution_id(root, use_id)

        def told(**course: Any) -> HookExecuted:
            return HookExecuted(
                correlation_id=trace,
                session_id=as_id(root),
                execution_id=execution,
                hook_type="ToolUse",
                tool_use_id=as_id(use_id),
                **said(
                    root_id=None if session_id in self._parents else trace, tool_name=tool, tool_input=input_, **course
                ),
            )

        if execution not in self._begun:
            self._begun.add(execution)
            begun = begun if begun and (over is None or begun <= over) else None
            self._running[execution] = told
            yield self._observed(told(status=TraceStatus.IN_PROGRESS, started_at=begun), "tool")
        if end:
            self._running.pop(execution, None)
            yield self._observed(told(completed_at=over, tool_response=state.get("output"), **end), "tool")
            if end["status"] is TraceStatus.SUCCESS:
                yield from self._used(tool, use_id, state, session_id, trace, over)
        child = mapping_of(state.get("metadata")).get("sessionId")
        if isinstance(child, str) and child:
            kind = Fields(mapping_of(input_)).name("subagent_type")
            spawned = subagent_trace(root, child, spawned_by=execution, **said(agent_type=kind))
            yield self._observed(spawned, "tool", spawn_rule=SpawnRule.CLIENT)

    def _used(
        self, tool: str | None, use_id: str, state: dict[str, Any], session_id: str, trace: str, at: datetime | None
    ) -> _Told:
        """What a call that went well has given its model: a skill, or memory of a folder that it has reached into."""
        root, metadata = self._root(session_id), mapping_of(state.get("metadata"))
        is_prompts, cwd, output = session_id not in self._parents, self._folders.get(root), state.get("output")
        if tool == _SKILL and isinstance(output, str):
            given = opencode_skill(output, Fields(dict(metadata)).text("dir"))
            name = command_name(given.name) if given else None
            if given and name:
                where = said(cwd=cwd, timestamp=at, root_id=trace if is_prompts else None)
                yield self._observed(skill_used(root, use_id, trace, name, **where, **skill_given(given)), "tool")
        elif is_prompts and at:
            for path in _list(metadata.get("loaded")):
                if isinstance(path, str) and path:
                    yield self._observed(memory_loaded(root, path, at, cwd=cwd, loaded_for=trace), "tool")


def _goes_on(finish: Any) -> bool:
    """Whether the model has stopped only to have its calls made."""
    return isinstance(finish, str) and finish in _GOES_ON


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: Any) -> dict[str, Any]:
    """An object, which a column can hold as JSON."""
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    return mapping_of(value)


def _cost(value: Any) -> float | None:
    """What the client says that it cost; nothing where it knows no price."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 < value <= 1e9 else None


def _failure(error: dict[str, Any]) -> dict[str, Any]:
    """Status and error of a request that failed."""
    if not error:
        return {}
    fields = Fields(error)
    name, message = fields.name("name"), Fields(mapping_of(error.get("data"))).text("message")
    if name == _ABORTED:
        return hooks.failed(message, TraceStatus.INTERRUPTED, INTERRUPTED)
    return {"status": TraceStatus.ERROR, **said(error_type=name, error_message=message)}


def _end(tool: Any, state: dict[str, Any]) -> dict[str, Any] | None:
    """How a call ended; None while it has not."""
    fields = Fields(state)
    problem, output = fields.text("error"), fields.text("output")
    if state.get("status") == "completed":
        if tool == _INVALID:
            return hooks.failed(output, kind=REFUSED)
        code = mapping_of(state.get("metadata")).get("exit")
        return hooks.exited(code) or {"status": TraceStatus.SUCCESS}
    if state.get("status") != "error":
        return None
    if problem and _DENIAL.match(problem):
        return hooks.failed(problem, TraceStatus.DENIED, DENIED)
    if problem and _STOPPED.match(problem):
        return hooks.failed(problem, TraceStatus.INTERRUPTED, INTERRUPTED)
    return hooks.failed(problem)
