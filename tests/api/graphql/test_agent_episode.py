"""The recorded session of a real agent client, told to the doors as it was and read by GraphQL as one tree."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.agent_session import AGENT, NOTICE, PROMPT, SESSION, tell
from support.service import Json, Service, nodes

pytestmark = pytest.mark.slow

NONE: Json = {"edges": []}


def steps(owner: Any) -> list[Any]:
    """The tree of what an agent did: each step by its tool and whether it failed, with the subagents under it."""
    return [
        [step["toolName"], step["status"], *(steps(child) for child in nodes(step.get("spawned", NONE)))]
        for step in nodes(owner["steps"])
    ]


async def test_the_recorded_session_is_one_episode(service: Service) -> None:
    telling = tell()
    for sent in telling.sent:
        assert (await service.http.post(sent.path, json=sent.body)).is_success
    fresh = {recorded: id_ for id_, recorded in telling.names.items()}

    async def read(name: str, **variables: Any) -> Any:
        """What an operation answers, under the ids of the recording."""
        return json.loads(telling.plain(json.dumps(await service.execute(name, **variables))))

    story = await read("traces_episode", id=fresh[PROMPT])
    assert (story["episodeId"], story["sessionId"], story["status"], story["missing"]) == (
        PROMPT,
        SESSION,
        "SUCCESS",
        [],
    )
    prompt, notice = nodes(story["traces"])
    assert steps(prompt) == [
        ["Bash", "SUCCESS"],
        ["Read", "ERROR"],
        ["Bash", "ERROR"],
        ["Write", "SUCCESS"],
        ["Agent", "SUCCESS", [["Bash", "SUCCESS"]]],
    ]
    [subagent] = nodes(nodes(prompt["steps"])[-1]["spawned"])
    assert (subagent["agentId"], subagent["agentType"], subagent["spawnBasis"]) == (
        AGENT,
        "general-purpose",
        "OTLP",
    )
    assert (notice["correlationId"], notice["continuedFrom"], nodes(notice["steps"])) == (NOTICE, PROMPT, [])
    totals = story["totals"]
    assert (totals["subagents"], totals["steps"], totals["failedSteps"], totals["endpointCalls"]) == (1, 6, 2, 9)
    assert (totals["inputTokens"], totals["outputTokens"]) == (1080, 135)
    assert totals["costUsd"] == pytest.approx(0.00702)
    assert len(nodes(story["waterfall"])) == 2 + 1 + 6 + 9
    assert await read("traces_episode", id=fresh[NOTICE]) == story
    assert await read("traces_episode", id=f"{fresh[SESSION]}/{fresh[AGENT]}") == story

    timeline = nodes(await read("traces_timeline", correlationId=fresh[PROMPT]))
    kinds = [entry["kind"] for entry in timeline]
    assert (kinds[0], kinds[-1]) == ("PROMPT_SUBMITTED", "EXECUTION_COMPLETED")
    assert timeline[0]["data"] == {"prompt": "Fix-the-failing-test please"}
    assert kinds.count("HOOK_EXECUTED") == 5
    session = await read("sessions_session", id=fresh[SESSION])
    assert len(session["traces"]["edges"]) == 3
    assert session["logs"]["edges"]
    assert session["metrics"]["edges"]
