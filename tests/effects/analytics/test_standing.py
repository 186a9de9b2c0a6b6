"""What is read of patterns in force and of the quality of versions, on every engine."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loopgraph.contracts.analytics.quality import ReportedQuality
from loopgraph.contracts.traces.events import HookExecuted, TraceStarted
from loopgraph.effects.analytics import quality
from loopgraph.effects.analytics.quality import QualityReads
from loopgraph.effects.analytics.standing import CurrentText, StandingReads
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from support.access import mate, owned
from support.traces import NOON, Traces, record
from support.uses import define


async def use(graph: Graph, node_id: str, minute: int, score: float | None = None, user: str | None = None) -> None:
    trace, at = new_id(), NOON + timedelta(minutes=minute)
    await record(
        Traces(graph),
        TraceStarted(correlation_id=trace, timestamp=at, user_id=user),
        HookExecuted(
            correlation_id=trace, execution_id=new_id(), hook_type="T", node_id=node_id, success=True, started_at=at,
            timestamp=at, quality_score=score,
        ),
    )  # fmt: skip


async def test_patterns_in_force_with_their_texts_and_whether_they_are_used(graph: Graph) -> None:
    kind = f"kind-{new_id()}"
    [_, used] = await define(graph, kind, "used", "old", "new", path="a/SKILL.md")  # type: ignore[arg-type]
    await define(graph, kind, "idle", "idle")  # type: ignore[arg-type]
    await use(graph, used, 5)
    reads = StandingReads(graph)
    texts, more = await reads.texts(kind)
    assert [(each.pattern_type, each.text, each.path) for each in texts] == [(kind, "idle", ""), (kind, "new", "")]
    assert isinstance(texts[0], CurrentText)
    assert not more
    idle = texts[0].pattern_id
    for since, expected in ((NOON, [(idle, None)]), (NOON + timedelta(minutes=5), [(idle, None)])):
        found, more = await reads.unused(kind, since)
        assert [(each.pattern_id, each.last_used_at) for each in found] == expected
        assert not more
    found, _ = await reads.unused(kind, NOON + timedelta(minutes=6))
    assert {each.pattern_id: each.last_used_at for each in found} == {
        idle: None, texts[1].pattern_id: NOON + timedelta(minutes=5),
    }  # fmt: skip
    assert await reads.unused(f"kind-{new_id()}", NOON) == ([], False)
    every, _ = await reads.unused(None, NOON)
    assert idle in {each.pattern_id for each in every}


async def test_what_executions_say_of_quality(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = f"kind-{new_id()}"
    first, second = await define(graph, kind, "x", "old", "new")  # type: ignore[arg-type]
    for minute, (score, user) in enumerate([(0.5, "ada"), (1.0, "bob"), (None, None)]):
        await use(graph, second, minute, score, user)
    await owned(graph)
    reads = QualityReads(graph)
    assert await reads.reported([first, second], None) == {
        first: ReportedQuality(0, 0, None), second: ReportedQuality(3, 2, 0.75),
    }  # fmt: skip
    assert await reads.reported([second], mate("ada")) == {second: ReportedQuality(2, 1, 0.5)}
    monkeypatch.setattr(quality, "MOST_EXECUTIONS", 2)  # the latest
    assert await reads.reported([second], None) == {second: ReportedQuality(2, 1, 1.0)}
