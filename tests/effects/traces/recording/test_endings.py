"""Everything of a session ends as the client's own transcript has it, whatever arrives first and from which door."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from loopgraph.computes.agents.claude_code import Arrival, observe_hook
from loopgraph.computes.analytics.error_patterns import once_each
from loopgraph.computes.otel.json import read_spans
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.contracts.analytics.failures import FailedPart
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.live import Change, TraceNews
from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.contracts.traces.observations import Observation, Recordable
from loopgraph.effects.analytics.failures import FailureReads
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import UserError
from support.otlp import START_NS
from support.quick import first_quick
from support.recorded_endings import RECORDED, calls, recorded, shuffled, tell, traces
from support.traces import NOON, statement

ENDINGS = {
    "denied": ["success"],
    "refused": ["success"],
    "interrupted": ["interrupted", "interrupted"],
    "stopped": ["interrupted", "success", "success"],
    "resumed": ["interrupted", "interrupted", "success"],
    "subagent_fails": ["success", "error", *["success"] * 5],
    "nested": ["success", "success", "success"],
}
"""How the traces of the sessions end."""


@pytest.mark.lengthy
@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("telling", first_quick(["shuffled", "in one batch", "as sent", "hooks alone", "backwards"]))
async def test_every_call_ends_as_the_transcript_says(graph: Graph, name: str, telling: str) -> None:
    session = recorded(name)
    sent = session.without_telemetry() if telling == "hooks alone" else list(session.sent)
    if telling == "backwards":
        sent.reverse()
    if telling == "shuffled":
        sent = shuffled(sent, 7)
    await tell(graph, sent, size=len(sent) if telling == "in one batch" else 3 if telling == "shuffled" else 1)
    stored = await calls(graph, session.session_id)
    assert {id_: call["status"] for id_, call in stored.items()} == session.statuses
    ended = await traces(graph, session.session_id)
    assert sorted(trace["status"] for trace in ended) == sorted(ENDINGS[name])
    assert all(trace.get("completed_at") for trace in ended)
    assert not any("open_key" in trace for trace in ended)


@pytest.mark.parametrize("telling", first_quick(["as sent", "backwards"]))
async def test_a_model_that_failed_is_one_error_with_what_failed_by_it(graph: Graph, telling: str) -> None:
    session = recorded("subagent_fails")
    sent = list(session.sent)
    await tell(graph, sent[::-1] if telling == "backwards" else sent, size=10)
    ended = {trace["correlation_id"]: trace for trace in await traces(graph, session.session_id)}
    [failed] = [trace for trace in ended.values() if trace["status"] == "error"]
    told = "API Error: 400 the model refuses this subagent"
    assert (failed["error_message"], failed["error_type"], failed.get("response_text")) == (told, "unknown", None)
    at = min(trace["started_at"] for trace in ended.values())
    range = TimeRange(since=at, until=at + timedelta(days=1))
    found = (await FailureReads(graph).failures(range, None)).found
    own = [failure for failure in found if failure.correlation_id == failed["correlation_id"]]
    assert {failure.part for failure in own} == {FailedPart.TRACE, FailedPart.STEP, FailedPart.CALL}
    assert [(one.part, one.message, one.ended) for one in once_each(own)] == [
        (FailedPart.STEP, "Exit code 1", False),
        (FailedPart.CALL, "the model refuses this subagent", True),
    ]


async def test_what_was_denied_says_why(graph: Graph) -> None:
    session = recorded("refused")
    await tell(graph, list(session.sent), size=10)
    stored = await calls(graph, session.session_id)
    said = {id_[-3:]: (call.get("error_type"), call.get("error_message")) for id_, call in stored.items()}
    assert said["0_0"] == ("permission_denied", "PreToolUse:Bash hook error: not on this machine")
    assert said["1_0"][1] == "Permission to use Bash with command curl http://x has been denied."
    assert said["2_0"] == ("tool_use_error", "Error: No such tool available: NoSuchTool")
    assert said["7_0"] == (None, None)


async def test_telemetry_alone_knows_what_was_denied(graph: Graph) -> None:
    session = recorded("denied")
    await tell(graph, [sent for sent in session.sent if not sent.is_hook])
    stored = await calls(graph, session.session_id)
    assert {id_: call["status"] for id_, call in stored.items()} == session.statuses
    denied = stored["toolu_DENY-ME_0_0"]
    assert (denied["error_type"], denied["error_message"]) == ("permission_denied", "rejected by config")
    assert [trace["status"] for trace in await traces(graph, session.session_id)] == ["success"]


class Session:
    """A session of a client that is told hook by hook."""

    def __init__(self, graph: Graph) -> None:
        self._writes = TraceWrites(graph)
        self._graph = graph
        self.id = new_id()
        self._at = NOON

    async def hook(
        self,
        event: str,
        *,
        prompt: str | None = None,
        text: str | None = None,
        **fields: Any,
    ) -> None:
        self._at += timedelta(seconds=1)
        named = {"prompt_id": prompt} if prompt else {}
        said = {"prompt": text} if text else {}
        payload = {"hook_event_name": event, "session_id": self.id, **named, **said, **fields}
        seen = observe_hook(payload, Arrival(self._at, stamped=True, execution_id=new_id()))
        await self._writes.record(seen, received_at=self._at)

    async def statuses(self) -> dict[str, str]:
        """By prompt or agent, and by tool call."""
        ended = {
            trace["correlation_id"].rpartition("/")[2]: trace["status"] for trace in await traces(self._graph, self.id)
        }
        return ended | {id_: call["status"] for id_, call in (await calls(self._graph, self.id)).items()}


@pytest.mark.lengthy
async def test_a_later_prompt_closes_an_abandoned_one_with_its_parts_and_no_other(graph: Graph) -> None:
    session, first, second = Session(graph), new_id(), new_id()
    await session.hook("UserPromptSubmit", prompt=first, text="do it")
    for agent, tool in (("behind", "t1"), ("background", "t2")):
        await session.hook("PreToolUse", prompt=first, tool_name="Agent", tool_use_id=tool, tool_input={})
        await session.hook("SubagentStart", prompt=first, agent_id=agent, agent_type="Explore")
        await session.hook(
            "PreToolUse", prompt=first, agent_id=agent, tool_name="Bash", tool_use_id=f"{tool}b", tool_input={}
        )
    launched = {"status": "async_launched", "agentId": "background"}
    await session.hook("PostToolUse", prompt=first, tool_name="Agent", tool_use_id="t2", tool_response=launched)
    assert set((await session.statuses()).values()) == {"in_progress", "success"}

    await session.hook("UserPromptSubmit", prompt=second, text="no, that")
    open_, over, stopped = "in_progress", "success", "interrupted"
    expected = {
        first: stopped, "behind": stopped, "t1": stopped, "t1b": stopped,
        "background": open_, "t2": over, "t2b": open_, second: open_,
    }  # fmt: skip
    assert await session.statuses() == expected

    await session.hook("Stop", prompt=second)
    await session.hook("SubagentStop", prompt=first, agent_id="background")
    await session.hook("SessionEnd", reason="other")
    assert await session.statuses() == expected | {second: over, "background": over, "t2b": stopped}


async def test_a_real_end_that_arrives_late_outweighs_the_end_of_the_session(graph: Graph) -> None:
    session, prompt = Session(graph), new_id()
    await session.hook("UserPromptSubmit", prompt=prompt, text="do it")
    await session.hook("PreToolUse", prompt=prompt, tool_name="Bash", tool_use_id="t", tool_input={})
    await session.hook("SessionEnd", reason="other")
    assert set((await session.statuses()).values()) == {"interrupted"}
    await session.hook("PostToolUse", prompt=prompt, tool_name="Bash", tool_use_id="t", tool_response="ok")
    await session.hook("Stop", prompt=prompt)
    assert set((await session.statuses()).values()) == {"success"}


async def test_those_who_follow_are_told_what_a_later_prompt_has_ended(graph: Graph) -> None:
    session, first, told = Session(graph), new_id(), list[Change]()
    await session.hook("UserPromptSubmit", prompt=first, text="do it")
    graph.writers.listeners.add(told.append)
    await session.hook("UserPromptSubmit", prompt=new_id(), text="no, that")
    graph.writers.listeners.discard(told.append)
    assert TraceNews("complete", first, None) in told[0].traces


async def test_what_begins_after_the_end_of_a_session_is_open(graph: Graph) -> None:
    session, first, second = Session(graph), new_id(), new_id()
    await session.hook("UserPromptSubmit", prompt=first, text="do it")
    await session.hook("SessionEnd", reason="other")
    await session.hook("SessionStart", source="resume")
    await session.hook("UserPromptSubmit", prompt=second, text="go on")
    await session.hook("PreToolUse", prompt=second, tool_name="Bash", tool_use_id="t", tool_input={})
    assert await session.statuses() == {first: "interrupted", second: "in_progress", "t": "in_progress"}


async def test_the_trace_of_a_session_ends_with_the_session(graph: Graph) -> None:
    session = Session(graph)
    await session.hook("Notification", message="hello")
    assert await session.statuses() == {session.id: "in_progress"}
    await session.hook("SessionEnd", reason="other")
    assert await session.statuses() == {session.id: "success"}


@pytest.mark.parametrize(("word", "status"), [("completed", "success"), ("failed", "error"), ("killed", "interrupted")])
async def test_a_subagent_is_over_when_its_caller_was_told_so(graph: Graph, word: str, status: str) -> None:
    session, prompt = Session(graph), new_id()
    await session.hook("PreToolUse", prompt=prompt, tool_name="Agent", tool_use_id="t", tool_input={})
    await session.hook("SubagentStart", prompt=prompt, agent_id="ag", agent_type="Explore")
    response = {"status": word, "agentId": "ag", "totalDurationMs": 1200}
    await session.hook("PostToolUse", prompt=prompt, tool_name="Agent", tool_use_id="t", tool_response=response)
    assert (await session.statuses())["ag"] == status
    [agent] = [trace for trace in await traces(graph, session.id) if trace.get("agent_id") == "ag"]
    assert agent["duration_ms"] == 1200


async def test_a_call_that_a_classifier_denied_is_one_step(graph: Graph) -> None:
    session, prompt = Session(graph), new_id()
    await session.hook("PreToolUse", prompt=prompt, tool_name="Bash", tool_use_id="t", tool_input={})
    await session.hook("PermissionDenied", prompt=prompt, tool_name="Bash", tool_use_id="t", reason="too risky")
    [step] = await statement(
        graph, "MATCH (h:HookExecution {session_id: $id}) RETURN properties(h) AS h", id=session.id
    )
    assert (step["h"]["status"], step["h"]["error_message"]) == ("denied", "too risky")


async def test_a_prompt_without_hooks_waits_for_its_span(graph: Graph) -> None:
    """Log records are exported before spans: a later prompt says nothing of an earlier one that is still being told."""
    session = recorded("stopped")
    telemetry = [sent for sent in session.sent if not sent.is_hook]
    await tell(graph, sorted(telemetry, key=lambda sent: sent.path == "/v1/traces"))
    assert [trace["status"] for trace in await traces(graph, session.session_id)] == ["success"] * 3


def spans(trace: str, *, flags: int = 0, of: Sequence[str] | None = None, **parents: str) -> list[Observation]:
    """What is said of spans that ended one after the other, of these in one export; one whose name begins with ``bad`` failed."""
    names = dict.fromkeys(["elsewhere", *parents, *filter(None, parents.values())])
    ids = {name: f"{number + 1:016x}" for number, name in enumerate(names)}
    items = [
        {
            "traceId": trace, "spanId": ids[name], "parentSpanId": ids.get(parent, ""), "name": name, "flags": flags,
            "startTimeUnixNano": str(START_NS), "endTimeUnixNano": str(START_NS + (number + 1) * 10**9),
            "status": {"code": 2 if name.startswith("bad") else 0},
        }
        for number, (name, parent) in enumerate(parents.items())
        if of is None or name in of
    ]  # fmt: skip
    report = observe_spans(read_spans({"resourceSpans": [{"scopeSpans": [{"spans": items}]}]}))
    assert not report.refused
    return report.observations


async def trace(graph: Graph, id_: str) -> dict[str, Any]:
    [row] = await statement(graph, "MATCH (t:Trace {correlation_id: $id}) RETURN properties(t) AS t", id=id_)
    found: dict[str, Any] = row["t"]
    return found


def otel_id() -> str:
    return new_id().replace("-", "")


async def record(graph: Graph, *events: Recordable) -> None:
    for outcome in await TraceWrites(graph).record(events, received_at=NOON):
        assert not isinstance(outcome, UserError), outcome


@pytest.mark.parametrize("flags", [0, 0x300])
async def test_a_trace_below_an_unknown_span_is_over_when_its_spans_are(graph: Graph, flags: int) -> None:
    id_ = otel_id()
    await record(graph, *spans(id_, inner="top", top="elsewhere", flags=flags))
    found = await trace(graph, id_)
    assert (found["status"], found["closed_by"], "open_key" in found) == ("success", "spans", False)
    assert found["completed_at"].timestamp() == START_NS / 1e9 + 2
    await record(graph, *spans(id_, a="elsewhere", b="elsewhere", bad="elsewhere", flags=flags))
    found = await trace(graph, id_)
    assert (found["status"], found["completed_at"].timestamp()) == ("error", START_NS / 1e9 + 3)


@pytest.mark.parametrize("root_first", [False, True])
async def test_a_root_that_is_sent_tells_how_its_trace_ended(graph: Graph, root_first: bool) -> None:
    id_ = otel_id()
    reports = [spans(id_, bad="elsewhere"), spans(id_, inner="root", root="")]
    for report in reversed(reports) if root_first else reports:
        await record(graph, *report)
    found = await trace(graph, id_)
    assert (found["status"], "closed_by" in found) == ("success", False)


EXPORTS = [
    [["bad", "middle", "late"]],
    *([[*exports] for exports in permutations((["bad"], ["middle"], ["late"]))]),
    [["middle", "late"], ["bad"]],
    [["late"], ["bad", "middle"]],
    [["bad", "late"], ["middle"]],
    [["late"], ["late"], ["middle"], ["bad"], ["late"], ["middle"]],
]


@pytest.mark.lengthy
@pytest.mark.parametrize("exports", EXPORTS, ids=str)
async def test_the_highest_span_says_how_it_ended_though_what_is_below_it_outlives_it(
    graph: Graph, exports: list[list[str]]
) -> None:
    """Its SDK sends no flags, so that nothing but what is there tells which of the spans is the highest."""
    id_ = otel_id()
    for names in exports:
        await record(graph, *spans(id_, of=names, bad="elsewhere", middle="bad", late="middle"))
    found = await trace(graph, id_)
    assert (found["status"], found["closed_by"], "open_key" in found) == ("error", "spans", False)
    assert found["completed_at"].timestamp() == START_NS / 1e9 + 1


@pytest.mark.parametrize("exports", [*permutations((["late"], ["root", "bad"], ["bad", "late"]))], ids=str)
async def test_the_end_of_the_root_outweighs_all_that_is_known_of_its_parts(
    graph: Graph, exports: list[list[str]]
) -> None:
    id_ = otel_id()
    for names in exports:
        await record(graph, *spans(id_, of=names, bad="root", root="", late="bad"))
    found = await trace(graph, id_)
    assert (found["status"], "closed_by" in found) == ("success", False)
    assert found["completed_at"].timestamp() == START_NS / 1e9 + 2


async def test_of_many_parts_below_unknown_spans_the_last_that_ended_counts(graph: Graph) -> None:
    id_, many = otel_id(), [f"part{number}" for number in range(60)]
    parents = {name: f"unknown{number}" for number, name in enumerate(many)}
    ids = {**parents, "bad": "elsewhere"}
    for first in range(0, len(many), 20):
        await record(graph, *spans(id_, of=many[first : first + 20], **ids))
    await record(graph, *spans(id_, of=["bad"], **ids))
    assert (await trace(graph, id_))["status"] == "error"


async def test_a_parent_in_the_same_process_will_be_sent(graph: Graph) -> None:
    id_ = otel_id()
    await record(graph, *spans(id_, a="elsewhere", flags=0x100))
    assert (await trace(graph, id_))["status"] == "in_progress"


@pytest.mark.parametrize("prompt_first", [False, True])
async def test_spans_of_a_tool_do_not_end_the_prompt_that_called_it(graph: Graph, prompt_first: bool) -> None:
    """A process that the client has started names the client's span as the parent of its own."""
    session, prompt, id_ = new_id(), new_id(), otel_id()
    hook = observe_hook(
        {"hook_event_name": "UserPromptSubmit", "session_id": session, "prompt_id": prompt, "prompt": "go"},
        Arrival(NOON, stamped=True, execution_id=new_id()),
    )
    tie = Observation(
        event=TraceStarted(correlation_id=prompt, session_id=session), source="otel.log", otel_trace_id=id_
    )
    reports: list[list[Observation]] = [[*hook, tie], spans(id_, flags=0x300, a="elsewhere")]
    for report in reports if prompt_first else reversed(reports):
        await record(graph, *report)
    found = await trace(graph, prompt)
    assert (found["status"], "closed_by" in found, "open_key" in found) == ("in_progress", False, True)
    assert "completed_at" not in found
