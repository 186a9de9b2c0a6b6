"""Reads a rollout of Codex, the file of one thread.

Recorded from clients 0.20, 0.45, 0.92, 0.110 and 0.171 against a stand-in for the model's API, and read in its published
sources (codex-rs/protocol, codex-rs/rollout). Its eras, as a reader meets them:

- bare: the first line is the session, all others are items of the model's API. No line tells its time, so each is dated by the
  session's beginning. Nothing tells of tokens, nor of turns.
- enveloped: ``{"timestamp", "type", "payload"}``. A turn begins with ``user_message``; it has no name, and nothing tells that
  it ended well: its answer counts for that.
- with turns: ``task_started``, ``task_complete`` and ``turn_aborted`` name the turn as hooks do.
- paginated: ``item_completed`` in place of other events, ``token_usage_record`` with the id of the response.

Ids are those of hooks: a turn's, a call's, and for a subagent, whose thread is its id, those of the session that it works for.
Newer clients name the OpenTelemetry trace of a turn, which ties what they send there to it.

How far it is to be believed. A rollout is the client's own record: all in it is first hand. A line's time is that of a log
record; what a line states of a beginning or an end counts for more. How a call ended: what the client keeps of it is first
hand, what its model was told comes after that, and an answer that does not tell is as good as telemetry, which may know better.
Calls come without their instant, so that where hooks say the same in other words, theirs stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from loopgraph.computes.agents.codex import CLIENT
from loopgraph.computes.agents.endings import INTERRUPTED
from loopgraph.computes.agents.fields import LONGEST_TEXT, Fields, said, shortened
from loopgraph.computes.agents.ids import as_id, call_id, digest_id, prompt_trace_id
from loopgraph.computes.agents.traces import subagent_thread, subagent_trace
from loopgraph.computes.transcripts.codex.copies import Copies
from loopgraph.computes.transcripts.codex.rollouts import TAKEN_BACK
from loopgraph.computes.transcripts.codex.threads import Thread, Turn, id_in, is_injected, thread_of
from loopgraph.computes.transcripts.codex.tools import Tools
from loopgraph.computes.transcripts.codex.usage import Counts, Usage, response
from loopgraph.computes.transcripts.codex.uses import subagent_of, tell_uses
from loopgraph.computes.transcripts.lines import instant_of, mapping_of, texts_of
from loopgraph.computes.transcripts.reading import TranscriptFile, read_with
from loopgraph.contracts.stored import sound
from loopgraph.contracts.traces.events import (
    OF_SESSION,
    PROMPTED,
    HookExecuted,
    TraceCompleted,
    TraceStarted,
    TraceStatus,
)
from loopgraph.contracts.traces.observations import Observation, ObservedEvent, SessionSeen
from loopgraph.contracts.traces.precedence import Clock, Ending, Trust

COMPACTION: Final = "compaction"
"""The source of a trace in which only the context was made shorter, and the type of the step that did."""

_OF_TURN: Final = ("approval_policy", "sandbox_policy", "effort", "summary")
_OF_SESSION: Final = ("originator", "source", "model_provider", "git", "forked_from_id", "history_base")

_Told = Iterator[Observation]


class CodexReader:
    """Reads one rollout. See ``transcripts.reading.TranscriptReader``."""

    def __init__(self, file: TranscriptFile) -> None:
        self._path = file.path
        self._taken_back: Sequence[str] = file.about.get(TAKEN_BACK, ())
        self._thread: Thread | None = None
        self._id_of_file = id_in(file.path)
        self._copies = Copies()
        self._usage = Usage()
        self._tools: Tools | None = None
        self._turns: list[Turn] = []
        self._model: str | None = None
        self._cwd: str | None = None
        self._dated = True
        self._number = 0
        self._at: datetime | None = None

    def read(self, line: bytes) -> Sequence[Observation]:
        """What a whole line says."""
        self._number += 1
        return read_with(self._read, line)

    def _read(self, record: dict[str, Any]) -> _Told:
        kind, payload = record.get("type"), record.get("payload")
        if not isinstance(payload, dict):  # bare
            yield from self._bare(record)
            return
        self._at = instant_of(record.get("timestamp")) or self._at
        if kind == "session_meta":
            yield from self._meta(payload)
            return
        if self._thread is None and self._id_of_file:
            yield from self._meta({"id": self._id_of_file})
        what = payload.get("type") if kind in ("event_msg", "response_item") else kind
        if self._thread is None or not isinstance(kind, str) or not isinstance(what, str):
            return
        if self._copies.holds(what, payload, self._at):
            self._look_at_copy(kind, what, payload)
            return
        if copied := self._copies.released():
            yield from self._prompt(copied.text, copied.at)
        if reading := _READINGS.get((kind, what)):
            yield from reading(self, payload)
        elif kind == "response_item" and self._tools:
            yield from self._tools.item(self._turn, payload, self._at, self._clock)

    def _bare(self, record: dict[str, Any]) -> _Told:
        """A line of the first era; its first has the session's id and beginning."""
        if self._thread is None:
            if isinstance(record.get("id"), str) and "type" not in record and instant_of(record.get("timestamp")):
                self._at, self._dated = instant_of(record["timestamp"]), False
                yield from self._meta(record)
            return
        if self._dated or self._at is None or self._tools is None:
            return
        self._at += timedelta(microseconds=1)  # keeps the order of what has no time
        is_message = record.get("type") == "message"
        own = self._tools.item(self._turn, record, self._at, self._clock)
        yield from self._message(record) if is_message else own

    def close(self) -> Sequence[Observation]:
        """What follows from nothing more coming: turns that have not ended were cut off."""
        asked = self._copies.left()
        told = list(self._prompt(asked.text, asked.at)) if asked and self._thread else []
        for turn in self._turns:
            if self._tools and not turn.over:
                cut = TraceCompleted(correlation_id=turn.trace, status=TraceStatus.INTERRUPTED, error_type=INTERRUPTED)
                told += [self._observed(cut, "close", ending=Ending.CUT_OFF), *self._tools.cut_off(turn)]
        return told

    @property
    def _clock(self) -> Clock:
        return Clock.WRITTEN if self._dated else Clock.CONTINUATION

    @property
    def _turn(self) -> Turn | None:
        return self._turns[-1] if self._turns else None

    def _observed(self, event: ObservedEvent, what: str, **how: Any) -> Observation:
        return sound(Observation, {"event": event, "source": f"transcript.{what}", "clock": self._clock, **how})

    def _look_at_copy(self, kind: str, what: str, payload: dict[str, Any]) -> None:
        if what == "token_count":
            self._usage.counted(payload)
        if kind == "turn_context":
            self._model = Fields(payload).name("model") or self._model

    # The session

    def _meta(self, payload: dict[str, Any]) -> _Told:
        fields = Fields(payload)
        thread = thread_of(fields)
        if thread is None:
            return
        if self._thread is not None:
            if thread.id != self._thread.id:
                self._copies.begin(self._thread.id, self._at)
            return
        self._thread, self._tools = thread, Tools(thread, self._observed)
        if fields.rest.get("forked_from_id") and not fields.rest.get("history_base"):
            self._copies.begin(thread.id, self._at)
        cwd, version = fields.text("cwd"), fields.name("cli_version")
        begun = instant_of(fields.any("timestamp"))
        context = {name: fields.rest[name] for name in _OF_SESSION if name in fields.rest}
        known = said(client=CLIENT, cwd=cwd, timestamp=self._at)
        if thread.agent_id is None:
            known |= said(client_version=version, started_at=begun, transcript_path=shortened(self._path, LONGEST_TEXT))
            known |= said(context=context or None)
        # A thread that was taken back to an earlier turn goes on in another file: it had begun before.
        goes_on = bool(fields.rest.get("history_base")) and not fields.rest.get("forked_from_id")
        first_hand, stated = (Trust.CONTINUATION, Clock.CONTINUATION) if goes_on else (Trust.FIRST_HAND, Clock.STATED)
        rank = first_hand if thread.agent_id is None else Trust.ASIDE
        seen = SessionSeen(session_id=thread.session, **known)
        yield self._observed(seen, "session_meta", rank=rank, clock=stated)
        self._cwd = cwd
        if thread.agent_id:
            yield self._observed(self._subagent(context=context), "session_meta")
            yield self._observed(subagent_thread(thread.session_id, thread.agent_id), "session_meta")
            yield from subagent_of(thread, self._observed, **said(cwd=cwd))
            return
        for turn_id in self._taken_back:
            trace = prompt_trace_id(thread.session_id, turn_id)
            gone = TraceStarted(correlation_id=trace, session_id=thread.session, tags=("abandoned",))
            yield self._observed(gone, "session_meta")

    def _subagent(self, **more: Any) -> TraceStarted:
        assert self._thread
        root = self._turn.root if self._turn else None
        given = said(agent_type=self._thread.agent_type, root_id=root, **more)
        return subagent_trace(self._thread.session_id, self._thread.agent_id or "", **given)

    def _settings(self, payload: dict[str, Any]) -> _Told:
        """What a turn works with; told again before each of its requests, and kept once."""
        fields = Fields(payload)
        model = fields.name("model")
        assert self._thread
        if model and model != self._model:
            self._model = model
            rank = Trust.FIRST_HAND if self._thread.agent_id is None else Trust.ASIDE
            seen = SessionSeen(session_id=self._thread.session, **said(model=model, timestamp=self._at))
            yield self._observed(seen, "turn_context", rank=rank)
        turn_id = fields.rest.get("turn_id")
        if isinstance(turn_id, str) and turn_id and self._turn is None:
            yield from self._begun(Turn.named(self._thread, turn_id, fields.rest.get("root_turn_id"), self._at))
        turn = self._turn
        if turn and not turn.settled:
            turn.settled = True
            context = {name: fields.rest[name] for name in _OF_TURN if name in fields.rest}
            yield self._observed(self._trace(turn, context=context), "turn_context")

    # Turns

    def _trace(self, turn: Turn, **more: Any) -> TraceStarted:
        assert self._thread
        if self._thread.agent_id:
            return self._subagent(**more)
        return TraceStarted(correlation_id=turn.trace, session_id=self._thread.session, **said(**more))

    def _started(self, payload: dict[str, Any]) -> _Told:
        fields = Fields(payload)
        turn_id, root_id = fields.rest.get("turn_id"), fields.rest.get("root_turn_id")
        if not isinstance(turn_id, str) or not turn_id:
            return
        assert self._thread
        turn = Turn.named(self._thread, turn_id, root_id, self._at)
        trace_id = fields.rest.get("trace_id")
        tied = isinstance(trace_id, str) and self._thread.agent_id is None
        yield from self._begun(turn, otel_trace_id=as_id(trace_id) if tied and trace_id else None)

    def _begun(self, turn: Turn, **how: Any) -> _Told:
        first = not self._turns
        self._turns.append(turn)
        # All turns of a subagent are one trace, which begins with the first.
        at = turn.at if first or not (self._thread and self._thread.agent_id) else None
        how["in_order"] = turn.is_named and not (self._thread and self._thread.agent_id)
        yield self._observed(self._trace(turn, **said(timestamp=at)), "task_started", clock=Clock.LOGGED, **said(**how))

    def _prompt(self, text: str, at: datetime | None) -> _Told:
        """What a person has asked for: the beginning of a turn, or more to one that works."""
        assert self._thread
        turn = self._turn
        source = {} if self._thread.agent_id else {"source": PROMPTED}  # a subagent's trace says its own
        if turn is None or not turn.is_named:
            turn = Turn.unnamed(self._thread, text, at)
            self._turns.append(turn)
            begun = self._trace(turn, prompt_text=text, timestamp=at, **source)
            yield self._observed(begun, "user_message")
        elif turn.prompt is None and (turn is self._turns[0] or not self._thread.agent_id):
            turn.prompt = text
            yield self._observed(self._trace(turn, prompt_text=text, **source), "user_message")
        elif turn.prompt != text:  # the same prompt can be told in two ways
            yield self._observed(self._step(turn, "UserMessage", at, context={"text": text}), "user_message")

    def _step(self, turn: Turn, kind: str, at: datetime | None, **more: Any) -> HookExecuted:
        assert self._thread
        return HookExecuted(
            correlation_id=turn.trace,
            session_id=self._thread.session,
            execution_id=digest_id(self._thread.id, kind, at, self._number),
            hook_type=kind,
            status=TraceStatus.SUCCESS,
            **said(root_id=turn.root, completed_at=at, **more),
        )

    def _user_message(self, payload: dict[str, Any]) -> _Told:
        if (text := Fields(payload).text("message")) and payload.get("kind") in (None, "plain"):
            yield from self._prompt(text, self._at)

    def _message(self, payload: dict[str, Any]) -> _Told:
        """A message of the model's API: a prompt where there are no events, and an answer where a turn's end is not told."""
        text = texts_of(payload.get("content"))
        if not text.strip() or self._thread is None:
            return
        role, turn = payload.get("role"), self._turn
        yield from tell_uses(payload, self._thread, turn, self._at, self._cwd, self._observed)
        if role == "user" and not self._dated and not is_injected(text):
            yield from self._prompt(shortened(text, LONGEST_TEXT), self._at)
        elif role == "assistant" and turn:
            turn.said.append({"type": "text", "text": text})
            if not turn.is_named:
                over = self._over(turn, TraceStatus.SUCCESS, response_text=text)
                yield self._observed(over, "message", ending=Ending.TELEMETRY)

    def _reasoning(self, payload: dict[str, Any]) -> _Told:
        if (text := texts_of(payload.get("summary"))).strip() and self._turn:
            self._turn.said.append({"type": "reasoning", "text": text})
        return iter(())

    def _over(self, turn: Turn, status: TraceStatus, **more: Any) -> TraceCompleted:
        turn.over = True
        at = self._at if self._dated else None
        return TraceCompleted(correlation_id=turn.trace, status=status, **said(timestamp=at, **more))

    def _turn_of(self, payload: dict[str, Any]) -> Turn | None:
        turn_id = payload.get("turn_id")
        return next((turn for turn in reversed(self._turns) if turn.id == turn_id), None) if turn_id else self._turn

    def _complete(self, payload: dict[str, Any]) -> _Told:
        """A turn has come to its answer, or to an error."""
        fields, turn = Fields(payload), self._turn_of(payload)
        if turn is None:
            return
        answer, error = fields.text("last_agent_message"), fields.any("error")
        problem = error if isinstance(error, str) else Fields(mapping_of(error)).text("message")
        problem = problem or turn.error
        status = TraceStatus.ERROR if problem or error else TraceStatus.SUCCESS
        more = said(response_text=answer, error_message=problem, duration_ms=fields.number("duration_ms"))
        yield self._observed(self._over(turn, status, **more), "task_complete", clock=Clock.LOGGED)

    def _error(self, payload: dict[str, Any]) -> _Told:
        if turn := self._turn:
            turn.error = Fields(payload).text("message") or turn.error
            over = self._over(turn, TraceStatus.ERROR, **said(error_message=turn.error))
            yield self._observed(over, "error", ending=Ending.TELEMETRY)

    def _aborted(self, payload: dict[str, Any]) -> _Told:
        """Stopped, by a person or for another turn, and with it what was open."""
        turn = self._turn_of(payload)
        if turn is None or self._tools is None:
            return
        reason = said(error_message=Fields(payload).text("reason"))
        over = self._over(turn, TraceStatus.INTERRUPTED, error_type=INTERRUPTED, **reason)
        yield self._observed(over, "turn_aborted", clock=Clock.LOGGED)
        yield from self._tools.cut_off(turn)

    def _rolled_back(self, payload: dict[str, Any]) -> _Told:
        """The last turns do not count any more: they are kept, and say so."""
        count = Fields(payload).count("num_turns", largest=2**31) or 0
        standing = [turn for turn in self._turns if not turn.abandoned]
        for turn in standing[-count:] if count else ():
            turn.abandoned = True
            yield self._observed(self._trace(turn, tags=("abandoned",)), "thread_rolled_back")

    def _compacted(self, payload: dict[str, Any]) -> _Told:
        turn = self._turn
        if turn is None:
            return
        if turn.is_named and turn.prompt is None and not (self._thread and self._thread.agent_id):
            yield self._observed(self._trace(turn, source=COMPACTION), "compacted")
        step = self._step(turn, COMPACTION, self._at, context=said(message=Fields(payload).text("message")))
        yield self._observed(step, "compacted")

    # Calls of models

    def _token_count(self, payload: dict[str, Any]) -> _Told:
        if (counted := self._usage.counted(payload)) and self._thread:
            used, whole = counted
            yield from self._call(digest_id(self._thread.id, "token_count", whole), used)

    def _token_record(self, payload: dict[str, Any]) -> _Told:
        used, response_id = self._usage.recorded(payload), Fields(payload).name("response_id")
        if used and self._thread:
            named = call_id(self._thread.session_id, response_id) if response_id else None
            yield from self._call(named or digest_id(self._thread.id, self._at, used), used, self._turn_of(payload))

    def _call(self, id_: str, used: Counts, turn: Turn | None = None) -> _Told:
        assert self._thread
        turn = turn or self._turn
        answered, where = None, self._thread.session
        if turn:
            answered, turn.said, where = turn.said or None, [], turn.trace
        else:
            of_session = TraceStarted(correlation_id=where, session_id=where, source=OF_SESSION)
            yield self._observed(of_session, "token_count")
        called = response(
            where,
            id_,
            self._thread.provider,
            used,
            model=self._model,
            at=self._at if self._dated else None,
            body=answered,
        )
        yield self._observed(called, "token_usage", in_order=True)

    # What the client keeps of items

    def _item(self, payload: dict[str, Any]) -> _Told:
        item = mapping_of(payload.get("item"))
        if item.get("type") == "UserMessage":
            if text := texts_of(item.get("content")).strip():
                yield from self._prompt(shortened(text, LONGEST_TEXT), self._at)
        elif self._tools:
            yield from self._tools.kept(self._turn_of(payload) or self._turn, payload, item)

    def _tool_event(self, payload: dict[str, Any]) -> _Told:
        if self._tools:
            yield from self._tools.event(self._turn_of(payload) or self._turn, payload, self._at)


