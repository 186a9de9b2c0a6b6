"""Nodes of the graph: traces. Made by `make schema` of `loopgraph.contracts.catalogue`: not to be changed by hand."""

from datetime import datetime

from gqlalchemy import Node
from pydantic.v1 import Json

__all__ = ("Agent", "EndpointCall", "HookExecution", "LogRecord", "MetricPoint", "RoutingDecision", "Session", "Trace")


class Session(Node, label="Session"):
    """A run of an agent client.

    Key: ``session_id``.
    """

    session_id: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    source: str | None = None
    end_reason: str | None = None
    client: str | None = None
    client_version: str | None = None
    cwd: str | None = None
    project: str | None = None
    transcript_path: str | None = None
    model: str | None = None
    user_id: str | None = None
    context: Json | None = None
    tags: list[str] | None = None
    created_at: datetime | None = None
    # who recorded it: `by:` and the name of a token
    owner: str | None = None
    # the project that it is shared in: `in:` and its name
    shared_in: str | None = None
    cut_off_at: datetime | None = None
    agent_of: str | None = None
    agent_trace: str | None = None
    # when a person submitted the last prompt
    prompted_at: datetime | None = None
    # the files of memory that were read into it, by file and prompt
    memories: Json | None = None

    # Kept by the service for itself; these may change with any release.

    # whose it is will be known when its own events come
    unclaimed: bool | None = None
    # milliseconds since 1970 and id: the order of time
    time_key: str | None = None
    # how far what reports say is to be trusted, by property
    ranks: Json | None = None
    # the write that changed it last
    turn: str | None = None


class Trace(Node, label="Trace"):
    """One unit of agent work: a prompt, the work of a subagent, a request.

    Key: ``correlation_id``.
    """

    status: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    duration_ms: float | None = None
    context: Json | None = None
    created_at: datetime | None = None
    correlation_id: str | None = None
    root_id: str | None = None
    parent_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    project: str | None = None
    source: str | None = None
    prompt_text: str | None = None
    response_text: str | None = None
    agent: str | None = None
    agent_id: str | None = None
    agent_type: str | None = None
    spawned_by: str | None = None
    spawn_rule: str | None = None
    spawn_evidence: str | None = None
    continues: str | None = None
    otel_trace_id: str | None = None
    closed_by: str | None = None
    tags: list[str] | None = None
    # who recorded it: `by:` and the name of a token
    owner: str | None = None
    # the project that it is shared in: `in:` and its name
    shared_in: str | None = None
    error_message: str | None = None
    error_type: str | None = None
    # the trace that it goes on with
    continued_from: str | None = None
    # when a person submitted its prompt
    prompted_at: datetime | None = None
    # the same as who names the prompt tells it, of those that several tell of
    asked_at: datetime | None = None
    # it uses patterns
    uses: bool | None = None

    # Kept by the service for itself; these may change with any release.

    # whose it is will be known when its own events come
    unclaimed: bool | None = None
    # milliseconds since 1970 and id: the order of time
    time_key: str | None = None
    # digest of the client's event that began it
    begun_hash: str | None = None
    # digest of the client's event that ended it
    ended_hash: str | None = None
    # the write that changed it last
    turn: str | None = None
    # how far what reports say is to be trusted, by property
    ranks: Json | None = None
    # when it was told of, while nothing names the prompt that it belongs to
    ordered_at: datetime | None = None
    # the client's hooks tell of it, and so will tell of its end
    hooked: bool | None = None
    # order of time, while it is in progress
    open_key: str | None = None
    # session and order of time
    session_key: str | None = None
    # the step that spawned it, as its own client says
    spawned_by_client: str | None = None
    # the same as the answer of the call says
    spawned_by_tool_response: str | None = None
    # the same as a notification says
    spawned_by_task_notification: str | None = None
    # the OpenTelemetry trace in which its root was told
    otel_root_id: str | None = None
    # the span of a server that it is the work of
    root_span: str | None = None
    # the beginning of its prompt's text, as it was told first
    begun_as: str | None = None
    # spans under which its own spans hang
    parent_span_ids: list[str] | None = None
    # it has no end of its own yet
    unsettled: bool | None = None
    # when it began, as those say that do not name it
    begun_at: datetime | None = None
    # when it was at work last
    going_on_at: datetime | None = None
    # the last end of its parts, as earlier releases kept it
    parts_end: datetime | None = None
    # the agents that may work in it, by span
    agents_below: Json | None = None
    # ends that were told without naming their prompt
    ordered_ends: Json | None = None
    # how the spans below an unknown one ended
    ends_of_parts: Json | None = None
    # what was told of its prompt without naming it
    prompt_tellings: Json | None = None


