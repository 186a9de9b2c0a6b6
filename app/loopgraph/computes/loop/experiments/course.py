"""What an experiment said at one time after the other, in intervals that hold however often one looks."""

from __future__ import annotations

from datetime import datetime

from loopgraph.computes.loop.statistics.estimators import welch
from loopgraph.computes.loop.statistics.inference import infer
from loopgraph.contracts.loop.outlook import CoursePoint
from loopgraph.contracts.statistics.estimates import Estimate
from loopgraph.contracts.statistics.plans import AlwaysValid
from loopgraph.contracts.statistics.samples import JointMoments


def course_point(
    at: datetime, control: JointMoments, treatment: JointMoments, plan: AlwaysValid, level: float
) -> CoursePoint:
    """What the means of the units that were there said, at ``1 − level``.

    Raises InvalidInput unless the level is strictly between 0 and 1.
    """
    return point_of(at, infer(welch.means(control, treatment), plan, level))


def point_of(at: datetime, estimate: Estimate) -> CoursePoint:
    """What a look said, as a point of a course."""
    return CoursePoint(
        at=at,
        control_units=estimate.control.units,
        treatment_units=estimate.treatment.units,
        effect=estimate.effect if estimate.interval else None,
        interval=estimate.interval,
    )
