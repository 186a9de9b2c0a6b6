"""What the attributes of a span mean, by the conventions that instrumentations follow.

The OpenTelemetry semantic conventions for generative AI (``gen_ai.*``), HTTP, RPC and databases, with their older names, and
OpenInference (``openinference.span.kind``, ``llm.*``, ``input.value``).
"""

from __future__ import annotations

from enum import Enum
from typing import Any, Final
from urllib.parse import urlsplit

from loopgraph.computes.agents.fields import LONGEST_NAME, LONGEST_TEXT, Fields, said, shortened
from loopgraph.computes.agents.ids import as_id
from loopgraph.computes.otel.model import Span
from loopgraph.contracts.traces import MOST_RETRIES

WHOSE: Final = ("session.id", "gen_ai.conversation.id")
"""Where a session is named."""
USER: Final = ("user.id", "enduser.id")
PROMPT: Final = ("gen_ai.prompt", "input.value")
ANSWER: Final = ("gen_ai.completion", "output.value")

_OPENINFERENCE: Final = "openinference.span.kind"
_OPERATION: Final = "gen_ai.operation.name"
_MODEL_OPERATIONS: Final = frozenset({"chat", "text_completion", "generate_content", "embeddings"})
_AGENT_OPERATIONS: Final = frozenset({"invoke_agent", "create_agent", "invoke_workflow"})
_CALLS: Final = ("http.", "url.", "rpc.", "db.")


_CACHE_READ: Final = (
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.input_tokens.cached",
    "gen_ai.usage.cached_tokens",
    "llm.token_count.prompt_details.cache_read",
)
_CACHE_WRITE: Final = (
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
    "gen_ai.usage.details.cache_write_tokens",
    "gen_ai.usage.input_tokens.cache_write",
    "llm.token_count.prompt_details.cache_write",
)
_REASONING: Final = (
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.details.reasoning_tokens",
    "llm.token_count.completion_details.reasoning",
)


class Role(Enum):
    """What a span stands for."""

    MODEL = "a call of a model"
    CALL = "a call of another service"
    TOOL = "the use of a tool"
    STEP = "another step worth to be seen by itself"
    WRAPPER = "the work around steps: of an agent, a chain, a server, a function"


_ROLES: Final = {
    "LLM": Role.MODEL,
    "EMBEDDING": Role.MODEL,
    "RERANKER": Role.MODEL,
    "TOOL": Role.TOOL,
    "AGENT": Role.WRAPPER,
    "CHAIN": Role.WRAPPER,
}
"""The kinds of OpenInference that are not just another step."""


def role(span: Span) -> Role:
    """What a span stands for: what its attributes say it is, else its kind."""
    kind, operation = _kind_and_operation(span)
    if kind:
        return _ROLES.get(kind, Role.STEP)
    if operation in _MODEL_OPERATIONS:
        return Role.MODEL
    if operation == "execute_tool":
        return Role.TOOL
    if operation in _AGENT_OPERATIONS:
        return Role.WRAPPER
    if span.kind == "client":
        return Role.CALL if any(name.startswith(_CALLS) for name in span.attributes) else Role.STEP
    return Role.STEP if span.kind in ("producer", "consumer") else Role.WRAPPER


def hook_type(span: Span) -> str:
    """The type of a step: ``ToolUse``, ``Agent``, or the kind of the span by OpenInference or OpenTelemetry."""
    kind, operation = _kind_and_operation(span)
    if role(span) is Role.TOOL:
        return "ToolUse"
    if kind:
        return kind.capitalize()
    if operation in _AGENT_OPERATIONS:
        return "Agent"
    return "Span" if span.kind == "unspecified" else span.kind.capitalize()


def _kind_and_operation(span: Span) -> tuple[str, str]:
    """The kind by OpenInference, in capitals, and the operation by OpenTelemetry; empty where there is none."""
    kind, operation = span.attributes.get(_OPENINFERENCE), span.attributes.get(_OPERATION)
    return (
        shortened(kind.strip(), LONGEST_NAME).upper().strip() if isinstance(kind, str) else "",
        operation if isinstance(operation, str) else "",
    )


def tool_fields(fields: Fields, span: Span) -> dict[str, Any]:
    """The name, the input and the result of a step."""
    tool_use_id = fields.name("gen_ai.tool.call.id", "tool_call.id")
    return said(
        tool_name=fields.name("gen_ai.tool.name", "tool.name", "gen_ai.agent.name") or name_of(span),
        tool_use_id=as_id(tool_use_id) if tool_use_id else None,
        tool_input=fields.json("gen_ai.tool.call.arguments", "input.value", "tool.parameters", "gen_ai.input.messages"),
        tool_response=fields.json("gen_ai.tool.call.result", "output.value", "gen_ai.output.messages"),
    )


