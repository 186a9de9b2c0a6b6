"""What rounds go by, on every engine."""

from __future__ import annotations

import pytest

from loopgraph.assets import query
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.marks import MARK
from loopgraph.effects.usage.rounds import Rounds
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
