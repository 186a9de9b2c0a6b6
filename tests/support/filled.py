"""A graph with something of everything that the service writes: what other tests tell one by one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from loopgraph.clients.skill_folder import resources
from loopgraph.computes.definitions.choice import choose
from loopgraph.computes.otel.json import read_logs, read_points, read_spans
from loopgraph.computes.otel.logs import observe_logs
from loopgraph.computes.otel.metrics import observe_points
from loopgraph.computes.otel.spans import observe_spans
from loopgraph.computes.pricing.price_list import PriceList
from loopgraph.computes.success.own import OwnCriteria
from loopgraph.contracts.access import Action, NewToken, Role
from loopgraph.contracts.audit import EventType
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage.changes import request_hash
from loopgraph.contracts.lineage.patterns import Baseline, RelationshipType
from loopgraph.contracts.lineage.resources import ResourceState
from loopgraph.contracts.live import Cursor
from loopgraph.contracts.loop.design import AllocationRule, ExperimentDesign, GuardedMetric, Metric
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.contracts.loop.reported_outcomes import NewOutcome
from loopgraph.contracts.loop.schedules import FeedbackBatch, NewSchedule
from loopgraph.contracts.loop.user_feedback import NewFeedback
from loopgraph.contracts.traces.events import Alternative, EndpointCalled, HookExecuted, RoutingDecided, TraceStarted
from loopgraph.contracts.traces.observations import (
    LogRecorded,
    MetricMeasured,
    Observation,
    Recordable,
    SessionSeen,
    Temporality,
)
from loopgraph.contracts.traces.transcripts import Position
from loopgraph.contracts.traces.uses import PatternUsed
from loopgraph.effects.access.sign_ins import SignIns
from loopgraph.effects.access.tokens import Tokens
from loopgraph.effects.analytics.failures import ErrorAnnotations
from loopgraph.effects.archive.retention import Retention
from loopgraph.effects.archive.segments import Archive
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offline_model import OfflineModel
from loopgraph.effects.learning.prompts import PromptReads
from loopgraph.effects.learning.rounds import LearningRounds
from loopgraph.effects.lineage.audit import make_event
from loopgraph.effects.lineage.imports import LineageImport
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.live.outboxes import Outboxes
from loopgraph.effects.loop.batches import FeedbackBatches
from loopgraph.effects.loop.leases import Leases
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.effects.transcripts.positions import Positions
from loopgraph.errors import UserError
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.orchestrators.archive.pruning import Pruning
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from loopgraph.orchestrators.learning.upkeep import Upkeep
from loopgraph.orchestrators.loop.schedules import Schedules
from loopgraph.orchestrators.loop.watching import VersionWatcher
from loopgraph.settings import Rollback
from senders.record import RECORDED as FRAMEWORKS
from senders.record import read as framework
from support import joined_clients, learning, recorded_clients, recorded_endings
from support.feedback import TESTER, make_subject, unit_of
from support.learned import Learned, learn, teach
from support.lineage import EVERY_TYPE, Room
from support.otlp import span, traces
from support.proposals import proposed
from support.replays import offered
from support.retention import LATEST, long_ago, prompt, remember
from support.routing import recommended
from support.said import taking_feedback, taking_outcomes
from support.traces import NOON, make_experiment, make_version, story
from support.usage import Work
from support.uses import FILES, LONG_AGO, Skills
from support.watching import SLOWER, applied, used


async def fill(graph: Graph, folder: Path) -> None:
    """Tells it all; ``folder`` is empty, and what is archived goes there."""
    await _criteria(graph)
    await _lineage(graph)
    await _loop(graph)
    await _clients(graph)
    await _agents(graph)
    await _senders(graph)
    await _skills(graph, folder / "project")
    await _work(graph)
    await _learning(graph)
    await _proposals(graph)
    await _archive(graph, folder / "archive")
    await ErrorAnnotations(graph).annotate(
        "t1", "no such file <*>", {"known_fix": "make it", "prevention": "look"}, TESTER
    )
    await _said(graph)
    await _learned(graph)
    file = Position(file_id="f1", client="codex", path="/sessions/f1.jsonl", head="1", read_at=now())
    await Positions(graph).save([file])
    await _owned(graph)
    outboxes, begun = Outboxes(graph), Cursor({}, now())
    outbox = await outboxes.take("pattern.events", begun)
    assert outbox is not None
    await outboxes.save(outbox._replace(next=begun), complete=True)


async def _owned(graph: Graph) -> None:
    """A token that was used and revoked, and what its holder recorded; what a service named before it was there."""
    tokens = Tokens(graph)
    new = NewToken(
        name="ann",
        role=Role.MEMBER,
        projects=("shop",),
        actions=(Action.WRITE_EVENTS,),
        expires_at=now() + timedelta(days=1),
    )
    token, _ = await tokens.create(new, TESTER)
    await tokens.note_use(token.token_id, now())
    sign_ins = SignIns(graph)
    await sign_ins.begin_by_token(token, now() + timedelta(hours=1))
    eve = Principal(subject="eve", roles=(Role.OPERATOR.value,), projects=("shop",))
    await sign_ins.begin_by_provider(eve, "https://id.example.org", "rules", now() + timedelta(hours=1))
    await tokens.revoke(token.token_id, TESTER)
    writes, session = TraceWrites(graph, PriceList(None), choose), new_id()
    seen = Observation(source="hook.SessionStart", event=SessionSeen(session_id=session, cwd="/src/shop"))
    log = LogRecorded(record_id=new_id(), session_id=session)
    point = MetricMeasured(
        point_id=new_id(), session_id=session, name="n", unit="1", temporality=Temporality.DELTA, value=1.0
    )
    told = [TraceStarted(correlation_id=new_id(), session_id=session, project="shop"), seen]
    told += [Observation(source="otel", event=log), Observation(source="otel", event=point)]
    await writes.record(told, received_at=now(), sender=token.principal)
    service = Principal(subject="api", roles=("service",))
    others = TraceStarted(correlation_id=new_id(), parent_id=new_id())
    log = LogRecorded(record_id=new_id(), session_id=new_id())
    await writes.record([others, Observation(source="otel", event=log)], received_at=now(), sender=service)


async def _said(graph: Graph) -> None:
    """What people say of a version, of a trace, and of a step."""
    trace, node_id = new_id(), await make_version(graph)
    events = story(trace, node_id)
    await _record(graph, events)
    [step, *_] = [event.execution_id for event in events if isinstance(event, HookExecuted)]
    services = taking_feedback(graph)
    for about in ({"node_id": node_id}, {"correlation_id": trace}, {"execution_id": step}):
        new = NewFeedback.model_validate(
            {**about, "rating": 4, "comment": "works well", "tags": ["docs"], "metadata": {"a": 1}}
        )
        await services.submit(new, TESTER, None)
    await _outcomes(graph, node_id, trace, step)


async def _outcomes(graph: Graph, node_id: str, trace: str, step: str) -> None:
    """What others report of all that outcomes can be about."""
    session = new_id()
    await _record(graph, [TraceStarted(correlation_id=new_id(), session_id=session, timestamp=now())])
    taking = taking_outcomes(graph)
    abouts: list[dict[str, str]] = [
        {"node_id": node_id, "unit": "task-1"},
        {"correlation_id": trace},
        {"execution_id": step},
        {"session_id": session},
    ]
    told = {
        "name": "tests",
        "holds": True,
        "source": "ci",
        "rule": "exact: build",
        "evidence": "7",
        "metadata": {"a": 1},
    }
    for about in abouts:
        await taking.report(NewOutcome.model_validate({**about, **told}), TESTER, None)


async def _learned(graph: Graph) -> None:
    """A learned pattern of which another process has embedded the prompt."""
    one = Learned(["fix the login timeout in auth.py"], project="shop", domain="backend", agent="fixer")
    await learn(graph, one)
    trace = TraceStarted(correlation_id=new_id(), prompt_text=one.prompts[0])
    await TraceWrites(graph, PriceList(None), choose).record([trace], received_at=now())
    await teach(graph, trace.correlation_id, one)
    await offered(graph, trace.correlation_id, one)
    await recommended(graph, trace.correlation_id)
    await PromptSearch(PromptReads(graph), OfflineModel()).look()


async def _criteria(graph: Graph) -> None:
    """Successes are counted by criteria of one's own: nothing is kept of those that are built in."""
    own = OwnCriteria.model_validate({"types": {"skill": {"threshold": 0.5}}})
    rolling = Rolling(graph, own.judge, criteria=own.digest)
    await rolling.adopt()
    await rolling.note_all_counted()


