"""The parts of the running service, as the doors know them."""

from __future__ import annotations

from dataclasses import dataclass

from loopgraph.api.metrics import Metrics
from loopgraph.computes.pricing.price_list import PriceList
from loopgraph.effects.analytics.chains import ChainReads
from loopgraph.effects.analytics.dependents import DependentReads
from loopgraph.effects.analytics.failures import ErrorAnnotations, FailureReads
from loopgraph.effects.analytics.quality import QualityReads
from loopgraph.effects.analytics.standing import StandingReads
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.patterns import LearnedReads
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.loop.backlogs import Backlogs
from loopgraph.effects.loop.batches import FeedbackBatches
from loopgraph.effects.loop.evidence import EvidenceReads
from loopgraph.effects.loop.health import HealthReads
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.effects.loop.reported_outcomes import OutcomeReads
from loopgraph.effects.loop.schedules import FeedbackSchedules
from loopgraph.effects.loop.user_feedback import UserFeedbackReads
from loopgraph.effects.loop.watches import WatchReads
from loopgraph.effects.traces.reading.analytics import Analytics
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.effects.traces.reading.records import RecordReads
from loopgraph.effects.traces.reading.search import TraceSearch
from loopgraph.effects.traces.reading.sessions import SessionReads
from loopgraph.effects.traces.reading.use_figures import UseReads
from loopgraph.orchestrators.access.callers import Callers
from loopgraph.orchestrators.access.rate_limits import RateLimits
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.comparing import Comparing
from loopgraph.orchestrators.analytics.exact import Exact
from loopgraph.orchestrators.analytics.ordering import Ordering
from loopgraph.orchestrators.analytics.overviews import Overviews
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.orchestrators.analytics.trends import Trends
from loopgraph.orchestrators.analytics.views import Views
from loopgraph.orchestrators.exporting.exports import Exports
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from loopgraph.orchestrators.learning.replays import Replays
from loopgraph.orchestrators.learning.routing import Routing
from loopgraph.orchestrators.learning.upkeep import Upkeep
from loopgraph.orchestrators.lineage.maps import Maps
from loopgraph.orchestrators.lineage.traversal import Traversals
from loopgraph.orchestrators.live.feeds import EventFeed, TraceFeed
from loopgraph.orchestrators.live.figures import LiveReckoning
from loopgraph.orchestrators.live.runs import RunFeed
from loopgraph.orchestrators.live.tail import Tail
from loopgraph.orchestrators.live.watches import Watches
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.batches import Batches
from loopgraph.orchestrators.loop.courses import Courses
from loopgraph.orchestrators.loop.distinctions import Distinguishing
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from loopgraph.orchestrators.loop.planning import Planning
from loopgraph.orchestrators.loop.prompt_ratings import PromptRatings
from loopgraph.orchestrators.loop.rendering import Renderings
from loopgraph.orchestrators.loop.reported_outcomes import ReportedOutcomes
from loopgraph.orchestrators.loop.retrospection import Retrospecting
from loopgraph.orchestrators.loop.schedules import Schedules
from loopgraph.orchestrators.loop.user_feedback import UserFeedback
from loopgraph.orchestrators.loop.watching import VersionWatcher
from loopgraph.orchestrators.loop.worker import LoopWorker
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.orchestrators.traces.auditing import Auditing
from loopgraph.orchestrators.traces.signals import Signals
from loopgraph.orchestrators.traces.skeletons import Skeletons
from loopgraph.orchestrators.traces.uses import UseLinker
from loopgraph.settings import Settings


@dataclass(frozen=True)
class Services:
    """The parts of the running service, made once by ``main.create_app``."""

    settings: Settings
    graph: Graph
    callers: Callers | None
    """None where nobody is told apart."""

    rate_limits: RateLimits
    lineage: Lineage
    lineage_reads: LineageReads
    learned: LearnedReads
    events: Events
    traversals: Traversals
    maps: Maps
    traces: TraceReads
    skeletons: Skeletons
    records: RecordReads
    sessions: SessionReads
    search: TraceSearch
    tail: Tail
    feed: TraceFeed
    event_feed: EventFeed
    run_feed: RunFeed
    watches: Watches
    reckoning: LiveReckoning
    analytics: Analytics
    failures: FailureReads
    error_annotations: ErrorAnnotations
    dependents: DependentReads
    chains: ChainReads
    quality: QualityReads
    standing: StandingReads
    prices: PriceList
    recorder: Recorder
    metrics: Metrics
    backlogs: Backlogs
    feedback: FeedbackReads
    evidence: EvidenceReads
    feedback_said: UserFeedbackReads
    user_feedback: UserFeedback
    prompt_ratings: PromptRatings
    signals: Signals
    distinguishing: Distinguishing
    retrospecting: Retrospecting
    outcomes_reported: OutcomeReads
    reported_outcomes: ReportedOutcomes
    loop: FeedbackLoop
    courses: Courses
    planning: Planning
    batches: Batches
    batch_reads: FeedbackBatches
    schedules: Schedules
    schedule_reads: FeedbackSchedules
    loop_health_reads: HealthReads
    worker: LoopWorker
    watch_reads: WatchReads
    watcher: VersionWatcher
    assignments: Assignments
    renderings: Renderings
    auditing: Auditing
    use_linker: UseLinker
    uses: UseReads
    rolling: Rolling
    buckets: Buckets
    overviews: Overviews
    ordering: Ordering
    comparing: Comparing
    exact: Exact
    views: Views
    trends: Trends
    exports: Exports
    prompt_search: PromptSearch
    matching: Matching
    replays: Replays
    routing: Routing
    upkeep: Upkeep
