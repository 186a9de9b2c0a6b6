"""Learned patterns in the graph, as the learner writes them: with a pattern, a version in use, and the prompts they are from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from loopgraph.computes.learning.requests.prompts import features_of
from loopgraph.contracts.learning.plans import PLAN, LearnedPattern, Standing
from loopgraph.contracts.lineage.patterns import EvolutionType, Pattern, PatternStatus, PatternVersion
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.transaction import Row
from loopgraph.effects.lineage import mapping

_PATTERNS = """
UNWIND $rows AS row
CREATE (p:Pattern)
SET p = row.pattern
CREATE (v:PatternVersion)
SET v = row.version
CREATE (p)-[:HAS_VERSION]->(v)
CREATE (p)-[:CURRENT_VERSION]->(v)
CREATE (l:LearnedPattern)
SET l = row.learned, l.revision = 1, l.updated_at = row.at
CREATE (l)-[:DESCRIBES]->(p)
WITH row, l
UNWIND row.prompts AS prompt
CREATE (x:Exemplar)
SET x = prompt
CREATE (x)-[:EXEMPLIFIES]->(l)
RETURN count(x) AS made
"""
_PROMPTS = """
UNWIND $rows AS row
MATCH (l:LearnedPattern {pattern_id: row.pattern_id})
CREATE (x:Exemplar)
SET x = row
CREATE (x)-[:EXEMPLIFIES]->(l)
RETURN count(x) AS made
"""
_CHANGE = """
MATCH (l:LearnedPattern {pattern_id: $pattern_id})
SET l += $values, l.revision = l.revision + 1, l.updated_at = $at
RETURN count(l) AS changed
"""
_RETIRE = """
MATCH (l:LearnedPattern)
WHERE l.standing <> 'pruned'
SET l.standing = 'pruned', l.revision = l.revision + 1, l.updated_at = $at
RETURN count(l) AS retired
"""
_FORGET = "MATCH (x:Exemplar {exemplar_id: $exemplar_id}) DETACH DELETE x RETURN count(x) AS gone"
_TEACH = """
MATCH (t:Trace {correlation_id: $correlation_id})
MATCH (l:LearnedPattern {pattern_id: $pattern_id})
CREATE (t)-[:TAUGHT {role: 'success', at: $at}]->(l)
RETURN count(l) AS taught
"""


@dataclass
class Learned:
    """A learned pattern that is to be there."""

    prompts: Sequence[str]
    pattern_id: str = field(default_factory=new_id)
    node_id: str = field(default_factory=new_id)
    successes: int = 3
    failures: int = 1
    project: str | None = None
    domain: str | None = None
    agent: str | None = None
    standing: Standing = Standing.ACTIVE
    exemplar_ids: list[str] = field(default_factory=list)


async def learn(graph: Graph, *patterns: Learned) -> None:
    """Writes learned patterns, with the features of their first prompts. In one statement, as the learner does in one
    transaction: a service that looks meanwhile sees a pattern with its prompts or not at all."""
    at = now() - timedelta(milliseconds=1)
    rows = [_pattern(one, at) | {"prompts": [_prompt(one, text) for text in one.prompts]} for one in patterns]
    await graph.run_alone(_PATTERNS, {"rows": rows})


def _pattern(one: Learned, at: datetime) -> Row:
    features = features_of(one.prompts[0])
    learned = LearnedPattern(
        pattern_id=one.pattern_id,
        name=one.prompts[0][:60],
        node_id=one.node_id,
        version=1,
        standing=one.standing,
        intent=features.intent,
        action=features.action,
        keywords=features.keywords,
        project=one.project,
        domain=one.domain,
        agent=one.agent,
        successes=one.successes,
        failures=one.failures,
    ).model_dump(mode="json", exclude={"node_id", "version"}, exclude_none=True)
    made: dict[str, Any] = {"created_at": at, "updated_at": at, "created_by": "learner"}
    pattern = Pattern(pattern_id=one.pattern_id, name=learned["name"], pattern_type=PLAN, latest_version=1, **made)
    version = PatternVersion(
        node_id=one.node_id,
        pattern_id=one.pattern_id,
        version=1,
        pattern_name=learned["name"],
        pattern_type=PLAN,
        status=PatternStatus.ACTIVE,
        evolution_type=EvolutionType.REFINEMENT,
        template_code="{}",
        template_hash=hashlib.sha256(b"{}").hexdigest(),
        **made,
    )
    return {
        "pattern": mapping.pattern_properties(pattern, one.pattern_id),
        "version": mapping.version_properties(version, one.node_id),
        "at": at,
        "learned": {**learned, "keywords": list(features.keywords)},
    }


async def add_prompts(graph: Graph, prompts: Iterable[tuple[Learned, str]]) -> None:
    """Adds prompts to learned patterns. Who follows them is told only when the patterns are changed."""
    await graph.run_alone(_PROMPTS, {"rows": [_prompt(one, text) for one, text in prompts]})


def _prompt(one: Learned, text: str) -> Row:
    features = features_of(text)
    one.exemplar_ids.append(new_id())
    return {
        "exemplar_id": one.exemplar_ids[-1],
        "pattern_id": one.pattern_id,
        "text": text,
        "text_digest": hashlib.sha256(text.encode()).hexdigest()[:32],
        "intent": features.intent,
        "action": features.action,
        "keywords": list(features.keywords),
    }


async def change(graph: Graph, one: Learned, **values: object) -> None:
    """Changes what is kept of a learned pattern."""
    await graph.run_alone(_CHANGE, {"pattern_id": one.pattern_id, "values": values, "at": now()})


async def retire_all(graph: Graph) -> None:
    """Of what is learned so far nothing is matched any more: other tests share the graph, and their prompts are alike."""
    await graph.run_alone(_RETIRE, {"at": now()})


async def forget(graph: Graph, exemplar_id: str) -> None:
    """Takes a prompt away."""
    await graph.run_alone(_FORGET, {"exemplar_id": exemplar_id})


async def teach(graph: Graph, correlation_id: str, one: Learned) -> None:
    """Draws that a trace taught a pattern."""
    await graph.run_alone(_TEACH, {"correlation_id": correlation_id, "pattern_id": one.pattern_id, "at": now()})
