"""Outcomes that others report: it is looked at what they are about, they are cleaned, and kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from loopgraph.computes.privacy.policy import Privacy
from loopgraph.contracts.audit import EventType, Origin
from loopgraph.contracts.base import Principal
from loopgraph.contracts.lineage.changes import request_hash
from loopgraph.contracts.loop.reported_outcomes import NewOutcome, OutcomeSummary, ReportedOutcome
from loopgraph.effects.clock import new_id, now
from loopgraph.effects.lineage.audit import make_event
from loopgraph.effects.loop.reported_outcomes import OutcomeReads, OutcomeWrites
from loopgraph.errors import InvalidInput, NotFound
from loopgraph.orchestrators.loop.subjects import Subjects
from loopgraph.reducers.reported_outcomes import summary_of

_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD: Final = timedelta(days=1)
"""So far may the clock of who reports be ahead."""


class ReportedOutcomes:
    """Takes outcomes that others report, and says what they come to."""

    def __init__(
        self,
        privacy: Privacy,
        subjects: Subjects,
        reads: OutcomeReads,
        writes: OutcomeWrites,
    ) -> None:
        self._privacy = privacy
        self._subjects = subjects
        self._reads = reads
        self._writes = writes

    async def report(
        self, new: NewOutcome, origin: Origin, principal: Principal | None
    ) -> tuple[ReportedOutcome, bool]:
        """The outcome as it is kept, and whether it had been there already: the same with the same id changes nothing.

        A later one of the same source and name about the same thing counts in its place; this one stays as what was said before.
        Its content is kept as that of traces is. Raises NotFound for something that there is not, or that the principal may not
        see; Conflict for an id that another outcome has; InvalidInput for a time before 1970, or more than a day from now, which
        could not be corrected.
        """
        clean = self._privacy.clean(new)
        hash_ = request_hash(clean)
        if new.outcome_id and (earlier := await self._writes.known(new.outcome_id, hash_)):
            return earlier, True  # whatever has become of what it is about
        at = now()
        if clean.at is not None and not _EARLIEST <= clean.at <= at + _AHEAD:
            raise InvalidInput("input.at", f"must be from 1970 to a day from now, not {clean.at.isoformat()}")
        about = await self._subjects.named(
            principal,
            execution_id=clean.execution_id,
            correlation_id=clean.correlation_id,
            session_id=clean.session_id,
            node_id=clean.node_id,
        )
        if clean.node_id is not None and clean.unit is not None:
            may = await self._reads.may_report(
                clean.node_id, clean.unit, source=clean.source, name=clean.name, principal=principal
            )
            if not may:  # nor is it told whether there is such a unit
                raise NotFound("Unit", clean.unit)
        value = clean.value if clean.value is not None else float(bool(clean.holds))
        outcome = ReportedOutcome(
            **clean.model_dump(exclude={"outcome_id", "value", "at"}),
            outcome_id=new.outcome_id or new_id(),
            value=value,
            at=clean.at or at,
            reported_at=at,
            actor_type=origin.actor_type,
            created_by=origin.actor_id,
        )
        data = {"outcome_id": outcome.outcome_id, "name": outcome.name, "source": outcome.source, "value": value}
        if outcome.execution_id or outcome.session_id:
            data |= (
                {"execution_id": outcome.execution_id} if outcome.execution_id else {"session_id": outcome.session_id}
            )
        event = make_event(
            EventType.OUTCOME_REPORTED,
            origin.model_copy(update={"correlation_id": about.correlation_id or origin.correlation_id}),
            pattern_id=about.pattern_id,
            node_id=about.node_id,
            data=data,
        )
        return await self._writes.add(about.label, outcome, hash_, event)

    async def of_versions(self, node_ids: Sequence[str], principal: Principal | None) -> dict[str, OutcomeSummary]:
        """What the outcomes that count come to, by version."""
        found = await self._reads.units_alike(node_ids, principal)
        return {id_: summary_of(rows) for id_, rows in found.items()}
