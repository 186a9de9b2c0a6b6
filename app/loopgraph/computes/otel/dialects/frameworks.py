"""Frameworks and services whose names stand beside OpenTelemetry's, or in their place."""

from __future__ import annotations

from typing import Final

from loopgraph.computes.otel.dialects.dialect import (
    AGENT,
    CHAIN,
    EMBEDDING,
    MODEL,
    RETRIEVER,
    TOOL,
    Dialect,
    Kind,
    Member,
    Role,
    Summed,
)

_WRAPPER: Final = Kind(Role.WRAPPER, "Internal")

TRACELOOP: Final = Dialect(
    # traceloop/openllmetry, packages/opentelemetry-semantic-conventions-ai; the properties are those that a program associates
    name="Traceloop",
    marks=("traceloop.", "llm.request.type"),
    json_texts=("traceloop.entity.",),
    kinds={
        "traceloop.span.kind": {
            "workflow": Kind(Role.WRAPPER, "Workflow"),
            "task": Kind(Role.WRAPPER, "Task"),
            "agent": AGENT,
            "tool": TOOL,
        },
        "llm.request.type": {"chat": MODEL, "completion": MODEL, "embedding": EMBEDDING, "rerank": MODEL},
    },
    reasoning_tokens=("llm.usage.reasoning_tokens",),
    input=("traceloop.entity.input",),
    output=("traceloop.entity.output",),
    tool=("traceloop.entity.name",),
    agent=("traceloop.entity.name",),
    session=(
        "traceloop.association.properties.session_id",
        "traceloop.association.properties.thread_id",
        "traceloop.association.properties.conversation_id",
    ),
    user=("traceloop.association.properties.user_id", "llm.user"),
)

LANGFUSE: Final = Dialect(
    # langfuse/langfuse-python, langfuse/_client/attributes.py. Details of usage are counts beside each other; the wrapper of
    # OpenAI's client hands on OpenAI's own, of which the cached ones are a part.
    name="Langfuse",
    marks=("langfuse.",),
    kinds={
        "langfuse.observation.type": {
            "generation": MODEL,
            "embedding": EMBEDDING,
            "tool": TOOL,
            "agent": AGENT,
            "chain": CHAIN,
            "retriever": RETRIEVER,
            "evaluator": Kind(Role.STEP, "Evaluator"),
            "guardrail": Kind(Role.STEP, "Guardrail"),
        }
    },
    model=("langfuse.observation.model.name",),
    input_tokens=(
        Member.of("langfuse.observation.usage_details", "prompt_tokens"),
        Member.of("langfuse.observation.usage_details", "input_tokens"),
    ),
    plain_input_tokens=(
        Summed(
            "langfuse.observation.usage_details",
            "input",
            besides=frozenset({"input_tokens", "input_cached_tokens", "input_cache_read", "input_cache_creation"}),
        ),
    ),
    cache_read_tokens=(
        Member.of("langfuse.observation.usage_details", "input_cached_tokens"),
        Member.of("langfuse.observation.usage_details", "input_cache_read"),
        Member.of("langfuse.observation.usage_details", "cache_read_input_tokens"),
        Member.of("langfuse.observation.usage_details", "prompt_tokens_details", "cached_tokens"),
        Member.of("langfuse.observation.usage_details", "input_tokens_details", "cached_tokens"),
    ),
    cache_write_tokens=(
        Member.of("langfuse.observation.usage_details", "input_cache_creation"),
        Member.of("langfuse.observation.usage_details", "cache_creation_input_tokens"),
    ),
    output_tokens=(
        Member.of("langfuse.observation.usage_details", "completion_tokens"),
        Member.of("langfuse.observation.usage_details", "output_tokens"),
    ),
    plain_output_tokens=(
        Summed(
            "langfuse.observation.usage_details",
            "output",
            besides=frozenset({"output_tokens", "output_reasoning_tokens", "output_reasoning"}),
        ),
    ),
    reasoning_tokens=(
        Member.of("langfuse.observation.usage_details", "output_reasoning_tokens"),
        Member.of("langfuse.observation.usage_details", "output_reasoning"),
        Member.of("langfuse.observation.usage_details", "completion_tokens_details", "reasoning_tokens"),
        Member.of("langfuse.observation.usage_details", "output_tokens_details", "reasoning_tokens"),
    ),
    total_tokens=(Member.of("langfuse.observation.usage_details", "total"),),
    cost_usd=(
        Member.of("langfuse.observation.cost_details", "total"),
        Summed("langfuse.observation.cost_details", besides=frozenset({"total"})),
    ),
    input=("langfuse.observation.input",),
    output=("langfuse.observation.output",),
    prompt=("langfuse.trace.input",),
    answer=("langfuse.trace.output",),
    session=("langfuse.session.id",),
    user=("langfuse.user.id",),
    tags=("langfuse.trace.tags",),
)

