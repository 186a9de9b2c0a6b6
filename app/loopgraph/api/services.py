"""The parts of the running service, as the doors know them."""

from __future__ import annotations

from dataclasses import dataclass

from loopgraph.effects.analytics import Analytics
from loopgraph.effects.events import Events
from loopgraph.effects.evidence import EvidenceReads
from loopgraph.effects.feedback_reads import FeedbackReads
from loopgraph.effects.graph import Graph
from loopgraph.effects.lineage import Lineage
from loopgraph.effects.lineage_reads import LineageReads
from loopgraph.effects.session_reads import SessionReads
from loopgraph.effects.trace_search import TraceSearch
from loopgraph.effects.traces import Traces
from loopgraph.orchestrators.assignment import Assignments
from loopgraph.orchestrators.feedback_loop import FeedbackLoop
from loopgraph.orchestrators.loop_worker import LoopWorker
from loopgraph.orchestrators.recorder import Recorder
from loopgraph.orchestrators.trace_feed import TraceFeed
from loopgraph.orchestrators.traversal import Traversals
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
    traces: Traces
    sessions: SessionReads
    search: TraceSearch
    feed: TraceFeed
    analytics: Analytics
    recorder: Recorder
    feedback: FeedbackReads
    evidence: EvidenceReads
    loop: FeedbackLoop
    worker: LoopWorker
    assignments: Assignments
