"""The columns of the lineage: patterns, versions, edges and audit events; and those of the nodes and edges of graphs."""

from __future__ import annotations

from loopgraph.contracts.exports.columns import Column, boolean, instant, integer, json, number, text, texts, within

_METADATA = json("metadata", "What its maker adds.")
_CREATED = (instant("created_at", "When it was made."), text("created_by", "Who made it."))
_CORRELATION = text("correlation_id", "The trace as part of which it was made.")

PATTERNS: tuple[Column, ...] = (
    text("pattern_id", "Its id."),
    text("name", "What people call it."),
    text("pattern_type", "What it is: prompt, skill, command, subagent, memory, or another."),
    text("description", "What it is for."),
    integer("latest_version", "The number of its newest version.", "versions"),
    text("current_node_id", "The version in use; null where none is."),
    texts("tags", "Its tags."),
    _METADATA,
    *_CREATED,
    instant("updated_at", "When it last changed."),
)

_IDENTITY = (
    text("node_id", "Its id."),
    text("pattern_id", "The pattern that it is a version of."),
    integer("version", "Its number."),
    text("label", "What people call the version, such as a commit."),
    text("pattern_name", "What the pattern was called when it was made."),
    text("pattern_type", "What the pattern is."),
    text("status", "Its place in the lifecycle: draft, active, deprecated, archived or rejected."),
    text("evolution_type", "How it came to be."),
    text("change_summary", "What changed."),
)
_USAGE = within(
    "usage",
    integer("usage_count", "Executions.", "executions"),
    integer("success_count", "Those that succeeded.", "executions"),
    number("success_rate", "Successes over executions; null without any.", "0..1"),
    number("avg_execution_time_ms", "Mean of the durations that are known.", "ms"),
    instant("first_used_at", "When it was first used."),
    instant("last_used_at", "When it was last used."),
)

VERSIONS: tuple[Column, ...] = (
    *_IDENTITY,
    text("template_code", "Its text."),
    text("template_hash", "sha256 of the text."),
    text("body_digest", "sha256 of what a model is given of a definition."),
    json("parameters", "Its parameters."),
    number("confidence_score", "How sure its maker is of it.", "0..1"),
    number("baseline_p50_ms", "Median duration when it became active.", "ms", of="performance_baseline.p50"),
    number("baseline_p95_ms", "95th percentile then.", "ms", of="performance_baseline.p95"),
    number("baseline_p99_ms", "99th percentile then.", "ms", of="performance_baseline.p99"),
    number("baseline_avg_duration_ms", "Mean duration then.", "ms", of="performance_baseline.avg_duration"),
    number("quality_baseline", "Mean quality then.", "0..1"),
    number("success_rate_baseline", "Success rate then.", "0..1"),
    *_USAGE,
    _CORRELATION,
    *_CREATED,
    instant("updated_at", "When it last changed."),
    instant("activated_at", "When it became active."),
    instant("deprecated_at", "When it was deprecated."),
    text("deprecation_reason", "Why."),
    instant("archived_at", "When it was archived."),
    texts("tags", "Its tags."),
    _METADATA,
)

_EDGE = (
    text("edge_id", "Its id."),
    text("relationship_type", "Its type; it points from the earlier version to the later."),
    text("source_node_id", "The earlier version."),
    text("target_node_id", "The later version."),
    text("source_pattern_id", "The pattern of the earlier version."),
    text("target_pattern_id", "The pattern of the later version."),
    text("edge_strength", "How strong it is: weak, moderate, strong or critical."),
    number("similarity_score", "How alike the versions are.", "0..1"),
    number("confidence_score", "How sure its maker is of it.", "0..1"),
    number("weight", "Mean of the strength's number and the scores that are known.", "0..1"),
    text("change_summary", "What changed."),
    boolean("breaking_changes", "Whether that breaks what used the earlier version."),
    instant("valid_from", "From when on it is valid."),
    instant("valid_to", "Until when it was; null while it is open."),
)

EDGES: tuple[Column, ...] = (
    *_EDGE,
    text("deactivation_reason", "Why it was closed."),
    _CORRELATION,
    *_CREATED,
    _METADATA,
)

EVENTS: tuple[Column, ...] = (
    text("event_id", "Its id."),
    instant("recorded_at", "When it happened."),
    text("event_type", "What happened."),
    text("severity", "Who has to look at it: debug, info, warning, error or critical."),
    text("actor_type", "What kind of actor caused it."),
    text("actor_id", "Who."),
    text("correlation_id", "The trace as part of which it happened."),
    text("pattern_id", "The pattern that it is about."),
    text("node_id", "The version that it is about."),
    text("edge_id", "The edge that it is about."),
    json("before", "What changed, as it was."),
    json("after", "What changed, as it is."),
    json("data", "More of it."),
)

NODE_ATTRIBUTES: tuple[Column, ...] = (
    *(
        column._replace(name="version_label")
        if column.name == "label"
        else column  # a node's label is what it is called
        for column in within("version", *_IDENTITY[1:], *_USAGE[:4], *_CREATED)
    ),
    integer("depth", "Fewest edges from a start; 0 for a start itself.", "edges"),
)
"""What a node of an exported graph has beside its id, which is the version's."""

EDGE_ATTRIBUTES: tuple[Column, ...] = tuple(
    column for column in _EDGE if column.name not in ("edge_id", "source_node_id", "target_node_id")
)
"""What an edge of an exported graph has beside its id and its two ends."""
