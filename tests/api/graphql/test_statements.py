"""The statements of a request do not grow with the number of parents in its lists.

An edge of the document costs as many statements as its loader has, whatever the number of parents. Edges that come to the same
loader at one time share them: that is why the numbers here are bounds.
"""

from __future__ import annotations

import pytest

from loopgraph.computes.agents import uses
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.contracts.loop.design import PLAIN
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceEvent, TraceStarted
from loopgraph.contracts.traces.observations import Observation, Recordable
from loopgraph.effects.clock import new_id, now
from support.feedback import make_subject
from support.service import Service, nodes
from support.traces import make_version
from support.uses import define


@pytest.mark.lengthy
async def test_lists_of_traces(quiet_service: Service) -> None:
    service = quiet_service
    document = """
    query($session: ID!) {
      traces(filter: {sessionId: $session}) {
        edges {
          node {
            routingDecision { selectedAgent }
            hookExecutions(first: 50) { executionId version { nodeId pattern { name } decision { decisionId } } }
            endpointCalls { callId }
            timeline { edges { node { eventType } } }
            waterfall { edges { node { spanId } } }
            steps(first: 50) { spawned(first: 5) { steps(first: 5) { toolName } } endpointCalls(first: 5) { callId } }
            childTraces(first: 5) {
              hookExecutions(first: 50) { version { nodeId } steps(first: 5) { executionId } }
              childTraces(first: 5) { correlationId }
            }
          }
        }
      }
    }
    """

    async def session_of(traces: int) -> str:
        """A session with so many traces, each with two steps and a child that has two, all of a version of their own."""
        session, events = new_id(), list[TraceEvent]()
        for _ in range(traces):
            node_id, parent, child = await make_version(service.parts.graph), new_id(), new_id()
            events += [
                TraceStarted(correlation_id=parent, session_id=session),
                TraceStarted(correlation_id=child, parent_id=parent),
            ]
            events += [
                HookExecuted(
                    correlation_id=trace, execution_id=new_id(), hook_type="ToolUse", node_id=node_id, success=True
                )
                for trace in (parent, parent, child, child)
            ]
        await service.parts.recorder.record(events)
        return session

    session = await session_of(10)
    # traces; the four of all trees; heads, steps, versions, patterns, decisions of the first level, of the children, and of what
    # the steps spawned
    few = await service.statements(document, session=await session_of(2))
    assert 1 + 4 < few <= 1 + 4 + 20
    # Loaders gather what is asked for at one time; where a slice of time ends in between, one reads twice.
    assert await service.statements(document, session=session) < few + 8
    found = (await service.query(document, session=session))["traces"]["edges"]
    assert [len(edge["node"]["childTraces"][0]["hookExecutions"]) for edge in found] == [2] * 10


@pytest.mark.lengthy
async def test_lists_of_sessions(quiet_service: Service) -> None:
    service = quiet_service
    events: list[TraceEvent] = [
        TraceStarted(correlation_id=new_id(), session_id=session) for session in [new_id() for _ in range(10)] * 2
    ]
    await service.parts.recorder.record(events)
    document = """
    query {
      sessions(first: 10) {
        edges {
          node {
            traces(first: 2) { edges { node { totalHooks steps { executionId } } } }
            logs(first: 1) { edges { cursor } }
            metrics(first: 1) { edges { cursor } }
          }
        }
      }
    }
    """
    # sessions; traces, logs and points of all; the two of all skeletons; no steps
    assert 1 + 3 + 2 <= await service.statements(document) < 1 + 3 + 2 + 8
    found = (await service.query(document))["sessions"]["edges"]
    assert len(found) == 10


@pytest.mark.lengthy
async def test_an_episode(quiet_service: Service) -> None:
    service = quiet_service

    async def statements(subagents: int) -> int:
        prompt = new_id()
        events: list[TraceEvent] = [TraceStarted(correlation_id=prompt)]
        for _ in range(subagents):
            step, child = new_id(), new_id()
            events += [
                HookExecuted(correlation_id=prompt, execution_id=step, hook_type="ToolUse", success=True),
                TraceStarted(correlation_id=child, parent_id=prompt, root_id=prompt, spawned_by=step),
                HookExecuted(correlation_id=child, execution_id=new_id(), hook_type="ToolUse", success=True),
            ]
        await service.parts.recorder.record(events)
        return await service.statements(document, id=prompt)

    document = """
    query($id: ID!) {
      episode(id: $id) {
        traces { steps { spawned { steps { toolName } } } }
        waterfall { edges { node { spanId } } }
        totals { steps }
      }
    }
    """
    # its prompts; all of it; its skeleton; that of each prompt; steps, their subagents, these ones' steps; two kinds of bars
    few, many = await statements(1), await statements(20)
    assert 3 + 4 < few <= 3 + 4 + 4 + 4 + 3 + 2
    assert many < few + 8


