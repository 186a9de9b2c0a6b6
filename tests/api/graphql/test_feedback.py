"""The improvement loop by GraphQL, through a real socket, with executions recorded as clients record them."""

from __future__ import annotations

import statistics
from typing import Any

import pytest

from loopgraph.effects.clock import new_id
from support.feedback_api import ENOUGH, Client, make_client
from support.service import Json, Service, nodes

pytestmark = pytest.mark.slow

SLOW, FAST = 100.0, 50.0


@pytest.fixture
async def client(service: Service) -> Client:
    return await make_client(service)


async def improvement(client: Client, improvement_id: str) -> Json:
    found: Json = await client.service.execute("feedback_improvement", improvementId=improvement_id)
    return found


async def decided(client: Client, candidate: Json, mean: float, **inputs: Any) -> Json:
    """The run that has tested a candidate whose executions take ``mean`` ms, against a version that takes 100 ms."""
    run_id = await client.waiting(**inputs)
    await client.supply(run_id, {client.node_id: SLOW, candidate["candidate"]["nodeId"]: mean})
    return await client.ended(run_id)


async def in_review(client: Client) -> Json:
    """A better candidate that waits for review, because a threshold of 1 is never reached."""
    candidate = await client.candidate()
    await decided(client, candidate, FAST, autoApplyThreshold=1.0)
    return candidate


async def test_a_better_candidate_is_applied_and_carries_its_proof(client: Client) -> None:
    for duration in (90.0, 100.0, 110.0, 120.0):
        await client.record(client.node_id, duration)
    await client.record(client.node_id, 5000.0, success=False, errorType="TimeoutError")
    candidate = await client.candidate(description="print faster", expectedDelta=0.2)
    assert (candidate["status"], candidate["source"]) == ("PROPOSED", "user")
    assert candidate["base"] == {"nodeId": client.node_id, "version": 1, "status": "ACTIVE"}
    drafted = candidate["candidate"]
    assert (drafted["version"], drafted["status"], drafted["templateCode"]) == (2, "DRAFT", "print('better')")
    before = await client.assigned("anyone")
    assert (before["nodeId"], before["experimentId"], before["arm"]) == (client.node_id, None, None)

    run_id = await client.waiting(correlationId="the-loop", actor={"type": "AGENT", "id": "gardener"})
    run = await client.run(run_id)
    assert (run["correlationId"], run["createdBy"], run["controlNodeId"]) == ("the-loop", "gardener", client.node_id)
    assert (run["stage"], run["message"]) == (
        "VALIDATE",
        "waits for units: 0 of 10 of the control and 0 of 10 of the treatment",
    )
    analysis = run["analysis"]
    assert (analysis["executionCount"], analysis["successCount"], analysis["successRate"]) == (5, 4, 0.8)
    assert analysis["baseline"] == pytest.approx(
        {"p50Ms": 110.0, "p95Ms": 4024.0, "p99Ms": 4804.8, "avgDurationMs": 1084.0}
    )
    assert analysis["errors"] == [{"errorType": "TimeoutError", "count": 1}]
    assert analysis["successRateInterval"]["low"] < 0.8 < analysis["successRateInterval"]["high"]
    [sticky, again] = [await client.assigned("one-user") for _ in range(2)]
    assert sticky == again
    assert sticky["arm"] in ("CONTROL", "TREATMENT")

    executions = await client.work({client.node_id: SLOW, drafted["nodeId"]: FAST})
    run = await client.ended(run_id)
    assert (run["status"], run["improvementsIdentified"], run["improvementsApplied"]) == ("COMPLETED", 1, 1)
    assert {stage["status"] for stage in run["stages"]} == {"COMPLETED"}
    [applied] = nodes(run["improvements"])
    assert (applied["status"], applied["reason"]) == ("APPLIED", "SIGNIFICANT_IMPROVEMENT")
    assert await client.current() == drafted["nodeId"]
    late = await client.record(drafted["nodeId"], 1.0, experimentId=nodes(applied["experiments"])[0]["experimentId"])

    # The proof: version → decision → experiment → both arms → every raw execution.
    proof = await client.service.execute("feedback_proof", nodeId=drafted["nodeId"])
    decision = proof["decision"]
    assert (decision["verdict"], decision["decidedBy"]) == ("APPLY", "loop")
    [edge] = nodes(proof["incomingEdges"])
    assert edge["sourceNodeId"] == client.node_id
    assert edge["metadata"]["decision_id"] == decision["decisionId"]
    experiment = decision["experiment"]
    arms = {"CONTROL": experiment["control"]["nodeId"], "TREATMENT": experiment["treatment"]["nodeId"]}
    assert arms == {"CONTROL": client.node_id, "TREATMENT": drafted["nodeId"]}
    edges = experiment["executions"]["edges"]
    assert {edge["node"]["executionId"] for edge in edges} == {*executions, late}
    assert all(arms[edge["node"]["arm"]] == edge["node"]["version"]["nodeId"] for edge in edges)
    evidence = [edge["node"] for edge in edges if edge["decisionId"] == decision["decisionId"]]
    others = [edge for edge in edges if edge["decisionId"] != decision["decisionId"]]
    assert {edge["decisionId"] for edge in others} == {None}
    assert late in {edge["node"]["executionId"] for edge in others}
    for arm in ("CONTROL", "TREATMENT"):
        durations = [execution["durationMs"] for execution in evidence if execution["arm"] == arm]
        sample = decision["result"][arm.lower()]
        assert sample["n"] == len(durations) >= ENOUGH
        assert sample["mean"] == pytest.approx(statistics.fmean(durations))

    figures = await client.service.execute("feedback_decision", decisionId=decision["decisionId"])
    assert figures["improvement"]["improvementId"] == candidate["improvementId"]
    result = figures["result"]
    assert (result["metric"], result["method"], result["reason"]) == ("DURATION_MS", "UNIT_ESTIMATE", None)
    for arm in ("control", "treatment"):
        figures_of_arm = result[f"{arm}Arm"]
        assert figures_of_arm["units"] == figures_of_arm["executions"] == result[arm]["n"]
        assert (figures_of_arm["designEffect"], figures_of_arm["setAside"], figures_of_arm["unended"]) == (1.0, 0, 0)
        assert figures_of_arm["assignedUnits"] >= figures_of_arm["units"]
    assert result["sampleRatioPValue"] > 0.001
    details = result["details"]
    assert (details["__typename"], details["fewerSuccessesPValue"], details["moreFailingPValue"]) == (
        "UnitEstimate",
        1.0,
        1.0,
    )
    estimate = details["estimate"]
    assert (estimate["method"], estimate["horizon"], estimate["reason"]) == ("WELCH", "ALWAYS_VALID", None)
    assert (estimate["pValue"], estimate["interval"]) == (result["pValue"], result["effectInterval"])
    gain = f"{result['performanceDelta']:.1%}"
    assert figures["explanation"] == f"The candidate is shown to be better. duration_ms: {gain} better."
    assert result["effect"] == pytest.approx(result["treatment"]["mean"] - result["control"]["mean"])
    assert result["effectInterval"]["low"] < result["effect"] < result["effectInterval"]["high"] < 0
    assert (result["effectSize"] < 0, result["effectSizeInterval"]) == (
        True,
        None,
    )  # that would be one of a single look
    assert result["performanceDelta"] == pytest.approx(-result["effect"] / result["control"]["mean"])
    assert (result["pValue"] < 0.001, result["confidenceScore"]) == (True, 0.99)
    assert result["probabilityBetter"] > 0.99


