"""Tool calls in rollouts of Codex: their beginnings, their answers, and what the client keeps of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

import orjson

from loopgraph.computes.agents.codex import skill_read
from loopgraph.computes.agents.endings import INTERRUPTED
from loopgraph.computes.agents.fields import Fields, said
from loopgraph.computes.agents.ids import as_id, digest_id, execution_id
from loopgraph.computes.agents.traces import subagent_trace
from loopgraph.computes.agents.uses import skill_given, skill_used
from loopgraph.computes.transcripts.codex.calls import duration_ms, kept, told
from loopgraph.computes.transcripts.codex.threads import Thread, Turn
from loopgraph.computes.transcripts.lines import instant_of, mapping_of, texts_of
from loopgraph.contracts.traces.events import HookExecuted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, SpawnRule
from loopgraph.contracts.traces.precedence import Clock, Ending

_SPAWN: Final = "spawn_agent"
_SHELL: Final = "shell"

_CALLS: Final = {
    "function_call": ("name", "arguments"),
    "custom_tool_call": ("name", "input"),
    "local_shell_call": (None, "action"),
    "tool_search_call": (None, "arguments"),
    "web_search_call": (None, "action"),
    "image_generation_call": (None, "revised_prompt"),
}
"""Where an item has the name of its tool and its input."""

_TOOLS: Final = {
    "local_shell_call": _SHELL,
    "tool_search_call": "tool_search",
    "web_search_call": "web_search",
    "image_generation_call": "image_generation",
}
_AT_ONCE: Final = frozenset({"web_search_call", "image_generation_call"})
"""What the model's API does itself: the item comes when it is over."""


@dataclass
class _Call:
    turn: Turn
    tool: str | None
    input: Any
    open: bool = True
    stopped: bool = False


