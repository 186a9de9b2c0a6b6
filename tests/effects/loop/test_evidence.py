"""The executions of experiments, page by page, on every engine."""

from __future__ import annotations

from loopgraph.contracts.base import Page
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.contracts.traces.events import HookExecuted, TraceStarted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.evidence import Evidence, EvidenceReads
from support.access import mate, owned
from support.traces import Traces, at, make_experiment, make_version, statement


async def test_pages_of_several_experiments_at_once(graph: Graph) -> None:
    control, treatment = sorted([await make_version(graph), await make_version(graph)])
    experiments = [await make_experiment(graph, control, treatment) for _ in range(3)]
    traces = {"anybody": new_id(), "ada": new_id()}
    started = [
        TraceStarted(correlation_id=trace, user_id=None if user == "anybody" else user)
        for user, trace in traces.items()
    ]

    def ran(experiment: int, node_id: str, second: int, user: str = "anybody") -> HookExecuted:
        return HookExecuted(
            correlation_id=traces[user],
            execution_id=f"{experiments[experiment]}-{second}",
            hook_type="PostToolUse",
            node_id=node_id,
            experiment_id=experiments[experiment],
            started_at=at(second),
            duration_ms=10.0,
            success=True,
        )

    begun = HookExecuted(
        correlation_id=traces["ada"],
        execution_id=new_id(),
        hook_type="PostToolUse",
        node_id=control,
        experiment_id=experiments[0],
    )
    events = [ran(0, treatment, 1), ran(0, control, 3), ran(0, control, 2, "ada"), ran(1, treatment, 4), begun]
    await Traces(graph).record([*started, *events], received_at=now())
    await statement(
        graph,
        "MATCH (:HookExecution {execution_id: $id})-[u:USED]->() SET u.decision_id = $decision RETURN 1 AS done",
        id=f"{experiments[0]}-3",
        decision="the-decision",
    )
    reads = EvidenceReads(graph)

    def seconds(evidence: tuple[Evidence, ...]) -> list[int]:
        return [int(item.execution.execution_id.rpartition("-")[2]) for item in evidence]

    pages = await reads.executions_of_experiments(experiments, Page(first=2), None)
    assert [(seconds(pages[id_].evidence), pages[id_].has_more) for id_ in experiments] == [
        ([2, 3], True),
        ([4], False),
        ([], False),
    ]
    own, marked = pages[experiments[0]].evidence
    assert (own.decision_id, marked.decision_id) == (None, "the-decision")
    assert (own.execution.arm, own.execution.duration_ms, own.execution.success) == (Arm.CONTROL, 10.0, True)

    rest = (await reads.executions_of_experiments(experiments[:1], Page(first=2, after=marked.key), None))[
        experiments[0]
    ]
    assert (seconds(rest.evidence), rest.has_more, rest.evidence[0].execution.arm) == ([1], False, Arm.TREATMENT)
    await owned(graph)
    seen = await reads.executions_of_experiments(experiments[:1], Page(first=5), mate("bob"))
    assert seconds(seen[experiments[0]].evidence) == [3, 1]
