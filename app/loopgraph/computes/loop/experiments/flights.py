"""Executions in flight: begun, not ended, and not yet over their time. No look counts them, so a candidate that hangs looks as
good as the part of it that ends. Before it is applied, it has to be as good with those of the treatment counted as failures.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from loopgraph.contracts.loop.feedback import Arm, Execution

YOUNG: Final = 10
"""The last tenth of the executions to begin is too young to hold anything up, once an experiment is older than the time that an
execution has: under a steady stream of work something is always in flight, but at last only among those."""


class Counted(NamedTuple):
    """Executions as a look counts them that takes ``flights``, those in flight of the treatment, for failures."""

    executions: list[Execution]
    flights: list[Execution]


def with_flights_failed(executions: Sequence[Execution], overdue: datetime) -> Counted:
    """Of all executions that have begun, what counts at the worst for the treatment: without what the control has in flight.

    What began before ``overdue`` and has not ended is a failure at any look. (One that has not ended is no success, so nothing of
    it has to change.)
    """
    begun = sorted(execution.started_at for execution in executions)
    if not begun:
        return Counted([], [])
    first, last = begun[0], begun[len(begun) - 1 - len(begun) // YOUNG]
    flying = [execution for execution in executions if not execution.ended and execution.started_at >= overdue]
    flights = [
        execution
        for execution in flying
        if execution.arm is Arm.TREATMENT
        and execution.set_aside is None
        and (first >= overdue or execution.started_at <= last)
    ]
    left_out = {execution.execution_id for execution in flying} - {execution.execution_id for execution in flights}
    return Counted([execution for execution in executions if execution.execution_id not in left_out], flights)
