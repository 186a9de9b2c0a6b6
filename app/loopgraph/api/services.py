"""The parts of the running service, as the doors know them."""

from __future__ import annotations

from dataclasses import dataclass

from loopgraph.computes.pricing.price_list import PriceList
from loopgraph.effects.analytics.chains import ChainReads
from loopgraph.effects.analytics.dependents import DependentReads
from loopgraph.effects.analytics.failures import ErrorAnnotations, FailureReads
from loopgraph.effects.analytics.quality import QualityReads
from loopgraph.effects.analytics.standing import StandingReads
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.audit import Events
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.effects.loop.evidence import EvidenceReads
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.effects.traces.analytics import Analytics
from loopgraph.effects.traces.reads import TraceReads
from loopgraph.effects.traces.records import RecordReads
from loopgraph.effects.traces.search import TraceSearch
from loopgraph.effects.traces.sessions import SessionReads
from loopgraph.effects.traces.use_figures import UseReads
from loopgraph.orchestrators.analytics.buckets import Buckets
from loopgraph.orchestrators.analytics.comparing import Comparing
from loopgraph.orchestrators.analytics.overviews import Overviews
from loopgraph.orchestrators.analytics.rolling import Rolling
from loopgraph.orchestrators.analytics.trends import Trends
from loopgraph.orchestrators.analytics.views import Views
from loopgraph.orchestrators.lineage.traversal import Traversals
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.feedback_loop import FeedbackLoop
from loopgraph.orchestrators.loop.rendering import Renderings
from loopgraph.orchestrators.loop.worker import LoopWorker
from loopgraph.orchestrators.recording.feed import TraceFeed
from loopgraph.orchestrators.recording.recorder import Recorder
from loopgraph.orchestrators.traces.uses import UseLinker
from loopgraph.settings import Settings


@dataclass(frozen=True)
class Services:
    """The parts of the running service, made once by ``main.create_app``."""

    settings: Settings
    graph: Graph
    lineage: Lineage
    lineage_reads: LineageReads
    events: Events
    traversals: Traversals
    traces: TraceReads
    records: RecordReads
    sessions: SessionReads
    search: TraceSearch
    feed: TraceFeed
    analytics: Analytics
    failures: FailureReads
    error_annotations: ErrorAnnotations
    dependents: DependentReads
    chains: ChainReads
    quality: QualityReads
    standing: StandingReads
    prices: PriceList
    recorder: Recorder
    feedback: FeedbackReads
    evidence: EvidenceReads
    loop: FeedbackLoop
    worker: LoopWorker
    assignments: Assignments
    renderings: Renderings
    use_linker: UseLinker
    uses: UseReads
    rolling: Rolling
    buckets: Buckets
    overviews: Overviews
    comparing: Comparing
    views: Views
    trends: Trends
