"""Session files of Gemini CLI as observations.

Recorded from client 0.61.0 against a stand-in for the model's API; older versions wrote one JSON object a file
(``session-*.json``), which is read as one line, by its published sources (packages/core/src/services/chatRecordingService.ts).
A line is the session's head, a message, ``$set`` (of the head, or of all messages) or ``$rewindTo`` a message. A message that
grows is written again, whole, under its id: so its tokens and calls are told once for each id.

Neither prompts nor calls have the ids of any other door: hooks name neither, and telemetry names prompts in a way of its own. So
a prompt is told ``in_order``, with what belongs to it: what it is joined with follows from text and time. A subagent's file is
in a folder that is named by its session; the call that it answers names it.

No line says that a prompt is over: its answer counts for that, as the last that the model has said without a call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any, Final

from loopgraph.computes.agents import hooks
from loopgraph.computes.agents.endings import DENIED, INTERRUPTED
from loopgraph.computes.agents.fields import LONGEST_TEXT, Fields, said, shortened
from loopgraph.computes.agents.gemini import CLIENT
from loopgraph.computes.agents.ids import agent_trace_id, as_id, execution_id, unnamed_as, unnamed_prompt_id
from loopgraph.computes.agents.traces import subagent_trace
from loopgraph.computes.transcripts.gemini_uses import Place, tell_call, tell_command, tell_memory, tell_subagent
from loopgraph.computes.transcripts.lines import instant_of, mapping_of, texts_of
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
from loopgraph.contracts.traces.precedence import Clock, Ending, Trust

PROJECT_ROOT: Final = "project_root"
"""What stands about a file: the text of ``.project_root`` in its project's folder, where its session works."""

_SHELL: Final = "run_shell_command"
_VENDOR: Final = "google"
_ASKED: Final = "user"
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_INJECTED: Final = re.compile(r"\s*<(?:session_context|hook_context|state_snapshot)>")
_EXIT_CODE: Final = re.compile(r"^Exit Code: (-?\d{1,10})$", re.MULTILINE)
_REFUSED: Final = re.compile(r"did not allow|user denied|denied by policy|blocked by policy", re.IGNORECASE)

_Told = Iterator[Observation]


