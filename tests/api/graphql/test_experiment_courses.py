"""``experimentCourse``: how an experiment went, up to what was decided."""

from __future__ import annotations

import pytest

from support.feedback import Subject, make_subject
from support.operations import concluded
from support.service import Service


@pytest.mark.lengthy
async def test_the_last_point_is_what_was_decided(service: Service) -> None:
    subject: Subject = await make_subject(service.parts.graph)
    _, _, experiment, decision = await concluded(subject)
    found = await service.execute("feedback_experiment_course", experimentId=experiment, first=8)
    decided = (await service.execute("feedback_decision", decisionId=decision))["result"]
    assert (found["metric"], found["plannedUnits"], found["level"]) == (decided["metric"], 20, 0.05)
    points = found["points"]
    units = [(point["controlUnits"], point["treatmentUnits"]) for point in points]
    assert units == sorted(units)
    assert len(points) == 8
    assert points[0]["interval"] is None
    last = points[-1]
    assert units[-1] == (decided["control"]["n"], decided["treatment"]["n"]) == (10, 10)
    assert last["effect"] == pytest.approx(decided["effect"])
    # Whoever may look all the time has to be content with less.
    assert last["interval"]["low"] < decided["effectInterval"]["low"]
    assert last["interval"]["high"] > decided["effectInterval"]["high"]


@pytest.mark.lengthy
async def test_what_came_after_the_decision_is_not_in_it(service: Service) -> None:
    subject = await make_subject(service.parts.graph)
    _, _, experiment, _ = await concluded(subject)
    before = await service.execute("feedback_experiment_course", experimentId=experiment)
    await subject.record(subject.node_id, [5.0] * 5, experiment_id=experiment)
    assert await service.execute("feedback_experiment_course", experimentId=experiment) == before


@pytest.mark.lengthy
async def test_one_that_is_not_there_is_null(service: Service) -> None:
    assert await service.execute("feedback_experiment_course", experimentId="none") is None