async def test_a_candidate_that_is_no_better_is_rejected(client: Client) -> None:
    candidate = await client.candidate()
    run = await decided(client, candidate, SLOW + 10)
    assert (run["status"], run["improvementsValidated"], run["improvementsApplied"]) == ("COMPLETED", 0, 0)
    rejected = await improvement(client, candidate["improvementId"])
    assert (rejected["status"], rejected["candidate"]["status"]) == ("REJECTED", "REJECTED")
    [decision] = nodes(rejected["decisions"])
    assert (decision["verdict"], decision["decidedBy"]) == ("REJECT", "loop")
    assert await client.current() == client.node_id
    proof = await client.service.execute("feedback_proof", nodeId=candidate["candidate"]["nodeId"])
    assert proof["decision"] is None


async def test_what_waits_for_review_is_approved(client: Client) -> None:
    candidate = await in_review(client)
    waiting = await improvement(client, candidate["improvementId"])
    assert (waiting["status"], waiting["reason"]) == ("VALIDATED", "BELOW_APPLY_THRESHOLD")
    assert await client.current() == client.node_id

    review = {"improvementId": candidate["improvementId"], "note": "fine", "actor": {"type": "USER", "id": "ada"}}
    approved = (await client.service.execute("feedback_approve_improvement", input=review))["improvement"]
    assert approved["status"] == "APPLIED"
    assert approved["candidate"]["pattern"]["currentVersion"]["nodeId"] == candidate["candidate"]["nodeId"]
    assert [(item["verdict"], item["decidedBy"], item["note"]) for item in nodes(approved["decisions"])] == [
        ("REVIEW", "loop", ""),
        ("APPLY", "ada", "fine"),
    ]
    proof = await client.service.execute("feedback_proof", nodeId=candidate["candidate"]["nodeId"])
    assert proof["decision"]["decisionId"] == nodes(approved["decisions"])[1]["decisionId"]
    assert proof["decision"]["result"]["treatment"]["n"] == ENOUGH

    again = await client.service.execute("feedback_approve_improvement", input=review)
    assert (again["__typename"], again["current"], again["wanted"]) == ("InvalidTransition", "APPLIED", "APPLIED")