class RoutingDecision(Node, label="RoutingDecision"):
    """The agent that was chosen for a trace; its key is the trace's.

    Key: ``correlation_id``.
    """

    user_request: str | None = None
    selected_agent: str | None = None
    selection_reason: str | None = None
    confidence_total: float | None = None
    confidence_trigger: float | None = None
    confidence_context: float | None = None
    confidence_capability: float | None = None
    confidence_historical: float | None = None
    alternatives: Json | None = None
    routing_strategy: str | None = None
    pattern_id: str | None = None
    cache_hit: bool | None = None
    routing_duration_ms: float | None = None
    created_at: datetime | None = None
    # the trace that it was made for
    correlation_id: str | None = None

    # Kept by the service for itself; these may change with any release.

    # digest of the client's event that told of it
    ended_hash: str | None = None


class Agent(Node, label="Agent"):
    """An agent that routing decisions selected.

    Key: ``name``.
    """

    # its name
    name: str | None = None


class HookExecution(Node, label="HookExecution"):
    """One step inside a trace: a tool call, a hook, the use of a pattern (``hook_type`` is ``Pattern``).

    Key: ``execution_id``.
    """

    status: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    duration_ms: float | None = None
    error_message: str | None = None
    error_type: str | None = None
    context: Json | None = None
    created_at: datetime | None = None
    execution_id: str | None = None
    correlation_id: str | None = None
    root_id: str | None = None
    parent_id: str | None = None
    session_id: str | None = None
    hook_type: str | None = None
    tool_name: str | None = None
    tool_use_id: str | None = None
    tool_input: Json | None = None
    tool_response: Json | None = None
    hook_script: str | None = None
    quality_score: float | None = None
    intelligence_functions_executed: list[str] | None = None
    rag_queries_executed: Json | None = None
    quality_gates_validated: list[str] | None = None
    modifications_made: Json | None = None
    node_id: str | None = None
    experiment_id: str | None = None
    arm: str | None = None
    unit: str | None = None
    unit_rule: str | None = None
    set_aside: str | None = None
    pattern_type: str | None = None
    pattern_name: str | None = None
    pattern_path: str | None = None
    arguments: str | None = None
    used_rule: str | None = None
    used_evidence: str | None = None
    used_resources: str | None = None
    used_resources_rule: str | None = None
    # the unit that its client named
    given_unit: str | None = None
    # how many units its experiment gives the treatment, 0..1; absent: half
    treatment_share: float | None = None
    # whether its arm goes by the record of its unit: in stages, of several candidates
    staged: bool | None = None
    pattern_origin: str | None = None
    pattern_version: str | None = None
    cwd: str | None = None
    digests: list[str] | None = None
    file_digest: str | None = None
    resources_digest: str | None = None
    # it lasts as long as its trace
    ends_with_trace: bool | None = None

    # Kept by the service for itself; these may change with any release.

    # digest of the client's event that began it
    begun_hash: str | None = None
    # digest of the client's event that ended it
    ended_hash: str | None = None
    # the write that changed it last
    turn: str | None = None
    # how far what reports say is to be trusted, by property
    ranks: Json | None = None
    # when it was told of, while nothing names the prompt that it belongs to
    ordered_at: datetime | None = None
    # the client's hooks tell of it, and so will tell of its end
    hooked: bool | None = None
    # version and order of time, once it has ended
    version_key: str | None = None
    # the prompt, of a call that spawns subagents
    spawner_root: str | None = None
    # the span of the tool's execution
    span_id: str | None = None
    # how ids of the same call begin that others have for it
    unnamed_as: str | None = None
    # the OpenTelemetry trace in which its root was told
    otel_root_id: str | None = None
    # kind and name of its pattern, while a better version may yet come
    use_open_key: str | None = None
    # digest of the text that it used
    use_digest: str | None = None
    # no version that may yet come can be better
    use_final: bool | None = None
    # when one told of it who names it
    call_named: datetime | None = None
    # since when it had run then
    call_named_since: datetime | None = None
    # when one told that it begins who does not name it
    call_begun: datetime | None = None
    # when one recorded it who does not
    call_recorded: datetime | None = None
    # since when it had run then
    call_since: datetime | None = None
    # when one told that it ended who does not name it
    call_ended: datetime | None = None


