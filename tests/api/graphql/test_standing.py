"""What stands idle and what says the same, by GraphQL through a real socket."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.traces.events import HookExecuted
from loopgraph.effects.analytics import standing
from loopgraph.effects.clock import new_id, now
from support.service import Service

ORIGIN = Origin(actor_type=ActorType.USER, actor_id="tester")


async def make(service: Service, kind: str, text: str) -> tuple[str, str]:
    new = NewPattern(name="p", pattern_type=kind)
    made = await service.parts.lineage.create_pattern(new, NewVersion(template_code=text, activate=True), ORIGIN)
    return made.pattern.pattern_id, made.version.node_id


async def use(service: Service, node_id: str, at: datetime) -> None:
    used = HookExecuted(
        correlation_id=new_id(), execution_id=new_id(), hook_type="T", node_id=node_id, success=True, timestamp=at, started_at=at
    )  # fmt: skip
    await service.parts.recorder.record([used])


@pytest.mark.lengthy
async def test_what_nobody_has_used_lately(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, other = f"kind-{new_id()}", f"kind-{new_id()}"
    (never, _), (early, early_node), (late, late_node), _ = [
        await make(service, name, "x") for name in (kind, kind, kind, other)
    ]
    before = now() - timedelta(days=40)
    await use(service, early_node, before)
    await use(service, late_node, now())
    found = await service.execute("analytics_unused_patterns", patternType=kind)
    assert [(one["patternId"], one["lastUsedAt"]) for one in found["patterns"]] == [
        (never, None), (early, found["patterns"][1]["lastUsedAt"])
    ]  # fmt: skip
    assert datetime.fromisoformat(found["patterns"][1]["lastUsedAt"]) == before
    assert (found["totalPatterns"], found["complete"], found["patterns"][0]["pattern"]["patternType"]) == (
        2,
        True,
        kind,
    )
    longer = await service.execute("analytics_unused_patterns", patternType=kind, days=50, first=1)
    assert [one["patternId"] for one in longer["patterns"]] == [never]
    assert (await service.execute("analytics_unused_patterns", patternType=new_id()))["patterns"] == []
    monkeypatch.setattr(standing, "MOST_PATTERNS", 1)  # the newest, which was used
    newest = await service.execute("analytics_unused_patterns", patternType=kind)
    assert (newest["patterns"], newest["complete"], late) == ([], False, late)


@pytest.mark.lengthy
async def test_what_says_nearly_the_same(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, text = f"kind-{new_id()}", " ".join(f"w{number}" for number in range(60))
    one, another, _ = [(await make(service, kind, words))[0] for words in (text, f"{text} more", "else altogether now")]
    found = await service.execute("analytics_similar_patterns", patternType=kind)
    assert (found["compared"], found["complete"]) == (3, True)
    [pair] = found["pairs"]
    assert {pair["patternId"], pair["otherPatternId"]} == {one, another}
    assert (pair["similarity"], pair["pattern"], pair["otherPattern"]) == (
        pytest.approx(58 / 59),
        {"name": "p"},
        {"name": "p"},
    )
    assert (await service.execute("analytics_similar_patterns", patternType=kind, atLeast=1.0))["pairs"] == []
    monkeypatch.setattr(standing, "MOST_PATTERNS", 2)
    newest = await service.execute("analytics_similar_patterns", patternType=kind)
    assert (newest["compared"], newest["complete"]) == (2, False)


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("unusedPatterns(days: 0) { since }", "days"),
        ("unusedPatterns(first: 0) { since }", "first"),
        ('unusedPatterns(patternType: "") { since }', "patternType"),
        ("similarPatterns(atLeast: 0.1) { compared }", "atLeast"),
        ("similarPatterns(atLeast: 1.1) { compared }", "atLeast"),
        ("similarPatterns(first: 501) { compared }", "first"),
    ],
)
async def test_what_is_wrong_with_a_question(service: Service, field: str, wrong: str) -> None:
    [error] = await service.errors(f"{{ {field} }}")
    assert (error["extensions"]["code"], error["extensions"]["field"]) == ("INVALID_INPUT", wrong)