async def test_what_waits_for_review_is_rejected(client: Client) -> None:
    candidate = await in_review(client)
    review = {
        "improvementId": candidate["improvementId"],
        "reason": "too clever",
        "actor": {"type": "USER", "id": "ada"},
    }
    rejected = (await client.service.execute("feedback_reject_improvement", input=review))["improvement"]
    assert (rejected["status"], rejected["reason"], rejected["candidate"]["status"]) == (
        "REJECTED",
        "REVIEWED",
        "REJECTED",
    )
    assert [(item["verdict"], item["note"]) for item in nodes(rejected["decisions"])] == [
        ("REVIEW", ""),
        ("REJECT", "too clever"),
    ]
    assert await client.current() == client.node_id
    again = await client.service.execute(
        "feedback_approve_improvement", input={"improvementId": candidate["improvementId"]}
    )
    assert (again["__typename"], again["current"], again["wanted"]) == ("InvalidTransition", "REJECTED", "APPLIED")


async def test_without_experiments_everything_is_left_for_review(client: Client) -> None:
    candidate = await client.candidate()
    run = await client.ended((await client.start(enableAbTesting=False))["run"]["runId"])
    assert {stage["stage"]: stage["status"] for stage in run["stages"]}["VALIDATE"] == "SKIPPED"
    waiting = await improvement(client, candidate["improvementId"])
    assert (waiting["status"], waiting["reason"], nodes(waiting["experiments"])) == (
        "AWAITING_REVIEW",
        "AB_TESTING_DISABLED",
        [],
    )
    [decision] = nodes(waiting["decisions"])
    figures = await client.service.execute("feedback_decision", decisionId=decision["decisionId"])
    assert (figures["experiment"], figures["result"]) == (None, None)


async def test_a_cancelled_run_leaves_its_improvements_proposed(client: Client) -> None:
    candidate = await client.candidate()
    run_id = await client.waiting()
    cancelled = (await client.service.execute("feedback_cancel_run", input={"runId": run_id}))["run"]
    assert (cancelled["status"], cancelled["completedAt"] is not None) == ("CANCELLED", True)
    assert {stage["stage"]: stage["status"] for stage in cancelled["stages"]}["VALIDATE"] == "STOPPED"
    assert (await improvement(client, candidate["improvementId"]))["status"] == "PROPOSED"
    assert (await client.service.execute("feedback_cancel_run", input={"runId": run_id}))["run"] == cancelled
    assert (await client.assigned("anyone"))["experimentId"] is None

    again = await client.waiting()
    assert again != run_id
    await client.service.execute("feedback_cancel_run", input={"runId": again})
    done = await client.ended((await client.start(feedbackType="QUALITY"))["run"]["runId"])
    too_late = await client.service.execute("feedback_cancel_run", input={"runId": done["runId"]})
    assert (too_late["__typename"], too_late["current"], too_late["wanted"]) == (
        "InvalidTransition",
        "COMPLETED",
        "CANCELLED",
    )


async def test_a_retry_gives_the_first_result_and_other_content_is_a_conflict(client: Client) -> None:
    improvement_id, run_id = new_id(), new_id()
    proposed = await client.candidate(improvementId=improvement_id)
    assert await client.candidate(improvementId=improvement_id) == proposed
    taken = await client.propose(improvementId=improvement_id, templateCode="print('other')")
    assert (taken["__typename"], taken["kind"], taken["conflictingId"]) == ("Conflict", "Improvement", improvement_id)

    for _ in range(2):
        assert (await client.start(runId=run_id))["run"]["runId"] == run_id
    other = await client.start(runId=run_id, minSampleSize=99)
    assert (other["__typename"], other["kind"], other["conflictingId"]) == ("Conflict", "FeedbackRun", run_id)
    second = await client.start()
    assert (second["__typename"], second["conflictingId"]) == ("Conflict", run_id)
    await client.service.execute("feedback_cancel_run", input={"runId": run_id})


