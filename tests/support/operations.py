"""Variables for every operation document, with data that each has something to answer about."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from loopgraph.contracts.loop.design import PLAIN
from loopgraph.contracts.loop.schedules import NewBatch
from loopgraph.contracts.loop.watching import WatchStatus
from loopgraph.contracts.traces.events import TraceEvent, TraceStarted
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.watches import WatchReads
from loopgraph.orchestrators.loop.watching import VersionWatcher
from support import learning
from support.feedback import TESTER, Subject, make_subject
from support.proposals import proposed
from support.routing import recommended
from support.service import Json, Service
from support.traces import story
from support.waiting import PATIENCE_S
from support.watching import FAST, SLOW, applied, used


async def variables_of_all(service: Service) -> dict[str, Json]:
    """Variables for every operation document, with which each has something to answer."""
    graph, record = service.parts.graph, service.parts.recorder.record
    subject = await make_subject(graph)
    run_id, improvement_id, experiment_id, decision_id = await concluded(subject)
    waiting = await subject.start(enable_ab_testing=False)
    source, (draft, candidate) = subject.node_id, [await version(service, subject.pattern_id) for _ in range(2)]
    edge = {"sourceNodeId": source, "targetNodeId": candidate, "relationshipType": "RELATED_TO", "edgeId": new_id()}
    await service.execute("lineage_connect_versions", input=edge)
    other = await make_subject(graph)
    traces, session = [new_id(), new_id()], new_id()
    events: list[TraceEvent] = [event for trace in traces for event in story(trace, source)]
    await record(
        [event.model_copy(update={"session_id": session}) if event.kind == "start" else event for event in events]
    )
    trace, going_on, begun = traces[0], new_id(), {"correlationId": new_id()}
    await record([TraceStarted(correlation_id=going_on, prompt_text="sort the list", timestamp=now())])
    long, year, week = [{"window": {"since": (now() - timedelta(days=days)).isoformat()}} for days in (3_650, 365, 7)]
    pattern, node = {"patternId": subject.pattern_id}, {"nodeId": source}
    review = {"improvementId": improvement_id}
    regressed = [await regression(await make_subject(graph)) for _ in range(2)]
    pattern_ids = {"patternIds": [subject.pattern_id, other.pattern_id]}
    learned = await learned_pattern(graph)
    await recommended(graph, traces[1])
    proposals = [(await proposed(graph)).proposal_id for _ in range(2)]
    nightly = {"name": "nightly", "cron": "0 3 * * *", "timeZone": "Europe/Berlin"}
    batch_id, schedule_id, other_id = new_id(), new_id(), new_id()
    # Past the mutation, which would set the worker going at runs that are to stay as they are.
    await service.parts.batches.start(NewBatch(pattern_ids=(subject.pattern_id,), inputs={}), TESTER, batch_id)
    for id_ in (schedule_id, other_id):
        await service.execute("feedback_create_schedule", input={**nightly, **pattern_ids, "scheduleId": id_})
    found: dict[str, Any] = {
        "analytics_agent_chains": long,
        "analytics_agents": long,
        "analytics_annotate_error_pattern": {"input": {"template": "no answer from <ip>", "knownFix": "restart it"}},
        "analytics_blast_radius": {**pattern, "days": 3_650},
        "analytics_benchmark": {**pattern, "minSamples": 1},
        "analytics_compare": {**pattern_ids, "nodeIds": [source]},
        "analytics_dashboard": {},
        "analytics_declining": {"threshold": 0.5},
        "analytics_emerging": {},
        "analytics_endpoints": long,
        "analytics_error_patterns": {**long, "nodeId": None},
        "analytics_follow_dashboard": {},
        "analytics_follow_patterns": {"ids": [subject.pattern_id]},
        "analytics_hooks": long,
        "analytics_model_usage": {**long, "by": ["MODEL", "SESSION"]},
        "analytics_pattern": {"id": subject.pattern_id},
        "analytics_price_list": {},
        "analytics_retention": {"subject": {"kind": "ALL"}},
        "analytics_series_analysis": {"metric": "EXECUTIONS", "subject": {"kind": "PATTERN_VERSION", "name": source}},
        "analytics_quality_metrics": pattern,
        "analytics_rank_patterns": {"candidates": [pattern, {"patternId": other.pattern_id}], "text": "print"},
        "analytics_reliability": pattern,
        "analytics_subject": {"subject": {"kind": "PATTERN_VERSION", "name": source}},
        "analytics_similar_patterns": {},
        "analytics_text_forms": {"below": 0.9},
        "analytics_unused_patterns": {"days": 1},
        "analytics_success_rates": {"minSamples": 1},
        "analytics_time_series": {
            "metric": "DURATION_P95",
            "subject": {"kind": "PATTERN", "name": subject.pattern_id},
            **week,
        },
        "analytics_trends": {"kind": "ALL"},
        "analytics_usage": {"first": 3},
        "learning_agent_recommendations": {"first": 5},
        "learning_plan_proposals": {"kind": "MERGE"},
        "learning_accept_proposal": {"input": {"proposalId": proposals[0], "reason": "the same"}},
        "learning_dismiss_proposal": {"input": {"proposalId": proposals[1]}},
        "learning_recommend_agent": {"input": {"correlationId": going_on}},
        "learning_recommended_agent": {"request": "fix the login timeout in auth.py", "context": {"project": "shop"}},
        "learning_routing_policy_effect": {"policy": "LEARNED_FIRST", "days": 30},
        "learning_replay_effect": {"days": 30},
        "learning_replay_offers": {"patternId": learned},
        "learning_replay_plan": {"request": "fix the login timeout in auth.py", "context": {"project": "shop"}},
        "learning_match_patterns": {"request": "fix the login timeout in auth.py", "context": {"project": "shop"}},
        "feedback_approve_improvement": {"input": review},
        "feedback_assign_variant": {**pattern, "unit": "task-1"},
        "feedback_awaiting_review": {"first": 5},
        "feedback_experiment_power": pattern,
        "feedback_experiment_standing": {"experimentId": experiment_id, "gain": 0.2},
        "feedback_cancel_run": {"input": {"runId": waiting.run_id}},
        "feedback_said_of_trace": {"correlationId": trace},
        "feedback_said_of_version": {**node, "first": 2},
        "feedback_outcomes_of_trace": {"correlationId": trace},
        "feedback_outcomes_of_version": node,
        "feedback_report_outcome": {
            "input": {"correlationId": trace, "name": "tests", "holds": True, "source": "ci", "evidence": "build 7"}
        },
        "feedback_compare_retrospectively": {"baseNodeId": source, "candidateNodeId": other.node_id},
        "feedback_distinctions": {**node, **year},
        "feedback_signals_of_trace": {"correlationId": trace},
        "feedback_signals_of_version": {**node, **year},
        "feedback_submit": {
            "input": {"correlationId": trace, "rating": 4, "comment": "clear and useful", "tags": ["docs"]}
        },
        "feedback_decision": {"decisionId": decision_id},
        "feedback_experiment": {"experimentId": experiment_id},
        "feedback_experiment_course": {"experimentId": experiment_id},
        "feedback_follow_run": {"id": run_id},
        "feedback_improvement": {"improvementId": improvement_id},
        "feedback_improvements": pattern,
        "feedback_proof": node,
        "feedback_propose_improvement": {"input": {**pattern, "templateCode": f"print('{new_id()}')"}},
        "feedback_reject_improvement": {"input": review},
        "feedback_run": {"id": run_id},
        "feedback_runs": pattern,
        "feedback_health": pattern,
        "feedback_batch": {"batchId": batch_id},
        "feedback_start_batch": {"input": pattern_ids},
        "feedback_create_schedule": {"input": {**nightly, "tag": new_id()}},
        "feedback_update_schedule": {"input": {"scheduleId": schedule_id, "paused": True}},
        "feedback_delete_schedule": {"input": {"scheduleId": other_id}},
        "feedback_schedule": {"scheduleId": schedule_id},
        "feedback_schedules": {"first": 2},
        "feedback_start_loop": {"input": {"patternId": other.pattern_id}},
        "feedback_watch": {"watchId": regressed[0]},
        "feedback_watches": {},
        "feedback_approve_rollback": {"input": {"watchId": regressed[0], "note": "too slow"}},
        "feedback_dismiss_regression": {"input": {"watchId": regressed[1], "reason": "fast enough"}},
        "learning_health": {},
        "learning_pattern": {"patternId": learned},
        "learning_patterns": {"filter": {"standing": "ACTIVE"}},
        "lineage_activate_version": {"input": {"nodeId": draft}},
        "lineage_add_version": {"input": pattern},
        "lineage_ancestors": {"nodeId": candidate},
        "lineage_archive_version": {"input": {"nodeId": draft}},
        "lineage_audit_log": {"filter": pattern},
        "lineage_common_ancestors": {"nodeIds": [draft, candidate]},
        "lineage_connect_versions": {"input": {**edge, "edgeId": new_id(), "targetNodeId": draft}},
        "lineage_create_pattern": {"input": {"name": "made by a client"}},
        "lineage_deprecate_version": {"input": {"nodeId": other.node_id, "reason": "old"}},
        "lineage_derive_version": {"input": {"source": node}},
        "lineage_descendants": node,
        "lineage_disconnect_versions": {"input": {"edgeId": edge["edgeId"]}},
        "lineage_edge": {"edgeId": edge["edgeId"]},
        "lineage_events": {"filter": pattern},
        "lineage_fork_pattern": {"input": {"name": "forked by a client", "source": node}},
        "lineage_map": pattern,
        "lineage_merge_versions": {"input": {**pattern, "sources": [node, {"nodeId": candidate}]}},
        "lineage_of_pattern": pattern,
        "lineage_path": {"source": source, "target": candidate},
        "lineage_pattern": pattern,
        "lineage_patterns": {"first": 5},
        "lineage_reject_version": {"input": {"nodeId": candidate}},
        "lineage_set_current_version": {"input": node},
        "lineage_version": node,
        "lineage_version_executions": node,
        "sessions_logs": {"filter": {"severity": "INFO"}},
        "sessions_metrics": {"filter": {"withoutSession": True}},
        "sessions_page": {"first": 5},
        "sessions_session": {"id": session},
        "traces_complete": {"input": {**begun, "success": True}},
        "traces_diff": {"a": traces[0], "b": traces[1], "differencesOnly": False},
        "traces_episode": {"id": trace},
        "lineage_follow": {},
        "traces_follow": {},
        "traces_page": {"filter": {"sessionId": session}},
        "traces_record_endpoint": {"input": {**begun, "serviceName": "search", "endpointPath": "/", "success": True}},
        "traces_record_hook": {"input": {**begun, "hookType": "ToolUse", "success": True}},
        "traces_record_routing": {"input": {**begun, "selectedAgent": "sorter"}},
        "traces_start": {"input": begun},
        "traces_timeline": {"correlationId": trace},
        "traces_waterfall": {"correlationId": trace},
        "traces_whole": {"correlationId": trace},
    }
    pattern_id = (await service.execute("lineage_pattern", **pattern))["id"]
    return {**found, "lineage_node": {"id": pattern_id}}


async def version(service: Service, pattern_id: str) -> str:
    """A draft of a pattern."""
    made = await service.execute("lineage_add_version", input={"patternId": pattern_id, "templateCode": new_id()})
    return str(made["version"]["nodeId"])


async def concluded(subject: Subject) -> tuple[str, str, str, str]:
    """A run that came to its end, with its improvement, the experiment that tested it and the decision."""
    improvement = await subject.propose()
    run = await subject.advance(await subject.start(min_sample_size=2, design=PLAIN))
    [experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id]))[
        improvement.improvement_id
    ]
    for node_id in (subject.node_id, improvement.candidate_node_id):
        await subject.record(node_id, [100.0, 101.0] * 5, experiment_id=experiment.experiment_id)
    assert not (await subject.advance(run)).status.open
    [decision] = (await subject.reads.decisions_of_improvements([improvement.improvement_id]))[
        improvement.improvement_id
    ]
    return run.run_id, improvement.improvement_id, experiment.experiment_id, decision.decision_id


async def regression(subject: Subject) -> str:
    """The id of a watch whose regression waits for review: of an applied version that is not as good as in its proof, and still
    better than the one before."""
    node_id = (await applied(subject)).candidate_node_id
    watcher, reads = VersionWatcher(subject.graph, 10), WatchReads(subject.graph)
    await watcher.look()
    await used(subject, node_id, 30, (FAST + SLOW) / 2)
    await watcher.look()
    async with asyncio.timeout(PATIENCE_S):  # the service looks, too
        while (watch := (await reads.of_versions([node_id]))[node_id]).status is WatchStatus.WATCHING:  # noqa: ASYNC110 - the graph is elsewhere
            await asyncio.sleep(0.02)
    assert watch.status is WatchStatus.REGRESSED
    return watch.watch_id


async def learned_pattern(graph: Graph) -> str:
    """The id of a pattern that a successful and a failed trace taught."""
    thing = learning.word()
    stories = (learning.told(f"fix {thing}"), learning.told(f"fix {thing}", failing=[1], success=False))
    ids = await learning.tell(graph, *stories)
    await learning.learn(learning.learner(graph), ids)
    [row, *_] = await learning.taught(graph, ids)
    return str(row["pattern_id"])