async def _lineage(graph: Graph) -> None:
    room = Room.on(graph)
    ids = await room.versions(2)
    others = await room.versions(len(EVERY_TYPE))
    for kind, other in zip(sorted(RelationshipType), others, strict=True):
        edge, _ = await room.connect(ids[0], other, kind, similarity_score=0.5, confidence_score=0.5, metadata={"a": 1})
        await Lineage(graph).disconnect(edge.edge_id, "drawn by mistake", room.origin)
    known = {"label": "v1", "confidence_score": 0.9, "quality_baseline": 0.8, "success_rate_baseline": 0.7}
    version = (await room.pattern(**known, performance_baseline=Baseline(p50=1.0))).version
    await Lineage(graph).deprecate(version.node_id, "it is old", None, room.origin)
    await Lineage(graph).archive(version.node_id, room.origin)


async def _loop(graph: Graph) -> None:
    subject = await make_subject(graph)
    await subject.record(subject.node_id, [10.0] * 12)
    improvement = await subject.propose(expected_delta=0.1)
    run = await subject.advance(await subject.start())
    await subject.work(60, {subject.node_id: 100.0, improvement.candidate_node_id: 50.0})
    await subject.advance(run)
    await VersionWatcher(graph, 10).look()
    await used(subject, improvement.candidate_node_id, 12, SLOWER)
    await VersionWatcher(graph, 10).look()
    asking = await make_subject(graph)
    regressed = (await applied(asking)).candidate_node_id
    await VersionWatcher(graph, 10).look()
    await used(asking, regressed, 12, SLOWER)
    await VersionWatcher(graph, 10, rollback=Rollback.REVIEW).look()
    await applied(await make_subject(graph))
    waiting = await make_subject(graph)
    better = await waiting.propose()
    guarded = GuardedMetric(metric=Metric.QUALITY_SCORE, margin=0.1)
    growing = ExperimentDesign(stages=(0.3, 0.5), holdout_share=0.1, guardrails=(guarded,))
    begun = await waiting.advance(await waiting.start(design=growing))
    await waiting.work(60, {waiting.node_id: 100.0, better.candidate_node_id: 50.0})
    await waiting.advance(begun)
    several = await make_subject(graph)
    fast, slow = [await several.propose(f"print({number})") for number in range(2)]
    both = ExperimentDesign(candidates_at_once=2, allocation=AllocationRule.THOMPSON)
    begun = await several.advance(await several.start(design=both))
    await several.work(30, {several.node_id: 100.0, fast.candidate_node_id: 99.0, slow.candidate_node_id: 101.0})
    await several.advance(begun)
    leased = await (await make_subject(graph)).start()
    await Leases(graph).take(leased.run_id)
    await _schedules(graph)


