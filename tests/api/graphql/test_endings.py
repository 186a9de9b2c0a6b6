"""What was denied or interrupted, wherever the API tells how things ended."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loopgraph.effects.clock import new_id
from support.service import Service

Json = dict[str, Any]


async def asked(service: Service, query: str, **variables: Any) -> Json:
    answer = await service.http.post("/graphql", json={"query": query, "variables": variables})
    body: Json = answer.json()
    assert "errors" not in body, body
    return body["data"]  # type: ignore[no-any-return]


@pytest.mark.lengthy
async def test_denied_and_interrupted_are_over_without_success_and_are_no_failures(service: Service) -> None:
    id_, agent, tool = new_id(), f"agent-{new_id()}", f"tool-{new_id()}"
    step: Json = {"kind": "hook", "correlation_id": id_, "hook_type": "ToolUse", "tool_name": tool}
    begun = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(
        minutes=secrets.randbelow(5_000_000)
    )  # where no other test has traces
    at = {"started_at": begun.isoformat(), "completed_at": (begun + timedelta(seconds=1)).isoformat()}
    events: list[Json] = [
        {"kind": "start", "correlation_id": id_, "timestamp": begun.isoformat()},
        {"kind": "routing", "correlation_id": id_, "selected_agent": agent},
        *({**step, **at, "execution_id": f"{id_}.{status}", "status": status} for status in ("denied", "interrupted")),
        {**step, **at, "execution_id": f"{id_}.success", "status": "success"},
        {"kind": "complete", "correlation_id": id_, "timestamp": begun.isoformat(), "status": "interrupted"},
    ]
    answer = await service.http.post("/api/traces/batch", json=events)
    assert answer.status_code == 200, answer.text

    data = await asked(
        service,
        """query ($id: ID!, $agent: String!, $tool: String!, $since: DateTime!, $until: DateTime!) {
          trace(correlationId: $id) {
            status success incomplete missing totals { steps failedSteps }
            hookExecutions { executionId status success }
            waterfall { edges { node { status } } }
          }
          found: traces(first: 5, filter: {status: [INTERRUPTED], agent: $agent}) { edges { node { correlationId } } }
          failed: traces(first: 5, filter: {failedTool: $tool, agent: $agent}) { edges { node { correlationId } } }
          agentSuccessRates(since: $since, until: $until) { agent totalExecutions successfulExecutions successRate }
          hookPerformance(since: $since, until: $until) { toolName executionCount successCount successRate }
        }""",
        id=id_,
        agent=agent,
        tool=tool,
        since=begun.isoformat(),
        until=(begun + timedelta(minutes=1)).isoformat(),
    )
    trace = data["trace"]
    assert (trace["status"], trace["success"], trace["incomplete"], trace["missing"]) == (
        "INTERRUPTED",
        False,
        False,
        [],
    )
    assert trace["totals"] == {"steps": 3, "failedSteps": 0}
    steps = {
        step["executionId"].rpartition(".")[2]: (step["status"], step["success"]) for step in trace["hookExecutions"]
    }
    assert steps == {"denied": ("DENIED", False), "interrupted": ("INTERRUPTED", False), "success": ("SUCCESS", True)}
    drawn = {row["node"]["status"] for row in trace["waterfall"]["edges"]}
    assert drawn == {"DENIED", "INTERRUPTED", "SUCCESS"}
    assert [edge["node"]["correlationId"] for edge in data["found"]["edges"]] == [id_]
    assert data["failed"]["edges"] == []
    [rate] = [row for row in data["agentSuccessRates"] if row["agent"] == agent]
    assert (rate["totalExecutions"], rate["successfulExecutions"], rate["successRate"]) == (1, 0, 0.0)
    [performance] = [row for row in data["hookPerformance"] if row["toolName"] == tool]
    assert (performance["executionCount"], performance["successCount"]) == (3, 1)
