"""Pruning and restoring on every engine: all of it comes back, evidence stays, and nothing goes that is not archived."""

from __future__ import annotations

import json
import re
import resource
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from loopgraph.contracts.loop.reported_outcomes import NewOutcome
from loopgraph.contracts.loop.user_feedback import NewFeedback
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, Recordable, SessionSeen
from loopgraph.contracts.traces.retention import Kept, PruneReport
from loopgraph.effects.archive.retention import SLICE, Retention
from loopgraph.effects.archive.segments import MANIFEST_SUFFIX, Archive
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.archive.pruning import Pruning
from loopgraph.orchestrators.archive.restoration import restore
from support.feedback import TESTER
from support.quick import first_quick
from support.retention import counting, forget_older, long_ago, memory, prompt, remember
from support.said import taking_feedback, taking_outcomes
from support.traces import make_experiment, make_version, statement

MONTH = timedelta(days=30)
UNIT = {"Trace": 2, "HookExecution": 2, "EndpointCall": 1, "RoutingDecision": 1}


@pytest.fixture(autouse=True)
async def nothing_older(graph: Graph) -> None:
    await forget_older(graph)


async def prune(graph: Graph, folder: Path, older_than: datetime) -> PruneReport:
    return await Pruning(Retention(graph), Archive(folder), older_than, counted=counting(graph)).run()


@pytest.mark.lengthy
async def test_all_of_it_goes_and_all_of_it_comes_back(graph: Graph, tmp_path: Path) -> None:
    name, begun, node_id = new_id(), long_ago(), await make_version(graph)
    await remember(graph, prompt(f"{name}.1", begun, node_id=node_id), begun)
    await remember(graph, prompt(f"{name}.2", begun + MONTH, continues=f"{name}.1.task"), begun + MONTH)
    before = await memory(graph, name)
    for type_ in ("HAS_TRACE", "CONTINUED_BY", "SPAWNED", "USED", "SELECTED", "LOGGED", "MEASURED", "CALLED", "RAN"):
        assert any(f" {type_} " in line for line in before), type_

    rehearsal = await Pruning(Retention(graph), Archive(tmp_path / "none"), begun + 3 * MONTH).rehearse()
    assert await memory(graph, name) == before
    assert not (tmp_path / "none").exists()
    first = await prune(graph, tmp_path, begun + MONTH / 2)  # the prompts of an episode go one by one
    assert first.deleted == {**UNIT, "LogRecord": 2, "MetricPoint": 1}
    second = await prune(graph, tmp_path, begun + 3 * MONTH)
    assert second.deleted == {**UNIT, "LogRecord": 2, "MetricPoint": 1, "Session": 1}
    for report in (first, second):
        assert report.archived == report.deleted
        assert report.kept == {}
    assert rehearsal.archived == {label: 2 * count for label, count in first.deleted.items()}  # but for the session
    assert await memory(graph, name) == []

    restored = await restore(Retention(graph), [tmp_path])
    assert await memory(graph, name) == before
    made = {label: count for label, count in restored.made.items() if count}
    assert made == {**{label: 2 * count for label, count in first.deleted.items()}, "Session": 1}
    assert not any(restored.loose.values())
    again = await restore(Retention(graph), [tmp_path])
    assert await memory(graph, name) == before
    assert not any(again.made.values())
    assert again.relationships == restored.relationships


@pytest.mark.lengthy
async def test_what_was_denied_or_interrupted_is_over_and_comes_back(graph: Graph, tmp_path: Path) -> None:
    name, begun = new_id(), long_ago()
    events = [
        TraceStarted(correlation_id=name, timestamp=begun),
        HookExecuted(
            correlation_id=name, execution_id=f"{name}.step", hook_type="ToolUse", started_at=begun, status=TraceStatus.DENIED
        ),
        TraceCompleted(correlation_id=name, timestamp=begun, status=TraceStatus.INTERRUPTED),
    ]  # fmt: skip
    await remember(graph, events, begun)
    before = await memory(graph, name)
    report = await prune(graph, tmp_path, begun + MONTH)
    assert (report.deleted, report.kept) == ({"Trace": 1, "HookExecution": 1}, {})
    await restore(Retention(graph), [tmp_path])
    assert await memory(graph, name) == before
    assert any("'denied'" in line for line in before)
    assert any("'interrupted'" in line for line in before)
    await prune(graph, tmp_path / "rest", begun + MONTH)


