"""Uses as executions of experiments: those by sessions that were assigned to an arm, as skills that fetch their text are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.lineage.definitions import VersionBasis
from loopgraph.contracts.loop.assignment import unit_digest
from loopgraph.contracts.loop.design import EVEN
from loopgraph.contracts.loop.feedback import Arm
from loopgraph.contracts.traces.uses import Conclusion, Use
from loopgraph.effects.graph.transaction import Transaction

_EXPERIMENTS_OF_UNITS = query("uses/experiments_of_units")


_CLOCKS_APART = timedelta(minutes=1)
"""So far the clock of whoever told of a use may be behind ours, by which sessions are assigned."""


async def assigned_experiments(
    tx: Transaction, uses: Sequence[Use], concluded: Mapping[str, Conclusion]
) -> dict[str, dict[str, Any]]:
    """What the experiment of a use says of it, by execution id, for each use whose session was assigned in one that compares the
    version of the use.

    The arm is that of the version, whichever the session was assigned to: whoever counts an arm sets the others aside. Where
    nothing but the time tells the version, it is the one of the session's arm, for that was in force for the session. Of several
    experiments it is the one that the session was assigned in last, before the use ended.
    """
    of_session = {use.execution_id: use for use in uses if use.session_id and concluded[use.execution_id].node_id}
    rows = [
        {
            "execution_id": id_,
            "node_id": concluded[id_].node_id,
            "unit": unit_digest(use.session_id or ""),
            "until": max(use.at, use.until or use.at) + _CLOCKS_APART,
        }
        for id_, use in of_session.items()
    ]
    found: dict[str, dict[str, Any]] = {}
    for row in await tx.run(_EXPERIMENTS_OF_UNITS, rows=rows) if rows else ():
        id_, experiment_id = row["execution_id"], row["experiment_id"]
        if id_ in found:
            continue
        use, conclusion = of_session[id_], concluded[id_]
        nodes = {Arm.CONTROL: row["control_node_id"], Arm.TREATMENT: row["treatment_node_id"]}
        arm = Arm.CONTROL if conclusion.node_id == nodes[Arm.CONTROL] else Arm.TREATMENT
        found[id_] = {"experiment_id": experiment_id, "given_unit": use.session_id}
        share = row["treatment_share"] or EVEN
        if row["staged"]:
            found[id_]["staged"] = True
        elif share != EVEN:
            found[id_]["treatment_share"] = share
        if conclusion.rule is VersionBasis.TIME:
            arm = Arm(row["arm"])
            node_id = row["assigned_node_id"] or nodes[arm]
            found[id_] |= {"node_id": node_id, "used_evidence": f"the arm of its session in {experiment_id}"}
        found[id_]["arm"] = arm.value
    return found
