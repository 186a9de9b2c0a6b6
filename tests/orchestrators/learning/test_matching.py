"""Requests find the learned patterns that fit them, as they are in the graph now."""

from __future__ import annotations

import pytest

from loopgraph.computes.learning.requests.prompts import features_of
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.learning.matching import SEED_WEIGHTS, weights_of
from loopgraph.contracts.learning.plans import Standing
from loopgraph.contracts.traces.events import TraceStarted
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offline_model import OfflineModel
from loopgraph.effects.learning.prompts import PromptReads
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from support import learning
from support.access import mate, owned
from support.learned import Learned, add_prompts, change, forget, learn, retire_all, teach
from support.traces import record

MODEL = OfflineModel()
"""One for all: it takes a second to load."""
NOWHERE = MatchContext()


@pytest.fixture(autouse=True)
async def alone(graph: Graph) -> None:
    await retire_all(graph)


def matching(graph: Graph) -> Matching:
    """A matcher as another process has it: with an index of its own."""
    reads = PromptReads(graph)
    return Matching(PromptSearch(reads, MODEL), reads)


async def found(matcher: Matching, request: str, project: str, **more: object) -> list[str]:
    """The patterns of a project that match, best first."""
    matches = await matcher.match(request, MatchContext(project=project), max_results=25, **more)  # type: ignore[arg-type]
    return [match.pattern.pattern_id for match in matches if match.pattern.project == project]


def unique(prompt: str) -> tuple[str, str]:
    """A project of its own, and the prompt with a name that only it has: other tests share the graph."""
    project = f"p{new_id().replace('-', '')[-10:]}"
    return project, f"{prompt} {project}.py"


@pytest.mark.lengthy
async def test_a_paraphrase_finds_the_pattern_and_says_why(graph: Graph) -> None:
    project, prompt = unique("fix the login timeout in")
    one = Learned([prompt], project=project)
    await learn(graph, one)
    request = f"{project}.py times out on login, please repair it"
    answer = await matching(graph).answer(request, MatchContext(project=project))
    best = answer.matches[0]
    assert (best.pattern.pattern_id, best.pattern.node_id, best.exemplar) == (one.pattern_id, one.node_id, prompt)
    assert (answer.semantic, answer.note, answer.complete) == (True, None, True)
    assert answer.model == MODEL.load().key
    assert (best.score.intent, best.score.context) == (1.0, 1.0)
    assert best.score.historical == best.expected_success
    assert 0.0 < (best.expected_success or 0.0) < 1.0
    for said in ("meaning", "keywords", "both fix", "same project", "(3 of 4 runs went well)"):
        assert said in best.score.explanation


@pytest.mark.lengthy
async def test_the_same_words_for_another_task_find_nothing(graph: Graph) -> None:
    project, prompt = unique("delete the user cache in")
    await learn(graph, Learned([prompt], project=project))
    matcher = matching(graph)
    assert await found(matcher, prompt, project)
    assert await found(matcher, prompt.replace("delete", "list"), project, min_confidence=0.0) == []


async def test_success_decides_among_equals_and_what_was_never_run_says_so(graph: Graph) -> None:
    project, prompt = unique("add a retry to the payment client in")
    bad = Learned([prompt], project=project, successes=1, failures=9)
    # Better than any base rate: other tests learn in this graph, too.
    good = Learned([prompt], project=project, successes=9, failures=0)
    new = Learned([prompt], project=project, successes=0, failures=0)
    await learn(graph, bad, good, new)
    matches = await matching(graph).match(prompt, MatchContext(project=project), max_results=3)
    assert [match.pattern.pattern_id for match in matches] == [good.pattern_id, new.pattern_id, bad.pattern_id]
    assert matches[1].score.historical is None
    assert "not run yet" in matches[1].score.explanation


async def test_what_another_process_commits_is_seen_and_what_it_takes_away_never_comes_back(graph: Graph) -> None:
    project, prompt = unique("deploy the billing service with")
    matcher = matching(graph)
    assert await found(matcher, prompt, project) == []
    one, other = Learned([prompt], project=project), Learned([prompt], project=project)
    await learn(graph, one, other)
    await matcher.look()
    assert set(await found(matcher, prompt, project)) == {one.pattern_id, other.pattern_id}

    await change(graph, one, standing=Standing.PRUNED.value)  # and nobody has looked since: the graph is asked
    assert await found(matcher, prompt, project) == [other.pattern_id]
    await forget(graph, other.exemplar_ids[0])
    assert await found(matcher, prompt, project) == []

    await change(graph, one, standing=Standing.ACTIVE.value)
    await add_prompts(graph, [(other, f"please {prompt}")])
    await change(graph, other)
    await matcher.look()
    assert set(await found(matcher, prompt, project)) == {one.pattern_id, other.pattern_id}


