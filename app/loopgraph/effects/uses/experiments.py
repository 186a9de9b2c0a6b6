"""Uses as executions of experiments: those by sessions that were assigned to an arm, as skills that fetch their text are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from loopgraph.assets import query
from loopgraph.contracts.assignment import unit_digest
from loopgraph.contracts.feedback import Arm
from loopgraph.contracts.uses import Use
from loopgraph.effects.graph.transaction import Transaction

_EXPERIMENTS_OF_UNITS = query("uses/experiments_of_units")


async def assigned_experiments(
    tx: Transaction, uses: Sequence[Use], node_ids: Mapping[str, str | None]
) -> dict[str, dict[str, Any]]:
    """The experiment of each use whose session was assigned in one that compares the version of the use, by execution id.

    The arm is that of the version, whichever the session was assigned to: whoever counts an arm sets the others aside. Of several
    experiments it is the one that the session was assigned in last, before it used the version.
    """
    rows = [
        {"execution_id": use.execution_id, "node_id": node_id, "unit": unit_digest(use.session_id), "at": use.at}
        for use in uses
        if use.session_id and (node_id := node_ids.get(use.execution_id))
    ]
    if not rows:
        return {}
    units = {use.execution_id: use.session_id for use in uses}
    nodes = {row["execution_id"]: row["node_id"] for row in rows}
    found: dict[str, dict[str, Any]] = {}
    for row in await tx.run(_EXPERIMENTS_OF_UNITS, rows=rows):
        id_ = row["execution_id"]
        arm = Arm.CONTROL if nodes[id_] == row["control_node_id"] else Arm.TREATMENT
        found.setdefault(id_, {"experiment_id": row["experiment_id"], "arm": arm.value, "given_unit": units[id_]})
    return found