@pytest.mark.exhaustive
@pytest.mark.slow
async def test_lists_of_improvements(quiet_service: Service) -> None:
    service = quiet_service
    document = """
    query($pattern: ID!) {
      improvements(patternId: $pattern) {
        edges {
          node {
            base { nodeId }
            candidate { nodeId pattern { name currentVersion { nodeId } } decision { decisionId } }
            experiments { control { nodeId } executions(first: 2) { edges { node { executionId version { nodeId } } } } }
            decisions { improvement { improvementId } experiment { executions(first: 2) { edges { node { arm } } } } }
          }
        }
      }
    }
    """

    async def pattern_with(improvements: int) -> str:
        """A pattern that has so many improvements, each with an experiment, executions and a decision."""
        subject = await make_subject(service.parts.graph)
        for number in range(improvements):
            improvement = await subject.propose(f"print({number})")
            run = await subject.advance(await subject.start(min_sample_size=2, design=PLAIN))
            experiments = await subject.reads.experiments_of_improvements([improvement.improvement_id])
            [experiment] = experiments[improvement.improvement_id]
            for node_id in (subject.node_id, improvement.candidate_node_id):
                await subject.record(node_id, [100.0, 101.0] * 5, experiment_id=experiment.experiment_id)
            assert not (await subject.advance(run)).status.open
        return subject.pattern_id

    pattern_id = await pattern_with(6)
    # improvements; base, candidate, pattern, currentVersion, decision; experiments, control, executions, version;
    # decisions, improvement, experiment, executions
    assert 1 < await service.statements(document, pattern=pattern_id) <= 1 + 5 + 4 + 4
    edges = (await service.query(document, pattern=pattern_id))["improvements"]["edges"]
    assert [len(edge["node"]["experiments"][0]["executions"]["edges"]) for edge in edges] == [2] * 6


@pytest.mark.lengthy
async def test_the_executions_of_versions(quiet_service: Service) -> None:
    service = quiet_service
    document = """
    query($patternId: ID!) {
      pattern(patternId: $patternId) {
        versions(first: 5) {
          edges {
            node { nodeId executions(first: 5) { totalCount edges { node { status version { nodeId } use { success } } } } }
          }
        }
      }
    }"""
    counts = []
    for versions in (1, 3):
        texts = [f"# Sorting {new_id()}\n{number}\n" for number in range(versions)]
        name = f"sorting-{new_id()}"
        ids = await define(service.parts.graph, DefinitionKind.SKILL, name, *texts)
        events: list[Recordable] = []
        for node_id in ids:
            for _ in range(versions):
                session, prompt = new_id(), new_id()
                used = uses.skill_used(session, new_id(), prompt, name, timestamp=now(), pattern_version=node_id)
                events += [
                    Observation(event=event, source="test")
                    for event in (
                        TraceStarted(correlation_id=prompt, session_id=session, timestamp=now()),
                        used,
                        TraceCompleted(correlation_id=prompt, success=True, timestamp=now()),
                    )
                ]
        await service.parts.recorder.record(events)
        [pattern] = {version.pattern_id for version in (await service.parts.lineage_reads.versions(ids)).values()}
        found = await service.query(document, patternId=pattern)
        listed = {each["nodeId"]: each["executions"] for each in nodes(found["pattern"]["versions"])}
        assert {id_: each["totalCount"] for id_, each in listed.items()} == dict.fromkeys(ids, versions)
        assert [node["use"] for each in listed.values() for node in nodes(each)] == [{"success": True}] * versions**2
        counts.append(await service.statements(document, patternId=pattern))
    # the pattern; its versions; their executions; versions of these; uses, their steps, their calls
    assert counts == [7, 7]