@pytest.mark.lengthy
async def test_what_is_there_stays_as_it_is_when_it_is_restored(graph: Graph, tmp_path: Path) -> None:
    name, begun = new_id(), long_ago()
    start = TraceStarted(correlation_id=name, timestamp=begun, prompt_text="sort it", context={"a": 1, "b": 1})
    await remember(graph, [start, TraceCompleted(correlation_id=name, timestamp=begun, success=True)], begun)
    await prune(graph, tmp_path, begun + MONTH)
    late = TraceStarted(
        correlation_id=name, timestamp=begun, prompt_text="told again, otherwise", context={"b": 2, "c": 2}
    )
    await remember(graph, [late], begun)
    await restore(Retention(graph), [tmp_path])
    text = (
        "MATCH (t:Trace {correlation_id: $id}) "
        "RETURN t.prompt_text AS text, t.context AS context, t.status AS status, t.open_key AS open_key"
    )
    [trace] = await statement(graph, text, id=name)
    assert trace == {
        "text": "told again, otherwise", "context": '{"a":1,"b":2,"c":2}', "status": "success", "open_key": None
    }  # fmt: skip
    await prune(graph, tmp_path / "rest", begun + MONTH)
    assert await memory(graph, name) == []


def late_ones(name: str, begun: datetime) -> dict[str, list[Recordable]]:
    """What can still come to the work of ``two_prompts`` when it is over."""
    own = {"hook_type": "ToolUse", "started_at": begun, "success": True}
    session = f"{name}.session"
    return {
        "a step of each": [
            HookExecuted(correlation_id=f"{name}.1", execution_id=f"{name}.1.late", **own),
            HookExecuted(correlation_id=f"{name}.2", execution_id=f"{name}.2.late", **own),
        ],
        "a call of a step": [
            EndpointCalled(
                correlation_id=f"{name}.2", call_id=f"{name}.2.late", hook_execution_id=f"{name}.2.step",
                service_name="api", endpoint_path="/v1", started_at=begun, success=True,
            )
        ],
        "reports": [
            Observation(
                event=HookExecuted(
                    correlation_id=f"{name}.1", root_id=f"{name}.1", session_id=session, execution_id=f"{name}.1.late", **own
                ),
                source="test",
            ),
            Observation(
                event=SessionSeen(session_id=session, timestamp=begun, cwd="/late", context={"late": True}), source="test"
            ),
        ],
        "its beginning, again": [TraceStarted(correlation_id=f"{name}.2", timestamp=begun, tags=("x",), context={"n": 1})],
        "its end, again": [TraceCompleted(correlation_id=f"{name}.2", timestamp=begun + MONTH / 99, status=TraceStatus.ERROR)],
    }  # fmt: skip


LATE_ONES = list(late_ones("any", long_ago()))


