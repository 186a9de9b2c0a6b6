"""Which traces are to be counted anew because others have changed, on every engine."""

from __future__ import annotations

import random

from loopgraph.computes.analytics.contribution import MEASURES
from loopgraph.contracts.analytics.counting import Facts, TraceFacts
from loopgraph.contracts.traces.events import PROMPTED, TraceStatus
from loopgraph.effects.clock import new_id, time_key
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.usage.facts import FactReads
from support.traces import NOON, at, statement

PROMPTS = 3_000


def prompt(id_: str, key: str) -> Facts:
    return Facts(
        TraceFacts(
            correlation_id=id_, root_id=None, session_id=None, session_key=key, user_id=None, agent=None, project=None,
            is_prompt=True, has_uses=False, status=TraceStatus.SUCCESS.value, error_type=None, started_at=NOON,
            completed_at=None, duration_ms=None, created_at=NOON, tags=(), context=None,
        )
    )  # fmt: skip


async def test_the_uses_before_many_prompts_of_a_long_session(graph: Graph) -> None:
    session, chance = new_id(), random.Random(5)
    traces = []
    for number in range(PROMPTS):
        id_ = f"{session}.{number:05d}"
        source = PROMPTED if chance.random() < 0.7 else "hook"
        row = {"correlation_id": id_, "source": source, "uses": chance.random() < 0.1 or None}
        traces.append(row | {"session_key": f"{session}|{time_key(at(number), id_)}", "session_id": session})
    created = (
        "CREATE (s:Session {session_id: $session}) WITH s UNWIND $rows AS row "
        "CREATE (s)-[:HAS_TRACE]->(t:Trace) SET t += row RETURN count(t) AS n"
    )
    await statement(graph, created, session=session, rows=traces)
    prompts = [place for place, trace in enumerate(traces) if trace["source"] == PROMPTED]
    changed = sorted(chance.sample(prompts, 500))
    stood = chance.randrange(PROMPTS)  # before it another stood that is no longer in this session
    expected = set()
    for place in [*changed, stood]:
        begin = max((each for each in prompts if each < place), default=0)
        expected |= {str(trace["correlation_id"]) for trace in traces[begin:place] if trace["uses"]}
    known = [prompt(str(traces[place]["correlation_id"]), str(traces[place]["session_key"])) for place in changed]
    moved = new_id()
    before = graph.statements
    keys = {moved: f"{session}|{time_key(at(stood - 0.5), moved)}"}
    found = await FactReads(graph, MEASURES, None).relatives(known, keys)
    assert found == expected
    assert len(expected) > 20
    assert graph.statements - before == 1
