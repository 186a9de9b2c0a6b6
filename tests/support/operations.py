"""Variables for every operation document, with data that each has something to answer about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from loopgraph.contracts.traces import TraceEvent
from loopgraph.effects.clock import new_id, now
from support.feedback import Subject, make_subject
from support.service import Json, Service
from support.traces import story


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
    trace, begun = traces[0], {"correlationId": new_id()}
    window = {"since": (now() - timedelta(days=365_0)).isoformat(), "until": (now() + timedelta(days=1)).isoformat()}
    pattern, node = {"patternId": subject.pattern_id}, {"nodeId": source}
    review = {"improvementId": improvement_id}
    pattern_ids = {"patternIds": [subject.pattern_id, other.pattern_id]}
    found: dict[str, Any] = {
        "analytics_agents": window,
        "analytics_benchmark": {**pattern, "minSamples": 1},
        "analytics_compare": {**pattern_ids, "nodeIds": [source]},
        "analytics_dashboard": {},
        "analytics_endpoints": window,
        "analytics_hooks": window,
        "analytics_model_usage": {**window, "by": ["MODEL", "SESSION"]},
        "analytics_pattern": {"id": subject.pattern_id},
        "analytics_price_list": {},
        "analytics_subject": {"subject": {"kind": "PATTERN_VERSION", "name": source}},
        "analytics_success_rates": {"minSamples": 1},
        "analytics_time_series": {
            "metric": "DURATION_P95",
            "subject": {"kind": "PATTERN", "name": subject.pattern_id},
            "since": (now() - timedelta(days=7)).isoformat(),
            "until": now().isoformat(),
        },
        "analytics_usage": {"first": 3},
        "feedback_approve_improvement": {"input": review},
        "feedback_assign_variant": {**pattern, "unit": "task-1"},
        "feedback_cancel_run": {"input": {"runId": waiting.run_id}},
        "feedback_decision": {"decisionId": decision_id},
        "feedback_experiment": {"experimentId": experiment_id},
        "feedback_follow_run": {"id": run_id},
        "feedback_improvement": {"improvementId": improvement_id},
        "feedback_improvements": pattern,
        "feedback_proof": node,
        "feedback_propose_improvement": {"input": {**pattern, "templateCode": f"print('{new_id()}')"}},
        "feedback_reject_improvement": {"input": review},
        "feedback_run": {"id": run_id},
        "feedback_runs": pattern,
        "feedback_start_loop": {"input": {"patternId": other.pattern_id}},
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
    run = await subject.advance(await subject.start(min_sample_size=2))
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
