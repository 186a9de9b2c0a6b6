"""What rounds go by, on every engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loopgraph.assets import query
from loopgraph.contracts.analytics.bucket_keys import BucketId, hour_of
from loopgraph.contracts.analytics.subjects import Subject, SubjectKind
from loopgraph.contracts.analytics.windows import Grain
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.marks import MARK
from loopgraph.effects.usage.criteria import CriteriaRecords
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.effects.usage.rounds import Change, Rounds
from loopgraph.orchestrators.analytics.rolling import Rolling
from support.traces import statement
from support.waiting import PATIENCE_S


async def test_who_asks_for_some_keys_is_told_of_these_that_are_marked(graph: Graph) -> None:
    marked, other, free = (f"{new_id()}.{number}" for number in range(3))
    rows = [{"label": "Trace", "key": key} for key in (marked, other, marked)]
    await graph.write(MARK, rows=rows, at=1)
    assert await graph.read(query("usage/marked_keys"), keys=[marked, free]) == [{"key": marked}]
    assert await Rounds(graph).marked_among([marked, free]) == {marked}
    await statement(graph, "MATCH (m:UsageMark) WHERE m.key IN $keys DELETE m", keys=[marked, other])


@pytest.mark.lengthy
async def test_marks_of_one_thing_come_together_and_those_that_are_later_not_at_all(graph: Graph) -> None:
    assert await Rolling(graph, None).caught_up(PATIENCE_S) == 0
    key, later = new_id(), new_id()
    for at, marked in ((5, key), (3, key), (9, key), (6, later)):
        await graph.write(MARK, rows=[{"label": "Trace", "key": marked}], at=at)
    await statement(graph, "CREATE (:UsageMark {label: 'Trace', key: $key}) RETURN 1 AS one", key=f"{key}.old")
    found = {mark.key: mark for mark in await Rounds(graph).marks(100, until_ms=5)}
    assert found.keys() == {key, f"{key}.old"}
    assert (len(found[key].ids), found[key].first_ms, found[key].last_ms) == (2, 3, 5)
    assert found[f"{key}.old"].last_ms == 0
    await statement(graph, "MATCH (m:UsageMark) WHERE m.key IN $keys DELETE m", keys=[key, later, f"{key}.old"])


@pytest.mark.lengthy
async def test_every_round_says_which_days_it_has_changed(graph: Graph) -> None:
    rounds, reads, user = Rounds(graph), UsageReads(graph), Subject(SubjectKind.USER, new_id())
    day = datetime(9999, 12, 31, tzinfo=UTC)
    keys = [
        BucketId(grain, user, hour_of(day - timedelta(days=back))).key
        for grain, back in ((Grain.DAY, 0), (Grain.HOUR, 2), (Grain.DAY, 5))
    ]
    first = (await rounds.current()).round
    last, middle, early = ([{"bucket_key": key}] for key in keys)
    for number, change in enumerate([Change(last, middle), Change(empty=keys[1:]), Change(breakdowns=early), Change()]):
        assert await rounds.write(first + number, change)
    assert await rounds.hold(first + 4, timedelta(minutes=1))
    assert await rounds.hold(first + 5, None)
    assert not await rounds.write(first, Change(early))
    round_, told = await reads.changed_days(first + 1)
    assert round_ == first + 6
    assert [(one.round - first, one.first, one.last) for one in told] == [
        (5, None, None),
        (4, None, None),
        (3, None, None),
        (2, day - timedelta(days=5), day - timedelta(days=5)),
        (1, day - timedelta(days=5), day - timedelta(days=2)),
        (0, day - timedelta(days=2), day),
    ]
    assert len({one.token for one in told}) == len(told)
    assert await reads.changed_days(round_) == (round_, told[:1])
    assert (await reads.changed_days(round_ + 7))[0] == round_
    [state] = await statement(graph, "MATCH (r:UsageRound) RETURN r.criteria AS criteria")
    assert await CriteriaRecords(graph).take(round_, "others")
    await statement(
        graph,
        "MATCH (r:UsageRound) SET r.criteria = $criteria, r.marked_to = null RETURN count(r) AS rounds",
        criteria=state["criteria"],
    )
    assert [one.first for one in (await reads.changed_days(round_ + 1))[1]] == [None]
    await statement(graph, "MATCH (b:UsageBucket) WHERE b.bucket_key IN $keys DETACH DELETE b", keys=keys)
    await statement(graph, "MATCH (b:UsageBreakdown) WHERE b.bucket_key IN $keys DETACH DELETE b", keys=keys)


@pytest.mark.lengthy
async def test_what_the_last_rounds_have_changed_is_kept_and_no_more(graph: Graph) -> None:
    rounds, reads = Rounds(graph), UsageReads(graph)
    first = (await rounds.current()).round
    for number in range(201):
        assert await rounds.hold(first + number, None)
    _, told = await reads.changed_days()
    assert [one.round for one in told] == [*range(first + 200, first, -1)]
