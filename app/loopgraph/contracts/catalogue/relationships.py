"""The types of relationships of the graph, and what they connect."""

from __future__ import annotations

from typing import Final, NamedTuple

from loopgraph.contracts.catalogue.kinds import Kind, Properties, of, told
from loopgraph.contracts.catalogue.learning import OFFERED, RECOMMENDED
from loopgraph.contracts.lineage.patterns import LineageEdge, RelationshipType
from loopgraph.contracts.traces.records import HookExecution


class Connection(NamedTuple):
    """A type of relationships: what they stand for, from which label to which they go, and their properties."""

    type: str
    purpose: str
    ends: tuple[tuple[str, str], ...]
    properties: Properties = {}


_LINEAGE = {
    RelationshipType.DERIVED_FROM: "The later version was derived from the earlier.",
    RelationshipType.REFINED_FROM: "The later version refines the earlier.",
    RelationshipType.IMPROVED_VERSION: "The later version improves on the earlier, as an experiment or a person found.",
    RelationshipType.FORKED_FROM: "The later version begins a pattern of its own.",
    RelationshipType.MERGED_INTO: "The earlier version was merged into the later.",
    RelationshipType.DEPRECATED_BY: "The later version replaces the earlier.",
    RelationshipType.RELATED_TO: "The versions are related; that is no ancestry.",
}

_EDGE = {
    **of(LineageEdge, without=("relationship_type",)),
    **told(Kind.FLOAT, weight="mean of strength, similarity and confidence, as far as they are known"),
    **told(Kind.BOOLEAN, active="it is open: `valid_to` is null"),
    **told(Kind.TEXT, request_hash="digest of the request that drew it"),
}

_SPAWNED = told(Kind.TEXT, rule="on what it rests: `exact: …` or `inferred: …`", evidence="from what it was concluded")

_USED = {
    **of(HookExecution, only=("experiment_id", "arm", "unit", "unit_rule", "set_aside")),
    **told(
        Kind.TEXT,
        rule="on what it rests which version it was",
        evidence="from what that was concluded",
        resources="digest of what lay beside the skill then",
        resources_rule="on what that rests",
        decision_id="the decision that it is evidence of",
        watch_id="the watch that found a regression in it",
    ),
}

_VERSION = "PatternVersion"

CONNECTIONS: Final = (
    Connection("HAS_VERSION", "A pattern's versions.", (("Pattern", _VERSION),)),
    Connection("CURRENT_VERSION", "The version in use.", (("Pattern", _VERSION),)),
    *(Connection(kind.value, _LINEAGE[kind], ((_VERSION, _VERSION),), _EDGE) for kind in RelationshipType),
    Connection(
        "ABOUT",
        "What an event, feedback or an outcome is about.",
        (
            ("LineageEvent", _VERSION),
            ("Feedback", "Trace"),
            ("Feedback", "HookExecution"),
            ("Feedback", _VERSION),
            ("ReportedOutcome", "Trace"),
            ("ReportedOutcome", "HookExecution"),
            ("ReportedOutcome", "Session"),
            ("ReportedOutcome", _VERSION),
        ),
    ),
    Connection("HAS_TRACE", "What was done in a session.", (("Session", "Trace"),)),
    Connection(
        "SPAWNED",
        "What a step, or a trace, had done by another.",
        (("HookExecution", "Trace"), ("Trace", "Trace")),
        _SPAWNED,
    ),
    Connection("CONTINUED_BY", "The prompt that goes on with background work.", (("Trace", "Trace"),)),
    Connection("ROUTED_BY", "How the agent of a trace was chosen.", (("Trace", "RoutingDecision"),)),
    Connection("SELECTED", "The agent that was chosen.", (("RoutingDecision", "Agent"),)),
    Connection("RAN", "The steps of a trace.", (("Trace", "HookExecution"),)),
    Connection(
        "CALLED", "The calls of a step, or of a trace.", (("HookExecution", "EndpointCall"), ("Trace", "EndpointCall"))
    ),
    Connection("USED", "The exact version that a step ran.", (("HookExecution", _VERSION),), _USED),
    Connection("LOGGED", "Log records.", (("Session", "LogRecord"), ("Trace", "LogRecord"))),
    Connection("MEASURED", "Data points of metrics.", (("Session", "MetricPoint"),)),
    Connection(
        "ON",
        "The pattern that a run or an improvement is about.",
        (("FeedbackRun", "Pattern"), ("Improvement", "Pattern")),
    ),
    Connection(
        "PROPOSED",
        "The improvements that a run took up, in their order.",
        (("FeedbackRun", "Improvement"),),
        told(Kind.INTEGER, position="its place"),
    ),
    Connection(
        "STARTED",
        "What a schedule, or a batch, has started.",
        (("Schedule", "FeedbackBatch"), ("FeedbackBatch", "FeedbackRun")),
    ),
    Connection("CANDIDATE", "The version that an improvement would introduce.", (("Improvement", _VERSION),)),
    Connection("TESTED_BY", "The experiment on an improvement.", (("Improvement", "Experiment"),)),
    Connection("CONTROL", "The version that is compared with.", (("Experiment", _VERSION),)),
    Connection("TREATMENT", "The version that is compared.", (("Experiment", _VERSION),)),
    Connection("CONCLUDED_IN", "What came of it.", (("Experiment", "Decision"), ("Improvement", "Decision"))),
    Connection("APPROVED", "The version that a decision brought into use.", (("Decision", _VERSION),)),
    Connection("WATCHES", "The version that is watched.", (("Watch", _VERSION),)),
    Connection("AGAINST", "The decision whose proof it is held against.", (("Watch", "Decision"),)),
    Connection("HAS_STEP", "The steps of a plan.", ((_VERSION, "PlanStep"),)),
    Connection("SUPPORTED_BY", "A successful trace that has the step.", (("PlanStep", "Trace"),)),
    Connection("FAILED_IN", "A trace in which the step failed and was not made good.", (("PlanStep", "Trace"),)),
    Connection("ROLLED_BACK_TO", "The version that a rollback made.", (("Watch", _VERSION),)),
    Connection("DESCRIBES", "The pattern that it is kept of.", (("LearnedPattern", "Pattern"),)),
    Connection("EXEMPLIFIES", "The learned pattern that was learned from a prompt.", (("Exemplar", "LearnedPattern"),)),
    Connection("EMBEDS", "The prompt whose vector it is.", (("PromptEmbedding", "Exemplar"),)),
    Connection(
        "TAUGHT",
        "What was learned from a trace.",
        (("Trace", "LearnedPattern"),),
        {**told(Kind.TEXT, role="what the trace is to the pattern"), **told(Kind.INSTANT, at="when that was learned")},
    ),
    Connection(
        "PART_OF", "The learned pattern that another one has become part of.", (("LearnedPattern", "LearnedPattern"),)
    ),
    Connection(
        "CONCERNS", "The learned pattern that would be merged, or split.", (("PlanProposal", "LearnedPattern"),)
    ),
    Connection("RECOMMENDED", "The agent that was recommended for it.", (("Trace", "Agent"),), RECOMMENDED),
    Connection("OFFERED", "The plan that fitted a prompt: handed out, or withheld.", (("Trace", _VERSION),), OFFERED),
)
