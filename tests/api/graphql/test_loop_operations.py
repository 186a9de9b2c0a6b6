"""Batches, schedules and the health of the loop, as clients ask for them."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.effects.clock import new_id
from support.feedback import TESTER, make_subject
from support.service import Json, Service, nodes

NIGHTLY = {"name": "nightly", "cron": "0 3 * * *", "timeZone": "Europe/Berlin"}


@pytest.mark.lengthy
async def test_a_batch_starts_what_can_be_started_and_is_found_again(service: Service) -> None:
    subject, batch_id = await make_subject(service.parts.graph), new_id()
    input_ = {"batchId": batch_id, "patternIds": [subject.pattern_id, "nothing-here"], "enableAbTesting": False}
    started = await service.execute("feedback_start_batch", input=input_)
    assert started["__typename"] == "FeedbackBatchPayload"
    batch = started["batch"]
    assert [(start["patternId"], start["outcome"], start["message"]) for start in batch["starts"]] == [
        (subject.pattern_id, "STARTED", None),
        ("nothing-here", "INVALID", "no Pattern has the id 'nothing-here'"),
    ]
    again = await service.execute("feedback_start_batch", input=input_)
    assert again["batch"]["starts"][0]["runId"] == batch["starts"][0]["runId"]
    found = await service.execute("feedback_batch", batchId=batch_id)
    assert (found["batchId"], found["schedule"], found["inputs"]["enable_ab_testing"]) == (batch_id, None, False)
    assert found["starts"][0]["pattern"] == {"name": "greet"}
    taken = await service.execute("feedback_start_batch", input={**input_, "minSampleSize": 99})
    assert (taken["__typename"], taken["conflictingId"]) == ("Conflict", batch_id)


@pytest.mark.lengthy
async def test_what_a_batch_cannot_mean_is_refused(service: Service) -> None:
    async def refused(**input_: Any) -> tuple[str, str]:
        answer = await service.execute("feedback_start_batch", input=input_)
        assert answer["__typename"] == "InvalidInput", answer
        return answer["field"], answer["message"]

    one_way = (
        "input.patternIds",
        "input.patternIds: either patternIds or a tag or patternType is needed, and not both",
    )
    assert await refused() == one_way
    assert await refused(tag="a", patternIds=["b"]) == one_way
    assert (await refused(tag=new_id()))[0] == "input.tag"
    assert (await refused(tag="a", minSampleSize=1))[0] == "input.minSampleSize"
    assert (await refused(patternIds=["a"] * 201))[0] == "input.patternIds"


async def made(service: Service, **more: Any) -> Json:
    subject = await make_subject(service.parts.graph)
    input_ = {**NIGHTLY, "patternIds": [subject.pattern_id], "scheduleId": new_id(), **more}
    answer: Json = await service.execute("feedback_create_schedule", input=input_)
    return answer


@pytest.mark.lengthy
async def test_a_schedule_is_made_changed_and_deleted(service: Service) -> None:
    schedule = (await made(service))["schedule"]
    id_ = {"scheduleId": schedule["scheduleId"]}
    assert (schedule["cron"], schedule["timeZone"], schedule["paused"], schedule["revision"]) == (
        "0 3 * * *", "Europe/Berlin", False, 1,
    )  # fmt: skip
    assert schedule["nextAt"].endswith(("T01:00:00+00:00", "T02:00:00+00:00"))
    paused = await service.execute("feedback_update_schedule", input={**id_, "paused": True, "name": "later"})
    assert (paused["schedule"]["name"], paused["schedule"]["nextAt"]) == ("later", None)
    listed = nodes(await service.execute("feedback_schedules", first=1))
    assert [(one["scheduleId"], one["paused"]) for one in listed] == [(id_["scheduleId"], True)]
    found = await service.execute("feedback_schedule", **id_)
    assert (found["lastBatch"], found["inputs"]["feedback_type"]) == (None, "performance")
    deleted = await service.execute("feedback_delete_schedule", input=id_)
    assert deleted["schedule"] == {**id_, "name": "later"}
    assert await service.execute("feedback_schedule", **id_) is None
    gone = await service.execute("feedback_delete_schedule", input=id_)
    assert (gone["__typename"], gone["kind"], gone["missingId"]) == ("NotFound", "Schedule", id_["scheduleId"])


@pytest.mark.lengthy
async def test_a_schedule_that_cannot_be_is_refused(service: Service) -> None:
    for wrong, field in (({"cron": "daily"}, "input.cron"), ({"timeZone": "Berlin"}, "input.timeZone")):
        answer = await made(service, **wrong)
        assert (answer["__typename"], answer["field"]) == ("InvalidInput", field)


@pytest.mark.lengthy
async def test_the_health_of_the_loop_over_one_pattern(service: Service) -> None:
    subject = await make_subject(service.parts.graph)
    run = await subject.start(enable_ab_testing=False)
    await subject.loop.cancel(run.run_id, TESTER)
    health = await service.execute("feedback_health", patternId=subject.pattern_id)
    assert (health["runs"], health["cancelled"], health["applied"], health["heldShare"]) == (1, 1, 0, None)
