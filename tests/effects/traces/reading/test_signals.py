"""Signals from what is recorded, on every engine."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loopgraph.contracts.traces.events import PROMPTED, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.signals import Signal, SignalKind, TraceSignals
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.reading.signals import SignalReads
from loopgraph.orchestrators.traces.signals import Signals
from support.access import mate, owned
from support.traces import NOON, Traces, at, make_version, record

ASKED = "Sort the open bug reports of this week by their cause"


class Told:
    """A session on one graph."""

    def __init__(self, graph: Graph, user: str | None = None) -> None:
        self.graph, self.user, self.session = graph, user, new_id()
        self.signals = Signals(SignalReads(graph))

    async def prompt(
        self,
        second: float,
        text: str,
        status: TraceStatus = TraceStatus.SUCCESS,
        node_id: str | None = None,
        **more: Any,
    ) -> str:
        """A prompt that was over after five seconds; with an execution of a version, where that is named."""
        trace = new_id()
        start = TraceStarted(
            correlation_id=trace, session_id=self.session, user_id=self.user, source=PROMPTED, prompt_text=text,
            timestamp=at(second), **more,
        )  # fmt: skip
        used = [_step(trace, second + 1, hook_type="Run", node_id=node_id)] if node_id else []
        end = TraceCompleted(correlation_id=trace, timestamp=at(second + 5), status=status)
        await record(Traces(self.graph), start, *used, end)
        return trace

    async def of(self, trace: str) -> TraceSignals:
        return (await self.signals.of_traces([trace], None))[trace]


def _step(trace: str, second: float, **more: Any) -> HookExecuted:
    given = {"hook_type": "ToolUse", "success": True, **more}
    return HookExecuted(
        correlation_id=trace, execution_id=f"{trace}-{second}", started_at=at(second), completed_at=at(second), **given
    )


def of(signals: TraceSignals, kind: SignalKind) -> Signal:
    [found] = [one for one in signals.signals if one.kind is kind]
    return found


async def test_what_followed_in_the_session_tells(graph: Graph) -> None:
    told = Told(graph)
    first = await told.prompt(0, ASKED)
    alone = await told.of(first)
    assert [one.holds for one in alone.signals] == [False, None, False, False, False]
    second = await told.prompt(60, "No, that's wrong: by their age")
    third = await told.prompt(120, f"{ASKED} please", TraceStatus.INTERRUPTED)
    await Told(graph).prompt(30, ASKED)  # another session
    signals = await told.of(first)
    assert of(signals, SignalKind.CORRECTED).correlation_ids == (second,)
    assert of(signals, SignalKind.RETRIED).correlation_ids == (third,)
    assert (signals.completed_ms, signals.resolved_ms, signals.rounds) == (5_000.0, 65_000.0, 2)
    last = await told.of(third)
    assert (of(last, SignalKind.INTERRUPTED).holds, of(last, SignalKind.ABANDONED).holds) == (True, True)


async def test_edits_of_subagents_that_are_taken_back(graph: Graph) -> None:
    told = Told(graph)
    first, second = await told.prompt(0, ASKED), await told.prompt(60, "Now the tests")
    agent = new_id()
    path = f"/src/{agent}.py"

    def edit(trace: str, when: float, old: str, new: str) -> HookExecuted:
        given = {"file_path": path, "old_string": old, "new_string": new}
        return _step(trace, when, tool_name="Edit", tool_input=given)

    start = TraceStarted(correlation_id=agent, parent_id=first, root_id=first, agent_id="a1", timestamp=at(1))
    await record(Traces(graph), start, edit(agent, 2, "x", "y"), edit(second, 61, "y", "x"))
    found = of(await told.of(first), SignalKind.EDITS_REVERTED)
    assert (found.holds, found.evidence) == (True, path)
    assert found.execution_ids == (f"{agent}-2", f"{second}-61")
    assert of(await told.of(second), SignalKind.EDITS_REVERTED).holds is False


@pytest.mark.lengthy
async def test_they_are_summed_up_for_a_version(graph: Graph) -> None:
    node_id = await make_version(graph)
    for corrects in (True, False, False):
        told = Told(graph)
        await told.prompt(0, ASKED, node_id=node_id)
        await told.prompt(60, "that's wrong" if corrects else "And now the summary of it all")
    late = Told(graph)
    await late.prompt(86_400, ASKED, node_id=node_id)
    span = (NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    summary = (await late.signals.of_versions([node_id], *span, None))[node_id]
    rate = {one.kind: one for one in summary.rates}[SignalKind.CORRECTED]
    assert (summary.traces, summary.units, summary.truncated, summary.median_completed_ms) == (3, 3, False, 5_000.0)
    assert (rate.known, rate.holding, rate.units, rate.holding_units) == (3, 1, 3, 1)
    everything = (await late.signals.of_versions([node_id], span[0], NOON + timedelta(days=2), None))[node_id]
    assert everything.traces == 4


async def test_who_may_not_see_a_trace_is_told_nothing_of_it(graph: Graph) -> None:
    told = Told(graph, user="ann")
    node_id = await make_version(graph)
    trace = await told.prompt(0, ASKED, node_id=node_id)
    await owned(graph)
    ann, ben = mate("ann"), mate("ben")
    assert set(await told.signals.of_traces([trace, "nothing"], ann)) == {trace}
    assert await told.signals.of_traces([trace], ben) == {}
    span = (NOON - timedelta(hours=1), NOON + timedelta(hours=1))
    counts = [(await told.signals.of_versions([node_id], *span, who))[node_id].traces for who in (ann, ben)]
    assert counts == [1, 0]
