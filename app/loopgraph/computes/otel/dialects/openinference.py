"""OpenInference: Arize-ai/openinference, python/openinference-semantic-conventions (``trace/__init__.py``)."""

from __future__ import annotations

from typing import Final

from loopgraph.computes.otel.dialects.dialect import (
    AGENT,
    CHAIN,
    EMBEDDING,
    MODEL,
    TOOL,
    Dialect,
    Kind,
    Listed,
    Member,
    Role,
)

OPENINFERENCE: Final = Dialect(
    name="OpenInference",
    marks=("openinference.", "llm.", "input.value", "output.value", "tool.", "tool_call.", "tag.tags", "agent.name",
           "embedding.", "reranker.", "retrieval."),
    kinds={
        "openinference.span.kind": {
            "llm": MODEL,
            "embedding": EMBEDDING,
            "reranker": MODEL,
            "tool": TOOL,
            "agent": AGENT,
            "chain": CHAIN,
        }
    },
    other=Kind(Role.STEP),
    provider=("llm.provider", "llm.system"),
    model=(
        "llm.response.model_name",
        "llm.model_name",
        "llm.request.model_name",
        "embedding.model_name",
        "reranker.model_name",
    ),
    input_tokens=("llm.token_count.prompt",),
    cache_read_tokens=("llm.token_count.prompt_details.cache_read",),
    cache_write_tokens=("llm.token_count.prompt_details.cache_write",),
    output_tokens=("llm.token_count.completion",),
    reasoning_tokens=("llm.token_count.completion_details.reasoning",),
    total_tokens=("llm.token_count.total",),
    cost_usd=("llm.cost.total",),
    input_cost_usd=("llm.cost.prompt",),
    output_cost_usd=("llm.cost.completion",),
    request=(Listed("llm.input_messages"), Listed("llm.prompts")),
    response=(Listed("llm.output_messages"), Listed("llm.choices")),
    input=("input.value", "tool.parameters"),
    output=("output.value", Listed("retrieval.documents")),
    tool=("tool.name",),
    tool_use_id=("tool.id", "tool_call.id"),
    agent=("agent.name", Member.of("metadata", "lc_agent_name")),  # the latter is LangChain's
    project=("openinference.project.name",),
    tags=("tag.tags",),
)  # fmt: skip