async def test_expected_errors_say_what_would_be_right(client: Client) -> None:
    execute = client.service.execute
    unknown = [
        (await client.propose(patternId="nowhere"), "Pattern"),
        (await client.propose(baseNodeId="nowhere"), "PatternVersion"),
        (await client.start(patternId="nowhere"), "Pattern"),
        (await execute("feedback_cancel_run", input={"runId": "nowhere"}), "FeedbackRun"),
        (await execute("feedback_approve_improvement", input={"improvementId": "nowhere"}), "Improvement"),
        (await execute("feedback_reject_improvement", input={"improvementId": "nowhere"}), "Improvement"),
    ]
    for answer, kind in unknown:
        assert (answer["__typename"], answer["kind"], answer["missingId"]) == ("NotFound", kind, "nowhere")

    elsewhere = (await make_client(client.service)).node_id
    wrong = [
        (await client.propose(templateCode="print('good')"), "input.templateCode"),
        (await client.propose(baseNodeId=elsewhere), "input.baseNodeId"),
        (await client.propose(parameters=[1]), "input.parameters"),
        (await client.propose(improvementId="two words"), "input.improvementId"),
        (await client.propose(correlationId="two words"), "input.correlationId"),
        (await client.propose(actor={"type": "USER", "id": "ada\x1b[2J"}), "input.actor.id"),
        (await client.propose(actor={"type": "USER", "id": "ada\nloop"}), "input.actor.id"),
        (await client.propose(actor={"type": "USER", "id": " "}), "input.actor.id"),
        (await client.start(minSampleSize=1), "input.minSampleSize"),
        (await client.start(significanceLevel=1.0), "input.significanceLevel"),
        (await client.start(timeWindowDays=0), "input.timeWindowDays"),
        (await client.start(runId=""), "input.runId"),
        (await client.start(design={"treatmentShare": 0.0}), "input.design.treatmentShare"),
        (await client.start(design={"horizon": "FIXED", "maxUnits": 50}), "input.design.maxUnits"),
        (
            await client.start(design={"guardrails": [{"metric": "SUCCESS_RATE", "margin": 2.0}]}),
            "input.design.guardrails.0.margin",
        ),
    ]
    for answer, field in wrong:
        assert (answer["__typename"], answer["field"]) == ("InvalidInput", field), answer
        assert answer["message"].startswith(f"{field}: ")
    # Nothing was changed.
    assert (await execute("feedback_improvements", patternId=client.pattern_id))["edges"] == []
    assert (await execute("feedback_runs", patternId=client.pattern_id))["edges"] == []

    early = await client.candidate()
    answer = await execute("feedback_approve_improvement", input={"improvementId": early["improvementId"]})
    assert (answer["__typename"], answer["current"], answer["wanted"]) == ("InvalidTransition", "PROPOSED", "APPLIED")
    long = await client.service.query(
        "mutation($input: ApproveImprovementInput!) { approveImprovement(input: $input) { ... on InvalidInput { field } } }",
        input={"improvementId": early["improvementId"], "note": "x" * 1_000_001},
    )
    assert long["approveImprovement"] == {"field": "input.note"}


async def test_an_assignment_needs_a_pattern_in_use_and_a_unit(client: Client) -> None:
    document = "query($pattern: ID!, $unit: String!) { assignVariant(patternId: $pattern, unit: $unit) { nodeId } }"
    draft = await client.service.query(
        'mutation { createPattern(input: {name: "draft", activate: false}) { ... on VersionPayload { pattern { patternId } } } }'
    )
    drafted = draft["createPattern"]["pattern"]["patternId"]
    for pattern_id, unit, extensions in (
        ("nowhere", "u", {"code": "NOT_FOUND"}),
        (client.pattern_id, "", {"code": "INVALID_INPUT", "field": "unit"}),
        (drafted, "u", {"code": "INVALID_INPUT", "field": "patternId"}),
    ):
        [error] = await client.service.errors(document, pattern=pattern_id, unit=unit)
        assert (error["path"], error["extensions"]) == (["assignVariant"], extensions)


async def test_what_is_not_there_is_null(service: Service) -> None:
    assert await service.execute("feedback_run", id="nowhere") is None
    assert await service.execute("feedback_improvement", improvementId="nowhere") is None
    assert await service.execute("feedback_experiment", experimentId="nowhere") is None
    assert await service.execute("feedback_decision", decisionId="nowhere") is None
    assert await service.execute("feedback_proof", nodeId="nowhere") is None


async def test_what_is_of_high_risk_is_left_for_review_with_its_reasons(client: Client) -> None:
    candidate = await client.candidate(templateCode="print('good')", parameters={"tools": ["Bash"], "depth": 3})
    run = await decided(client, candidate, FAST)
    assert (run["improvementsValidated"], run["improvementsApplied"], run["notes"]) == (1, 0, [])
    left = await improvement(client, candidate["improvementId"])
    assert (left["risk"], left["status"], left["reason"]) == ("HIGH", "VALIDATED", "HIGH_RISK")
    assert left["riskReasons"] == ["tools says what it may do, and changes from nothing to ['Bash']", "depth is new"]
    assert left["evidence"] == {}