class GeminiReader:
    """Reads one session file. See ``transcripts.reading.TranscriptReader``."""

    def __init__(self, file: TranscriptFile) -> None:
        self._file = file
        self._session_id: str | None = None
        self._agent_id: str | None = None
        self._trace: str | None = None
        self._asked_at: datetime | None = None
        self._prompts: dict[str, str] = {}
        self._own: set[str] = set()
        self._order: list[str] = []
        self._seen: set[str] = set()
        self._told: set[str] = set()
        self._begun: set[str] = set()
        self._open: dict[str, None] = {}
        self._cwd = Fields(file.about).text(PROJECT_ROOT)

    def read(self, line: bytes) -> Sequence[Observation]:
        """What a whole line says."""
        return read_with(self._read, line)

    def close(self) -> Sequence[Observation]:
        """What follows from nothing more coming: prompts that were not answered were cut off."""
        cut = {"status": TraceStatus.INTERRUPTED, "error_type": INTERRUPTED}
        return [
            self._observed(TraceCompleted(correlation_id=trace, **cut), "close", ending=Ending.CUT_OFF)
            for trace in self._open
        ]

    def _read(self, record: dict[str, Any]) -> _Told:
        if isinstance(record.get("$rewindTo"), str):
            yield from self._rewound(record["$rewindTo"])
        elif isinstance(changes := record.get("$set"), dict):
            yield from self._messages(changes.get("messages"))
        elif isinstance(record.get("type"), str):
            yield from self._message(record)
        elif isinstance(record.get("sessionId"), str) and record["sessionId"]:
            yield from self._head(record)
            yield from self._messages(record.get("messages"))

    @property
    def _session(self) -> str:
        return as_id(self._session_id or "")

    @property
    def _place(self) -> Place:
        return Place(self._session_id or "", self._trace, self._agent_id, self._cwd, self._asked_at)

    def _observed(self, event: ObservedEvent, what: str, **how: Any) -> Observation:
        if getattr(event, "correlation_id", None) in self._own and what != _ASKED:
            how["prompt_of"] = self._session
        return sound(Observation, {"event": event, "source": f"transcript.{what}", "clock": Clock.WRITTEN, **how})

    # The session

    def _head(self, record: dict[str, Any]) -> _Told:
        """The session begins, or goes on: a client that resumes it writes its head again."""
        goes_on, fields = self._session_id is not None, Fields(record)
        if record.get("kind") == "subagent":
            self._session_id, self._agent_id = (
                PurePath(self._file.path).parent.name or record["sessionId"],
                record["sessionId"],
            )
            self._trace = agent_trace_id(self._session_id, record["sessionId"])
            begun = instant_of(record.get("startTime"))
            yield self._observed(self._of_agent(**said(timestamp=None if goes_on else begun)), "session")
            return
        self._session_id = record["sessionId"]
        seen = SessionSeen(
            session_id=self._session,
            client=CLIENT,
            transcript_path=shortened(self._file.path, LONGEST_TEXT),
            **said(started_at=instant_of(record.get("startTime")), cwd=self._cwd),
            context={name: fields.rest[name] for name in ("projectHash", "summary") if name in fields.rest},
        )
        how = {"rank": Trust.CONTINUATION, "clock": Clock.CONTINUATION} if goes_on else {"clock": Clock.STATED}
        yield self._observed(seen, "session", **how)

    def _of_agent(self, **more: Any) -> TraceStarted:
        return subagent_trace(self._session_id or "", self._agent_id or "", **more)

    # Messages

    def _messages(self, messages: Any) -> _Told:
        """All messages as they stand: those that are new. What the client itself has put in can hold memory."""
        for message in messages if isinstance(messages, list) else ():
            id_ = mapping_of(message).get("id")
            if not isinstance(id_, str) or id_ in self._seen:
                continue
            if _UUID.fullmatch(id_):
                yield from self._message(message)
            elif message.get("type") == "user":
                self._seen.add(id_)
                text, at = texts_of(message.get("content")), instant_of(message.get("timestamp"))
                yield from tell_memory(text, self._place, at, self._observed)

    def _message(self, message: dict[str, Any]) -> _Told:
        fields = Fields(message)
        id_, at = fields.rest.get("id"), instant_of(fields.rest.get("timestamp"))
        if not isinstance(id_, str) or not id_ or self._session_id is None:
            return
        self._seen.add(id_)
        match fields.rest.get("type"):
            case "user":
                text = texts_of(fields.rest.get("content"))
                if _INJECTED.match(text):
                    yield from tell_memory(text, self._place, at, self._observed)
                yield from self._asked(id_, at, shortened(text, LONGEST_TEXT))
                shown = texts_of(fields.rest.get("displayContent"))
                yield from tell_command(text, shown, self._place, at, self._observed)
            case "gemini":
                yield from self._answered(id_, at, fields)
            case "error" if self._trace:
                over = self._over(TraceStatus.ERROR, at, error_message=texts_of(fields.rest.get("content")) or None)
                yield self._observed(over, "error", ending=Ending.TELEMETRY)

    def _asked(self, id_: str, at: datetime | None, text: str) -> _Told:
        """A prompt; also results of calls, which have no text, and what the client tells its model in a person's name."""
        if not text.strip() or _INJECTED.match(text) or id_ in self._prompts:
            return
        if self._agent_id:
            if not self._prompts:
                self._prompts[id_] = self._trace or ""
                self._open[self._trace or ""] = None
                yield self._observed(self._of_agent(prompt_text=text), "user")
            return
        self._trace = self._prompts[id_] = unnamed_prompt_id(self._session_id or "", id_)
        self._asked_at = at
        self._own.add(self._trace)
        self._open[self._trace] = None
        self._order.append(id_)
        begun = TraceStarted(
            correlation_id=self._trace,
            session_id=self._session,
            source=PROMPTED,
            prompt_text=text,
            **said(timestamp=at),
        )
        yield self._observed(begun, _ASKED, in_order=True)

    def _answered(self, id_: str, at: datetime | None, fields: Fields) -> _Told:
        if self._trace is None:
            return
        calls = [call for call in _list(fields.rest.get("toolCalls")) if isinstance(call, dict)]
        text = texts_of(_without_thoughts(fields.rest.get("content")))
        tokens = mapping_of(fields.rest.get("tokens"))
        if tokens and id_ not in self._told:
            self._told.add(id_)
            yield self._observed(self._call(id_, at, fields, tokens, text), "gemini", in_order=True)
        for call in calls:
            yield from self._tool(call, at)
        if text.strip() and not calls:
            yield self._observed(
                self._over(TraceStatus.SUCCESS, at, response_text=text), "gemini", ending=Ending.TELEMETRY
            )

    def _over(self, status: TraceStatus, at: datetime | None, **more: Any) -> TraceCompleted:
        self._open.pop(self._trace or "", None)
        return TraceCompleted(correlation_id=self._trace or "", status=status, **said(timestamp=at, **more))

    def _call(self, id_: str, at: datetime | None, fields: Fields, tokens: dict[str, Any], text: str) -> EndpointCalled:
        """The request that a message is the answer to. Those read from a cache are among ``input``; thoughts, and what the model
        was given of tools of its API, are counted beside the others."""
        counted = Fields(tokens)
        count = {name: counted.count(name) or 0 for name in ("input", "output", "cached", "thoughts", "tool")}
        thoughts = [
            {"type": "reasoning", "text": "\n".join(parts)}
            for thought in _list(fields.rest.get("thoughts"))
            if (
                parts := [
                    part for name in ("subject", "description") if (part := Fields(mapping_of(thought)).text(name))
                ]
            )
        ]
        answered = [*thoughts, *([{"type": "text", "text": text}] if text.strip() else [])]
        given = count["input"] + count["tool"]
        return EndpointCalled(
            correlation_id=self._trace or "",
            call_id=as_id(f"{self._session_id}/{id_}"),
            service_name=_VENDOR,
            endpoint_path="generateContent",
            status=TraceStatus.SUCCESS,
            input_tokens=given,
            output_tokens=count["output"] + count["thoughts"],
            cache_read_tokens=min(count["cached"], given),
            reasoning_tokens=count["thoughts"],
            **said(timestamp=at, model=fields.name("model"), completed_at=at, response_body=answered or None),
        )

    def _tool(self, call: dict[str, Any], asked_at: datetime | None) -> _Told:
        fields = Fields(call)
        id_ = fields.rest.get("id")
        if not isinstance(id_, str) or not id_:
            return
        name, over_at = fields.name("name"), instant_of(fields.rest.get("timestamp"))
        end, input_ = _end(name, fields), fields.json("args")
        begun = asked_at if asked_at and (over_at is None or asked_at <= over_at) else None
        execution = execution_id(self._session_id or "", id_)
        other_names = unnamed_as(self._session_id or "", name, input_)

        def told(**course: Any) -> Observation:
            ran = HookExecuted(
                correlation_id=self._trace or "",
                session_id=self._session,
                execution_id=execution,
                hook_type="ToolUse",
                tool_use_id=as_id(id_),
                **said(timestamp=begun or over_at),
                **said(root_id=None if self._agent_id else self._trace, tool_name=name, tool_input=input_, **course),
            )
            return self._observed(ran, "tool_call", ending=Ending.FIRST_HAND, unnamed_as=other_names)

        if id_ not in self._begun:
            self._begun.add(id_)
            yield told(status=TraceStatus.IN_PROGRESS, started_at=begun)
        if end:
            response = _response(fields.rest.get("result"))
            yield told(started_at=begun or over_at, completed_at=over_at, tool_response=response, **end)
            if end["status"] is TraceStatus.SUCCESS:
                output = mapping_of(response).get("output")
                yield from tell_call(name, id_, output, self._place, over_at, self._observed)
        agent_id = fields.rest.get("agentId")
        if isinstance(agent_id, str) and agent_id:
            kind = Fields(mapping_of(input_)).name("agent_name") or name
            spawned = subagent_trace(self._session_id or "", agent_id, spawned_by=execution, **said(agent_type=kind))
            yield self._observed(spawned, "tool_call", spawn_rule=SpawnRule.CLIENT)
            yield from tell_subagent(kind, agent_id, self._place, self._observed)

    def _rewound(self, to: str) -> _Told:
        """The prompts from this one on do not count any more: they are kept, and say so."""
        if to not in self._order:
            return
        at = self._order.index(to)
        for id_ in self._order[at:]:
            gone = TraceStarted(correlation_id=self._prompts[id_], session_id=self._session, tags=("abandoned",))
            yield self._observed(gone, "rewind")
        del self._order[at:]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _without_thoughts(content: Any) -> Any:
    if not isinstance(content, list):
        return content
    return [part for part in content if not (isinstance(part, dict) and part.get("thought"))]


def _response(result: Any) -> Any:
    """What the model was told, without the frame of its API."""
    parts = [mapping_of(mapping_of(part).get("functionResponse")).get("response") for part in _list(result)]
    found = [part for part in parts if part is not None]
    return found[0] if len(found) == 1 else found or result


def _end(tool: str | None, fields: Fields) -> dict[str, Any] | None:
    """How a call ended; None while it has not."""
    response = mapping_of(_response(fields.rest.get("result")))
    problem, output = (Fields(response).text(name) for name in ("error", "output"))
    status = fields.rest.get("status")
    if status == "success":
        codes = _EXIT_CODE.findall(output) if tool == _SHELL and output else []
        return (hooks.exited(codes[-1]) if codes else {}) or {"status": TraceStatus.SUCCESS}
    if status not in ("error", "cancelled"):
        return None
    if problem and _REFUSED.search(problem):
        return hooks.failed(problem, TraceStatus.DENIED, DENIED)
    return (
        hooks.failed(problem, TraceStatus.INTERRUPTED, INTERRUPTED) if status == "cancelled" else hooks.failed(problem)
    )