async def test_the_closest_patterns_without_their_history(graph: Graph) -> None:
    project, prompt = unique("write unit tests for the csv parser in")
    bad = Learned([prompt], project=project, successes=0, failures=9)
    pruned = Learned([prompt], project=project, standing=Standing.PRUNED)
    await learn(graph, bad, pruned)
    matcher, again = matching(graph), f"add tests to the csv parser in {project}.py"
    await matcher.prepare([again])
    [(pattern_id, score), *others] = await matcher.closest(again, features_of(again), MatchContext(project=project))
    assert pattern_id == bad.pattern_id
    assert score >= 0.7
    assert pruned.pattern_id not in {id_ for id_, _ in others}


@pytest.mark.lengthy
async def test_a_prompt_is_shown_to_those_who_may_see_a_trace_with_it(graph: Graph) -> None:
    project, prompt = unique("explain the outbox table in")
    one = Learned([prompt], project=project)
    await learn(graph, one)
    trace = TraceStarted(correlation_id=new_id(), user_id="ann", prompt_text=prompt)
    await record(TraceWrites(graph), trace)
    await teach(graph, trace.correlation_id, one)
    await owned(graph)
    matcher = matching(graph)
    for who, sees in (("ann", True), ("bob", False)):
        matches = await matcher.match(prompt, MatchContext(project=project), principal=mate(who))
        assert [match.exemplar for match in matches if match.pattern.pattern_id == one.pattern_id] == [
            prompt if sees else None
        ]


@pytest.mark.lengthy
async def test_what_the_learner_made_of_traces_is_found(graph: Graph) -> None:
    thing, matcher = learning.word(), matching(graph)
    request = f"the {thing} in the parser times out, please repair it"
    assert [match for match in await matcher.match(request, NOWHERE) if thing in match.pattern.keywords] == []
    [trace] = await learning.tell(graph, learning.told(f"fix the {thing} timeout in the parser"))
    await learning.learn(learning.learner(graph), [trace])
    [taught] = await learning.taught(graph, [trace])
    await matcher.look()
    best = (await matcher.match(request, NOWHERE))[0]
    assert best.pattern.pattern_id == taught["pattern_id"]
    assert best.exemplar == f"fix the {thing} timeout in the parser"
    assert best.score.historical == best.expected_success
    assert (best.pattern.success_rate, (best.expected_success or 1.0) < 1.0) == (1.0, True)


async def test_other_weights_make_another_score_and_are_told(graph: Graph) -> None:
    project, prompt = unique("tidy up the outbox worker in")
    await learn(graph, Learned([prompt], project=project, successes=1, failures=9))
    reads = PromptReads(graph)
    weights = weights_of("semantic=0,keyword=0,intent=1,context=0,historical=0")
    for matcher, used in (
        (matching(graph), SEED_WEIGHTS),
        (Matching(PromptSearch(reads, MODEL), reads, weights), weights),
    ):
        answer = await matcher.answer(prompt, MatchContext(project=project), 0.0)
        [best] = [match for match in answer.matches if match.pattern.project == project]
        assert answer.weights == used
        assert ("weighed semantic=0,keyword=0," in best.score.explanation) == (used is weights)
        if used is weights:
            assert best.score.total == best.score.intent


@pytest.mark.parametrize(
    ("request_", "confidence", "most", "field"),
    [
        (" ", 0.7, 5, "request"),
        ("x" * 20_001, 0.7, 5, "request"),
        ("fix it", 1.1, 5, "minConfidence"),
        ("fix it", float("nan"), 5, "minConfidence"),
        ("fix it", 0.7, 0, "maxResults"),
        ("fix it", 0.7, 26, "maxResults"),
    ],
)
async def test_what_cannot_be_matched_is_refused(
    graph: Graph, request_: str, confidence: float, most: int, field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await matching(graph).match(request_, NOWHERE, confidence, most)
    assert refused.value.field == field
