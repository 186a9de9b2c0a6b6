"""The recorded session of a real agent client, found by what happened in it, followed, and compared with itself."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from support.agent_session import NOTICE, PROMPT, Telling, tell
from support.service import Json, Service
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.slow


async def send(service: Service) -> tuple[Telling, dict[str, str]]:
    """Tells the session to the doors; the fresh ids by those of the recording."""
    telling = tell()
    for sent in telling.sent:
        assert (await service.http.post(sent.path, json=sent.body)).is_success
    return telling, {recorded: id_ for id_, recorded in telling.names.items()}


async def test_the_prompt_is_found_by_what_happened_in_it(service: Service) -> None:
    telling, _ = await send(service)

    async def found(**filter: Any) -> set[str]:
        page = await service.execute("traces_page", filter={"sessionId": telling.session_id, **filter})
        return {telling.plain(edge["node"]["correlationId"]) for edge in page["edges"]}

    bash, agent, read = {"tool": "Bash"}, {"tool": "Agent"}, {"tool": "Read"}
    assert await found(structure={"has": bash, "under": agent}) == {PROMPT}
    assert await found(structure={"has": read, "under": agent}) == set()
    assert await found(structure={"has": {**read, "status": "ERROR"}, "before": {"tool": "Write"}}) == {PROMPT}
    assert await found(structure={"has": {"tool": "Write"}, "before": read}) == set()
    assert await found(structure={"without": bash}) == {NOTICE}
    assert await found(structure={"has": {"agentType": "general-purpose", "tool": "Bash"}}) == {PROMPT}
    assert await found(failedTool="Read", text="failing-TEST") == {PROMPT}
    assert await found(rootsOnly=True) == {PROMPT, NOTICE}
    assert await found(agent="general-purpose") == await found() - {PROMPT, NOTICE}


async def test_two_runs_of_the_same_are_the_same(service: Service) -> None:
    (_, one), (_, other) = await send(service), await send(service)
    diff = await service.execute("traces_diff", a=one[PROMPT], b=other[PROMPT], differencesOnly=False)
    assert diff["firstDivergence"] is None
    # The prompt, its six steps, the subagent, and the calls of the model.
    assert [row["kind"] for row in diff["rows"]] == ["SAME"] * (1 + diff["a"]["steps"] + 1)
    assert diff["a"]["failures"] == 2


async def test_it_is_followed_as_it_happens(service: Service) -> None:
    telling = tell()
    fresh = {recorded: id_ for id_, recorded in telling.names.items()}
    stream = service.follow("traces_follow", filter={"correlationId": fresh[PROMPT]})
    async with contextlib.aclosing(stream):
        update: asyncio.Future[Json] = asyncio.ensure_future(anext(stream))
        for _ in range(1_000):
            if service.parts.feed.subscribers:
                break
            await asyncio.sleep(0.01)
        for sent in telling.sent:
            assert (await service.http.post(sent.path, json=sent.body)).is_success
        kinds = set()
        while (last := await asyncio.wait_for(update, PATIENCE_S))["trace"]["status"] == "IN_PROGRESS":
            kinds.add(last["part"])
            update = asyncio.ensure_future(anext(stream))
    assert {"START", "HOOK"} <= kinds
    assert last["trace"]["status"] == "SUCCESS"