@pytest.mark.parametrize("late", first_quick(LATE_ONES))
@pytest.mark.slow
async def test_a_trace_that_a_late_event_made_anew_is_whole_again(graph: Graph, tmp_path: Path, late: str) -> None:
    """As if it had never been archived: it is over, and goes at the next pruning."""
    name, begun = new_id(), long_ago()
    story = [
        *prompt(f"{name}.1", begun),
        TraceStarted(correlation_id=f"{name}.2", timestamp=begun, tags=("x",), context={"n": 1}),
        HookExecuted(
            correlation_id=f"{name}.2", execution_id=f"{name}.2.step", hook_type="ToolUse", tool_name="Bash",
            started_at=begun, completed_at=begun + timedelta(seconds=1), status=TraceStatus.DENIED,
        ),
        TraceCompleted(correlation_id=f"{name}.2", timestamp=begun + MONTH / 99, status=TraceStatus.ERROR),
    ]  # fmt: skip
    await remember(graph, story, begun)
    await remember(graph, late_ones(name, begun)[late], begun + MONTH)
    expected = _without_turns(await memory(graph, name))
    await prune(graph, tmp_path / "other", begun + 2 * MONTH)
    assert await memory(graph, name) == []

    await remember(graph, story, begun)
    assert (await prune(graph, tmp_path / "this", begun + MONTH)).deleted["Trace"] == 3
    await remember(graph, late_ones(name, begun)[late], begun + MONTH)
    report = await restore(Retention(graph), [tmp_path / "this"])
    once = await memory(graph, name)
    assert _without_turns(once) == expected
    assert sum(report.completed.values()) >= 1
    assert all(count <= report.known[label] for label, count in report.completed.items())
    assert report.made.get("Session", 0) + report.known.get("Session", 0) == 1
    again = await restore(Retention(graph), [tmp_path / "this"])
    assert not any(again.completed.values())
    assert await memory(graph, name) == once
    await prune(graph, tmp_path / "rest", begun + 2 * MONTH)
    assert await memory(graph, name) == []


@pytest.mark.lengthy
async def test_evidence_and_what_is_alive_or_referred_to_stays(graph: Graph, tmp_path: Path) -> None:
    name, begun = new_id(), long_ago()
    control, treatment = await make_version(graph), await make_version(graph)
    experiment_id = await make_experiment(graph, control, treatment)
    await remember(graph, prompt(f"{name}.evidence", begun), begun)
    run = HookExecuted(
        correlation_id=f"{name}.evidence.agent", execution_id=f"{name}.run", hook_type="ToolUse", node_id=control,
        experiment_id=experiment_id, started_at=begun, success=True,
    )  # fmt: skip
    await remember(graph, [run], begun)  # in the subagent: the whole prompt stays
    await remember(graph, prompt(f"{name}.open", begun)[:-1], begun)
    await remember(graph, prompt(f"{name}.young", begun), begun)
    late = HookExecuted(
        correlation_id=f"{name}.young.agent", execution_id=f"{name}.late", hook_type="ToolUse", success=True
    )
    await remember(graph, [late], begun + MONTH)
    await remember(graph, prompt(f"{name}.praised", begun), begun)
    said = taking_feedback(graph)
    praise, _ = await said.submit(NewFeedback(correlation_id=f"{name}.praised", rating=5), TESTER, None)
    await remember(graph, prompt(f"{name}.blamed", begun), begun)
    blame, _ = await said.submit(NewFeedback(execution_id=f"{name}.blamed.bash", rating=1), TESTER, None)
    await remember(graph, prompt(f"{name}.tested", begun), begun)
    reported = taking_outcomes(graph)
    passed = NewOutcome(correlation_id=f"{name}.tested", name="tests", holds=True, source="ci")
    tested, _ = await reported.report(passed, TESTER, None)
    await remember(graph, prompt(f"{name}.old", begun), begun)
    cut = begun + MONTH / 2
    expected = {Kept.EVIDENCE: 1, Kept.IN_PROGRESS: 1, Kept.YOUNGER: 1, Kept.REFERRED_TO: 3}
    assert (await Pruning(Retention(graph), Archive(tmp_path), cut).rehearse()).kept == expected
    before = await memory(graph, name)
    report = await prune(graph, tmp_path, cut)
    assert report.kept == expected
    assert {label: report.deleted[label] for label in UNIT} == UNIT
    left = await memory(graph, name)
    assert [line for line in before if ".old" in line and "Agent" not in line]
    assert not [line for line in left if ".old" in line]
    gone = {line for line in before if line not in left}
    assert all(".old" in line or ".note" in line or ".point" in line or line.startswith("Session") for line in gone), (
        gone
    )
    for feedback in (praise, blame):
        await statement(graph, "MATCH (n:Feedback {feedback_id: $id}) DETACH DELETE n", id=feedback.feedback_id)
    await statement(graph, "MATCH (n:ReportedOutcome {outcome_id: $id}) DETACH DELETE n", id=tested.outcome_id)


