"""Which version a client is to run for a unit of work."""

from __future__ import annotations

from typing import Final

from pydantic import TypeAdapter, ValidationError

from loopgraph.contracts.base import Name
from loopgraph.contracts.lineage.patterns import PatternVersion
from loopgraph.contracts.loop.assignment import assign_among, held_out
from loopgraph.contracts.loop.feedback import Arm, Assignment
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.loop.assignments import AssignmentRecords
from loopgraph.effects.loop.reads import Assignable, FeedbackReads
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
        of one, and for units that its design holds out or whose candidate was dropped, the current version.
        That the unit was assigned is recorded (by its digest), so that a loss of units shows; an
        execution counts by naming the experiment and its unit when it is recorded. White space around a unit is no part of it,
        here as in an execution.
        Raises NotFound for an unknown pattern, InvalidInput for an empty unit or a pattern without a current version.
        """
        unit = _named(unit)
        choice = await self._reads.assignable(pattern_id)
        if choice.current is None:
            raise InvalidInput("patternId", f"{pattern_id} has no current version; activate one first")
        version, experiment_id = choice.current, choice.experiment_id
        if experiment_id is None or held_out(pattern_id, unit, choice.holdout_share):
            return _assignment(pattern_id, unit, version)
        shares = [each.share for each in choice.candidates]
        place = assign_among(
            experiment_id, unit, shares, [n for n, each in enumerate(choice.candidates) if each.dropped]
        )
        arm = Arm.CONTROL if place is None else Arm.TREATMENT
        wanted = version if place is None else choice.candidates[place].version
        # While shares change, or candidates are dropped, a unit keeps the arm that it had at first.
        node_id = wanted.node_id if choice.several and place is not None else None
        propensity = _propensity(choice, place) if choice.adapt else None
        first = await self._records.record(experiment_id, unit, arm, choice.stage, node_id, propensity)
        if first.arm is Arm.CONTROL:
            return _assignment(pattern_id, unit, version, experiment_id, first.arm)
        treated = next(each for each in choice.candidates if first.node_id in (None, each.version.node_id))
        if treated.dropped:  # it has had what no other arm has: from now on it is in none
            return _assignment(pattern_id, unit, version)
        return _assignment(pattern_id, unit, treated.version, experiment_id, first.arm)


def _propensity(choice: Assignable, place: int | None) -> float:
    """The probability that a unit which is assigned now gets this candidate, or without a place the control."""
    shares = [each.share for each in choice.candidates]
    tried = 1.0 - sum(each.share for each in choice.candidates if each.dropped)
    return (1.0 - sum(shares) if place is None else shares[place]) / tried


def _assignment(
    pattern_id: str, unit: str, version: PatternVersion, experiment_id: str | None = None, arm: Arm | None = None
) -> Assignment:
    return Assignment(
        pattern_id=pattern_id,
        unit=unit,
        node_id=version.node_id,
        version=version.version,
        template_code=version.template_code,
        parameters=version.parameters,
        experiment_id=experiment_id,
        arm=arm,
    )


def _named(unit: str) -> str:
    try:
        return _UNIT.validate_python(unit)
    except ValidationError as error:
        raise InvalidInput("unit", f"must have 1 to {MAX_UNIT} characters") from error