def model_fields(fields: Fields, span: Span) -> dict[str, Any]:
    """The fields of a call of a model."""
    operation = fields.name(_OPERATION)
    service = fields.name("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "server.address")
    return said(
        service_name=service or span.origin.service or "unknown",
        endpoint_path=operation or path_of(span),
        model=fields.name(
            "gen_ai.response.model",
            "gen_ai.request.model",
            "llm.model_name",
            "embedding.model_name",
            "reranker.model_name",
        ),
        **token_counts(fields),
        request_body=fields.json("gen_ai.input.messages", "gen_ai.prompt", "input.value"),
        response_body=fields.json("gen_ai.output.messages", "gen_ai.completion", "output.value"),
        response_status=http_status(fields),
    )


def token_counts(fields: Fields) -> dict[str, int | None]:
    """The tokens of a call of a model, those of caches as parts of the input and those of reasoning as parts of the output.

    That is what OpenTelemetry asks for; who counts them beside the others is known by a total that is only reached so, or by
    parts that are more than the whole.
    """
    given = fields.count("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt")
    made = fields.count("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion")
    total = fields.count("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total")
    read, written, reasoning = (fields.count(*names) for names in (_CACHE_READ, _CACHE_WRITE, _REASONING))
    cached, reasoned = (read or 0) + (written or 0), reasoning or 0
    if given is not None and (given < cached or total == given + cached + (made or 0)):
        given += cached
    if made is not None and made < reasoned:
        made += reasoned
    return {
        "input_tokens": given,
        "cache_read_tokens": read,
        "cache_write_tokens": written,
        "output_tokens": made,
        "reasoning_tokens": reasoning,
    }


def call_fields(fields: Fields, span: Span) -> dict[str, Any]:
    """The fields of a call of another service by HTTP, by RPC or of a database."""
    url = fields.text("url.full", "http.url")
    host, path = _parts_of(url)
    service = fields.name("peer.service", "service.peer.name", "server.address", "net.peer.name", "http.host")
    system = fields.name("db.system.name", "db.system", "rpc.system.name", "rpc.system")
    return said(
        service_name=service or host or system or name_of(span) or "unknown",
        endpoint_path=fields.text("url.path", "http.route", "http.target", "url.template")
        or path
        or _operation(fields)
        or path_of(span),
        http_method=fields.name("http.request.method", "http.method"),
        response_status=http_status(fields),
        retry_count=fields.count("http.request.resend_count", largest=MOST_RETRIES),
    )


def _operation(fields: Fields) -> str | None:
    """What is asked of an RPC service or a database."""
    called, method = fields.name("rpc.service"), fields.name("rpc.method")
    if method:
        return f"/{called}/{method}" if called else f"/{method}"
    if summary := fields.name("db.query.summary"):
        return summary
    asked = (
        fields.name("db.operation.name", "db.operation"),
        fields.name("db.namespace", "db.name"),
        fields.name("db.collection.name", "db.sql.table"),
    )
    return " ".join(filter(None, asked)) or None


def _parts_of(url: str | None) -> tuple[str | None, str | None]:
    """The host and the path of a URL; what it asks for and who asks stay out."""
    try:
        parts = urlsplit(url or "")
        return shortened(parts.hostname or "", LONGEST_NAME) or None, parts.path or None
    except ValueError:
        return None, None


def http_status(fields: Fields) -> int | None:
    """The status of an HTTP response."""
    status = fields.count("http.response.status_code", "http.status_code")
    return status if status is not None and 100 <= status <= 599 else None


def name_of(span: Span) -> str | None:
    """The name of a span, where a short text is asked for."""
    return shortened(span.name.strip(), LONGEST_NAME).strip() or None


def path_of(span: Span) -> str:
    """The name of a span, where a path is asked for."""
    return shortened(span.name, LONGEST_TEXT) or "/"


def failure(fields: Fields, span: Span) -> dict[str, Any]:
    """The error of a span that failed: what its status says, else the last exception among its events."""
    if not span.failed:
        return {}
    exceptions = [
        event.get("attributes", {}) for event in span.more.get("events", ()) if event.get("name") == "exception"
    ]
    last = Fields(exceptions[-1] if exceptions else {})
    message, kind = last.text("exception.message"), last.name("exception.type")
    return said(
        error_message=shortened(span.status_message, LONGEST_TEXT) or message,
        error_type=fields.name("error.type") or kind,
    )
