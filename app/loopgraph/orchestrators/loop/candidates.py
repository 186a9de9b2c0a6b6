"""The candidates of an optimizer become drafts of a pattern, with their lineage, and the best of them improvements."""

from __future__ import annotations

from dataclasses import dataclass

from loopgraph.computes.lineage.optimizers import best_candidates, lineage_of
from loopgraph.computes.loop.proposing.risk import assess
from loopgraph.contracts.audit import Origin
from loopgraph.contracts.lineage.changes import Imported
from loopgraph.contracts.lineage.optimizers import CandidateGraph
from loopgraph.contracts.loop.feedback import Improvement, ImprovementType
from loopgraph.contracts.loop.proposals import ProposedVersion
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.imports import LineageImport
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.loop.improvements import Improvements
from loopgraph.errors import Conflict, NotFound

_BATCH = 200


@dataclass(frozen=True)
class ImportedCandidates:
    """What was new, the improvements that are proposed, and why a candidate is not."""

    made: Imported
    improvements: tuple[Improvement, ...]
    left_out: tuple[str, ...]


class CandidateImport:
    """Imports graphs of candidates. What is there already is left as it is, so an import may be repeated."""

    def __init__(self, graph: Graph) -> None:
        self._reads = LineageReads(graph)
        self._history = LineageImport(graph)
        self._improvements = Improvements(graph, assess)

    async def add(
        self, graph: CandidateGraph, pattern_id: str, improvement_type: ImprovementType, count: int, origin: Origin
    ) -> ImportedCandidates:
        """Makes the candidates drafts of a pattern, and proposes the best ``count`` that did better than the first.

        Raises NotFound for an unknown pattern, InvalidInput for one without a version in use if any is to be proposed.
        """
        pattern = (await self._reads.patterns([pattern_id])).get(pattern_id)
        if pattern is None:
            raise NotFound("Pattern", pattern_id)
        in_use = pattern.current_node_id
        current = (await self._reads.versions([in_use]))[in_use] if in_use else None
        lineage = lineage_of(graph, pattern, current)
        made = Imported()
        for start in range(0, len(lineage.versions), _BATCH):
            new = await self._history.add(lineage.versions[start : start + _BATCH], origin)
            made = Imported(
                patterns=made.patterns + new.patterns,
                versions=made.versions + new.versions,
                edges=made.edges + new.edges,
            )
        improvements, left_out = list[Improvement](), list[str]()
        seed = graph.candidates[0].score
        for position in best_candidates(graph, lineage, count):
            candidate, node_id = graph.candidates[position], lineage.node_ids[position]
            proposed = ProposedVersion(
                improvement_id=f"{node_id}:improvement",
                node_id=node_id,
                improvement_type=improvement_type,
                source=graph.optimizer,
                description=f"candidate {position} of {graph.optimizer}: its mean score on the optimizer's examples is "
                f"{candidate.score:.4g}, that of the first {seed:.4g}",
                expected_delta=(candidate.score - seed) / seed if seed > 0 else None,
                evidence={
                    "candidate": position,
                    "score": candidate.score,
                    "first_score": seed,
                    "best_on": candidate.best_on,
                },
            )
            try:
                improvements.append(await self._improvements.propose_version(proposed, origin))
            except Conflict as refusal:
                left_out.append(f"candidate {position}: {refusal}")
        return ImportedCandidates(made, tuple(improvements), tuple(left_out))
