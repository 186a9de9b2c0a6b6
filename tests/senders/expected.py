"""What each sender of this folder must come to: the same for what was recorded of it and for what it sends now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from senders.picture import Export, Picture, picture_of
from senders.stub import ANSWER, MODEL

_PROMPT = "weather in Paris?"
_TOKENS = {"input_tokens": 50, "cache_read_tokens": 20, "output_tokens": 10, "reasoning_tokens": 4}

_NO_REASONING = tuple(item for item in _TOKENS.items() if item[0] != "reasoning_tokens")
_LANGCHAIN_TOOL = {
    "type": "tool",
    "data": {
        "content": "21 in Paris",
        "additional_kwargs": {},
        "response_metadata": {},
        "type": "tool",
        "name": "get_weather",
        "id": None,
        "tool_call_id": "call_1",
        "artifact": None,
        "status": "success",
    },
}
_PLAIN = (("input_tokens", 50), ("output_tokens", 10))


@dataclass(frozen=True)
class Expected:
    """What is to be seen of one conversation. What a framework does not send is None; ``tokens`` are those of each call."""

    agent: str | None = "weather_agent"
    session: str | None = "session-1"
    user: str | None = "user-1"
    tags: tuple[str, ...] | None = ("tag-1",)
    prompt: str | None = _PROMPT
    answer: str | None = ANSWER
    model: str = MODEL
    provider: str | None = "openai"
    tokens: tuple[tuple[str, int], ...] = tuple(_TOKENS.items())
    cost_usd: float | None = None
    tool: bool = True
    tool_input: Any = None
    tool_output: Any = "21 in Paris"
    nested: bool = True


EXPECTED = {
    "openinference_openai": Expected(),
    "openai_v2": Expected(
        agent=None, session=None, user=None, tags=None, prompt=None, answer=None, tokens=_PLAIN, tool=False
    ),
    "openinference_langchain": Expected(user=None, tags=None, tool_input="Paris", tool_output=_LANGCHAIN_TOOL),
    "pydantic_ai_agent": Expected(session="", user=None, tags=None, cost_usd=1.2e-05),
    "litellm_call": Expected(
        agent=None, session=None, tags=None, prompt=None, answer=None, cost_usd=1.2e-05, tool=False
    ),
    "langfuse_agent": Expected(provider=None, tool_input={"args": ["Paris"], "kwargs": {}}),
    "langsmith_agent": Expected(agent=None, tool_output={"output": "21 in Paris"}),
    "traceloop_agent": Expected(agent=None, tags=None, tool_input={"args": ["Paris"], "kwargs": {}}),
    "mlflow_agent": Expected(session=None, user=None, tags=None, provider=None, tokens=_NO_REASONING),
    "openai_agents": Expected(
        agent="Agent workflow",  # the name of what is run; that of the agent is inside
        session=None,
        user=None,
        tags=None,
        prompt=None,
        answer=None,
        model="gpt-4o-mini",
        tokens=_PLAIN,
    ),
    "ai_sdk": Expected(provider="openai.chat"),
    "ai_sdk_7": Expected(session=None, user=None, tags=None, tokens=_NO_REASONING),
}


def check(name: str, exports: list[Export]) -> None:
    """Whether the exports of a sender come to what they must."""
    want, picture = EXPECTED[name], picture_of(exports)
    root_id, root = _root(picture)
    seen = {
        "agent": root.get("agent_type"),
        "session": root.get("session_id") if want.session != "" else "",
        "user": root.get("user_id"),
        "tags": root.get("tags"),
        "prompt": root.get("prompt_text"),
        "answer": root.get("response_text"),
    }
    assert seen == {field: getattr(want, field) for field in seen}
    assert want.session != "" or root.get("session_id")
    told = (
        call for call in picture.calls.values() if "started_at" in call
    )  # and no sum of them, which has no beginning
    calls = sorted((call for call in told if _in(call, root_id)), key=lambda call: call["started_at"])
    assert len(calls) == 2, [call["endpoint_path"] for call in calls]
    for call in calls:
        assert call["model"] == want.model
        assert want.provider in (None, call["service_name"])
        assert {field: call.get(field) for field in _TOKENS} == dict.fromkeys(_TOKENS) | dict(want.tokens)
        assert call.get("cost_usd") == want.cost_usd
        assert _PROMPT in str(call["request_body"])
        assert call["nested_in"] or not want.nested
    assert ANSWER in str(calls[1]["response_body"])
    tools = [step for step in picture.steps.values() if step["hook_type"] == "ToolUse" and _in(step, root_id)]
    assert len(tools) == want.tool
    for step in tools:
        assert step["tool_name"] == "get_weather"
        assert step["tool_input"] == (want.tool_input or {"city": "Paris"})
        assert step["tool_response"] == want.tool_output
        assert step["parent_id"].startswith(root_id)


def _root(picture: Picture) -> tuple[str, dict[str, Any]]:
    """The trace that has most calls."""
    return max(picture.traces.items(), key=lambda item: sum(_in(call, item[0]) for call in picture.calls.values()))


def _in(part: dict[str, Any], trace: str) -> bool:
    return bool(part["correlation_id"] == trace)
