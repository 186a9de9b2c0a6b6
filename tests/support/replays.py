"""Plans of learned patterns in the graph, and traces that were offered them."""

from __future__ import annotations

from datetime import datetime

from loopgraph.computes.learning.matches.withholding import draw
from loopgraph.computes.learning.plans.following import Step, followed
from loopgraph.contracts.learning.matching import MatchScore
from loopgraph.contracts.learning.plans import Performance, Plan, PlanStep, Range, StepKind
from loopgraph.contracts.learning.replays import Offer, ReplayOutcome
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.offers import OfferLog, Settlement
from support.learned import Learned
from support.traces import statement

ONE = Range(median=1, least=1, most=1)
SCORE = MatchScore(
    total=0.9, semantic=0.9, keyword=0.8, intent=1.0, context=0.5, historical=0.75, explanation="the same words"
)


def plan(*names: str, duration_ms: float = 1_000, agent: str = "fixer") -> Plan:
    """A plan of tools."""
    took = Range(median=duration_ms, least=duration_ms / 2, most=duration_ms * 2)
    return Plan(
        agent=agent,
        steps=tuple(
            PlanStep(position=at, kind=StepKind.TOOL, name=name, times=ONE, support=3) for at, name in enumerate(names)
        ),
        performance=Performance(duration_ms=took, steps=ONE, endpoint_calls=ONE, rag_queries=ONE),
    )


async def set_plan(graph: Graph, one: Learned, its: Plan) -> None:
    """The text of the version in use of a learned pattern is this plan."""
    text = "MATCH (v:PatternVersion {node_id: $id}) SET v.template_code = $plan RETURN v.node_id AS id"
    assert await statement(graph, text, id=one.node_id, plan=its.model_dump_json())


def offer_of(
    correlation_id: str, one: Learned, *, at: datetime | None = None, unit: str | None = None, share: float = 0.2
) -> Offer:
    """The offer of a learned pattern's plan to a trace, as chance has it for a unit."""
    drawn = draw(unit or new_id(), share)
    return Offer(
        correlation_id=correlation_id, session_id=None, pattern_id=one.pattern_id, node_id=one.node_id, version=1,
        at=at or now(), unit=drawn.unit, score=SCORE, withheld=drawn.withheld, propensity=drawn.propensity,
    )  # fmt: skip


async def offered(graph: Graph, correlation_id: str, one: Learned) -> None:
    """A trace that was offered a plan and followed it, but for a step."""
    log = OfferLog(graph)
    await log.offer(offer_of(correlation_id, one, share=0.0))
    following = followed([Step("a", "a"), Step("b", "b")], [Step("a", "a")], 100.0, 150.0)
    await log.settle(Settlement(correlation_id, ReplayOutcome.SUCCESS, True, following, 150.0, True, now()))
