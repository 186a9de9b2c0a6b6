"""Lineages as they grow, to be drawn as maps: patterns that are refined, forked and merged by chance, but always the same way."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.lineage.changes import ImportedVersion, NewPattern, NewVersion, ParentLink
from loopgraph.contracts.lineage.patterns import RelationshipType
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.imports import LineageImport
from loopgraph.effects.lineage.writes import Lineage

NAMES = ("review", "tests", "release", "parser", "notes", "schema", "deploy", "triage", "search", "style")
TEXT = "Do it.\n"
BATCH = 1_000
ORIGIN = Origin(actor_type=ActorType.USER, actor_id="tester", correlation_id="test-console-families")


async def family(graph: Graph, versions: int, patterns: int, *, alone: int = 0, seed: int = 1, text: str = TEXT) -> str:
    """Makes so many versions of so many patterns that hang together, and some that stand ``alone``; the id of the first one."""
    new = [*_versions(versions, patterns, alone, random.Random(seed), text)]
    for begin in range(0, len(new), BATCH):
        await LineageImport(graph).add(new[begin : begin + BATCH], ORIGIN)
    for newest in {one.pattern_id: one for one in new if one.version.activate}.values():
        await Lineage(graph).make_current(str(newest.version.node_id), ORIGIN)
    return new[0].pattern_id


def _versions(count: int, patterns: int, alone: int, chance: random.Random, text: str) -> Iterator[ImportedVersion]:
    made: list[tuple[NewPattern, list[str]]] = []
    begin = now() - timedelta(hours=6 * count)
    for number in range(count):
        node_id = new_id()
        if len(made) * count <= number * patterns and len(made) < patterns:
            links = [_link(chance, made, RelationshipType.FORKED_FROM)] if made else []
            pattern, own = _pattern(chance, len(made)), [node_id]
            made.append((pattern, own))
        else:
            pattern, own = chance.choice(made[-12:])
            kind = chance.choice(
                [RelationshipType.REFINED_FROM] * 6 + [RelationshipType.DERIVED_FROM, RelationshipType.IMPROVED_VERSION]
            )
            links = [ParentLink(node_id=own[-1], relationship_type=kind)]
            if len(made) > 1 and chance.random() < 0.1:
                links.append(
                    _link(chance, made, chance.choice([RelationshipType.MERGED_INTO, RelationshipType.RELATED_TO]))
                )
            own.append(node_id)
        links = list({link.node_id: link for link in links}.values())
        version = NewVersion(
            node_id=node_id,
            parents=tuple(links),
            template_code=text,
            activate=chance.random() < 0.9,
            created_at=begin + timedelta(hours=6 * number),
        )
        yield ImportedVersion(pattern=pattern, version=version)
    for number in range(alone):
        yield ImportedVersion(
            pattern=_pattern(chance, number), version=NewVersion(node_id=new_id(), parents=(), template_code=text)
        )


def _pattern(chance: random.Random, number: int) -> NewPattern:
    kind = chance.choice(["skill", "skill", "command", "subagent"])
    return NewPattern(pattern_id=new_id(), name=f"{chance.choice(NAMES)}-{number + 1}", pattern_type=kind)


def _link(chance: random.Random, made: list[tuple[NewPattern, list[str]]], kind: RelationshipType) -> ParentLink:
    """A link to the newest version of a pattern, of those that were made lately."""
    return ParentLink(node_id=chance.choice(made[-20:])[1][-1], relationship_type=kind)
