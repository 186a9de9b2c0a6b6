"""Which success criteria count, where processes have different ones."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest

from loopgraph.computes.definitions.choice import choose
from loopgraph.computes.success.own import OwnCriteria
from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.effects.usage.rounds import Rounds
from loopgraph.errors import Conflict
from loopgraph.orchestrators.analytics import criteria as module
from loopgraph.orchestrators.analytics.criteria import CountingCriteria
from loopgraph.orchestrators.analytics.rebuilding import Rebuilding
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.orchestrators.analytics.sampling import Sampling
from support.traces import NOON, record, statement
from support.usage import Work, come_to, own_day, stored
from support.waiting import PATIENCE_S

BUILT_IN = OwnCriteria()
LENIENT = OwnCriteria.model_validate(
    {
        "threshold": 0.0,
        "criteria": {
            name: {"at_least": 0.0} for name in ("execution_completed", "no_errors", "user_confirmed_success")
        },
    }
)


@pytest.fixture
async def kept(graph: Graph) -> AsyncIterator[Rounds]:
    """What is kept, which is as it was when the test is over."""
    forget = "MATCH (r:UsageRound) SET r.criteria = null, r.challenger = null, r.marked_to = null RETURN count(r)"
    await record(TraceWrites(graph), TraceStarted(correlation_id=new_id(), timestamp=NOON))
    await Rolling(graph, BUILT_IN.judge).caught_up(PATIENCE_S)
    await statement(graph, forget)
    yield Rounds(graph)
    await statement(graph, forget)


def rolling_by(graph: Graph, own: OwnCriteria) -> Rolling:
    return Rolling(graph, own.judge, (), own.digest)


def test_criteria_that_judge_alike_have_the_same_digest() -> None:
    written_out = OwnCriteria.model_validate({"threshold": 0.8, "criteria": {"no_errors": {"weight": 0.25}}})
    assert written_out.digest == BUILT_IN.digest != LENIENT.digest
    of_skills = OwnCriteria.model_validate({"types": {"skill": {"threshold": 0.5}}})
    assert of_skills.digest not in (BUILT_IN.digest, LENIENT.digest)


@pytest.mark.slow
async def test_changed_criteria_have_all_uses_counted_anew(
    graph: Graph, kept: Rounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", -1.0)
    monkeypatch.setattr("loopgraph.effects.usage.criteria.SLICE", 7)
    monkeypatch.setattr(module, "_AT_ONCE_S", 0.0)
    work = Work(own_day(), random.Random(5))
    await work.define(graph)
    await TraceWrites(graph, choosing=choose).record(work.events(), received_at=work.day)
    before, after = rolling_by(graph, BUILT_IN), rolling_by(graph, LENIENT)
    await before.count_all()
    by_built_in = await stored(graph, work.day)
    assert not [problem for problem in await Sampling(BUILT_IN, ()).problems(graph) if "criteria" in problem]
    assert "other success criteria" in (await Sampling(LENIENT, ()).problems(graph))[0]

    criteria = CountingCriteria(graph, LENIENT.digest)
    while (turn := await kept.current()).criteria != LENIENT.digest:
        await after.count_all()
        assert after.counts_by_others
        await criteria.settle(turn)
    assert turn.marked_to == ""
    assert await stored(graph, work.day) == by_built_in
    left = await after.caught_up(PATIENCE_S)
    assert left > 0, "what is not marked yet is not counted yet"
    assert "not all uses" in (await Sampling(LENIENT, ()).problems(graph))[0]
    while (turn := await kept.current()).marked_to is not None:
        await criteria.settle(turn)
    assert await after.caught_up(PATIENCE_S) == 0
    by_lenient = await stored(graph, work.day)
    assert by_lenient == await come_to(graph, work.traces, LENIENT.judge) != by_built_in
    assert await before.caught_up(0) == 0
    assert before.counts_by_others
    monkeypatch.setattr(module, "_AT_ONCE_S", PATIENCE_S)
    assert [done async for done in Rebuilding(kept, before).run()], "nobody counts by the others any more"
    assert await stored(graph, work.day) == by_built_in
    assert (await kept.current()).marked_to is None


@pytest.mark.lengthy
async def test_criteria_stay_while_somebody_counts_by_them(
    graph: Graph, kept: Rounds, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    mine, theirs = CountingCriteria(graph, BUILT_IN.digest), CountingCriteria(graph, LENIENT.digest)
    await theirs.settle(await kept.current())
    assert (await kept.current()).challenger == LENIENT.digest
    await mine.settle(await kept.current())
    monkeypatch.setattr(module, "PATIENCE_S", -1.0)
    await theirs.settle(await kept.current())
    assert "other success criteria" in caplog.text
    await theirs.settle(await kept.current())
    turn = await kept.current()
    assert (turn.criteria, turn.challenger) == (None, None), "it rests before it asks again"

    settled = CountingCriteria.settle

    async def answered(self: CountingCriteria, turn: object) -> None:
        await settled(self, turn)  # type: ignore[arg-type]
        await settled(mine, await kept.current())

    monkeypatch.setattr(CountingCriteria, "settle", answered)
    monkeypatch.setattr(module, "PATIENCE_S", PATIENCE_S)
    with pytest.raises(Conflict, match="another process counts by these"):
        [done async for done in Rebuilding(kept, rolling_by(graph, LENIENT)).run()]