MLFLOW: Final = Dialect(
    # mlflow/mlflow has them in mlflow/tracing/constant.py; all values are JSON
    name="MLflow",
    marks=("mlflow.",),
    json_texts=("mlflow.",),
    kinds={
        "mlflow.spanType": {
            "llm": MODEL,
            "chat_model": MODEL,
            "embedding": EMBEDDING,
            "reranker": MODEL,
            "tool": TOOL,
            "agent": AGENT,
            "chain": CHAIN,
            "retriever": RETRIEVER,
        }
    },
    provider=("mlflow.llm.provider",),
    model=("mlflow.llm.model",),
    input_tokens=(Member.of("mlflow.chat.tokenUsage", "input_tokens"),),
    cache_read_tokens=(Member.of("mlflow.chat.tokenUsage", "cache_read_input_tokens"),),
    cache_write_tokens=(Member.of("mlflow.chat.tokenUsage", "cache_creation_input_tokens"),),
    output_tokens=(Member.of("mlflow.chat.tokenUsage", "output_tokens"),),
    total_tokens=(Member.of("mlflow.chat.tokenUsage", "total_tokens"),),
    cost_usd=(Member.of("mlflow.llm.cost", "total_cost"),),
    input_cost_usd=(Member.of("mlflow.llm.cost", "input_cost"),),
    output_cost_usd=(Member.of("mlflow.llm.cost", "output_cost"),),
    input=("mlflow.spanInputs",),
    output=("mlflow.spanOutputs",),
    tool=("mlflow.spanFunctionName",),
    session=("mlflow.trace.session",),
    user=("mlflow.trace.user",),
)

LANGSMITH: Final = Dialect(
    # langchain-ai/langsmith-sdk, python/langsmith/_internal/otel/_otel_exporter.py
    name="LangSmith",
    marks=("langsmith.",),
    kinds={
        "langsmith.span.kind": {
            "llm": MODEL,
            "embedding": EMBEDDING,
            "tool": TOOL,
            "chain": CHAIN,
            "retriever": RETRIEVER,
            "prompt": Kind(Role.STEP, "Prompt"),
            "parser": Kind(Role.STEP, "Parser"),
        }
    },
    cost_usd=(
        Member.of("langsmith.metadata.usage_metadata", "total_cost"),
        Member.of("langsmith.usage_metadata", "total_cost"),
    ),
    input_cost_usd=(
        Member.of("langsmith.metadata.usage_metadata", "input_cost"),
        Member.of("langsmith.usage_metadata", "input_cost"),
    ),
    output_cost_usd=(
        Member.of("langsmith.metadata.usage_metadata", "output_cost"),
        Member.of("langsmith.usage_metadata", "output_cost"),
    ),
    input=("gen_ai.prompt",),
    output=("gen_ai.completion",),
    tool=("langsmith.trace.name",),
    # ``langsmith.trace.session_id`` is the project; the three that LangSmith itself takes for a thread are metadata
    session=(
        "langsmith.metadata.session_id",
        "langsmith.metadata.thread_id",
        "langsmith.metadata.conversation_id",
    ),
    user=("langsmith.metadata.user_id",),
    tags=("langsmith.span.tags",),
    agent=("langsmith.metadata.lc_agent_name",),
)

