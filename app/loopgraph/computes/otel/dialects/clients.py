"""Coding agents that tell of their work in log records, and in spans if they are asked to. The client whose hooks are known
is not among them: its signals are joined with its hooks (``computes/otel/claude_code*``)."""

from __future__ import annotations

from typing import Final

from loopgraph.computes.agents.gemini import DENIAL as GEMINI_DENIAL
from loopgraph.computes.otel.dialects.dialect import AGENT, Dialect, Kind, Meaning, Role

CODEX: Final = Dialect(
    # openai/codex, codex-rs/otel/src/events/session_telemetry.rs and tool_result.rs. Calls of models are those of its events,
    # which name the model; its spans repeat their tokens (``handle_responses``), and those of the turn.
    name="Codex",
    model=("model",),
    input_tokens=("input_token_count",),
    cache_read_tokens=("cached_token_count",),
    cache_write_tokens=("cache_write_token_count",),
    output_tokens=("output_token_count",),
    reasoning_tokens=("reasoning_token_count",),
    vendor="openai",
    operation=("endpoint",),
    prompt=("prompt",),
    tool=("tool_name",),
    tool_use_id=("call_id",),
    tool_input=("arguments",),
    tool_output=("output",),
    session=("conversation.id",),
    user=("user.account_id",),
    events={
        "codex.user_prompt": Meaning.PROMPT,
        "codex.sse_event": Meaning.MODEL,
        "codex.websocket_event": Meaning.MODEL,
        "codex.api_request": Meaning.MODEL_FAILED,
        "codex.tool_result": Meaning.TOOL,
        "codex.tool_decision": Meaning.TOOL_DECIDED,
    },
    duration_ms=("duration_ms",),
    success=("success",),
    error_message=("error.message",),
    status_code=("http.response.status_code",),
    # ``ReviewDecision`` in codex-rs/protocol, and as older versions spell it
    decision=("decision",),
    decided_by=("source",),
    denials=frozenset({"denied", "denied_with_network_policy_deny", "timed_out", "timedout", "abort"}),
    stops=frozenset({"abort"}),
    calls_are_named_elsewhere=True,
    spawns=frozenset({"spawn_agent"}),
)

CODEX_SPANS: Final = Dialect(
    name="Codex: spans",
    marks=("codex.request.", "codex.turn."),
    kinds={"codex.request.reasoning_effort": {}, "codex.turn.reasoning_effort": {}},
    other=Kind(Role.WRAPPER, "Internal"),
    session=("conversation.id",),
)

GEMINI: Final = Dialect(
    # google-gemini/gemini-cli has them in packages/core/src/telemetry/types.ts and trace.ts
    name="Gemini CLI",
    model=("model",),
    input_tokens=("input_token_count",),
    cache_read_tokens=("cached_content_token_count",),
    plain_output_tokens=("output_token_count",),  # of candidates; thoughts are counted beside them
    reasoning_tokens=("thoughts_token_count",),
    vendor="google",
    prompt=("prompt",),
    response=("response_text",),
    tool=("function_name",),
    tool_input=("function_args",),
    session=("session.id",),
    user=("user.email",),
    events={
        "gemini_cli.user_prompt": Meaning.PROMPT,
        "gemini_cli.api_response": Meaning.MODEL,
        "gemini_cli.api_error": Meaning.MODEL_FAILED,
        "gemini_cli.tool_call": Meaning.TOOL,
    },
    prompt_id=("prompt_id",),
    duration_ms=("duration_ms",),
    success=("success",),
    error_message=("error.message", "error"),
    error_type=("error.type", "error_type"),
    status_code=("http.status_code", "status_code"),
    # packages/core/src/telemetry/tool-call-decision.ts and packages/core/src/scheduler
    decision=("decision",),
    denials=frozenset({"reject", GEMINI_DENIAL}),
    stops=frozenset({"reject"}),
    failures_say_why=True,
    calls_are_named_elsewhere=True,
)

GEMINI_SPANS: Final = Dialect(
    # They repeat its events, each in a trace of its own, with tokens or without: what they stand for is told by the events alone.
    name="Gemini CLI: spans",
    scopes=("gemini-cli",),
    calls_are_events=True,
    kinds={"gen_ai.operation.name": {"agent_call": AGENT}},
    other=Kind(Role.WRAPPER, "Internal"),
    tool_use_id=("gen_ai.tool.call_id",),
    tool_input=("gen_ai.input.messages",),
    tool_output=("gen_ai.output.messages",),
)
