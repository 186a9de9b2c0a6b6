"""Two subagents at once, through the doors, in any order: each hangs under the very call that spawned it.

The second one is a twin of the recorded one: all that the client sent of it, and of the call that spawned it, under other ids.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from support.agent_session import AGENT, SESSION, Sent, Telling, story, tell
from support.quick import first_quick
from support.service import Service

Json = dict[str, Any]

CALL, TWIN_CALL = "toolu_Fix-the-failing-test_4_0", "toolu_Fix-the-failing-test_5_0"
TWIN = "b4b4b4b4b4b4b4b4b"
_ITEMS = {
    "/v1/traces": ("resourceSpans", "scopeSpans", "spans"),
    "/v1/logs": ("resourceLogs", "scopeLogs", "logRecords"),
}


def twin_of(item: Json, telling: Telling) -> Json | None:
    """The same of the twin; None if it is not about the subagent or its call."""
    agent = next(fresh for fresh, recorded in telling.names.items() if recorded == AGENT)
    text = json.dumps(item)
    if agent not in text and CALL not in text and "Explore-callers" not in text:
        return None
    # The execution that the twin hangs under has a span of its own; so have all of its spans.
    for name in ("bd6086a6ef7629b4", "ba6a3f5e725a6038", "3a51bb289febce22", "97b66c8a3ab84ae1", "54e4d18122999797"):
        text = text.replace(name, name[::-1])
    for name in ("a58d317d3d08334b", "65196803247f1253", "e7f6f7fb3c7cddf7"):
        text = text.replace(name, name[::-1])
    for old, new in (
        (agent, TWIN),
        (CALL, TWIN_CALL),
        ("callers_0_0", "twins_0_0"),
        ("req_6", "req_66"),
        ("req_8", "req_88"),
    ):
        text = text.replace(old, new)
    result: Json = json.loads(text)
    return result


def with_twin(sent: Sent, telling: Telling) -> list[Sent]:
    """What was sent, and what would have been sent of the twin, before it."""
    if sent.is_hook:
        twin = twin_of(sent.body, telling)
        return [Sent(sent.at, sent.path, twin), sent] if twin else [sent]
    if sent.path not in _ITEMS:
        return [sent]
    resources, scopes, items = _ITEMS[sent.path]
    body = json.loads(json.dumps(sent.body))
    for per_resource in body[resources]:
        for per_scope in per_resource[scopes]:
            found = per_scope[items]
            per_scope[items] = [twin for item in found if (twin := twin_of(item, telling))] + found
    return [Sent(sent.at, sent.path, body)]


def sources(told: list[Sent]) -> dict[str, list[Sent]]:
    """Both sources together, and each by itself."""
    return {
        "both": told,
        "hooks": [sent for sent in told if sent.is_hook],
        "otel": [sent for sent in told if not sent.is_hook],
    }


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("source", "seed"), first_quick([("both", 1), ("both", None), ("both", 2), ("hooks", 3), ("otel", 4)])
)
async def test_each_subagent_hangs_under_its_own_call(service: Service, source: str, seed: int | None) -> None:
    telling = tell()
    sent = sources([one for sent in telling.sent for one in with_twin(sent, telling)])[source]
    if seed is not None:
        random.Random(seed).shuffle(sent)
    for one in sent:
        answer = await service.http.post(one.path, json=one.body)
        assert (answer.status_code, answer.json()) == (200, {})
    told = await story(service.parts.graph, telling)
    spawned = {trace["agent_id"]: trace["hook"] for trace in told["traces"] if trace["source"] == "subagent"}
    assert spawned == {AGENT: f"{SESSION}/{CALL}", TWIN: f"{SESSION}/{TWIN_CALL}"}
    rules = {trace["rule"].partition(":")[0] for trace in told["traces"] if trace["source"] == "subagent"}
    assert rules == {"exact"}
    inside = {hook["execution_id"]: hook["trace"] for hook in told["hooks"] if "Explore" in hook["execution_id"]}
    assert inside == {
        f"{SESSION}/toolu_Explore-callers_0_0": f"{SESSION}/{AGENT}",
        f"{SESSION}/toolu_Explore-twins_0_0": f"{SESSION}/{TWIN}",
    }