AI_SDK: Final = Dialect(
    # vercel/ai, packages/ai/src (``ai.operationId`` and the spans of 3 to 6). ``functionId`` names what the program does.
    name="Vercel AI SDK",
    marks=("ai.operationId", "ai.model.", "ai.usage.", "ai.toolCall.", "ai.telemetry."),
    json_texts=("ai.toolCall.",),
    kinds={
        "ai.operationId": {
            "ai.generatetext": AGENT,
            "ai.streamtext": AGENT,
            "ai.generateobject": AGENT,
            "ai.streamobject": AGENT,
            "ai.embed": _WRAPPER,
            "ai.embedmany": _WRAPPER,
            "ai.rerank": _WRAPPER,
            "ai.generatetext.dogenerate": MODEL,
            "ai.streamtext.dostream": MODEL,
            "ai.generateobject.dogenerate": MODEL,
            "ai.streamobject.dostream": MODEL,
            "ai.embed.doembed": EMBEDDING,
            "ai.embedmany.doembed": EMBEDDING,
            "ai.rerank.dorerank": MODEL,
            "ai.toolcall": TOOL,
        }
    },
    operation=("ai.operationId",),
    provider=("ai.model.provider",),
    model=("ai.response.model", "ai.model.id"),
    input_tokens=("ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"),
    cache_read_tokens=("ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens"),
    cache_write_tokens=("ai.usage.inputTokenDetails.cacheWriteTokens",),
    output_tokens=("ai.usage.outputTokens", "ai.usage.completionTokens"),
    reasoning_tokens=("ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens"),
    total_tokens=("ai.usage.totalTokens",),
    request=("ai.prompt.messages", "ai.prompt", "ai.value", "ai.values", "ai.documents"),
    response=("ai.response.text", "ai.response.object", "ai.response.toolCalls"),
    input=("ai.prompt",),
    output=("ai.response.text", "ai.response.object", "ai.result.text"),
    tool=("ai.toolCall.name",),
    tool_use_id=("ai.toolCall.id",),
    tool_input=("ai.toolCall.args", "ai.toolCall.input"),
    tool_output=("ai.toolCall.result", "ai.toolCall.output"),
    agent=("ai.telemetry.functionId",),
    session=("ai.telemetry.metadata.sessionId", "ai.telemetry.metadata.threadId", "ai.telemetry.metadata.chatId"),
    user=("ai.telemetry.metadata.userId",),
    tags=("ai.telemetry.metadata.tags",),
)

AI_SDK_7: Final = Dialect(
    # vercel/ai, packages/otel: OpenTelemetry's names from 7 on; what tools are given and answer is written as JSON
    name="Vercel AI SDK 7",
    scopes=("gen_ai",),
    json_texts=("gen_ai.tool.call.",),
    kinds={"gen_ai.operation.name": {"agent_step": Kind(Role.WRAPPER, "Step")}},
)

LITELLM: Final = Dialect(
    # BerriAI/litellm, litellm/integrations/opentelemetry.py. The usage is written as Python prints it.
    name="LiteLLM",
    marks=("litellm.", "gen_ai.cost.", "hidden_params", "metadata.user_api_key"),
    scopes=("litellm",),
    cost_usd=("gen_ai.cost.total_cost", Member.of("hidden_params", "response_cost")),
    input_cost_usd=("gen_ai.cost.input_cost",),
    output_cost_usd=("gen_ai.cost.output_cost",),
    cache_read_tokens=(
        Member.of("metadata.usage_object", "prompt_tokens_details", "cached_tokens"),
        Member.of("metadata.usage_object", "cache_read_input_tokens"),
    ),
    cache_write_tokens=(Member.of("metadata.usage_object", "cache_creation_input_tokens"),),
    reasoning_tokens=(Member.of("metadata.usage_object", "completion_tokens_details", "reasoning_tokens"),),
    session=("metadata.session_id", "metadata.litellm_session_id"),
    user=("llm.user", "metadata.user_api_key_end_user_id", "metadata.user_api_key_user_id"),
)

PYDANTIC_AI: Final = Dialect(
    # pydantic/pydantic-ai, pydantic_ai_slim/pydantic_ai/_instrumentation.py; an agent's run has an
    # ``agent_name`` and, before 1.0, the sum of its tokens under the names of those of one call
    name="Pydantic AI",
    marks=("pydantic_ai.", "logfire.", "agent_name", "all_messages_events"),
    scopes=("pydantic-ai",),
    kinds={"agent_name": {}},
    other=AGENT,
    cost_usd=("operation.cost",),
    tool_input=("tool_arguments",),
    tool_output=("tool_response",),
    agent=("agent_name",),
    prompt=("pydantic_ai.all_messages", "all_messages_events"),
    answer=("final_result",),
)