async def _schedules(graph: Graph) -> None:
    """Schedules of either kind, one of which has started a run, and a batch that stopped half-way."""
    subject, schedules = await make_subject(graph), Schedules(graph, 1_000)
    new = {"name": "nightly", "cron": "0 3 * * *", "inputs": {}}
    await schedules.create(NewSchedule.model_validate({**new, "tag": new_id(), "pattern_type": "prompt"}), TESTER)
    due = await schedules.create(NewSchedule.model_validate({**new, "pattern_ids": [subject.pattern_id]}), TESTER)
    assert due.next_at is not None
    await schedules.look(due.next_at)
    batch = FeedbackBatch(
        batch_id=new_id(), pattern_ids=(subject.pattern_id,), inputs={}, created_at=now(), actor_type=TESTER.actor_type,
        created_by=TESTER.actor_id, correlation_id=TESTER.correlation_id,
    )  # fmt: skip
    event = make_event(EventType.FEEDBACK_BATCH_STARTED, TESTER)
    await FeedbackBatches(graph).create(batch, request_hash(batch), event)


async def _clients(graph: Graph) -> None:
    """What a client's own program tells."""
    trace, node_id = new_id(), await make_version(graph)
    confidences = {f"confidence_{of}": 0.5 for of in ("total", "trigger", "context", "capability", "historical")}
    events: list[Recordable] = [
        event.model_copy(update={"project": "sorting"}) if isinstance(event, TraceStarted) else event
        for event in story(trace, node_id)
        if not isinstance(event, RoutingDecided)
    ]
    events.append(
        RoutingDecided(
            correlation_id=trace, user_request="sort", selected_agent="sorter", selection_reason="it sorts", pattern_id="sorting",
            alternatives=(Alternative(agent="asker"),), routing_strategy="enhanced", routing_duration_ms=1.5, cache_hit=True,
            **confidences,
        )
    )  # fmt: skip
    [arm_ids] = [[node_id, await make_version(graph)]]
    experiment_id = await make_experiment(graph, *arm_ids, treatment_share=0.75)
    events.append(
        HookExecuted(
            correlation_id=trace, execution_id=new_id(), hook_type="Check", hook_script="check.sh", success=True, node_id=node_id,
            experiment_id=experiment_id, unit=unit_of(experiment_id, Arm.TREATMENT), tool_input={"a": 1}, tool_response=[1],
        )
    )  # fmt: skip
    await _record(graph, events)
    seen = Observation(
        event=SessionSeen(session_id=f"{trace}-session", project="sorting", tags=("a",), timestamp=NOON), source="test"
    )
    where = {
        "correlation_id": trace,
        "service_name": "llm",
        "endpoint_path": "/chat",
        "started_at": NOON,
        "success": True,
    }
    outer, inner = (f"{new_id().replace('-', '')}/{number:016x}" for number in (1, 2))
    calls = [
        Observation(event=EndpointCalled(**where, call_id=outer, model="m", input_tokens=9), source="test"),
        Observation(
            event=EndpointCalled(**where, call_id=inner, model="m", cost_usd=0.5), source="test", nested_in=outer
        ),
    ]
    point = MetricMeasured(point_id=new_id(), name="latency", temporality=Temporality.DELTA, value=1.5, count=3)
    use = PatternUsed(
        execution_id=new_id(), correlation_id=trace, pattern_type="prompt", pattern_name="greeting", pattern_version="2"
    )
    others = [Observation(event=event, source="test") for event in (point, use)]
    await _record(graph, [seen, *calls, *others])


