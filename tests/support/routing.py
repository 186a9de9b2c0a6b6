"""Agents that were recommended for traces."""

from __future__ import annotations

from typing import Any

from loopgraph.contracts.learning.replays import ReplayOutcome
from loopgraph.contracts.learning.routing import LoggedRecommendation, RoutingStrategy
from loopgraph.contracts.loop.assignment import unit_digest
from loopgraph.contracts.traces.events import RoutingDecided, TraceEvent
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.recommendations import Outcome, RecommendationLog
from support import learning


def somewhere() -> str:
    """A project that no other test has."""
    return f"/src/{learning.word()}"


def by(agent: str | None, prompt: str, project: str, *, success: bool = True, **more: Any) -> list[TraceEvent]:
    """A prompt that an agent was chosen for."""
    events = learning.told(prompt, project=project, success=success, failing=() if success else (2,), **more)
    if agent is not None:
        id_ = events[0].correlation_id
        events.insert(1, RoutingDecided(correlation_id=id_, selected_agent=agent, routing_strategy="own"))
    return events


async def history(graph: Graph, project: str, **runs: tuple[int, int]) -> list[str]:
    """Runs of agents on fixes in a project, (successes, failures) of each, that are learned from."""
    thing = learning.word()
    stories = [
        by(agent, f"fix the {thing}", project, success=success)
        for agent, (successes, failures) in runs.items()
        for success in [True] * successes + [False] * failures
    ]
    ids = await learning.tell(graph, *stories)
    await learning.learn(learning.learner(graph), ids)
    return ids


def recommendation_of(correlation_id: str, **other: Any) -> LoggedRecommendation:
    """An agent that was recommended for a trace."""
    told: dict[str, Any] = {
        "correlation_id": correlation_id, "session_id": None, "at": now(), "unit": unit_digest(correlation_id), "agent": "fixer",
        "strategy": RoutingStrategy.LEARNED_PATTERN, "propensity": 0.9, "explore_share": 0.2, "action": "fix", "project": "shop",
        "pattern_id": "fixing", "pattern_agent": "fixer", "historical_agent": "tester", "candidates": ("fixer", "tester"),
    }  # fmt: skip
    return LoggedRecommendation(**{**told, **other})


async def recommended(graph: Graph, correlation_id: str) -> None:
    """An agent was recommended for a trace, and did it."""
    log = RecommendationLog(graph)
    await log.log(recommendation_of(correlation_id))
    await log.settle(Outcome(correlation_id, ReplayOutcome.SUCCESS, "fixer", True, now()))
