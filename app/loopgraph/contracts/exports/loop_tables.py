"""The columns of what was improved and counted: feedback runs, usage buckets, and time series."""

from __future__ import annotations

from loopgraph.contracts.exports.columns import Column, instant, integer, json, number, text, texts, within

RUNS: tuple[Column, ...] = (
    text("run_id", "Its id."),
    text("pattern_id", "The pattern that it is to improve."),
    text("status", "How far it is: running, waiting, completed, cancelled or failed."),
    text("stage", "The stage that it is at: collect, analyze, generate, validate, apply or track."),
    text("feedback_type", "What it tries to improve.", of="input.feedback_type"),
    integer("time_window_days", "How far back it looks.", "days", of="input.time_window_days"),
    integer("min_sample_size", "How many units each arm of an experiment needs.", "units", of="input.min_sample_size"),
    number("significance_level", "What a p-value must be below.", "0..1", of="input.significance_level"),
    text(
        "horizon",
        "When its experiments are looked at: fixed, always_valid or group_sequential.",
        of="input.design.horizon",
    ),
    number("treatment_share", "How many units get the treatment.", "0..1", of="input.design.treatment_share"),
    text("control_node_id", "The version that was in use when it began: the one analysed."),
    integer("feedback_collected", "How many executions it has looked at.", "executions"),
    integer("improvements_identified", "How many improvements it took up.", "improvements"),
    integer("improvements_validated", "How many of them a test has found better.", "improvements"),
    integer("improvements_applied", "How many of these it applied by itself.", "improvements"),
    text("message", "What it waits for, or why it ended as it did."),
    texts("notes", "How its proposals came about: which generators failed, and what was left out."),
    text("correlation_id", "The trace as part of which it was started.", of="input.correlation_id"),
    integer("revision", "Grows with every change of it."),
    instant("created_at", "When it began."),
    text("created_by", "Who began it."),
    instant("updated_at", "When it last changed."),
    instant("completed_at", "When it ended."),
)

USAGE: tuple[Column, ...] = (
    text("kind", "What kind of thing the subject is.", of="subject.kind"),
    text("name", "Its id, its path, or what it is called; empty for everything.", of="subject.name"),
    text("part", "The type of step of a tool, the service of an endpoint; empty for others.", of="subject.part"),
    text("grain", "How long the bucket is: hour or day."),
    instant("start", "When it begins, UTC."),
    *within(
        "sums",
        integer("executions", "All that began in it.", "executions"),
        integer("successes", "Those of which it is known that they succeeded.", "executions"),
        integer("failures", "Those of which it is known that they did not.", "executions"),
        integer("retries", "How often calls were tried again.", "retries"),
        integer("timed", "Those whose duration is known.", "executions", of="duration.n"),
    ),
    number("duration_ms", "The sum of these durations.", "ms"),
    *within(
        "sums",
        integer("input_tokens", "All that models were given, those of caches included.", "tokens"),
        integer("cache_read_tokens", "Of the input, what was read from caches.", "tokens"),
        integer("cache_write_tokens", "Of the input, what was written to caches.", "tokens"),
        integer("output_tokens", "All that models made, reasoning included.", "tokens"),
        integer("reasoning_tokens", "Of the output, reasoning.", "tokens"),
    ),
    number("cost_usd", "What those cost that have a cost; null where none has.", "USD"),
    *within(
        "sums",
        integer("priced", "Executions with a cost.", "executions"),
        integer("unpriced", "Those that used tokens of which nobody knows the price.", "executions"),
        json("statuses", "How many there are by status."),
        json("errors", "How many there are by type of error."),
    ),
    json("durations", "How many there are by index of a logarithmic histogram of durations with 1 % relative error."),
)

SERIES: tuple[Column, ...] = (
    text("metric", "What the values are of."),
    text("group", "The value of the dimension whose line it is; null for all others together, and without groups."),
    *within(
        "point",
        instant("start", "When the interval begins."),
        instant("end", "When it ends."),
        number(
            "value",
            "The metric over the interval; null where nothing tells.",
            "of the metric: executions, 0..1, ms, tokens, USD or retries",
        ),
        integer("executions", "Those that began in it.", "executions"),
    ),
)
