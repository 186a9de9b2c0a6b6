"""The parts of the service on an open graph, put together as the settings say."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from loopgraph.api.http.broker_messages import event_of_message
from loopgraph.api.metrics import Metrics
from loopgraph.api.services import Services
from loopgraph.computes.analytics.contribution import MEASURES, Contributions
from loopgraph.computes.definitions.choice import choose
from loopgraph.computes.pricing.price_list import PriceList
from loopgraph.computes.privacy.policy import Privacy
from loopgraph.configured import (
    browser_client,
    embedders,
    generators,
    price_list,
    success_criteria,
    trusted,
    watch_rules,
)
from loopgraph.contracts.access import LOCAL, Role
from loopgraph.contracts.base import Principal
from loopgraph.contracts.learning.matching import weights_of
from loopgraph.effects.access.provider import ProviderCalls
from loopgraph.effects.access.sign_ins import SignIns
from loopgraph.effects.access.tokens import Tokens
from loopgraph.effects.analytics.chains import ChainReads
from loopgraph.effects.analytics.dependents import DependentReads
from loopgraph.effects.analytics.failures import ErrorAnnotations, FailureReads
from loopgraph.effects.analytics.quality import QualityReads
from loopgraph.effects.analytics.standing import StandingReads
from loopgraph.effects.exports.tables import TableReads
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.patterns import LearnedReads
from loopgraph.effects.learning.prompts import PromptReads
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.definitions import DefinitionReads
from loopgraph.effects.lineage.lists import PatternLists
from loopgraph.effects.lineage.outlines import OutlineReads
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.live.reads import ChangeReads
from loopgraph.effects.loop.backlogs import Backlogs
from loopgraph.effects.loop.batches import FeedbackBatches
from loopgraph.effects.loop.evidence import EvidenceReads
from loopgraph.effects.loop.factors import FactorReads
from loopgraph.effects.loop.health import HealthReads
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.effects.loop.reported_outcomes import OutcomeReads, OutcomeWrites
from loopgraph.effects.loop.schedules import FeedbackSchedules
from loopgraph.effects.loop.user_feedback import UserFeedbackReads, UserFeedbackWrites
from loopgraph.effects.loop.watches import WatchReads
from loopgraph.effects.traces.dead_letters import DeadLetters
from loopgraph.effects.traces.reading.analytics import Analytics
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.effects.traces.reading.records import RecordReads
from loopgraph.effects.traces.reading.search import TraceSearch
from loopgraph.effects.traces.reading.sessions import SessionReads
from loopgraph.effects.traces.reading.signals import SignalReads
from loopgraph.effects.traces.reading.use_figures import UseReads
from loopgraph.effects.traces.recording.writes import TraceWrites
from loopgraph.effects.transcripts.positions import Positions
from loopgraph.effects.usage.executions import ExecutionReads
from loopgraph.effects.usage.facts import FactReads
from loopgraph.effects.usage.reads import UsageReads
from loopgraph.orchestrators.access.callers import Callers
from loopgraph.orchestrators.access.identity_provider import IdentityProvider
from loopgraph.orchestrators.access.known_tokens import KnownTokens
from loopgraph.orchestrators.access.rate_limits import RateLimits
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.comparing import Comparing
from loopgraph.orchestrators.analytics.exact import Exact
from loopgraph.orchestrators.analytics.ordering import Ordering
from loopgraph.orchestrators.analytics.overviews import Overviews
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.orchestrators.analytics.trends import Trends
from loopgraph.orchestrators.analytics.views import Views
from loopgraph.orchestrators.archive.housekeeping import Housekeeping
from loopgraph.orchestrators.exporting.exports import Exports
from loopgraph.orchestrators.learning.drafts import Keeping
from loopgraph.orchestrators.learning.extraction import Learner
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from loopgraph.orchestrators.learning.replays import Replays
from loopgraph.orchestrators.learning.routing import Routing
from loopgraph.orchestrators.learning.upkeep import Upkeep
from loopgraph.orchestrators.lineage.maps import Maps
from loopgraph.orchestrators.lineage.traversal import Traversals
from loopgraph.orchestrators.live.feeds import event_feed, trace_feed
from loopgraph.orchestrators.live.figures import LiveReckoning
from loopgraph.orchestrators.live.runs import RunFeed
from loopgraph.orchestrators.live.tail import Tail
from loopgraph.orchestrators.live.watches import Watches
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.batches import Batches
from loopgraph.orchestrators.loop.courses import Courses
from loopgraph.orchestrators.loop.distinctions import Distinguishing
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from loopgraph.orchestrators.loop.generating import Generating
from loopgraph.orchestrators.loop.planning import Planning
from loopgraph.orchestrators.loop.prompt_ratings import PromptRatings
from loopgraph.orchestrators.loop.rendering import Renderings
from loopgraph.orchestrators.loop.reported_outcomes import ReportedOutcomes
from loopgraph.orchestrators.loop.retrospection import Retrospecting
from loopgraph.orchestrators.loop.schedules import Schedules
from loopgraph.orchestrators.loop.subjects import Subjects
from loopgraph.orchestrators.loop.user_feedback import UserFeedback
from loopgraph.orchestrators.loop.watching import VersionWatcher
from loopgraph.orchestrators.loop.worker import LoopWorker
from loopgraph.orchestrators.recording.metrics import RecordingMetrics
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.orchestrators.traces.auditing import Auditing
from loopgraph.orchestrators.traces.signals import Signals
from loopgraph.orchestrators.traces.skeletons import Skeletons
from loopgraph.orchestrators.traces.uses import UseLinker
from loopgraph.orchestrators.transcripts.clients import clients_named
from loopgraph.orchestrators.transcripts.following import TranscriptFollower
from loopgraph.reducers.histogram import index_of
from loopgraph.settings import Access, CaptureContent, Settings, default_data_folder

if TYPE_CHECKING:
    from loopgraph.orchestrators.broker.traffic import Traffic

logger = logging.getLogger(__name__)


def build_recorder(
    settings: Settings,
    graph: Graph,
    dead_letters: DeadLetters | None = None,
    auditing: Auditing | None = None,
    prices: PriceList | None = None,
    metrics: RecordingMetrics | None = None,
) -> Recorder:
    """The way of every event into an open graph."""
    return Recorder(
        TraceWrites(graph, prices or price_list(settings), choose),
        Privacy.configured(settings),
        dead_letters,
        batch_events=settings.ingest_batch_events,
        queue_events=settings.ingest_queue_events,
        queue_bytes=settings.ingest_queue_bytes,
        noted=auditing.recorded if auditing else None,
        health=graph.health,
        metrics=metrics,
    )


def build_callers(settings: Settings, graph: Graph) -> Callers:
    """What tells who calls."""
    lasting, trust = timedelta(hours=settings.session_hours), trusted(settings)
    provider = None
    if trust is not None:
        provider = IdentityProvider(ProviderCalls(trust.issuer), trust, browser_client(settings))
    return Callers(KnownTokens(Tokens(graph)), SignIns(graph), lasting, provider)


def build_services(settings: Settings, graph: Graph, metrics: Metrics | None = None) -> Services:
    """The parts of the service on an open graph, which they are counted of in ``metrics``."""
    metrics = metrics or Metrics()
    execution_timeout = timedelta(minutes=settings.execution_timeout_minutes)
    reads, search = LineageReads(graph), TraceSearch(graph)
    prices, assignments, tail = (
        price_list(settings),
        Assignments(graph),
        Tail(graph, settings.live_poll_ms, metrics.state.update_delay.observe),
    )
    criteria = success_criteria(settings)
    judge, analytics, usage = criteria.judge, Analytics(graph), UsageReads(graph)
    rolling = Rolling(graph, judge, settings.usage_attributes, criteria.digest)
    buckets, facts = Buckets(usage, rolling), FactReads(graph, MEASURES, judge)
    exact = Exact(buckets, ExecutionReads(graph), facts, Contributions(index_of, settings.usage_attributes))
    overviews, auditing = Overviews(buckets, reads), Auditing(graph, settings.audit)
    traversals = Traversals(reads, settings.max_traversal_nodes)
    maps = Maps(reads, OutlineReads(graph), settings.max_traversal_nodes)
    events, feedback = Events(graph), FeedbackReads(graph)
    traces, said = TraceReads(graph), UserFeedbackReads(graph)
    privacy, sessions, reported = Privacy.configured(settings), SessionReads(graph), OutcomeReads(graph)
    subjects = Subjects(traces, sessions, reads)
    generating = Generating(graph, generators(settings), privacy.redactor)
    user_feedback = UserFeedback(privacy, subjects, said, UserFeedbackWrites(graph))
    prompts, (wanted, *earlier) = PromptReads(graph), embedders(settings)
    prompt_search = PromptSearch(prompts, wanted, earlier)
    matching = Matching(prompt_search, prompts, weights_of(settings.match_weights))
    worker = LoopWorker(
        graph, settings.loop_poll_ms, execution_timeout, judge, generating, at_once=settings.loop_workers
    )
    metrics.state.subscribers.set_function(lambda: tail.followers)
    metrics.state.runs_in_work.set_function(lambda: worker.at_work)
    metrics.state.worker_looks.set_function(lambda: worker.looks)
    return Services(
        settings=settings,
        graph=graph,
        callers=build_callers(settings, graph) if settings.access is Access.TOKENS else None,
        rate_limits=RateLimits(settings.rate_limit, settings.rate_limit_events, settings.rate_limit_failures),
        lineage=Lineage(graph),
        lineage_reads=reads,
        learned=LearnedReads(graph),
        events=events,
        traversals=traversals,
        maps=maps,
        traces=traces,
        skeletons=Skeletons(traces, ChangeReads(graph)),
        records=RecordReads(graph),
        sessions=sessions,
        search=search,
        tail=tail,
        feed=trace_feed(tail, search),
        event_feed=event_feed(tail, events),
        run_feed=RunFeed(tail, feedback),
        watches=Watches(tail),
        reckoning=LiveReckoning(buckets, overviews, reads),
        failures=FailureReads(graph),
        error_annotations=ErrorAnnotations(graph),
        dependents=DependentReads(graph),
        chains=ChainReads(graph),
        quality=QualityReads(graph),
        standing=StandingReads(graph),
        analytics=analytics,
        recorder=build_recorder(
            settings, graph, DeadLetters(settings.dead_letters), auditing, prices, metrics.recording
        ),
        metrics=metrics,
        backlogs=Backlogs(graph),
        prices=prices,
        feedback=feedback,
        evidence=EvidenceReads(graph),
        feedback_said=said,
        signals=Signals(SignalReads(graph)),
        distinguishing=Distinguishing(UseReads(graph, judge), FactorReads(graph)),
        retrospecting=Retrospecting(graph, judge),
        user_feedback=user_feedback,
        prompt_ratings=PromptRatings(search, said, user_feedback, settings.rate_words),
        outcomes_reported=reported,
        reported_outcomes=ReportedOutcomes(privacy, subjects, reported, OutcomeWrites(graph)),
        loop=FeedbackLoop(graph, execution_timeout, judge, generating),
        courses=Courses(graph, execution_timeout, judge),
        planning=Planning(graph, execution_timeout, judge),
        watch_reads=WatchReads(graph),
        watcher=VersionWatcher(
            graph, settings.loop_poll_ms, watch_rules(settings), settings.rollback, execution_timeout, judge
        ),
        batches=Batches(graph),
        batch_reads=FeedbackBatches(graph),
        schedules=Schedules(graph, settings.loop_poll_ms, worker.poke),
        schedule_reads=FeedbackSchedules(graph),
        loop_health_reads=HealthReads(graph),
        worker=worker,
        assignments=assignments,
        renderings=Renderings(reads, DefinitionReads(graph), assignments),
        auditing=auditing,
        use_linker=UseLinker(graph, choose, settings.loop_poll_ms),
        uses=UseReads(graph, judge),
        rolling=rolling,
        buckets=buckets,
        overviews=overviews,
        ordering=Ordering(buckets, PatternLists(graph, reads)),
        comparing=Comparing(buckets, exact, reads),
        exact=exact,
        views=Views(buckets, analytics),
        trends=Trends(buckets, overviews),
        prompt_search=prompt_search,
        matching=matching,
        replays=Replays(graph, matching, least=settings.replay_at, withheld_share=settings.replay_withheld_share),
        routing=Routing(
            graph,
            matching,
            least=settings.routing_at,
            explore_share=settings.routing_explore_share,
            badly_below=settings.learning_prune_below,
        ),
        upkeep=Upkeep(
            graph,
            matching,
            prompt_search,
            merge_at=settings.learning_merge_at,
            prune_below=settings.learning_prune_below,
            keep=keeping(settings),
        ),
        exports=Exports(TableReads(graph), reads, feedback, traversals, buckets, settings.max_exports),
    )


def keeping(settings: Settings) -> Keeping | None:
    """How prompts are kept by what learns from them; None where they are not."""
    return {
        CaptureContent.NONE: None,
        CaptureContent.REDACTED: Privacy.configured(settings).redactor.redact_text,
        CaptureContent.FULL: str,
    }[settings.capture_content]


def build_learner(services: Services) -> Learner:
    """What learns from the traces of an open graph."""
    settings = services.settings
    judge, merge_at = success_criteria(settings).judge, settings.learning_merge_at
    return Learner(
        services.graph,
        judge,
        keep=keeping(settings),
        closest=services.matching,
        merge_at=merge_at,
        prune_below=settings.learning_prune_below,
    )


def build_traffic(services: Services) -> Traffic | None:
    """The ways to the broker that the settings name; None without one. Raises SetupError for settings that cannot be."""
    settings, metrics = services.settings, services.metrics.broker
    if not settings.kafka_brokers:
        return None
    from loopgraph.effects.broker.connection import Connection  # it needs an extra
    from loopgraph.orchestrators.broker.consuming import Consuming
    from loopgraph.orchestrators.broker.publishing import Publishing
    from loopgraph.orchestrators.broker.traffic import Traffic

    connection, consuming, publishing = Connection(settings), None, None
    if settings.kafka_consume:
        service = Principal(subject=settings.kafka_principal, roles=(Role.SERVICE.value,))
        consuming = Consuming(
            connection,
            settings.kafka_consume,
            settings.kafka_group,
            settings.kafka_start,
            settings.dead_letters_of,
            event_of_message,
            services.recorder,
            service if settings.access is Access.TOKENS else LOCAL,
            metrics,
        )
    if settings.kafka_produce:
        publishing = Publishing(connection, settings.kafka_produce, services.graph, settings.live_poll_ms, metrics)
    return Traffic(consuming, publishing)


def build_housekeeping(services: Services) -> Housekeeping:
    """What keeps the traces of an open graph in order."""
    settings = services.settings
    return Housekeeping(
        services.graph,
        timeout=timedelta(minutes=settings.trace_timeout_minutes) if settings.trace_timeout_minutes else None,
        retention=timedelta(days=settings.retention_days) if settings.retention_days else None,
        archive=settings.archive_folder or default_data_folder() / "archive",
        prune_every=timedelta(hours=settings.retention_every_hours),
        counted=services.rolling.count_all,
    )


def build_follower(services: Services) -> TranscriptFollower:
    """What follows the transcripts that the settings name. Raises SetupError for a client that there is not."""
    settings = services.settings
    return TranscriptFollower(
        clients_named(settings.watch),
        services.recorder,
        Positions(services.graph),
        quiet_for=timedelta(minutes=settings.trace_timeout_minutes) if settings.trace_timeout_minutes else None,
        line_bytes=settings.max_transcript_line_bytes,
        news=lambda client, news: logger.debug("recorded of %s: %s", client.title, news),
    )
