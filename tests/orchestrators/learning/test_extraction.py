"""What the learner makes of traces that have ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loopgraph.computes.learning.requests.lexical import Lexical
from loopgraph.contracts.learning.plans import Plan
from loopgraph.contracts.loop.user_feedback import NewFeedback
from loopgraph.contracts.traces.events import EndpointCalled, TraceStarted
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offers import OfferLog
from loopgraph.effects.learning.prompts import PromptReads
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from support.feedback import TESTER
from support.learning import FIXING, learn, learned, learner, taught, tell, told, word
from support.quick import first_quick
from support.said import taking_feedback
from support.traces import NOON, statement


async def pattern_of(graph: Graph, *ids: str) -> str:
    """The one pattern that these traces taught."""
    [pattern_id] = {row["pattern_id"] for row in await taught(graph, ids)}
    assert pattern_id is not None
    return str(pattern_id)


async def test_prompts_of_one_kind_are_one_pattern(graph: Graph) -> None:
    thing = word()
    ids = await tell(
        graph,
        told(f"Please fix the {thing} in the parser"),
        told(f"fix {thing} parser", (*FIXING, ("Bash", {"command": "git commit -am done", "description": "commit"}))),
        told(f"Fix the parser {thing}!", failing=[1], success=False),
    )
    await learn(learner(graph), ids)
    found = await learned(graph, await pattern_of(graph, *ids))
    assert found["type"] == "plan"
    assert found["versions"] == 1
    assert (found["learned"]["successes"], found["learned"]["failures"]) == (2, 1)
    assert (found["learned"]["action"], found["learned"]["intent"]) == ("fix", "debugging")
    assert found["learned"]["project"] == "/src"
    plan = Plan.model_validate_json(found["text"])
    assert [step.name for step in plan.steps][:3] == ["Read", "Edit", "Bash"]
    assert plan.steps[0].targets == ("*.py",)
    assert [step.program for step in plan.steps[2:]] == ["pytest", "git"][: len(plan.steps) - 2]
    assert [(row["name"], set(row["supporting"]), set(row["failing"])) for row in found["steps"][:3]] == [
        ("Read", {ids[0], ids[1]}, set()),
        ("Edit", {ids[0], ids[1]}, {ids[2]}),
        ("Bash", {ids[0], ids[1]}, set()),
    ]
    assert len(found["exemplars"]) == 2
    assert Plan.model_validate_json(found["learned"]["plan"]) == plan


async def test_what_is_looked_at_again_is_not_taught_twice(graph: Graph) -> None:
    ids = await tell(graph, *(told(f"fix {thing}") for thing in [word()] for _ in range(3)))
    learning = learner(graph)
    for part in (ids, ids[:2], ids):
        await learn(learning, part)
    rows = await taught(graph, ids)
    assert [row["id"] for row in rows] == ids
    found = await learned(graph, await pattern_of(graph, *ids))
    assert found["learned"]["successes"] == 3
    assert found["learned"]["revision"] == 1
    assert [len(row["supporting"]) for row in found["steps"]] == [3, 3, 3]


async def test_prompts_that_go_another_way_are_another_pattern(graph: Graph) -> None:
    thing = word()
    reading = [("Grep", {"pattern": "x"}), ("Glob", {"pattern": "*"}), ("WebFetch", {"url": "http://a.b"})]
    ids = await tell(graph, told(f"fix {thing}"), told(f"fix {thing}", reading))
    await learn(learner(graph), ids)
    assert len({row["pattern_id"] for row in await taught(graph, ids)}) == 2


async def test_a_failed_trace_waits_for_the_first_success(graph: Graph) -> None:
    thing, learning = word(), learner(graph)
    [failed] = await tell(graph, told(f"fix {thing}", FIXING[:2], failing=[1], success=False))
    await learn(learning, [failed])
    assert [row["pattern_id"] for row in await taught(graph, [failed])] == [None]
    [succeeded] = await tell(graph, told(f"fix {thing}"))
    await learn(learning, [succeeded])
    found = await learned(graph, await pattern_of(graph, failed, succeeded))
    assert (found["learned"]["successes"], found["learned"]["failures"]) == (1, 1)
    plan = Plan.model_validate_json(found["text"])
    assert [(one.after, one.name, one.traces) for one in plan.departures] == [(1, None, 1)]
    assert plan.steps[1].failures == 1


@pytest.mark.lengthy
async def test_a_rating_moves_the_support(graph: Graph) -> None:
    thing, learning = word(), learner(graph)
    ids = await tell(graph, *(told(f"fix {thing}", at=NOON + timedelta(minutes=at)) for at in range(4)))
    await learn(learning, ids)
    await taking_feedback(graph).submit(NewFeedback(correlation_id=ids[0], rating=1), TESTER, None)
    await learn(learning, ids[:1])
    found = await learned(graph, await pattern_of(graph, *ids))
    assert (found["learned"]["successes"], found["learned"]["failures"]) == (3, 1)
    assert [row["role"] for row in await taught(graph, ids[:1])] == ["failure"]
    assert [set(row["supporting"]) for row in found["steps"]] == [set(ids[1:])] * 3


async def test_the_next_prompt_corrects_the_one_before(graph: Graph) -> None:
    thing, learning = word(), learner(graph)
    session, later = f"{thing}-session", NOON + timedelta(minutes=1)
    [first] = await tell(graph, told(f"fix {thing}", session_id=session))
    await learn(learning, [first])
    [second] = await tell(graph, told(f"that is still broken, look at {thing} again", session_id=session, at=later))
    await learn(learning, [second])
    assert [row["role"] for row in await taught(graph, [first])] == ["failure"]


async def test_of_prompts_without_text_or_end_nothing_is_learned(graph: Graph) -> None:
    ids = await tell(graph, told(None), told(f"fix {word()}", ends=False))
    await learn(learner(graph), ids)
    assert [row["pattern_id"] for row in await taught(graph, ids)] == [None, None]


async def test_where_prompts_are_not_kept_no_words_are(graph: Graph) -> None:
    thing = word()
    ids = await tell(graph, told(f"fix {thing}"))
    await learn(learner(graph, keep=None), ids)
    found = await learned(graph, await pattern_of(graph, *ids))
    assert found["exemplars"] == []
    assert thing not in str(found)


KEPT_OF_IT = (
    "LearnedPattern",
    "Pattern",
    "PatternVersion",
    "Exemplar",
    "PlanStep",
    "TaughtTrace",
    "SeenName",
    "AgentRecord",
    "LineageEvent",
)
"""The labels of all that the learner writes."""


@pytest.mark.lengthy
@pytest.mark.parametrize("kept", first_quick([True, False]))
async def test_where_content_is_not_kept_nothing_of_it_is_in_any_field(graph: Graph, kept: bool) -> None:
    """It was kept when the trace was recorded, and is not to be any more."""
    secret = word()
    steps = [
        ("Read", {"file_path": f"/home/{secret}/{secret}.py", "description": secret}),
        ("Bash", {"command": f"{secret} --{secret} && pytest {secret}", "description": f"run {secret}"}),
        ("Task", {"subagent_type": "Explore", "prompt": f"look for {secret}", "description": secret}),
    ]
    call = EndpointCalled(
        correlation_id="x", call_id="x", service_name="shop", endpoint_path="/api/orders", http_method="POST", success=True,
        request_body={secret: {"name": secret}}, response_body={secret: [secret]},
    )  # fmt: skip
    stories = []
    for _ in range(3):
        first, *rest = told(f"fix the {secret} timeout", steps, calls=[call])
        assert isinstance(first, TraceStarted)
        stories.append([first.model_copy(update={"context": {"domain": secret}, "tags": (secret,)}), *rest])
    ids = await tell(graph, *stories)
    await learn(learner(graph, keep=str if kept else None), ids)
    assert await pattern_of(graph, *ids)
    texts = []
    for label in KEPT_OF_IT:
        texts += [str(row["p"]) for row in await statement(graph, f"MATCH (n:{label}) RETURN properties(n) AS p")]
    assert any(secret in text for text in texts) is kept


@pytest.mark.lengthy
async def test_a_version_is_made_when_another_way_is_gone(graph: Graph) -> None:
    thing, learning = word(), learner(graph)
    ids = await tell(graph, told(f"fix {thing}"))
    await learn(learning, ids)
    other = (*FIXING, ("Bash", {"command": "git commit -am x"}), ("Write", {"file_path": "a.md"}))
    later = [told(f"fix {thing}", other, at=NOON + timedelta(hours=at + 1)) for at in range(4)]
    for story in later:
        ids += await tell(graph, story)
        await learn(learning, ids[-1:])
    found = await learned(graph, await pattern_of(graph, *ids))
    assert found["versions"] == 2
    assert [row["name"] for row in found["steps"]] == ["Read", "Edit", "Bash", "Bash", "Write"]
    assert [len(row["supporting"]) for row in found["steps"]] == [5, 5, 5, 4, 4]
    rows = await statement(
        graph,
        "MATCH (a:PatternVersion)-[:REFINED_FROM]->(b:PatternVersion {node_id: $id}) RETURN a.version AS version",
        id=found["node_id"],
    )
    assert [row["version"] for row in rows] == [1]
    events = await statement(
        graph,
        "MATCH (e:LineageEvent) WHERE e.pattern_id = $id RETURN e.event_type AS type, e.actor_id AS actor ORDER BY e.time_key",
        id=found["learned"]["pattern_id"],
    )
    assert {row["actor"] for row in events} == {"loopgraph-learner"}
    assert [row["type"] for row in events] == ["pattern_created", "version_added"]


async def test_endpoints_are_templates(graph: Graph) -> None:
    call = EndpointCalled(
        correlation_id="x",
        call_id="x",
        service_name="orders",
        endpoint_path="https://api.example.com/v1/orders/7f3c9a52-aaaa-bbbb-cccc-1234567890ab?key=1",
        http_method="post",
        request_body={"name": "Ada Lovelace", "api_key": "abc", "items": [{"sku": 1}, {"sku": 2, "note": None}]},
        response_body={"id": 7, "ok": True},
        success=True,
        duration_ms=12.0,
    )
    thing = word()
    ids = await tell(graph, *(told(f"create order {thing}", calls=[call]) for _ in range(3)))
    await learn(learner(graph), ids)
    found = await learned(graph, await pattern_of(graph, *ids))
    [endpoint] = Plan.model_validate_json(found["text"]).endpoints
    assert (endpoint.service, endpoint.endpoint, endpoint.method) == ("orders", "/v1/orders/{id}", "POST")
    assert endpoint.request_template == {
        "name": "string",
        "{secret}": "string",
        "items": [{"sku": "number", "note": "null"}],
    }
    assert endpoint.response_schema == {"id": "number", "ok": "boolean"}
    assert "Ada" not in found["text"]


@pytest.mark.lengthy
async def test_a_pattern_that_does_badly_is_not_matched_until_it_does_better(graph: Graph) -> None:
    thing, learning = word(), learner(graph)
    ids = await tell(graph, told(f"fix {thing}"), *(told(f"fix {thing}", success=False) for _ in range(18)))
    await learn(learning, ids)
    pattern_id = await pattern_of(graph, *ids)
    assert (await learned(graph, pattern_id))["learned"]["standing"] == "pruned"
    more = await tell(graph, *(told(f"fix {thing}", at=NOON + timedelta(hours=1)) for _ in range(6)))
    await learn(learning, more)
    assert (await learned(graph, pattern_id))["learned"]["standing"] == "active"


@pytest.mark.lengthy
@pytest.mark.parametrize("together", [False, True])
async def test_by_a_match_of_the_prompt_and_the_same_action_another_way_joins(graph: Graph, *, together: bool) -> None:
    reads = PromptReads(graph)
    learning = learner(graph, closest=Matching(PromptSearch(reads, Lexical()), reads), merge_at=0.7)
    thing, part = word(), word()
    prompts = (
        f"fix the {part} of {thing}",
        f"please fix {thing}: its {part} is wrong",
        f"delete the {part} of {thing}",
    )
    reading = [("Grep", {"pattern": "x"}), ("Glob", {"pattern": "*"}), ("WebFetch", {"url": "http://a.b"})]
    ids = []
    for prompt, way in zip(prompts, (FIXING, reading, FIXING), strict=True):
        ids += await tell(graph, told(prompt, way, project=f"/{thing}"))
        if not together:
            await learn(learning, ids[-1:])
    if together:
        ids += await tell(graph, told(f"fix the wrong {part} of {thing}", project=f"/{thing}", success=False))
        await learn(learning, ids)
        failed = (await taught(graph, [ids.pop()]))[0]
        assert failed["pattern_id"] == (await taught(graph, ids[:1]))[0]["pattern_id"]
    first, second, third = (row["pattern_id"] for row in await taught(graph, ids))
    assert first == second
    assert third != first
    assert (await learned(graph, first))["exemplars"] == sorted(prompts[:2])


@pytest.mark.lengthy
async def test_what_failed_first_in_other_words_joins_the_first_success_of_its_kind(graph: Graph) -> None:
    """Else it would count nowhere, and what began with a success would have none but these."""
    reads = PromptReads(graph)
    learning = learner(graph, closest=Matching(PromptSearch(reads, Lexical()), reads), merge_at=0.7)
    thing, part, more = word(), word(), word()
    failed, other = await tell(
        graph,
        told(f"fix the {part} of {thing} {more}", project=f"/{thing}", success=False),
        told(f"delete the {part} of {thing} {more}", project=f"/{thing}", success=False),
    )
    await learn(learning, [failed, other])
    assert [row["pattern_id"] for row in await taught(graph, [failed, other])] == [None, None]
    [succeeded] = await tell(graph, told(f"fix the {part} of {thing}", project=f"/{thing}"))
    await learn(learning, [succeeded])
    due = await statement(
        graph,
        "UNWIND $ids AS id MATCH (k:TaughtTrace {correlation_id: id}) WHERE k.due_key > '' RETURN id",
        ids=[failed, other],
    )
    assert due == [{"id": failed}], "it is looked at again"
    await learn(learning, [failed, other])
    found = await learned(graph, await pattern_of(graph, failed, succeeded))
    assert (found["learned"]["successes"], found["learned"]["failures"]) == (1, 1)
    assert [row["pattern_id"] for row in await taught(graph, [other])] == [None]


@pytest.mark.lengthy
async def test_a_failed_trace_counts_for_the_pattern_that_its_prompt_matches(graph: Graph) -> None:
    """A successful one of the same words begins another; and so does that one, when it turns out to have succeeded."""
    reads = PromptReads(graph)
    learning = learner(graph, closest=Matching(PromptSearch(reads, Lexical()), reads), merge_at=0.98)
    thing, part, more = word(), word(), word()
    prompt = f"fix the {part} of {thing} {more}"
    ids = await tell(
        graph,
        told(f"fix the {part} of {thing}", project=f"/{thing}"),
        told(prompt, project=f"/{thing}"),
    )
    await taking_feedback(graph).submit(NewFeedback(correlation_id=ids[1], rating=1), TESTER, None)
    for id_ in ids:
        await learn(learning, [id_])
    first = await pattern_of(graph, *ids)
    assert [row["role"] for row in await taught(graph, ids)] == ["success", "failure"]
    await taking_feedback(graph).submit(NewFeedback(correlation_id=ids[1], rating=5), TESTER, None)
    await learn(learning, ids)
    one, two = (row["pattern_id"] for row in await taught(graph, ids))
    assert (one == first, two == first) == (True, False)
    for pattern_id in (one, two):
        found = (await learned(graph, pattern_id))["learned"]
        assert (found["successes"], found["failures"]) == (1, 0)


@pytest.mark.lengthy
async def test_names_are_seen_in_sessions_whichever_patterns_they_taught(graph: Graph) -> None:
    tool, log, learning = f"book_{word()}", OfferLog(graph), learner(graph)
    key = f"tool|{tool}"
    session = f"{word()}-session"
    stories = [told(f"fix {word()}", [(tool, {})], session_id=session) for _ in range(2)]
    stories.append(told(f"add {word()}", [(tool, {})], success=False))
    ids = await tell(graph, *stories)
    await learn(learning, ids)
    assert len((await log.seen([key]))[key]) == 2, "of one session, one counts"
    for _ in range(2):
        ids += await tell(graph, told(f"move {word()}", [(tool, {}), ("Read", {})]))
        await learn(learner(graph), ids)
    assert len((await log.seen([key, "tool|Read"]))[key]) == 4
    assert await log.seen(["tool|Read"]) == {}, "clients give that name themselves"