@pytest.mark.lengthy
async def test_what_a_rollback_rests_on_stays_and_so_does_what_is_watched(graph: Graph, tmp_path: Path) -> None:
    name, begun = new_id(), long_ago()
    versions = {kind: await make_version(graph) for kind in ("regressed", "watched", "used")}
    for kind, node_id in versions.items():
        await remember(graph, prompt(f"{name}.{kind}", begun), begun)
        run = HookExecuted(
            correlation_id=f"{name}.{kind}", execution_id=f"{name}.{kind}.run", hook_type="ToolUse", node_id=node_id,
            started_at=begun, success=True,
        )  # fmt: skip
        await remember(graph, [run], begun)
    await statement(
        graph,
        "MATCH (:HookExecution {execution_id: $id})-[u:USED]->(:PatternVersion) SET u.watch_id = $name",
        id=f"{name}.regressed.run",
        name=name,
    )
    await statement(
        graph,
        "MATCH (v:PatternVersion {node_id: $id}) CREATE (w:Watch {watch_id: $name, open_status: 'watching'})-[:WATCHES]->(v)",
        id=versions["watched"],
        name=name,
    )
    report = await prune(graph, tmp_path, begun + MONTH)
    assert report.kept == {Kept.EVIDENCE: 2}
    left = await memory(graph, name)
    assert not [line for line in left if ".used" in line]
    assert all([line for line in left if f".{kind}" in line] for kind in ("regressed", "watched"))
    await statement(graph, "MATCH (w:Watch {watch_id: $name}) DETACH DELETE w", name=name)
    assert (await prune(graph, tmp_path, begun + MONTH)).kept == {Kept.EVIDENCE: 1}


@pytest.mark.slow
async def test_what_changed_after_it_was_archived_is_not_lost(graph: Graph, tmp_path: Path) -> None:
    """A crash between the archiving and the deletion, and a late event before the next run."""
    name, begun = new_id(), long_ago()
    await remember(graph, prompt(f"{name}.1", begun), begun)
    await remember(graph, prompt(f"{name}.2", begun), begun)
    report = await prune(graph, tmp_path, begun + MONTH)
    await restore(Retention(graph), [tmp_path])
    pending = [tmp_path / segment.replace(".jsonl.zst", MANIFEST_SUFFIX) for segment in report.segments]
    for manifest in pending:  # as they are after the archiving
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"deleted_at": None}))
    late = HookExecuted(
        correlation_id=f"{name}.2.agent", execution_id=f"{name}.late", hook_type="ToolUse", success=True
    )
    await remember(graph, [late], begun)
    before = await memory(graph, name)

    resumed = await prune(graph, tmp_path, begun - MONTH)  # nothing is that old: it only goes on with the deletion
    assert set(report.segments) == set(resumed.segments)
    assert resumed.archived == {}
    assert resumed.kept[Kept.CHANGED] == 2  # the trace, and the session that is needed again
    assert resumed.deleted["Trace"] == 2
    left = await memory(graph, name)
    assert not [line for line in left if line.startswith("Trace") and f"{name}.1" in line]
    assert [line for line in left if f"{name}.late" in line]

    last = await prune(graph, tmp_path, begun + MONTH)
    assert (last.deleted["Trace"], last.deleted["HookExecution"], last.kept) == (2, 3, {})
    assert await memory(graph, name) == []
    await restore(Retention(graph), [tmp_path])
    after = await memory(graph, name)
    assert _without_turns(after) == _without_turns(before)


