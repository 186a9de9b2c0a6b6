"""Designs of experiments by GraphQL: how they are asked for, how experiments stand, what planned ones would find, and the queue
of reviews."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.contracts.loop.design import ExperimentDesign, GuardedMetric, Metric
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.feedback import FeedbackRun
from support.feedback import Subject, make_subject
from support.service import Json, Service, nodes

DESIGN = ExperimentDesign(guardrails=(GuardedMetric(metric=Metric.SUCCESS_RATE, margin=0.3),), max_units=30)


@pytest.fixture
async def subject(service: Service) -> Subject:
    return await make_subject(service.parts.graph)


async def waiting(subject: Subject, **inputs: Any) -> tuple[FeedbackRun, Experiment]:
    improvement = await subject.propose(expected_delta=0.2)
    run = await subject.advance(await subject.start(**inputs))
    return run, (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1][-1]


async def units(subject: Subject, experiment: Experiment, n: int, treatment: float) -> None:
    named = {"experiment_id": experiment.experiment_id}
    for node_id, mean in ((experiment.control_node_id, 100.0), (experiment.treatment_node_id, treatment)):
        await subject.record(node_id, [mean + 3 * (number % 7 - 3) for number in range(n)], **named)


async def started(service: Service, subject: Subject, **fields: Any) -> Json:
    """The inputs of a run, as it has them."""
    wanted = {"patternId": subject.pattern_id, **fields}
    run_id = (await service.execute("feedback_start_loop", input=wanted))["run"]["runId"]
    document = """
    query($id: ID!) {
      feedbackRun(id: $id) {
        feedbackType timeWindowDays autoApplyThreshold minSampleSize significanceLevel enableAbTesting
        design { metric tail { treatment lower upper } guardrails { metric margin } horizon treatmentShare maxUnits minimumGain }
      }
    }
    """
    run: Json = (await service.query(document, id=run_id))["feedbackRun"]
    return run


@pytest.mark.lengthy
async def test_a_run_has_the_design_that_was_asked_for(service: Service, subject: Subject) -> None:
    run = await started(
        service,
        subject,
        design={
            "tail": {"treatment": "WINSORISED", "upper": 0.95},
            "guardrails": [{"metric": "QUALITY_SCORE", "margin": 0.05}],
            "treatmentShare": 0.2,
            "maxUnits": 500,
            "minimumGain": 0.1,
        },
    )
    assert run["design"] == {
        "metric": None,
        "tail": {"treatment": "WINSORISED", "lower": 0.0, "upper": 0.95},
        "guardrails": [{"metric": "QUALITY_SCORE", "margin": 0.05}],
        "horizon": "ALWAYS_VALID",
        "treatmentShare": 0.2,
        "maxUnits": 500,
        "minimumGain": 0.1,
    }
    assert (run["minSampleSize"], run["significanceLevel"], run["enableAbTesting"]) == (30, 0.05, True)


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("CONSERVATIVE", ("PERFORMANCE", 30, 0.99, 100, 0.01, True)),
        ("AGGRESSIVE", ("PERFORMANCE", 3, 0.85, 20, 0.10, True)),
        ("QUALITY", ("QUALITY", 14, 0.90, 50, 0.05, True)),
        ("MONITORING", ("PERFORMANCE", 7, 1.0, 30, 0.05, False)),
    ],
)
async def test_a_profile_sets_what_is_left_out(
    service: Service, subject: Subject, profile: str, expected: tuple[Any, ...]
) -> None:
    """Those of seed 001, "Usage profiles"."""
    run = await started(service, subject, profile=profile)
    assert tuple(value for name, value in run.items() if name != "design") == expected


@pytest.mark.lengthy
async def test_what_is_given_outweighs_the_profile(service: Service, subject: Subject) -> None:
    run = await started(service, subject, profile="CONSERVATIVE", minSampleSize=12, timeWindowDays=None)
    assert (run["minSampleSize"], run["timeWindowDays"], run["significanceLevel"]) == (12, 30, 0.01)


@pytest.mark.lengthy
async def test_an_experiment_tells_how_it_stands(service: Service, subject: Subject) -> None:
    run, experiment = await waiting(subject, design=DESIGN)
    id_ = experiment.experiment_id
    empty = await service.execute("feedback_experiment_standing", experimentId=id_)
    assert (empty["estimate"]["reason"], empty["nextLook"], empty["plannedUnits"], empty["mostUnits"]) == (
        "NO_UNITS",
        1,
        20,
        30,
    )
    assert (empty["gain"], empty["needed"]["reason"], empty["unitsNeeded"]) == (0.2, "NO_UNITS", None)

    await units(subject, experiment, 12, 98.0)
    await subject.advance(run)
    standing = await service.execute("feedback_experiment_standing", experimentId=id_, gain=0.03)
    estimate = standing["estimate"]
    assert (estimate["method"], estimate["horizon"], estimate["control"]["units"]) == ("WELCH", "ALWAYS_VALID", 12)
    assert estimate["interval"]["low"] < 0 < estimate["interval"]["high"]
    assert estimate["widthRatio"] > 1.2
    assert (standing["nextLook"], standing["gain"]) == (25, 0.03)
    assert standing["unitsNeeded"] == standing["needed"]["units"] - 24 > 0
    [guardrail] = standing["guardrails"]
    assert (guardrail["metric"], guardrail["status"], guardrail["loss"], guardrail["margin"]) == (
        "SUCCESS_RATE",
        "OPEN",
        0.0,
        0.3,
    )
    found = await service.execute("feedback_experiment", experimentId=id_)
    assert (found["design"]["maxUnits"], found["plannedUnits"], found["mostUnits"]) == (30, 20, 30)


@pytest.mark.lengthy
async def test_one_that_is_not_there_is_null_and_a_gain_must_be_one(service: Service, subject: Subject) -> None:
    assert await service.execute("feedback_experiment_standing", experimentId="none") is None
    document = "query($id: ID!, $gain: Float) { experimentStanding(experimentId: $id, gain: $gain) { metric } }"
    for gain in (0.0, -1.0, 11.0):
        [error] = await service.errors(document, id="none", gain=gain)
        assert error["extensions"] == {"code": "INVALID_INPUT", "field": "gain"}


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_what_waits_for_review_says_why_in_words(service: Service, subject: Subject) -> None:
    run, experiment = await waiting(subject, design=DESIGN)
    await units(subject, experiment, 15, 60.0)
    await subject.advance(run)
    other = await make_subject(subject.graph)
    second = await other.propose()
    await other.advance(await other.start(enable_ab_testing=False))

    [mine] = nodes(await service.execute("feedback_awaiting_review", patternId=subject.pattern_id))
    assert (mine["status"], mine["reason"]) == ("VALIDATED", "GUARDRAIL_OPEN")
    assert mine["explanation"].startswith(
        "The candidate is shown to be better, but not that what is guarded is held. duration_ms: 40.2% better. "
        "success_rate is guarded (open): the same, at worst "
    )
    [theirs] = nodes(await service.execute("feedback_awaiting_review", patternId=other.pattern_id))
    assert (theirs["improvementId"], theirs["reason"], theirs["explanation"]) == (
        second.improvement_id,
        "AB_TESTING_DISABLED",
        "The run was asked not to experiment, so a person decides.",
    )
    queued: list[str] = []
    after = None
    while True:  # page by page, the oldest first
        page = await service.execute("feedback_awaiting_review", first=1, after=after)
        queued += [item["improvementId"] for item in nodes(page)]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert queued.index(experiment.improvement_id) < queued.index(second.improvement_id)
    await service.execute("feedback_approve_improvement", input={"improvementId": experiment.improvement_id})
    assert nodes(await service.execute("feedback_awaiting_review", patternId=subject.pattern_id)) == []


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_power_goes_by_how_units_have_varied(service: Service, subject: Subject) -> None:
    none = await service.execute("feedback_experiment_power", patternId=subject.pattern_id)
    assert (none["units"], none["mean"], none["needed"]["reason"]) == (0, None, "NO_UNITS")
    for number in range(40):
        await subject.record(subject.node_id, [60.0 if number % 2 else 140.0], unit=f"unit-{number}")
    once = await service.execute("feedback_experiment_power", patternId=subject.pattern_id, gain=0.2, horizon="FIXED")
    assert (once["units"], once["mean"]) == (40, 100.0)
    assert once["deviation"] == pytest.approx(40.5, abs=0.1)
    assert 125 <= once["needed"]["units"] <= 135
    assert (once["planned"]["units"], once["planned"]["power"]) == (60, pytest.approx(0.47, abs=0.02))
    always = await service.execute("feedback_experiment_power", patternId=subject.pattern_id, gain=0.2)
    assert always["needed"]["units"] > once["needed"]["units"]
    of_five = {"gain": 0.2, "horizon": "FIXED", "candidates": 5}
    one_of_five = await service.execute("feedback_experiment_power", patternId=subject.pattern_id, **of_five)
    # At a hundredth instead of a twentieth: (2.576 + 0.842)² over (1.96 + 0.842)².
    assert one_of_five["needed"]["units"] / once["needed"]["units"] == pytest.approx(1.49, abs=0.04)
    document = "query($id: ID!, $gain: Float!) { experimentPower(patternId: $id, gain: $gain) { units } }"
    for pattern_id, gain, extensions in (
        ("nowhere", 0.1, {"code": "NOT_FOUND"}),
        (subject.pattern_id, 0.0, {"code": "INVALID_INPUT", "field": "gain"}),
    ):
        [error] = await service.errors(document, id=pattern_id, gain=gain)
        assert error["extensions"] == extensions


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("fields", "field", "problem"),
    [
        ({"significanceLevel": 5e-324}, "input.significanceLevel", "must be at least 1e-09, not 4.94066e-324"),
        ({"minSampleSize": 5}, "input.minSampleSize", "must be at least 10, not 5: fewer decide nothing"),
        (
            {"design": {"maxUnits": 20, "treatmentShare": 0.02}},
            "input.design.maxUnits",
            "must be at least 1500, not 20: so many units of both arms the first look needs, "
            "where 0.02 of them get the treatment",
        ),
        (
            {"design": {"maxUnits": 100, "candidatesAtOnce": 2, "candidateShares": [0.5, 0.01]}},
            "input.design.maxUnits",
            "must be at least 1500, not 100: so many units of both arms the first look needs, "
            "where 0.02 of them get the treatment",
        ),
        (
            {"design": {"plannedLooks": 3}},
            "input.design.plannedLooks",
            "is for GROUP_SEQUENTIAL alone: leave it out, or the horizon ALWAYS_VALID",
        ),
        (
            {"design": {"spending": "POCOCK", "horizon": "FIXED"}},
            "input.design.spending",
            "is for GROUP_SEQUENTIAL alone: leave it out, or the horizon FIXED",
        ),
        (
            {"design": {"stages": [0.1, 0.25]}},
            "input.design.stages",
            "must end at treatmentShare, which is 0.5",
        ),
        (
            {"design": {"metric": "COMPOSITE"}},
            "input.design.composite",
            "must have two to five metrics, each once",
        ),
        ({"minSampleSize": 1}, "input.minSampleSize", "must be at least 10, not 1: fewer decide nothing"),
        ({"design": {"stages": [0.1] * 11}}, "input.design.stages", "must have at most 10 items"),
        (
            {"design": {"tail": {"treatment": "LOGARITHM", "lower": 0.1}}},
            "input.design.tail.lower",
            "is not known here; known are treatment",
        ),
        (
            {"design": {"stageUnits": 20}},
            "input.design.stageUnits",
            "is for stages, of which there are none: leave it out, or add stages",
        ),
        (
            {"design": {"stages": [0.1, 0.5], "stageUnits": 100, "maxUnits": 300}},
            "input.design.maxUnits",
            "must be at least 360, not 300: so much the stages before the last one tell, each with 100 units of either arm",
        ),
        ({"design": {"holdoutShare": 0.6}}, "input.design.holdoutShare", "must be less than or equal to 0.5"),
    ],
)
async def test_what_would_come_to_nothing_is_refused(
    service: Service, subject: Subject, fields: Json, field: str, problem: str
) -> None:
    wanted = {"patternId": subject.pattern_id, **fields}
    refused = await service.execute("feedback_start_loop", input=wanted)
    assert (refused["__typename"], refused["field"]) == ("InvalidInput", field)
    assert refused["message"] == f"{field}: {problem}"
    scheduled = {"name": "nightly", "cron": "0 3 * * *", "patternIds": [subject.pattern_id], **fields}
    assert (await service.execute("feedback_create_schedule", input=scheduled))["field"] == field


@pytest.mark.lengthy
async def test_what_the_first_look_needs_is_enough(service: Service, subject: Subject) -> None:
    run = await started(service, subject, design={"maxUnits": 1500, "treatmentShare": 0.02})
    assert run["design"]["maxUnits"] == 1500


@pytest.mark.lengthy
async def test_a_rollout_is_asked_for(service: Service, subject: Subject) -> None:
    design = {
        "stages": [0.01, 0.05, 0.1, 0.25, 0.5],
        "stageUnits": 20,
        "holdoutShare": 0.05,
        "guardrails": [{"metric": "COMPOSITE", "margin": 0.2}],
        "composite": [{"metric": "RATING", "weight": 2.0}, {"metric": "QUALITY_SCORE"}],
    }
    improvement = await subject.propose()
    wanted = {"patternId": subject.pattern_id, "design": design}
    begun = await service.execute("feedback_start_loop", input=wanted)
    await subject.advance((await subject.reads.runs([begun["run"]["runId"]])).popitem()[1])
    [experiment] = (await subject.reads.experiments_of_improvements([improvement.improvement_id])).popitem()[1]
    found = await service.execute("feedback_experiment", experimentId=experiment.experiment_id)
    assert (found["stage"], found["openGuardrails"]) == (0, [])
    told = {name: found["design"][name] for name in design}
    assert told == {
        **design,
        "composite": [{"metric": "RATING", "weight": 2.0}, {"metric": "QUALITY_SCORE", "weight": 1.0}],
    }


@pytest.mark.parametrize(("field", "value"), [("significanceLevel", 5e-324), ("minSampleSize", 9), ("power", 5e-324)])
async def test_power_is_not_asked_for_at_levels_beyond_numbers(
    service: Service, subject: Subject, field: str, value: float
) -> None:
    document = f"query($id: ID!) {{ experimentPower(patternId: $id, {field}: {value}) {{ units }} }}"
    [error] = await service.errors(document, id=subject.pattern_id)
    assert error["extensions"] == {"code": "INVALID_INPUT", "field": field}
