"""How a run comes to its proposals: from generators, not twice, and with their risk."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from loopgraph.computes.loop.proposing.proposals import BUILT_IN
from loopgraph.contracts.lineage.changes import NewVersion
from loopgraph.contracts.lineage.patterns import Direction, PatternStatus, RelationshipType
from loopgraph.contracts.loop.feedback import FeedbackRun, Improvement, ImprovementStatus, LoopInput, Reason, RunStatus
from loopgraph.contracts.loop.risk import Risk
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.loop.generators import Generators
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from loopgraph.orchestrators.loop.generating import Generating
from support.feedback import ENOUGH, TESTER, Subject, make_subject
from support.generators import install
from support.waiting import PATIENCE_S

TEXT = "Sort the numbers that follow, smallest first, and give back nothing else than the list of them."


def loop_of(graph: Graph, *names: str) -> FeedbackLoop:
    return FeedbackLoop(graph, generating=Generating(graph, Generators.named(names, BUILT_IN, PATIENCE_S)))


async def run_of(subject: Subject, loop: FeedbackLoop, **inputs: object) -> FeedbackRun:
    wanted = LoopInput.model_validate(
        {"pattern_id": subject.pattern_id, "min_sample_size": ENOUGH, "feedback_type": "all", **inputs}
    )
    run, revision = await loop.start(wanted, TESTER), 0
    while run.status is RunStatus.RUNNING and run.revision != revision:
        revision, run = run.revision, await loop.advance(run.run_id)
    return run


async def proposed(subject: Subject, run: FeedbackRun) -> dict[str, Improvement]:
    found = (await subject.reads.improvements_of_runs([run.run_id]))[run.run_id]
    return {improvement.source: improvement for improvement in found}


@pytest.fixture
async def subject(graph: Graph) -> Subject:
    """A pattern that times out every fifth time."""
    subject = await make_subject(graph, template_code=TEXT, parameters={"timeout_ms": 1000, "max_retries": 5})
    await subject.record(subject.node_id, [float(value) for value in range(500, 540)])
    secret = {"error_message": "timed out with token=ghp_" + "a1B2" * 9, "tool_input": {"numbers": [3, 1]}}
    await subject.record(subject.node_id, [1000.0] * 10, error_type="TimeoutError", tool_name="Bash", **secret)
    return subject


@pytest.mark.lengthy
async def test_generators_of_others_are_asked_beside_those_that_are_built_in(
    subject: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, team="team_rules:team", raising="team_rules:raising", talking="team_rules:talking")
    monkeypatch.delitem(sys.modules, "team_rules", raising=False)
    run = await run_of(subject, loop_of(subject.graph, "reliability", "raising", "talking", "team"))
    assert run.status is RunStatus.WAITING
    found = await proposed(subject, run)
    assert list(found) == ["raise_timeout", "team/clearer"]
    assert found["raise_timeout"].expected_delta == pytest.approx(10 / 40)
    assert found["raise_timeout"].evidence["timeout_count"] == 10
    assert (found["team/clearer"].risk, found["team/clearer"].evidence) == (Risk.LOW, {"failures": 10})
    candidate = found["team/clearer"].candidate_node_id
    version = (await LineageReads(subject.graph).versions([candidate]))[candidate]
    assert (version.template_code, version.status) == (f"{TEXT}\n# try again", PatternStatus.DRAFT)
    assert version.parameters == {"timeout_ms": 1000, "max_retries": 5}

    failed, odd = run.notes
    assert failed.startswith("the generator raising failed: ValueError: no idea for ")
    assert "AKIAQWERTYUIOPASDFGH" not in failed
    assert odd.startswith("the generator talking is not understood: proposal 1 is str, and no Proposal")

    # What it was given: the failures, without their secrets, and in which context they are.
    [analysis] = sys.modules["team_rules"].seen
    assert (analysis.summary.timeout_count, analysis.template_code) == (10, TEXT)
    [context] = analysis.contexts
    assert (context.dimension, context.value, context.failures, context.failure_rate_elsewhere) == (
        "tool",
        "Bash",
        10,
        0.0,
    )
    assert [failure.error_type for failure in analysis.failures] == ["TimeoutError"] * 10
    assert analysis.failures[0].tool_input == {"numbers": [3, 1]}
    assert "ghp_" not in analysis.model_dump_json()
    assert "timed out with" in analysis.failures[0].error_message


@pytest.mark.lengthy
async def test_a_run_that_takes_up_nothing_says_what_the_generators_failed_of(
    subject: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, raising="team_rules:raising")
    monkeypatch.delitem(sys.modules, "team_rules", raising=False)
    run = await run_of(subject, loop_of(subject.graph, "raising"), feedback_type="quality")
    assert run.status is RunStatus.COMPLETED
    assert run.message == f"nothing is proposed for the feedback type quality; {run.notes[0]}"


@pytest.mark.lengthy
async def test_what_is_there_is_not_proposed_again(subject: Subject) -> None:
    by_rules = loop_of(subject.graph, *BUILT_IN)
    run = await run_of(subject, by_rules)
    found = await proposed(subject, run)
    assert list(found) == ["raise_timeout"]
    await by_rules.cancel(run.run_id, TESTER)

    # It is proposed already: the next run takes up the same, once.
    run = await run_of(subject, by_rules)
    assert (await proposed(subject, run))["raise_timeout"].improvement_id == found["raise_timeout"].improvement_id
    assert run.notes == ("left out raise_timeout: it is proposed already, and not decided",)
    await by_rules.cancel(run.run_id, TESTER)

    # It was rejected, and the run looks at the executions that were known then.
    await by_rules.reject_improvement(found["raise_timeout"].improvement_id, "no", TESTER)
    run = await run_of(subject, by_rules)
    assert (run.status, run.improvements_identified) == (RunStatus.COMPLETED, 0)
    left = "left out raise_timeout: it was rejected on executions that are looked at again"
    assert (run.notes, run.message) == ((left,), f"nothing is proposed for the feedback type all; {left}")
    assert (await LineageReads(subject.graph).patterns([subject.pattern_id]))[subject.pattern_id].latest_version == 2


@pytest.mark.lengthy
async def test_what_was_rejected_for_another_version_is_proposed_for_this_one(subject: Subject) -> None:
    by_rules = loop_of(subject.graph, *BUILT_IN)
    run = await run_of(subject, by_rules)
    first = (await proposed(subject, run))["raise_timeout"]
    await by_rules.cancel(run.run_id, TESTER)
    await by_rules.reject_improvement(first.improvement_id, "no", TESTER)
    other = await subject.propose(TEXT, parameters={"timeout_ms": 1200, "max_retries": 5})
    await Lineage(subject.graph).activate(other.candidate_node_id, TESTER)
    await subject.record(other.candidate_node_id, [float(value) for value in range(500, 540)])
    await subject.record(other.candidate_node_id, [1000.0] * 10, error_type="TimeoutError")
    run = await run_of(subject, by_rules)
    again = (await proposed(subject, run))["raise_timeout"]
    assert again.proposed_changes == {"parameters": {"timeout_ms": {"from": 1200, "to": 1500}}}
    assert again.base_node_id == other.candidate_node_id

    # What another version already is, a rule does not propose, whoever made that version.
    await by_rules.cancel(run.run_id, TESTER)
    await by_rules.reject_improvement(again.improvement_id, "no", TESTER)
    same = NewVersion(template_code=TEXT, parameters={"timeout_ms": 1500, "max_retries": 5})
    made = await Lineage(subject.graph).add_version(subject.pattern_id, same, TESTER)
    run = await run_of(subject, by_rules)
    assert run.notes == (f"left out raise_timeout: version {made.version.version} is the same",)


@pytest.mark.lengthy
async def test_what_is_risky_is_left_for_review_however_good_it_is(graph: Graph) -> None:
    subject = await make_subject(graph, template_code=TEXT, parameters={"allowed_tools": ["Read"]})
    improvement = await subject.propose(TEXT, parameters={"allowed_tools": ["Read", "Bash"]})
    assert improvement.risk is Risk.HIGH
    run = await subject.advance(await subject.start())
    await subject.work(60, {subject.node_id: 100.0, improvement.candidate_node_id: 50.0})
    run = await subject.advance(run)
    assert (run.status, run.improvements_validated, run.improvements_applied) == (RunStatus.COMPLETED, 1, 0)
    left = await subject.reads.improvement(improvement.improvement_id)
    assert (left.status, left.reason) == (ImprovementStatus.VALIDATED, Reason.HIGH_RISK)
    [decision] = (await subject.reads.decisions_of_improvements([improvement.improvement_id])).popitem()[1]
    assert decision.note == "allowed_tools says what it may do, and changes from ['Read'] to ['Read', 'Bash']"
    applied = await subject.loop.approve_improvement(improvement.improvement_id, TESTER)
    assert applied.status is ImprovementStatus.APPLIED


@pytest.mark.lengthy
async def test_what_another_patterns_success_teaches_is_proposed_with_its_source(graph: Graph) -> None:
    name = f"depth_{new_id()}"
    teacher = await make_subject(graph, template_code=TEXT, parameters={name: 4, "other": "a"})
    taught = await teacher.propose(TEXT, parameters={name: 6, "other": "a"})
    run = await teacher.advance(await teacher.start())
    await teacher.work(60, {teacher.node_id: 100.0, taught.candidate_node_id: 50.0})
    assert (await teacher.advance(run)).improvements_applied == 1

    pupil = await make_subject(graph, template_code="Greet them.", parameters={name: 4, "more": True})
    await pupil.record(pupil.node_id, [100.0] * 40)
    found = await proposed(pupil, await run_of(pupil, loop_of(graph, "transfer")))
    lesson = found["transfer"]
    assert lesson.proposed_changes == {"parameters": {name: {"from": 4, "to": 6}}}
    assert lesson.expected_delta == pytest.approx(0.5, abs=0.1)
    assert (lesson.evidence["pattern_id"], lesson.evidence["improvement_id"]) == (
        teacher.pattern_id,
        taught.improvement_id,
    )
    edges = await LineageReads(graph).edges([lesson.candidate_node_id], Direction.ANCESTORS, list(RelationshipType))
    assert {(edge.relationship_type, edge.source_node_id) for edge in edges} == {
        (RelationshipType.DERIVED_FROM, pupil.node_id),
        (RelationshipType.RELATED_TO, taught.candidate_node_id),
    }

    # Where the parameter has another value, or is not declared, nothing is taught.
    for parameters in ({name: 5}, {"more": True}):
        other = await make_subject(graph, template_code="Greet them.", parameters=parameters)
        await other.record(other.node_id, [100.0] * 40)
        assert await proposed(other, await run_of(other, loop_of(graph, "transfer"))) == {}
