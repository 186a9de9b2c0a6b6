"""Quality by GraphQL, through a real socket."""

from __future__ import annotations

import pytest

from loopgraph.contracts.traces.events import HookExecuted, TraceStarted
from loopgraph.effects.analytics import quality
from loopgraph.effects.clock import new_id, now
from support.access import mate, owned
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


@pytest.mark.lengthy
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
    await owned(service.parts.graph)
    with monkeypatch.context() as patch:
        patch.setattr("loopgraph.api.graphql.context.asking", lambda connection: mate("ada"))
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


@pytest.mark.lengthy
async def test_the_worst_texts_of_the_patterns_in_force(service: Service) -> None:
    kind = f"kind-{new_id()}"
    bad, [node] = await make(service, "TODO", kind=kind)
    good, _ = await make(service, "TODO", LONG, kind=kind)
    await make(service, "--", kind=kind)
    found = await service.execute("analytics_text_forms", patternType=kind, below=0.9)
    assert (found["totalPatterns"], found["found"], found["complete"]) == (2, 1, True)
    [worst] = found["worst"]
    assert (worst["patternId"], worst["nodeId"], worst["version"]["version"]) == (bad, node, 1)
    assert (worst["form"]["problems"], worst["form"]["words"], worst["form"]["rule"]) == (
        ["TOO_SHORT", "LEFTOVERS"],
        1,
        1,
    )
    assert found["problems"] == [{"problem": "TOO_SHORT", "patterns": 1}, {"problem": "LEFTOVERS", "patterns": 1}]
    document = "query($id: ID!) { pattern(patternId: $id) { versions { edges { node { textForm { score } } } } } }"
    edges = (await service.query(document, id=good))["pattern"]["versions"]["edges"]
    assert [edge["node"]["textForm"]["score"] for edge in edges] == [pytest.approx(1.0), worst["form"]["score"]]
    some = await service.execute("analytics_text_forms", patternType=kind, problem="OPEN_CODE")
    assert (some["found"], some["worst"]) == (0, [])


@pytest.mark.lengthy
async def test_a_text_that_was_only_seen_is_none_beside_that_of_a_file(service: Service) -> None:
    kind, name = f"kind-{new_id()}", new_id()
    for named, tags in ((name, []), (name, ["observed"]), (new_id(), ["observed"])):
        given = {"name": named, "patternType": kind, "templateCode": "TODO", "versionTags": tags}
        made = await service.execute("lineage_create_pattern", input=given)
        await service.execute("lineage_activate_version", input={"nodeId": made["version"]["nodeId"]})
    found = await service.execute("analytics_text_forms", patternType=kind)
    assert (found["totalPatterns"], found["found"]) == (2, 2)


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("arguments", "field"),
    [("below: 0", "below"), ("below: 1.5", "below"), ("problem: NEARLY_SAME", "problem"), ("first: 0", "first")],
)
async def test_what_is_wrong_with_a_question_for_texts(service: Service, arguments: str, field: str) -> None:
    [error] = await service.errors(f"{{ textForms({arguments}) {{ found }} }}")
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID_INPUT", field)
