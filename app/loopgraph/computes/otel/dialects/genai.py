"""OpenTelemetry's own conventions (open-telemetry/semantic-conventions, docs/registry/attributes/gen-ai.md), the names that they
had before (model/gen-ai/deprecated), and those that many senders have added in their manner."""

from __future__ import annotations

from typing import Final

from loopgraph.computes.otel.dialects.dialect import (
    AGENT,
    EMBEDDING,
    MODEL,
    RETRIEVER,
    TOOL,
    Dialect,
    Listed,
    Member,
    Told,
)
from loopgraph.computes.otel.model import PROJECT

GENERAL: Final = Dialect(
    name="OpenTelemetry: who",
    marks=("session.", "user.", "enduser.", PROJECT),
    session=("session.id",),
    user=("user.id", "enduser.id"),
    project=(PROJECT,),
)

GENAI: Final = Dialect(
    name="OpenTelemetry: generative AI",
    marks=("gen_ai.",),
    kinds={
        "gen_ai.operation.name": {
            "chat": MODEL,
            "text_completion": MODEL,
            "generate_content": MODEL,
            "embeddings": EMBEDDING,
            "execute_tool": TOOL,
            "invoke_agent": AGENT,
            "create_agent": AGENT,
            "invoke_workflow": AGENT,
            "retrieval": RETRIEVER,
        }
    },
    operation=("gen_ai.operation.name",),
    provider=("gen_ai.provider.name", "gen_ai.system"),
    model=("gen_ai.response.model", "gen_ai.request.model"),
    input_tokens=("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    cache_read_tokens=(
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.details.cache_read_tokens",
        "gen_ai.usage.input_tokens.cached",
        "gen_ai.usage.cached_tokens",
        Member.of("gen_ai.usage.input_token_details", "cache_read"),  # LangSmith
    ),
    cache_write_tokens=(
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.details.cache_write_tokens",
        "gen_ai.usage.input_tokens.cache_write",
        Member.of("gen_ai.usage.input_token_details", "cache_creation"),
    ),
    output_tokens=("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    reasoning_tokens=(
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.output_tokens.reasoning",
        "gen_ai.usage.reasoning_tokens",
        "gen_ai.usage.details.reasoning_tokens",
        Member.of("gen_ai.usage.output_token_details", "reasoning"),
    ),
    total_tokens=("gen_ai.usage.total_tokens", "llm.usage.total_tokens"),
    # No cost is in the conventions yet; these are those of OpenLIT, of the Microsoft Agent Framework and of gateways.
    cost_usd=("gen_ai.usage.cost", "gen_ai.usage.cost_usd", "gen_ai.usage.total_cost"),
    input_cost_usd=("gen_ai.usage.input_cost",),
    output_cost_usd=("gen_ai.usage.output_cost",),
    request=(
        "gen_ai.input.messages",
        "gen_ai.prompt",
        Listed("gen_ai.prompt"),
        Told(("gen_ai.system.message", "gen_ai.user.message", "gen_ai.assistant.message", "gen_ai.tool.message")),
        Told(("gen_ai.content.prompt",)),
    ),
    response=(
        "gen_ai.output.messages",
        "gen_ai.completion",
        Listed("gen_ai.completion"),
        Told(("gen_ai.choice",)),
        Told(("gen_ai.content.completion",)),
    ),
    tool=("gen_ai.tool.name",),
    tool_use_id=("gen_ai.tool.call.id",),
    tool_input=("gen_ai.tool.call.arguments", "gen_ai.retrieval.query.text"),
    tool_output=("gen_ai.tool.call.result", "gen_ai.retrieval.documents"),
    agent=("gen_ai.agent.name",),
    session=("gen_ai.conversation.id",),
)
