"""What the success of other patterns teaches."""

from __future__ import annotations

from typing import Final

from loopgraph.assets import query
from loopgraph.contracts.loop.proposals import Lesson
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop import mapping

_LESSONS = query("feedback/lessons")

MOST: Final = 100


class LessonReads:
    """Reads it."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    async def of_others(self, pattern_id: str, pattern_type: str) -> list[Lesson]:
        """The changes of parameters that were applied to other patterns of a type after an experiment, and are in use: the newest
        hundred, the newest first.

        Those that change the text, too, or that add or take away a parameter, teach nothing by themselves.
        """
        rows = await self._graph.read(_LESSONS, pattern_id=pattern_id, pattern_type=pattern_type, limit=MOST)
        lessons = []
        for row in rows:
            improvement, decision = mapping.improvement(row["improvement"]), mapping.decision(row["decision"])
            changes = improvement.proposed_changes
            values = changes.get("parameters", {})
            gain = decision.result.performance_delta if decision.result else None
            if (
                gain is None
                or "template_hash" in changes
                or not all({"from", "to"} <= pair.keys() for pair in values.values())
            ):
                continue
            lessons.append(
                Lesson(
                    pattern_id=improvement.pattern_id,
                    pattern_name=row["pattern_name"],
                    node_id=improvement.candidate_node_id,
                    improvement_id=improvement.improvement_id,
                    decision_id=decision.decision_id,
                    improvement_type=improvement.improvement_type,
                    changes={name: (pair["from"], pair["to"]) for name, pair in values.items()},
                    performance_delta=gain,
                )
            )
        return lessons