async def _senders(graph: Graph) -> None:
    """What frameworks export, and what servers do."""
    for name in sorted(path.stem for path in FRAMEWORKS.glob("*.jsonl")):
        for signal, request in framework(name):
            told = {
                "traces": lambda body: observe_spans(read_spans(body)),
                "logs": lambda body: observe_logs(read_logs(body)),
                "metrics": lambda body: observe_points(read_points(body)),
            }[signal](request)
            await _record(graph, told.observations)
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"}
    call = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.usage.input_tokens": 9,
    }
    layer = span(7, 6, "litellm", 3, **call)
    for spans in (
        [span(1, None, "POST /chat", 2), span(4, 1, "invoke_agent", **agent), span(6, 4, "chat", 3, **call), layer],
        [span(4, 1, "below what nobody sends", **agent)],
    ):
        trace_id = new_id().replace("-", "")
        for one in spans:
            await _record(graph, observe_spans(read_spans(traces({**one, "traceId": trace_id}))).observations)


async def _agents(graph: Graph) -> None:
    for name in ("codex", "codex_interrupted", "copilot", "copilot_interrupted", "gemini"):
        await recorded_clients.tell(graph, recorded_clients.recorded(name), size=20)
    for name in ("codex_all", "gemini_all"):
        _, told = joined_clients.recorded(name)
        await joined_clients.tell(graph, told, size=20)
    for name in recorded_endings.RECORDED:
        await recorded_endings.tell(graph, list(recorded_endings.recorded(name).sent), size=20)


async def _skills(graph: Graph, folder: Path) -> None:
    skills = Skills.told(str(folder))
    node_ids = await skills.define(graph)
    beside = (folder / skills.fresh(FILES["triage"][1])).parent / "scripts" / "run.sh"
    beside.parent.mkdir(parents=True)
    beside.write_text("true")
    digest = resources(str(beside.parents[1]))
    states = [ResourceState(digest=digest, since=LONG_AGO, label="a1")]
    await LineageImport(graph).set_resources({node_ids["triage"]: states})
    told = [*skills.shimmed(folder), *skills.sent(by_hooks=False), *skills.written()]
    await _record(graph, [event for said in told for event in said])


async def _work(graph: Graph) -> None:
    work = Work(NOON.replace(hour=0), random.Random(7))
    await work.define(graph)
    await _record(graph, work.events())
    await Rolling(graph, None).count_all()


async def _learning(graph: Graph) -> None:
    """Prompts of one kind, of which one failed, and one that waits for a first success."""
    session, agent = new_id(), RoutingDecided(correlation_id="x", selected_agent="sorter", routing_strategy="enhanced")
    ids = await learning.tell(
        graph,
        *(learning.told("fix the harbour", session_id=session) for _ in range(2)),
        learning.told("fix the harbour", session_id=session, failing=[1], success=False),
        learning.told("move the lighthouse", success=False),
    )
    await _record(graph, [agent.model_copy(update={"correlation_id": id_}) for id_ in ids])
    await learning.learn(learning.learner(graph), ids)
    await learning.learner(graph).look_back()
    await LearningRounds(graph).mark(ids[:1])


async def _proposals(graph: Graph) -> None:
    """A merge that was carried out, and a proposal that waits."""
    reads = PromptReads(graph)
    search = PromptSearch(reads, OfflineModel())
    upkeep = Upkeep(graph, Matching(search, reads), search, merge_at=0.85, prune_below=0.3, keep=str)
    await upkeep.accept((await proposed(graph)).proposal_id, "the same", TESTER)
    await proposed(graph)


async def _archive(graph: Graph, folder: Path) -> None:
    begun = long_ago()
    await remember(graph, prompt(f"{new_id()}.first", begun), begun)
    counted = Rolling(graph, None).count_all
    await Pruning(Retention(graph), Archive(folder), LATEST, counted=counted).run()
    await remember(graph, prompt(f"{new_id()}.kept", NOON + timedelta(days=1)), NOON)


async def _record(graph: Graph, events: Sequence[Recordable | Observation]) -> None:
    outcomes = await TraceWrites(graph, PriceList(None), choose).record(events, received_at=NOON)
    assert not [outcome for outcome in outcomes if isinstance(outcome, UserError)]
