"""Reads a transcript of Claude Code: each line finds its turn, and is told by what it is.

Layouts. A session has a file of its own, ``<session>.jsonl``. Subagents have theirs, ``agent-<id>.jsonl`` in a folder of the
session or, of older clients, beside it; still older ones wrote their lines into the session's own file, as side chains. Lines of
older clients name no prompt: a prompt is then known by the id of its line.

A session that was forked begins with a copy of another's lines, under the same ids, but all its prompts have the id of the first
new one. ``TranscriptFile.repeated`` tells them where the other is at hand; where it is not, their times do: they are older than
what stands before them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any, Final

from loopgraph.computes.agents.ids import agent_trace_id, as_id, prompt_trace_id
from loopgraph.computes.transcripts.claude_code import calls, prompts, tools
from loopgraph.computes.transcripts.claude_code.additions import ADDITIONS
from loopgraph.computes.transcripts.claude_code.lines import SYNTHETIC, Line, map_of, name_of, text_of
from loopgraph.computes.transcripts.claude_code.sessions import SessionLines
from loopgraph.computes.transcripts.claude_code.telling import Place
from loopgraph.computes.transcripts.claude_code.turns import Answer, Message, ToolCall, Turn, Turns
from loopgraph.computes.transcripts.reading import TranscriptFile, understood
from loopgraph.contracts.traces.observations import Observation

_AGENT_FILE = re.compile(r"agent-(?P<id>[^/]+)\.jsonl")
_FORKED: Final = timedelta(seconds=1)
"""A prompt that is so much older than the first line of its file was copied. What stands just before it tells nothing: clocks are
set back, too."""

_GOES_ON: Final = frozenset({"tool_use", "pause_turn"})
"""Reasons why a message ended that are no end of the turn."""

_SPAWNING: Final = frozenset({"Agent", "Task"})


class ClaudeCodeReader:
    """Reads one transcript, or one of a subagent."""

    def __init__(self, file: TranscriptFile) -> None:
        self._file = file
        path = PurePath(file.path)
        agent = _AGENT_FILE.fullmatch(path.name)
        self._agent_id = agent["id"] if agent else None
        self._session_id: str | None = None if agent else path.stem
        self._sessions: dict[str, SessionLines] = {}
        self._turns = Turns()
        self._agents: dict[str, Turn] = {}
        self._sides: dict[str, Turn] = {}
        self._calls: dict[str, ToolCall] = {}
        self._caveat: str | None = None
        self._outside: Turn | None = None
        self._asked: dict[str, datetime] = {}
        self._first: datetime | None = None
        self._latest: datetime | None = None
        self._kinds: dict[str, Callable[[Line], Iterator[Observation]]] = {
            "user": self._user,
            "assistant": self._assistant,
            "system": self._system,
            "attachment": self._attachment,
            "api-request": self._api_request,
        }

    def read(self, line: bytes) -> Sequence[Observation]:
        """What a whole line says. One that is not understood says nothing."""
        parsed = Line.of(line)
        if parsed is None:
            return ()
        if parsed.uuid and parsed.uuid in self._file.repeated:
            self._turns.put(parsed, None)
            return ()
        if parsed.uuid and self._turns.knows(parsed.uuid):  # it was written twice
            return ()
        told = understood(self._told(parsed))
        if parsed.at is not None:
            self._first = self._first or parsed.at
            self._latest = max(parsed.at, self._latest or parsed.at)
        return told

    def close(self) -> Sequence[Observation]:
        """What follows from nothing more coming: the turns that have not ended."""
        turns = [*self._turns.path, *self._agents.values()]
        return [told for turn in turns if prompts.is_open(turn) for told in prompts.left(self._place(turn))]

    def _told(self, line: Line) -> Iterator[Observation]:
        self._session_id = line.session_id or self._session_id
        if self._session_id is None:
            return
        if self._agent_id is None and not line.is_sidechain:
            told = self._sessions.get(self._session_id)
            if told is None:
                told = self._sessions[self._session_id] = SessionLines(self._session_id, self._file.path)
            yield from told.tell(line)
        if (tell := self._kinds.get(str(line.type))) is not None:
            yield from tell(line)
        elif line.uuid:
            self._turn_of(line)

    # Where a line belongs

    def _place(self, turn: Turn) -> Place:
        return Place(self._session_id or "", turn)

    def _turn_of(self, line: Line) -> Turn:
        """The turn of a line that begins none: that of the line it goes on from, else the last one."""
        agent_id = line.agent_id or self._agent_id
        if agent_id:
            return self._agent(agent_id, line)
        turn = self._turns.parent_of(line)
        if turn is None and line.is_sidechain:
            turn = self._agent(line.parent or line.uuid or "sidechain", line)
        turn = turn or self._turns.current or self._of_session
        self._turns.put(line, turn)
        return turn

    @property
    def _of_session(self) -> Turn:
        """What belongs to no prompt that is known is of the session itself."""
        if self._outside is None:
            self._outside = Turn(as_id(self._session_id or ""), None, is_over=True)
        return self._outside

    def _step_of(self, turn: Turn) -> Iterator[Observation]:
        """A turn has a step: that of the session itself is there as soon as it has one."""
        if turn is self._outside and not turn.is_begun:
            turn.is_begun = True
            yield prompts.of_session(self._place(turn))

    def _agent(self, agent_id: str, line: Line) -> Turn:
        turn = self._agents.get(agent_id)
        if turn is None:
            session_id = self._session_id or ""
            above = self._turns.current
            root = text_of(line.fields.get("promptId"))
            turn = Turn(
                agent_trace_id(session_id, agent_id), as_id(root) if root else above.trace if above else None, agent_id
            )
            about = self._file.about if self._agent_id else {}
            turn.agent_type, turn.is_built_in = name_of(about.get("agentType")), about.get("isBuiltIn") is True
            self._agents[agent_id] = turn
        self._turns.put(line, turn)
        return turn

    # The user's lines: prompts, and what the model was told

    def _user(self, line: Line) -> Iterator[Observation]:
        results = list(line.of_type("tool_result"))
        if results:
            turn = self._turn_of(line)
            turn.answer = None
            yield from self._step_of(turn)
            for block in results:
                yield from self._result(line, block, turn)
            self._saw(turn, line)
        elif line.is_meta or line.is_caveat or line.fields.get("isCompactSummary") is True or not line.text.strip():
            turn = self._turn_of(line)
            self._caveat = line.uuid if line.is_caveat else None
        elif line.is_stop:
            turn = self._turn_of(line)
            yield from prompts.stopped(self._place(turn), line)
            turn.is_over, turn.answer = True, None
            turn.refused.clear()
            turn.open_calls.clear()
        elif line.is_local_output:
            turn = self._turn_of(line)
            if turn.is_begun and not turn.is_asked:
                turn.is_over = True
                yield from prompts.local_output(self._place(turn), line)
        elif self._agent_id or line.agent_id or line.is_sidechain:
            yield from self._subagent(line)
            turn = self._turn_of(line)
        else:
            yield from self._prompt(line)
            turn = self._turns.current or self._of_session
        for tell in ADDITIONS:
            yield from tell(line, self._place(turn))

    def _prompt(self, line: Line) -> Iterator[Observation]:
        named = text_of(line.fields.get("promptId"))
        session_id = self._session_id or ""
        if named is None or self._is_copied(line):
            if line.uuid is None:
                return
            trace = prompt_trace_id(session_id, line.uuid)
        else:
            trace = as_id(named)
        turn = self._turns.current
        if turn is not None and turn.trace == trace:  # a client says in several lines what was typed
            self._turns.put(line, turn)
            return
        turn = Turn(trace, trace, is_begun=True, last_at=line.at)
        for left in self._turns.begin(line, turn):
            yield prompts.abandoned(self._place(left))
        self._turns.put(line, turn)
        local = line.is_command and self._is_after_caveat(line)
        yield from prompts.prompt(self._place(turn), line, local=local)

    def _is_copied(self, line: Line) -> bool:
        forked = text_of(map_of(line.fields.get("forkedFrom")).get("sessionId"))
        if forked is not None and forked != self._session_id:
            return True
        return line.at is not None and self._first is not None and line.at < self._first - _FORKED

    def _is_after_caveat(self, line: Line) -> bool:
        return self._caveat is not None and line.parent == self._caveat

    def _subagent(self, line: Line) -> Iterator[Observation]:
        """The prompt of a subagent; whatever it is given later is of the same work."""
        turn = self._turn_of(line)
        if turn.is_begun:
            turn.is_over = False
            return
        turn.is_begun, turn.last_at = True, line.at
        call = None if self._agent_id else self._call_with(line.text)
        about: dict[str, Any] = dict(self._file.about) if self._agent_id else {}
        yield prompts.subagent(self._place(turn), line, about, call)
        if call is not None:
            self._sides[call.id] = turn

    def _call_with(self, prompt: str) -> ToolCall | None:
        """The one open call that a prompt is the input of: so older clients tell whose work a side chain is."""
        found = [
            call
            for call in self._calls.values()
            if call.name in _SPAWNING and call.id in call.turn.open_calls and map_of(call.input).get("prompt") == prompt
        ]
        return found[0] if len(found) == 1 else None

    def _result(self, line: Line, block: dict[str, Any], turn: Turn) -> Iterator[Observation]:
        id_ = text_of(block.get("tool_use_id"))
        if id_ is None:
            return
        call = self._calls.pop(id_, None)
        if call is None:  # its beginning is not in this file
            call = tools.unseen(self._place(turn), id_)
        call.turn.open_calls.pop(id_, None)
        yield from tools.ended(self._place(call.turn), line, block, call, self._file)
        if tools.may_be_stopped(line, block):
            call.turn.refused.append(call)
        else:
            call.turn.refused.clear()
        side = self._sides.pop(id_, None)
        if side is not None and prompts.is_open(side):
            yield from prompts.left(self._place(side))
            side.is_over = True

    # The model's lines

    def _assistant(self, line: Line) -> Iterator[Observation]:
        turn = self._turn_of(line)
        place = self._place(turn)
        if line.message.get("model") == SYNTHETIC or line.fields.get("isApiErrorMessage") is True:
            if line.fields.get("isApiErrorMessage") is True:
                yield from calls.failure(place, line)
                turn.is_over, turn.retries = True, 0
            return
        if turn.agent_id is None and not turn.is_asked:
            yield from self._leave_others(turn)
        elif not turn.is_begun:
            turn.is_begun = True
            yield prompts.subagent(place, line, self._file.about if self._agent_id else {})
        id_ = calls.message_id(line)
        if id_ is None:
            return
        yield from self._step_of(turn)
        if turn.message is None or turn.message.id != id_:
            asked = self._asked.pop(text_of(line.fields.get("requestRef")) or "", None)
            turn.message = Message(id_, asked or turn.last_at)
        yield from calls.request(place, line, turn.message)
        turn.is_asked, turn.retries, turn.refused = True, 0, []
        for block in line.of_type("tool_use"):
            if (known := tools.begun(place, line, block)) is not None:
                call, ran = known
                self._calls[call.id] = turn.open_calls[call.id] = call
                yield ran
        yield from self._answer(line, turn, id_)
        self._saw(turn, line)
        for tell in ADDITIONS:
            yield from tell(line, place)

    def _answer(self, line: Line, turn: Turn, message_id: str) -> Iterator[Observation]:
        """Whether a message ends its turn. Older clients do not say; then the last text that no call follows is the answer."""
        reason, at = text_of(line.message.get("stop_reason")), line.at or self._latest
        if reason in _GOES_ON or (reason is None and any(line.of_type("tool_use"))):
            turn.answer, turn.is_over = None, False
            return
        if at is None or not line.text:
            return
        before = turn.answer.text + "\n" if turn.answer and turn.answer.message_id == message_id else ""
        turn.answer = Answer(message_id, at, before + line.text)
        if reason is not None:
            turn.is_over = True
            yield prompts.answered(self._place(turn), turn.answer)

    def _leave_others(self, turn: Turn) -> Iterator[Observation]:
        """The model works on a prompt: those before it are over, whatever became of them."""
        if turn is not self._turns.current:
            return
        for earlier in self._turns.before():
            if prompts.is_open(earlier):
                earlier.is_over = True
                yield from prompts.left(self._place(earlier))
            if earlier.is_asked:
                return  # those before it were told of when it was worked on

    def _saw(self, turn: Turn, line: Line) -> None:
        turn.last_at = line.at or turn.last_at

    # The client's lines

    def _system(self, line: Line) -> Iterator[Observation]:
        turn = self._turn_of(line)
        match line.fields.get("subtype"):
            case "api_error":
                turn.retries += 1
                error = map_of(line.fields.get("error"))
                about = line.kept("retryAttempt", "retryInMs", "maxRetries") or {}
                yield prompts.noted(self._place(turn), line, "api_error", error.get("message"), about)
            case "compact_boundary" | "microcompact_boundary" as name:
                about = map_of(line.fields.get("compactMetadata"))
                yield prompts.noted(self._place(turn), line, name, line.fields.get("content"), about)

    def _attachment(self, line: Line) -> Iterator[Observation]:
        turn = self._turn_of(line)
        attachment = map_of(line.fields.get("attachment"))
        if attachment.get("type") == "queued_command":
            yield from prompts.queued(self._place(turn), line, attachment.get("prompt"))
        for tell in ADDITIONS:
            yield from tell(line, self._place(turn))

    def _api_request(self, line: Line) -> Iterator[Observation]:
        id_ = text_of(line.fields.get("id"))
        if id_ and line.at:
            self._asked[id_] = line.at
        return iter(())
