"""Which parts of a report are content, that is, what people and models said and what tools saw; all else is its frame.

Where content is not to be kept, the frame stays: ids, names, numbers, times and outcomes. The fields of contracts are told apart
one by one (``KINDS``); a free map is read by an allow-list, so a text under a name that is not known here does not stay.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Any, Final

from loopgraph.computes.privacy.names import compact


class Kind(Enum):
    """What the field of a contract holds."""

    ID = auto()
    """An id, or several: it ties reports together, and is never changed."""
    LABEL = auto()
    """A name, or another short text that describes and says nothing: part of the frame."""
    ADDRESS = auto()
    """The path of a URL; a query is content."""
    CONTENT = auto()
    """Content, text or JSON."""
    MAP = auto()
    """A free map, or several: frame and content."""
    HEADERS = auto()
    """HTTP headers: frame, where secrets live."""
    PART = auto()
    """Another contract, or several."""
    PLAIN = auto()
    """Numbers, times, and words that we gave: nothing to hide."""


def _names(text: str) -> frozenset[str]:
    return frozenset(compact(name) for name in text.split())


def _kinds(kind: Kind, names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


KINDS: Final[dict[str, Kind]] = {
    **_kinds(
        Kind.ID,
        """correlation_id session_id root_id parent_id agent_id spawned_by continues pattern_id execution_id tool_use_id node_id
        experiment_id call_id hook_execution_id record_id point_id otel_trace_id parent_span_ids span_id span_key nested_in
        within prompt_of part loaded_for root_span span below agent_of agent_trace unnamed_as feedback_id outcome_id""",
    ),
    **_kinds(
        Kind.LABEL,
        """user_id project source agent_type tags agent selected_agent routing_strategy error_type hook_type tool_name hook_script
        intelligence_functions_executed quality_gates_validated service_name http_method model skill end_reason client
        client_version cwd transcript_path name severity unit pattern_type pattern_name pattern_path pattern_version slot rule""",
    ),
    **_kinds(Kind.ADDRESS, "endpoint_path"),
    **_kinds(
        Kind.CONTENT,
        """prompt_text response_text user_request selection_reason error_message tool_input tool_response request_body
        response_body body modifications_made text arguments comment evidence""",
    ),
    **_kinds(Kind.MAP, "context rag_queries_executed metadata"),
    **_kinds(Kind.HEADERS, "headers"),
    **_kinds(Kind.PART, "event alternatives agents"),
    **_kinds(
        Kind.PLAIN,
        """kind timestamp started_at completed_at ended_at cut_off_at duration_ms routing_duration_ms status success cache_hit
        confidence confidence_total confidence_trigger confidence_context confidence_capability confidence_historical
        quality_score response_status retry_count input_tokens cache_read_tokens cache_write_tokens cache_write_1h_tokens
        output_tokens reasoning_tokens cost_usd sequence temporality value count rank clock place ending spawn_rule
        unnamed_call in_order pattern_origin digests file_digest resources_digest going_on_at told_at rating sentiment holds
        at""",
    ),
}
"""By the name of the field, which means the same in every contract of an event; all their fields are here."""

_FRAME = _names(
    """
    id name type kind status level severity severity_text version format unit trigger effort mode
    session_id prompt_id prompt.id session.id agent_id parent_agent_id tool_use_id span_id parent_span_id trace_id request_id
    client_request_id message_id message.uuid turn_id task_id event_id conversation_id organization.id user.id
    user.account_id user.account_uuid service.instance.id plugin_id_hash
    hook_event_name hook_event hook_name hook_type hook_source permission_mode agent_type agent.name agent.source
    subagent_type agent_detected tool_name tool_name_safe tool_source bash_command_class command_name command_source
    event.name event.timestamp query_source query_source_safe model final_model resolved_model decision decision_source
    source error_type error_class error.type stop_reason end_reason start_type speed language enabled_via span.type span.kind
    llm_request.context plugin.name plugin.scope plugin.version marketplace.name skill.name skill.source mcp_server_scope
    managed_settings.source_behavior managed_settings.helper.state managed_settings.helper.applied managed_settings.trigger
    parent.source terminal.type app.version app.entrypoint anthropic.provider
    service.name service.version service.namespace telemetry.sdk.name telemetry.sdk.language telemetry.sdk.version
    deployment.environment deployment.environment.name process.runtime.name process.runtime.version os.type os.version
    host.arch otel.scope.name otel.scope.version otel.status_code otel.library.name
    gen_ai.system gen_ai.provider.name gen_ai.operation.name gen_ai.request.model gen_ai.response.model gen_ai.response.id
    gen_ai.response.finish_reasons gen_ai.conversation.id gen_ai.agent.id gen_ai.agent.name gen_ai.tool.name
    gen_ai.tool.type gen_ai.tool.call.id gen_ai.output.type gen_ai.token.type
    openinference.span.kind llm.model_name llm.provider llm.system tool.name embedding.model_name reranker.model_name
    http.request.method http.method http.route http.scheme http.flavor url.scheme network.protocol.name
    network.protocol.version network.transport rpc.system rpc.service rpc.method db.system db.system.name
    db.operation.name messaging.system messaging.operation.name exception.type code.function code.namespace
    accept accept-encoding content-type content-encoding traceparent user-agent server date retry-after x-request-id
    x-correlation-id x-root-id x-parent-id x-execution-id anthropic-version
    """
)
"""Names whose texts say what a thing is, and not what is in it."""

_INSIDE = frozenset({"attributes", "scope", "resource", "events", "links", "effort", "usage"})
"""Maps and lists of maps under these names are frame and content, too; under others they are content."""

_NAME = re.compile(r"[A-Za-z_][\w.:-]{0,79}", re.ASCII)
_WORDS = re.compile(r"[^\r\n]{1,200}")
_FRAME_BY_FORM = re.compile(
    r"""true | false | [+-]?\d{1,15}(?:\.\d{1,17})?
    | [0-9a-f]{16} | [0-9a-f]{32} | [0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}
    | \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)""",
    re.VERBOSE | re.ASCII,
)
"""Numbers, ids and instants in text."""


def frame_of_map(value: dict[Any, Any]) -> dict[Any, Any]:
    """What is no content of a free map: numbers and booleans, and texts that are known to be harmless by name or form."""
    found = {
        name: _frame(name, item) for name, item in value.items() if isinstance(name, str) and _NAME.fullmatch(name)
    }
    return {name: item for name, item in found.items() if item is not None}


def _frame(name: str, value: Any) -> Any:
    """What is no content of the value under a name; None if it all is."""
    match value:
        case bool() | int() | float():
            return value
        case str():
            form = _WORDS if compact(name) in _FRAME else _FRAME_BY_FORM
            return value if form.fullmatch(value) else None
        case dict():
            return (frame_of_map(value) or None) if name in _INSIDE else None
        case list() | tuple():
            return [item for item in (_frame(name, item) for item in value) if item is not None] or None
    return None


def frame_of_address(path: str) -> str:
    """The path without its query and its fragment."""
    return re.split(r"[?#]", path, maxsplit=1)[0]