_READINGS: Final[dict[tuple[str, str], Callable[[CodexReader, dict[str, Any]], _Told]]] = {
    ("turn_context", "turn_context"): CodexReader._settings,
    ("compacted", "compacted"): CodexReader._compacted,
    ("token_usage_record", "token_usage_record"): CodexReader._token_record,
    ("response_item", "message"): CodexReader._message,
    ("response_item", "reasoning"): CodexReader._reasoning,
    ("event_msg", "task_started"): CodexReader._started,
    ("event_msg", "turn_started"): CodexReader._started,
    ("event_msg", "task_complete"): CodexReader._complete,
    ("event_msg", "turn_complete"): CodexReader._complete,
    ("event_msg", "turn_aborted"): CodexReader._aborted,
    ("event_msg", "thread_rolled_back"): CodexReader._rolled_back,
    ("event_msg", "error"): CodexReader._error,
    ("event_msg", "user_message"): CodexReader._user_message,
    ("event_msg", "token_count"): CodexReader._token_count,
    ("event_msg", "item_completed"): CodexReader._item,
    ("event_msg", "exec_command_end"): CodexReader._tool_event,
    ("event_msg", "mcp_tool_call_end"): CodexReader._tool_event,
    ("event_msg", "patch_apply_end"): CodexReader._tool_event,
}
