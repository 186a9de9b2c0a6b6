"""Which traces spawned which, as the graph holds it, on every engine."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from loopgraph.contracts.analytics.chains import Member, Stretch
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.traces.events import HookExecuted, RoutingDecided, TraceCompleted, TraceStarted
from loopgraph.effects.analytics import chains
from loopgraph.effects.analytics.chains import ChainReads
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from support.access import mate, owned
from support.traces import NOON, Traces, record


def start() -> datetime:
    """The start of a day that no other test uses."""
    return NOON + timedelta(days=365 + random.SystemRandom().randrange(10**6))


def span(begin: datetime) -> TimeRange:
    return TimeRange(since=begin, until=begin + timedelta(hours=1))


async def tell(graph: Graph, prompt: str, begin: datetime, *, user: str | None = None, depth: int = 3) -> None:
    """A prompt whose agent calls another, and so on; each begins a second after the call, and ends a second before it does."""
    traces = Traces(graph)
    await record(
        traces,
        TraceStarted(correlation_id=prompt, timestamp=begin, user_id=user),
        RoutingDecided(correlation_id=prompt, selected_agent="router"),
    )
    above = prompt
    for level in range(1, depth + 1):
        trace, step = f"{prompt}-{level}", f"{prompt}-step-{level}"
        since, until = begin + timedelta(seconds=10 * level), begin + timedelta(seconds=1_000 - 10 * level)
        second = timedelta(seconds=1)
        await record(
            traces,
            HookExecuted(
                correlation_id=above, execution_id=step, hook_type="ToolUse", tool_name="Agent", started_at=since,
                completed_at=until, success=True,
            ),
            TraceStarted(
                correlation_id=trace, timestamp=since + second, parent_id=above, root_id=prompt, spawned_by=step, user_id=user,
                agent_type=f"agent-{level}",
            ),
            TraceCompleted(correlation_id=trace, success=level < 3, timestamp=until - second),
        )  # fmt: skip
        above = trace


async def test_prompts_and_all_that_worked_for_them(graph: Graph) -> None:
    begin, prompt, alone = start(), new_id(), new_id()
    await tell(graph, prompt, begin)
    await record(Traces(graph), TraceStarted(correlation_id=alone, timestamp=begin))
    read = await ChainReads(graph).delegations(span(begin), None)
    # Their own traces count in the range, too: prompt, alone, and three subagents.
    assert (read.traces, read.since, read.whole) == (5, None, True)
    found = {member.correlation_id: member for member in read.members}
    assert found.keys() == {prompt, *(f"{prompt}-{level}" for level in (1, 2, 3))}
    assert found[prompt] == Member(prompt, None, "router", "in_progress", begin, Stretch(begin))
    for level, status in ((1, "success"), (2, "success"), (3, "error")):
        since, until = begin + timedelta(seconds=10 * level), begin + timedelta(seconds=1_000 - 10 * level)
        second = timedelta(seconds=1)
        took_ms = (until - since) / timedelta(milliseconds=1)
        assert found[f"{prompt}-{level}"] == Member(
            f"{prompt}-{level}", f"{prompt}-{level - 1}" if level > 1 else prompt, f"agent-{level}", status, since + second,
            Stretch(since + second, until - second, took_ms - 2_000), Stretch(since, until, took_ms),
        )  # fmt: skip


@pytest.mark.lengthy
async def test_everybody_sees_their_own(graph: Graph) -> None:
    begin, prompts = start(), {user: new_id() for user in ("ada", "bob")}
    for user, prompt in prompts.items():
        await tell(graph, prompt, begin, user=user, depth=2)
    await owned(graph)
    read = await ChainReads(graph).delegations(span(begin), mate("ada"))
    assert {member.correlation_id.removeprefix(prompts["ada"])[:2] for member in read.members} == {"", "-1", "-2"}
    assert (len(read.members), read.traces) == (3, 3)


async def test_what_is_too_deep_is_left_out_and_said(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = start()
    await tell(graph, new_id(), begin)
    monkeypatch.setattr(chains, "DEEPEST", 2)
    read = await ChainReads(graph).delegations(span(begin), None)
    assert (len(read.members), read.whole) == (3, False)