def _without_turns(lines: list[str]) -> list[str]:
    """Without the marks that locks leave."""
    return [re.sub(r", \('turn', '[^']*'\)", "", line) for line in lines]


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_a_trace_that_is_larger_than_a_transaction(graph: Graph, tmp_path: Path) -> None:
    name, begun = new_id(), long_ago()
    steps = [
        HookExecuted(
            correlation_id=name, execution_id=f"{name}.{n}", hook_type="ToolUse", started_at=begun, success=True
        )
        for n in range(2 * SLICE + 10)
    ]
    await remember(graph, [*prompt(name, begun), *steps], begun)
    before = await memory(graph, name)
    report = await prune(graph, tmp_path, begun + MONTH)
    assert (report.deleted["HookExecution"], report.kept) == (2 * SLICE + 12, {})
    assert await memory(graph, name) == []
    await restore(Retention(graph), [tmp_path])
    assert await memory(graph, name) == before


@pytest.mark.lengthy
async def test_nothing_goes_while_the_disk_is_full(graph: Graph, tmp_path: Path) -> None:
    name, begun = new_id(), long_ago()
    await remember(graph, prompt(name, begun), begun)
    before = await memory(graph, name)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))
    try:
        with pytest.raises(InvalidInput, match="cannot be written: File too large"):
            await prune(graph, tmp_path, begun + MONTH)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert await memory(graph, name) == before
    assert Archive(tmp_path).segments() == []


@pytest.mark.lengthy
async def test_nothing_goes_when_the_segment_does_not_read_back(graph: Graph, tmp_path: Path) -> None:
    """A disk that lies: the next run goes on with a segment that has lost its end since."""
    name, begun = new_id(), long_ago()
    await remember(graph, prompt(name, begun), begun)
    report = await prune(graph, tmp_path, begun + MONTH)
    await restore(Retention(graph), [tmp_path])
    before = await memory(graph, name)
    segment = tmp_path / report.segments[0]
    manifest = tmp_path / segment.name.replace(".jsonl.zst", MANIFEST_SUFFIX)
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"deleted_at": None}))
    segment.write_bytes(segment.read_bytes()[:-20])
    with pytest.raises(InvalidInput, match=segment.name):
        await prune(graph, tmp_path, begun + MONTH)
    with pytest.raises(InvalidInput, match=segment.name):
        await restore(Retention(graph), [tmp_path])
    assert await memory(graph, name) == before


@pytest.mark.lengthy
async def test_an_archive_of_a_later_schema_is_refused(graph: Graph, tmp_path: Path) -> None:
    name, begun = new_id(), long_ago()
    await remember(graph, prompt(name, begun), begun)
    report = await prune(graph, tmp_path, begun + MONTH)
    manifest = tmp_path / report.segments[0].replace(".jsonl.zst", MANIFEST_SUFFIX)
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"schema_version": 99}))
    with pytest.raises(InvalidInput, match="has schema version 99, this program knows"):
        await restore(Retention(graph), [tmp_path])
    assert await memory(graph, name) == []


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_restored_alone_a_segment_says_what_it_lacks(graph: Graph, tmp_path: Path) -> None:
    name, begun = new_id(), long_ago()
    await remember(graph, prompt(f"{name}.1", begun), begun)
    await remember(graph, prompt(f"{name}.2", begun + MONTH, continues=f"{name}.1.task"), begun + MONTH)
    first = await prune(graph, tmp_path, begun + MONTH / 2)
    await prune(graph, tmp_path, begun + 3 * MONTH)
    assert await memory(graph, name) == []
    report = await restore(Retention(graph), [tmp_path / segment for segment in first.segments])
    assert {type_: count for type_, count in report.loose.items() if count} == {"CONTINUED_BY": 1}
    assert report.made["Session"] == 1  # so that the traces are found under it
    await prune(graph, tmp_path / "again", begun + MONTH)
