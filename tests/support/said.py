"""What takes feedback and outcomes, as the service has it."""

from __future__ import annotations

from loopgraph.computes.privacy.policy import Privacy
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.loop.reported_outcomes import OutcomeReads, OutcomeWrites
from loopgraph.effects.loop.user_feedback import UserFeedbackReads, UserFeedbackWrites
from loopgraph.effects.traces.reading.reads import TraceReads
from loopgraph.effects.traces.reading.sessions import SessionReads
from loopgraph.orchestrators.loop.reported_outcomes import ReportedOutcomes
from loopgraph.orchestrators.loop.subjects import Subjects
from loopgraph.orchestrators.loop.user_feedback import UserFeedback


def taking_feedback(graph: Graph, privacy: Privacy | None = None) -> UserFeedback:
    """Takes feedback."""
    return UserFeedback(privacy or Privacy(), _subjects(graph), UserFeedbackReads(graph), UserFeedbackWrites(graph))


def taking_outcomes(graph: Graph) -> ReportedOutcomes:
    """Takes outcomes that others report."""
    return ReportedOutcomes(Privacy(), _subjects(graph), OutcomeReads(graph), OutcomeWrites(graph))


def _subjects(graph: Graph) -> Subjects:
    return Subjects(TraceReads(graph), SessionReads(graph), LineageReads(graph))
