"""The columns of what was recorded: traces, sessions, executions, calls, and uses of patterns."""

from __future__ import annotations

from loopgraph.contracts.exports.columns import Column, boolean, instant, integer, json, number, text, texts, within

_STATUS = text(
    "status", "How far it is, and how it ended: in_progress, success, error, timeout, denied or interrupted."
)
_TIMES = (
    instant("started_at", "When it began; null where nobody said."),
    instant("completed_at", "When it ended."),
    number("duration_ms", "How long it took.", "ms"),
)
_ENDING = (
    text("error_message", "What went wrong, as its sender says."),
    text("error_type", "The type of the error."),
)
_CONTEXT = json("context", "What its sender adds.")
_ARRIVED = instant("created_at", "When the first report of it arrived.")

TRACES: tuple[Column, ...] = (
    text("correlation_id", "Its id."),
    text("root_id", "The trace at the root of its tree."),
    text("parent_id", "The trace that spawned it; null for a root."),
    text("session_id", "The session that it belongs to."),
    text("user_id", "Whose it is."),
    text("project", "What it is for, where it says so itself."),
    text("source", "What began it: user_prompt for a prompt, session for what belongs to none."),
    _STATUS,
    *_TIMES,
    text("agent", "The agent that its routing selected."),
    text("agent_id", "The subagent whose work it is."),
    text("agent_type", "The type of that subagent."),
    text("prompt_text", "What was asked, as far as content is kept."),
    text("response_text", "What it was answered with, as far as content is kept."),
    *_ENDING,
    text("spawned_by", "The execution under which it hangs."),
    text("spawn_rule", "How that is known."),
    text("spawn_evidence", "From what."),
    text("continues", "The execution whose background work it goes on with."),
    text("otel_trace_id", "The OpenTelemetry trace that tells of it."),
    text("closed_by", "Why the service ended it, if no client did: timeout or spans."),
    boolean("started", "Whether its beginning has been told of."),
    texts("tags", "Its tags."),
    _CONTEXT,
    _ARRIVED,
)

SESSIONS: tuple[Column, ...] = (
    text("session_id", "Its id."),
    instant("started_at", "When it began; null where nobody said."),
    instant("ended_at", "When it ended."),
    text("source", "How it began, as its client says."),
    text("end_reason", "Why it ended, as its client says."),
    text("client", "The agent client."),
    text("client_version", "The client's version."),
    text("cwd", "The folder that it worked in: its project, where it names none."),
    text("project", "What it is for, where it says so."),
    text("transcript_path", "The file in which the client keeps it."),
    text("model", "The model that it began with."),
    text("user_id", "Whose it is."),
    texts("tags", "Its tags."),
    _CONTEXT,
    _ARRIVED,
)

_IN_TRACE = (
    text("execution_id", "Its id."),
    text("correlation_id", "The trace that it is in."),
    text("root_id", "The trace at the root of the tree."),
    text("parent_id", "The execution that it is nested in."),
    text("session_id", "The session."),
)
_STEP = (
    text("hook_type", "The type of step; Pattern for the use of a pattern. Null while only its calls are known."),
    text("tool_name", "The tool that ran."),
    text("tool_use_id", "The client's id of the call of the tool."),
    _STATUS,
    *_TIMES,
    *_ENDING,
    number("quality_score", "What its sender says of its quality.", "0..1"),
)
_VERSION_RAN = (
    text("node_id", "The version of a pattern that it ran."),
    text("used_rule", "How it is known that it was this version: `exact: …` or `inferred: …`."),
    text("used_evidence", "From what."),
)
_IN_EXPERIMENT = (
    text("experiment_id", "The experiment that chose the version."),
    text("arm", "Its arm: control or treatment."),
    text("unit", "What it belongs to, as experiments count: executions of one unit are not independent."),
    text("unit_rule", "How the unit is known: given, session or trace."),
    text("set_aside", "Why it is no evidence of its experiment: other_arm."),
)
_OF_PATTERN = (
    text("pattern_type", "Of the use of a pattern, what its reporters call the pattern's type."),
    text("pattern_name", "And its name."),
    text("pattern_path", "And the file that it is in."),
    text("arguments", "What it was called with."),
    text("used_resources", "The digest of what lay beside the skill then."),
    text("used_resources_rule", "How that is known."),
)

EXECUTIONS: tuple[Column, ...] = (
    *_IN_TRACE,
    *_STEP,
    *_VERSION_RAN,
    *_IN_EXPERIMENT,
    *_OF_PATTERN,
    json("tool_input", "What the tool was given, as far as content is kept."),
    json("tool_response", "What the tool answered, as far as content is kept."),
    text("hook_script", "The script that ran."),
    texts("intelligence_functions_executed", "The functions that it says it ran."),
    json("rag_queries_executed", "The retrievals that it says it made."),
    texts("quality_gates_validated", "The quality gates that it says it validated."),
    json("modifications_made", "What it says it changed."),
    _CONTEXT,
    _ARRIVED,
)

CALLS: tuple[Column, ...] = (
    text("call_id", "Its id."),
    text("correlation_id", "The trace that it is in."),
    text("hook_execution_id", "The execution that made it; null for the trace itself."),
    text("nested_in", "The step or call that it was made in, as its reporter says."),
    text("service_name", "The service that was called."),
    text("endpoint_path", "The endpoint."),
    text("http_method", "The method."),
    _STATUS,
    *_TIMES,
    *_ENDING,
    integer("response_status", "The status of the HTTP response."),
    integer("retry_count", "How often it was tried again.", "retries"),
    text("model", "The language model that was called."),
    integer("input_tokens", "All that the model was given, those of caches included.", "tokens"),
    integer("cache_read_tokens", "Of the input, what was read from a cache.", "tokens"),
    integer("cache_write_tokens", "Of the input, what was written to a cache.", "tokens"),
    integer("cache_write_1h_tokens", "Of that, what is kept for an hour.", "tokens"),
    integer("output_tokens", "All that the model made, reasoning included.", "tokens"),
    integer("reasoning_tokens", "Of the output, reasoning.", "tokens"),
    number("cost_usd", "What it cost: as its sender says, else by the list of prices.", "USD"),
    text("cost_source", "Which of the two: reported or computed."),
    text("skill", "The skill or command in force."),
    json("request_body", "What was sent, as far as content is kept."),
    json("response_body", "What was answered, as far as content is kept."),
    json("headers", "The headers that were told of."),
    _CONTEXT,
    _ARRIVED,
)

USES: tuple[Column, ...] = (
    text("pattern_id", "The pattern that was used."),
    text("pattern_name", "What it is called."),
    integer("version", "The number of the version."),
    *within("execution", *_VERSION_RAN, *_IN_TRACE, *_STEP, *_IN_EXPERIMENT),
    text("decision_id", "The decision that rests on it."),
    *within("execution", *(column for column in _OF_PATTERN if column.name not in ("pattern_name",)), _ARRIVED),
)

EXPERIMENT_EXECUTIONS: tuple[Column, ...] = (
    *within("execution", *_IN_EXPERIMENT, *_VERSION_RAN, *_IN_TRACE, *_STEP),
    text("decision_id", "The decision that rests on it; null where there is none, or it came later."),
    *within("execution", _ARRIVED),
)
