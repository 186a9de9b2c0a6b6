"""Which version a client is to run for a unit of work."""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter, ValidationError

from loopgraph.contracts.assignment import assign
from loopgraph.contracts.base import Name
from loopgraph.contracts.feedback import Arm, Assignment
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.assignments import AssignmentRecords
from loopgraph.effects.loop.reads import FeedbackReads
from loopgraph.errors import InvalidInput

MAX_UNIT = 255

_UNIT: Final[TypeAdapter[str]] = TypeAdapter(Name)
"""As an execution names it: an arm is told by a hash, so a unit must be the same text in both places."""


class Assignments:
    """Assigns units of work to versions."""

    def __init__(self, graph: Graph) -> None:
        self._reads = FeedbackReads(graph)
        self._records = AssignmentRecords(graph)

    async def assign_variant(self, pattern_id: str, unit: str) -> Assignment:
        """The version to run for a unit (a user, a session, a task: whatever should see one arm only).

        While an experiment is open on the pattern, its arm by a hash of experiment and unit, the same at every call; outside
        of one, the current version. That the unit was assigned is recorded (by its digest), so that a loss of units shows; an
        execution counts by naming the experiment and its unit when it is recorded. White space around a unit is no part of it,
        here as in an execution.
        Raises NotFound for an unknown pattern, InvalidInput for an empty unit or a pattern without a current version.
        """
        unit = _named(unit)
        choice = await self._reads.assignable(pattern_id)
        if choice.current is None:
            raise InvalidInput("patternId", f"{pattern_id} has no current version; activate one first")
        version, arm = choice.current, None
        if choice.experiment_id is not None and choice.treatment is not None:
            arm = assign(choice.experiment_id, unit)
            version = choice.treatment if arm is Arm.TREATMENT else choice.current
            await self._records.record(choice.experiment_id, unit, arm)
        return Assignment(
            pattern_id=pattern_id,
            unit=unit,
            node_id=version.node_id,
            version=version.version,
            template_code=version.template_code,
            parameters=version.parameters,
            experiment_id=choice.experiment_id,
            arm=arm,
        )


def _named(unit: str) -> str:
    try:
        return _UNIT.validate_python(unit)
    except ValidationError as error:
        raise InvalidInput("unit", f"must have 1 to {MAX_UNIT} characters") from error
