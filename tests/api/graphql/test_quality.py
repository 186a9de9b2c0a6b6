"""Quality by GraphQL, through a real socket."""

from __future__ import annotations

import pytest

from loopgraph.contracts.base import Principal
from loopgraph.contracts.traces import HookExecuted, TraceStarted
from loopgraph.effects.analytics import quality
from loopgraph.effects.clock import new_id, now
from support.service import Service

LONG = (
    "Sort the list that follows by its keys, and say in one sentence what you have done with those that are the same."
)


async def make(service: Service, *texts: str, kind: str) -> tuple[str, list[str]]:
    """A pattern with these texts, the last in use."""
    made = await service.execute(
        "lineage_create_pattern", input={"name": new_id(), "patternType": kind, "templateCode": texts[0]}
    )
    pattern_id, nodes = made["pattern"]["patternId"], [made["version"]["nodeId"]]
    for text in texts[1:]:
        added = await service.execute("lineage_add_version", input={"patternId": pattern_id, "templateCode": text})
        nodes.append(added["version"]["nodeId"])
    await service.execute("lineage_activate_version", input={"nodeId": nodes[-1]})
    return pattern_id, nodes


async def say(service: Service, node_id: str, score: float | None, user: str | None = None) -> None:
    trace = new_id()
    await service.parts.recorder.record(
        [
            TraceStarted(correlation_id=trace, timestamp=now(), user_id=user),
            HookExecuted(
                correlation_id=trace, execution_id=new_id(), hook_type="T", node_id=node_id, success=True, quality_score=score
            ),
        ]
    )  # fmt: skip


async def test_quality_of_versions(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, mark = f"kind-{new_id()}", " ".join(f"only{new_id()[-6:]}{number}" for number in range(12))
    other, _ = await make(service, f"{LONG} {mark}", kind=kind)
    pattern_id, (first, second, third) = await make(service, "TODO", LONG, f"{LONG} {mark} Nothing else.", kind=kind)
    for score, user in ((0.5, "ada"), (1.0, "bob"), (None, None)):
        await say(service, second, score, user)
    found = await service.execute("analytics_quality_metrics", patternId=pattern_id)
    assert [each["nodeId"] for each in found["versions"]] == [third, second, first]
    newest, middle, oldest = (each["text"] for each in found["versions"])
    assert (newest["problems"], newest["similarPatternId"], newest["similarPattern"]["name"] is not None) == (
        ["NEARLY_SAME"], other, True,
    )  # fmt: skip
    assert newest["similarity"] > 0.8 > 0.4 > newest["uniqueness"]
    assert (middle["problems"], oldest["problems"]) == (["NEARLY_SAME"], ["TOO_SHORT", "LEFTOVERS"])
    assert oldest["score"] < newest["score"]
    assert (found["textTrend"]["versions"], found["reportedTrend"], found["comparedWith"]) == (3, None, 1)
    said = found["versions"][1]
    assert (said["executions"], said["reportedCount"], said["reportedQuality"]) == (3, 2, 0.75)
    assert [each["reportedQuality"] for each in found["versions"]] == [None, 0.75, None]

    [only] = (await service.execute("analytics_quality_metrics", patternId=pattern_id, first=1))["versions"]
    assert only["nodeId"] == third
    with monkeypatch.context() as patch:
        patch.setattr("loopgraph.api.graphql.context.asking", lambda connection: Principal(subject="ada"))
        mine = (await service.execute("analytics_quality_metrics", patternId=pattern_id))["versions"][1]
        assert (mine["executions"], mine["reportedCount"], mine["reportedQuality"]) == (2, 1, 0.5)
    monkeypatch.setattr(quality, "MOST_EXECUTIONS", 1)  # the latest says nothing
    latest = (await service.execute("analytics_quality_metrics", patternId=pattern_id))["versions"][1]
    assert (latest["executions"], latest["reportedCount"]) == (1, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "field"),
    [
        ('patternId: "gone"', "NOT_FOUND", None),
        ('patternId: "gone", first: 101', "INVALID_INPUT", "first"),
        ('patternId: "gone", first: 0', "INVALID_INPUT", "first"),
    ],
)
async def test_what_is_wrong_with_a_question(service: Service, arguments: str, code: str, field: str | None) -> None:
    [error] = await service.errors(f"{{ qualityMetrics({arguments}) {{ comparedWith }} }}")
    assert (error["extensions"]["code"], error["extensions"].get("field")) == (code, field)