class EndpointCall(Node, label="EndpointCall"):
    """A call of a service or of a language model, made by a step or by the trace itself.

    Key: ``call_id``.
    """

    status: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    duration_ms: float | None = None
    error_message: str | None = None
    error_type: str | None = None
    context: Json | None = None
    created_at: datetime | None = None
    call_id: str | None = None
    correlation_id: str | None = None
    hook_execution_id: str | None = None
    nested_in: str | None = None
    service_name: str | None = None
    endpoint_path: str | None = None
    http_method: str | None = None
    request_body: Json | None = None
    response_body: Json | None = None
    response_status: int | None = None
    headers: Json | None = None
    retry_count: int | None = None
    model: str | None = None
    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    skill: str | None = None
    # US dollars by the list of prices; `cost_usd` is what its sender says
    price_usd: float | None = None
    # another call tells of the same, and counts in its place
    retold: bool | None = None
    # the innermost call around it that tells a cost
    paid_by: str | None = None
    # the innermost call around it that uses tokens, if this one tells a cost alone
    pays_for: str | None = None
    # the calls of models around it
    within: list[str] | None = None

    # Kept by the service for itself; these may change with any release.

    # digest of the client's event that began it
    begun_hash: str | None = None
    # digest of the client's event that ended it
    ended_hash: str | None = None
    # the write that changed it last
    turn: str | None = None
    # how far what reports say is to be trusted, by property
    ranks: Json | None = None
    # when it was told of, while nothing names the prompt that it belongs to
    ordered_at: datetime | None = None
    # the call around it that is yet to come
    frontier: str | None = None
    # messages of its request that were told one by one
    request_parts: Json | None = None
    # messages of its response that were told one by one
    response_parts: Json | None = None
    # when one told of it who names it
    call_named_at: datetime | None = None
    # when one told of it who does not
    call_recorded_at: datetime | None = None


class LogRecord(Node, label="LogRecord"):
    """A log record of an agent client that has no other place.

    Key: ``record_id``.
    """

    record_id: str | None = None
    correlation_id: str | None = None
    session_id: str | None = None
    span_key: str | None = None
    name: str | None = None
    severity: str | None = None
    at: datetime | None = None
    sequence: int | None = None
    body: Json | None = None
    context: Json | None = None
    # its own instant, or that of its arrival
    created_at: datetime | None = None
    # who recorded it: `by:` and the name of a token
    owner: str | None = None
    # the project that it is shared in: `in:` and its name
    shared_in: str | None = None

    # Kept by the service for itself; these may change with any release.

    # milliseconds since 1970 and id: the order of time
    time_key: str | None = None
    # when it was told of, while nothing names the prompt that it belongs to
    ordered_at: datetime | None = None
    # the write that changed it last
    turn: str | None = None


class MetricPoint(Node, label="MetricPoint"):
    """A data point of a metric of an agent client.

    Key: ``point_id``.
    """

    point_id: str | None = None
    session_id: str | None = None
    name: str | None = None
    unit: str | None = None
    temporality: str | None = None
    value: float | None = None
    count: int | None = None
    started_at: datetime | None = None
    at: datetime | None = None
    context: Json | None = None
    # its own instant, or that of its arrival
    created_at: datetime | None = None
    # who recorded it: `by:` and the name of a token
    owner: str | None = None
    # the project that it is shared in: `in:` and its name
    shared_in: str | None = None

    # Kept by the service for itself; these may change with any release.

    # milliseconds since 1970 and id: the order of time
    time_key: str | None = None
