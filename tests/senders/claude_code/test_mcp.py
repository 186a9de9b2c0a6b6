"""The real Claude Code, offline, uses our tools: ``make agents`` brings it.

Our server is put into the client's settings by ``loopgraph mcp install``, and the client starts it. The stand-in for its model
calls a tool; what that answered is in the client's own transcript, and the call is a step of the prompt's trace.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from conftest import settings_for
from loopgraph.contracts.traces.events import HookExecuted, TraceCompleted, TraceStarted
from loopgraph.effects.clock import new_id, now
from senders.claude_code.test_endings import ANSWER, CLIENT, Home, Place
from support.engines import EngineUnderTest
from support.recorded_endings import calls, traces
from support.service import Service, serving
from support.stand_in import Script

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CLIENT.exists(), reason="Claude Code is not there for this platform: make agents"),
]

TOOL = "mcp__loopgraph__what_failed_before_here"


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    async with serving(settings_for(embedded_engine).model_copy(update={"loop_poll_ms": 3_600_000})) as service:
        yield service


async def test_the_client_calls_a_tool_and_the_call_is_a_step(
    service: Service, embedded_engine: EngineUnderTest, tmp_path: Path
) -> None:
    script: Script = {"WHAT-FAILED": [{"name": TOOL, "arguments": {"days": 3}}]}
    home, session, trace = Home(Place(tmp_path, service.url, embedded_engine), script), str(uuid4()), new_id()
    about = {"correlation_id": trace, "timestamp": now()}
    await service.parts.recorder.record(
        [
            TraceStarted(**about, project=str(home.project), prompt_text="earlier", source="user_prompt"),
            HookExecuted(
                **about, execution_id=new_id(), hook_type="ToolUse", tool_name="Bash", success=False,
                error_message="the frobnicator is missing",
            ),
            TraceCompleted(**about, success=False),
        ]
    )  # fmt: skip
    await home.install()
    await home.finished(sys.executable, "-m", "loopgraph", "mcp", "install", "claude-code", "--url", service.url)
    assert ANSWER in await home.run("--session-id", session, "--allowedTools", TOOL, "--", "WHAT-FAILED please")
    [told] = home.told().values()
    assert not told["is_error"], told
    assert "the frobnicator is missing" in json.dumps(told["result"])
    [call] = (await calls(service.parts.graph, session)).values()
    assert (call["tool_name"], call["status"]) == (TOOL, "success")
    assert len(await traces(service.parts.graph, session)) == 1