class Tools:
    """The calls of one thread."""

    def __init__(self, thread: Thread, observed: Callable[..., Observation]) -> None:
        self._thread = thread
        self._observed = observed
        self._calls: dict[str, _Call] = {}

    def item(self, turn: Turn | None, item: dict[str, Any], at: datetime | None, clock: Clock) -> Iterator[Observation]:
        """What an item of the model's API says of a call."""
        kind = item.get("type")
        if turn is None or not isinstance(kind, str):
            return
        if kind in _CALLS:
            yield self._begun(turn, kind, item, at, dated=clock is not Clock.CONTINUATION)
        elif kind.endswith("_output"):
            yield from self._answered(item, at if clock is not Clock.CONTINUATION else None)

    def _begun(self, turn: Turn, kind: str, item: dict[str, Any], at: datetime | None, *, dated: bool) -> Observation:
        name, place = _CALLS[kind]
        fields = Fields(item)
        id_ = _id(item.get("call_id")) or _id(item.get("id")) or digest_id(self._thread.id, kind, at, item)
        tool = fields.name(name) if name else _TOOLS[kind]
        input_ = fields.json(place)
        self._calls[id_] = _Call(turn, tool, input_)
        course: dict[str, Any] = {"status": TraceStatus.IN_PROGRESS, "started_at": at}
        how: dict[str, Any] = {}
        if kind in _AT_ONCE:
            failed = kept(item) or {"status": TraceStatus.SUCCESS}
            course, how = {**failed, "completed_at": at if dated else None}, {"ending": Ending.TOLD}
        context = said(namespace=fields.name("namespace"))
        return self._told(id_, kind, how=how, tool_input=input_, context=context or None, **course)

    def _answered(self, item: dict[str, Any], at: datetime | None) -> Iterator[Observation]:
        id_ = _id(item.get("call_id"))
        call = self._calls.get(id_ or "")
        if id_ is None or call is None:
            return
        output = item.get("output", item.get("tools"))
        if isinstance(output, dict):  # as the first clients with this item wrote it
            output = output.get("content", output)
        end = told(output)
        ending = Ending.TOLD if end else Ending.TELEMETRY
        course = end or {"status": TraceStatus.SUCCESS}
        call.open, call.stopped = False, course["status"] is TraceStatus.INTERRUPTED
        response = _read(output)
        how = {"ending": ending}
        yield self._told(id_, "output", how=how, completed_at=at, tool_response=response, **course)
        if call.tool == _SPAWN and isinstance(response, dict):
            yield from self._spawned(id_, call, [response.get("agent_id")])

    def event(self, turn: Turn | None, payload: dict[str, Any], at: datetime | None) -> Iterator[Observation]:
        """An event that tells of the end of a call."""
        yield from self._kept(turn, payload, payload.get("call_id"), at, None, Clock.WRITTEN)

    def kept(self, turn: Turn | None, payload: dict[str, Any], item: dict[str, Any]) -> Iterator[Observation]:
        """What an ``item_completed`` says of a call."""
        begun, over = instant_of(payload.get("started_at_ms")), instant_of(payload.get("completed_at_ms"))
        yield from self._kept(turn, item, item.get("id"), over, begun, Clock.STATED)

    def _kept(
        self,
        turn: Turn | None,
        item: dict[str, Any],
        id_: Any,
        over: datetime | None,
        begun: datetime | None,
        clock: Clock,
    ) -> Iterator[Observation]:
        end = kept(item)
        if not isinstance(id_, str) or not id_ or end is None:
            return
        more: dict[str, Any] = {}
        call = self._calls.get(id_)
        if call is None:  # a command that a person has run
            if turn is None or not item.get("command"):
                return
            call = self._calls[id_] = _Call(turn, _SHELL, {"command": item["command"]})
            more = {"tool_input": call.input, "tool_response": item.get("aggregated_output")}
        if call.stopped:  # what becomes of a process afterwards is no end of the call
            return
        call.open = False
        times = said(completed_at=over, started_at=begun if begun and over and begun <= over else None)
        took = {} if "started_at" in times else said(duration_ms=duration_ms(item.get("duration")))
        yield self._told(id_, "item", how={"clock": clock, "ending": Ending.FIRST_HAND}, **end, **times, **took, **more)
        yield from self._skill(id_, call, end, over, item)
        receivers = item.get("receiver_thread_ids")
        if item.get("tool") == _SPAWN and isinstance(receivers, list):
            yield from self._spawned(id_, call, receivers)

    def _skill(
        self, id_: str, call: _Call, end: dict[str, Any], over: datetime | None, item: dict[str, Any]
    ) -> Iterator[Observation]:
        """The skill whose file a command has read."""
        command = Fields(mapping_of(call.input)).text("cmd", "command") or item.get("command")
        cwd = item.get("cwd")
        here = unquote(cwd.removeprefix("file://")) if isinstance(cwd, str) else None
        output = item.get("aggregated_output")
        read = skill_read(command, output if isinstance(output, str) else None, here)
        if read and end["status"] is TraceStatus.SUCCESS:
            where = said(root_id=call.turn.root, cwd=here, timestamp=over)
            used = skill_used(self._thread.session_id, id_, call.turn.trace, read.name, **where, **skill_given(read))
            yield self._observed(used, "item")

    def cut_off(self, turn: Turn) -> Iterator[Observation]:
        """The turn was stopped, and with it what was open."""
        for id_, call in self._calls.items():
            if call.open and call.turn is turn:
                call.open, call.stopped = False, True
                course = {"status": TraceStatus.INTERRUPTED, "error_type": INTERRUPTED}
                yield self._told(id_, "turn_aborted", how={"ending": Ending.CUT_OFF}, **course)

    def _spawned(self, id_: str, call: _Call, agents: list[Any]) -> Iterator[Observation]:
        kind = Fields(mapping_of(call.input)).name("agent_type")
        by = execution_id(self._thread.session_id, id_)
        for agent_id in agents:
            if isinstance(agent_id, str) and agent_id:
                trace = subagent_trace(self._thread.session_id, agent_id, spawned_by=by, **said(agent_type=kind))
                yield self._observed(trace, _SPAWN, spawn_rule=SpawnRule.CLIENT)

    def _told(self, id_: str, what: str, *, how: dict[str, Any], **course: Any) -> Observation:
        """A report of a call, without its instant: where others say the same in other words, theirs stand."""
        call = self._calls[id_]
        ran = HookExecuted(
            correlation_id=call.turn.trace,
            session_id=self._thread.session,
            execution_id=execution_id(self._thread.session_id, id_),
            hook_type="ToolUse",
            tool_use_id=as_id(id_),
            **said(root_id=call.turn.root, tool_name=call.tool, **course),
        )
        return self._observed(ran, what, **how)


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _read(output: Any) -> Any:
    """An output as it is kept: of JSON what it holds, of blocks of text the text."""
    if isinstance(output, list) and output and all(isinstance(one, dict) and "text" in one for one in output):
        output = texts_of(output)
    if isinstance(output, str) and output[:1] in ("{", "["):
        try:
            return orjson.loads(output)
        except orjson.JSONDecodeError:
            return output
    return output
