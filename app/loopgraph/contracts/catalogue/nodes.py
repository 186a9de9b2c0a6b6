"""The labels of the graph. Each node has one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from loopgraph.contracts.audit import LineageEvent
from loopgraph.contracts.catalogue.kinds import Kind, NodeType, kept, of, told
from loopgraph.contracts.catalogue.learning import LEARNED
from loopgraph.contracts.catalogue.service import SERVICE
from loopgraph.contracts.lineage.patterns import Pattern, PatternVersion, Usage
from loopgraph.contracts.loop.experiments import Decision, Experiment
from loopgraph.contracts.loop.feedback import FeedbackRun, Improvement, LoopInput
from loopgraph.contracts.loop.reported_outcomes import ReportedOutcome
from loopgraph.contracts.loop.schedules import FeedbackBatch, Schedule
from loopgraph.contracts.loop.user_feedback import Feedback
from loopgraph.contracts.loop.watching import Watch
from loopgraph.contracts.traces.observations import SessionSeen
from loopgraph.contracts.traces.records import EndpointCall, HookExecution, RoutingDecision, Trace
from loopgraph.contracts.traces.sessions import LogRecord, MetricPoint, Session
from loopgraph.contracts.traces.uses import PatternUsed

_ORDERED = kept(Kind.TEXT, time_key="milliseconds since 1970 and id: the order of time")
_ASKED = kept(Kind.TEXT, request_hash="digest of the request that made it, so that the same request makes it once")
_SLOTS = kept(
    Kind.TEXT,
    begun_hash="digest of the client's event that began it",
    ended_hash="digest of the client's event that ended it",
)
_WRITTEN = kept(Kind.TEXT, turn="the write that changed it last")
_TAKEN_UP = kept(Kind.INSTANT, turn="the write that changed it last")
_JOINED = kept(Kind.JSON, ranks="how far what reports say is to be trusted, by property")
_BY_ORDER = kept(Kind.INSTANT, ordered_at="when it was told of, while nothing names the prompt that it belongs to")
_ENDED_LATER = kept(Kind.BOOLEAN, hooked="the client's hooks tell of it, and so will tell of its end")

_UNCLAIMED = kept(Kind.BOOLEAN, unclaimed="whose it is will be known when its own events come")
_OWNED = told(
    Kind.TEXT,
    owner="who recorded it: `by:` and the name of a token",
    shared_in="the project that it is shared in: `in:` and its name",
)

_PATTERNS = (
    NodeType(
        "Pattern",
        "pattern_id",
        "A reusable way of working: a skill, a command, a prompt, a template of code.",
        {
            **of(Pattern, without=("current_node_id",)),
            **told(Kind.TEXT, open_run_id="the feedback run that is at work on it"),
            **_ORDERED,
            **_ASKED,
            **kept(Kind.INSTANT, loop_turn="the write of the improvement loop that changed it last"),
        },
    ),
    NodeType(
        "PatternVersion",
        "node_id",
        "One immutable state of a pattern; its status, baselines and usage are what changes.",
        {
            **of(PatternVersion, without=("usage",)),
            **of(Usage),
            **_ASKED,
            **kept(
                Kind.TEXT,
                definition_key="kind and name, by which uses find it",
                link_key="there until the uses have been looked at again that it may be of",
                turn="the write that changed its usage last",
            ),
        },
    ),
    NodeType(
        "LineageEvent",
        "event_id",
        "One change of the lineage, or of what hangs on it: the audit trail.",
        {
            **of(LineageEvent),
            **_ORDERED,
            **kept(
                Kind.TEXT,
                pattern_key="pattern and order of time",
                node_key="version and order of time",
                correlation_key="correlation id and order of time",
            ),
        },
    ),
)

_TRACES = (
    NodeType(
        "Session",
        "session_id",
        "A run of an agent client.",
        {
            **of(Session),
            **of(SessionSeen, only=("cut_off_at", "agent_of", "agent_trace")),
            **told(Kind.INSTANT, prompted_at="when a person submitted the last prompt"),
            **told(Kind.JSON, memories="the files of memory that were read into it, by file and prompt"),
            **_OWNED,
            **_UNCLAIMED,
            **_ORDERED,
            **_JOINED,
            **_WRITTEN,
        },
    ),
    NodeType(
        "Trace",
        "correlation_id",
        "One unit of agent work: a prompt, the work of a subagent, a request.",
        {
            **of(Trace, without=("started", "error_message", "error_type")),
            **of(Trace, only=("error_message", "error_type")),
            **told(Kind.TEXT, continued_from="the trace that it goes on with"),
            **told(
                Kind.INSTANT,
                prompted_at="when a person submitted its prompt",
                asked_at="the same as who names the prompt tells it, of those that several tell of",
            ),
            **told(Kind.BOOLEAN, uses="it uses patterns"),
            **_OWNED,
            **_UNCLAIMED,
            **_ORDERED,
            **_SLOTS,
            **_WRITTEN,
            **_JOINED,
            **_BY_ORDER,
            **_ENDED_LATER,
            **kept(
                Kind.TEXT,
                open_key="order of time, while it is in progress",
                session_key="session and order of time",
                spawned_by_client="the step that spawned it, as its own client says",
                spawned_by_tool_response="the same as the answer of the call says",
                spawned_by_task_notification="the same as a notification says",
                otel_root_id="the OpenTelemetry trace in which its root was told",
                root_span="the span of a server that it is the work of",
                begun_as="the beginning of its prompt's text, as it was told first",
            ),
            **kept(Kind.TEXTS, parent_span_ids="spans under which its own spans hang"),
            **kept(Kind.BOOLEAN, unsettled="it has no end of its own yet"),
            **kept(
                Kind.INSTANT,
                begun_at="when it began, as those say that do not name it",
                going_on_at="when it was at work last",
                parts_end="the last end of its parts, as earlier releases kept it",
            ),
            **kept(
                Kind.JSON,
                agents_below="the agents that may work in it, by span",
                ordered_ends="ends that were told without naming their prompt",
                ends_of_parts="how the spans below an unknown one ended",
                prompt_tellings="what was told of its prompt without naming it",
            ),
        },
    ),
    NodeType(
        "RoutingDecision",
        "correlation_id",
        "The agent that was chosen for a trace; its key is the trace's.",
        {
            **of(RoutingDecision),
            **told(Kind.TEXT, correlation_id="the trace that it was made for"),
            **kept(Kind.TEXT, ended_hash="digest of the client's event that told of it"),
        },
    ),
    NodeType("Agent", "name", "An agent that routing decisions selected.", told(Kind.TEXT, name="its name")),
    NodeType(
        "HookExecution",
        "execution_id",
        "One step inside a trace: a tool call, a hook, the use of a pattern (`hook_type` is `Pattern`).",
        {
            **of(HookExecution),
            **told(Kind.TEXT, given_unit="the unit that its client named"),
            **told(Kind.FLOAT, treatment_share="how many units its experiment gives the treatment, 0..1; absent: half"),
            **told(
                Kind.BOOLEAN,
                staged="whether its arm goes by the record of its unit: in stages, of several candidates",
            ),
            **of(
                PatternUsed,
                only=("pattern_origin", "pattern_version", "cwd", "digests", "file_digest", "resources_digest"),
            ),
            **told(Kind.BOOLEAN, ends_with_trace="it lasts as long as its trace"),
            **_SLOTS,
            **_WRITTEN,
            **_JOINED,
            **_BY_ORDER,
            **_ENDED_LATER,
            **kept(
                Kind.TEXT,
                version_key="version and order of time, once it has ended",
                spawner_root="the prompt, of a call that spawns subagents",
                span_id="the span of the tool's execution",
                unnamed_as="how ids of the same call begin that others have for it",
                otel_root_id="the OpenTelemetry trace in which its root was told",
                use_open_key="kind and name of its pattern, while a better version may yet come",
                use_digest="digest of the text that it used",
            ),
            **kept(Kind.BOOLEAN, use_final="no version that may yet come can be better"),
            **kept(
                Kind.INSTANT,
                call_named="when one told of it who names it",
                call_named_since="since when it had run then",
                call_begun="when one told that it begins who does not name it",
                call_recorded="when one recorded it who does not",
                call_since="since when it had run then",
                call_ended="when one told that it ended who does not name it",
            ),
        },
    ),
    NodeType(
        "EndpointCall",
        "call_id",
        "A call of a service or of a language model, made by a step or by the trace itself.",
        {
            **of(EndpointCall, without=("cost_source",)),
            **told(Kind.FLOAT, price_usd="US dollars by the list of prices; `cost_usd` is what its sender says"),
            **told(Kind.BOOLEAN, retold="another call tells of the same, and counts in its place"),
            **told(
                Kind.TEXT,
                paid_by="the innermost call around it that tells a cost",
                pays_for="the innermost call around it that uses tokens, if this one tells a cost alone",
            ),
            **told(Kind.TEXTS, within="the calls of models around it"),
            **_SLOTS,
            **_WRITTEN,
            **_JOINED,
            **_BY_ORDER,
            **kept(Kind.TEXT, frontier="the call around it that is yet to come"),
            **kept(
                Kind.JSON,
                request_parts="messages of its request that were told one by one",
                response_parts="messages of its response that were told one by one",
            ),
            **kept(
                Kind.INSTANT,
                call_named_at="when one told of it who names it",
                call_recorded_at="when one told of it who does not",
            ),
        },
    ),
    NodeType(
        "LogRecord",
        "record_id",
        "A log record of an agent client that has no other place.",
        {
            **of(LogRecord),
            **told(Kind.INSTANT, created_at="its own instant, or that of its arrival"),
            **_OWNED,
            **_ORDERED,
            **_BY_ORDER,
            **kept(Kind.TEXT, turn="the write that changed it last"),
        },
    ),
    NodeType(
        "MetricPoint",
        "point_id",
        "A data point of a metric of an agent client.",
        {
            **of(MetricPoint),
            **told(Kind.INSTANT, created_at="its own instant, or that of its arrival"),
            **_OWNED,
            **_ORDERED,
        },
    ),
)

_LOOP = (
    NodeType(
        "FeedbackRun",
        "run_id",
        "One pass of the improvement loop over one pattern; its inputs lie flat beside the rest.",
        {
            **of(FeedbackRun, without=("input",)),
            **of(LoopInput),
            **_ORDERED,
            **_ASKED,
            **kept(Kind.TEXT, open_status="its status, while it is open"),
            **_TAKEN_UP,
        },
    ),
    NodeType(
        "FeedbackBatch",
        "batch_id",
        "Runs that were started together.",
        {**of(FeedbackBatch), **_ASKED, **kept(Kind.TEXT, open_key="its key while it is not completed"), **_TAKEN_UP},
    ),
    NodeType(
        "Schedule",
        "schedule_id",
        "Runs that are started again and again.",
        {**of(Schedule), **_ORDERED, **_ASKED, **kept(Kind.TEXT, due_key="when it is due, and its id"), **_TAKEN_UP},
    ),
    NodeType(
        "Improvement",
        "improvement_id",
        "A proposal with the candidate version that it would introduce.",
        {**of(Improvement), **_ORDERED, **_ASKED, **_TAKEN_UP},
    ),
    NodeType(
        "Experiment",
        "experiment_id",
        "A controlled comparison of one candidate or several with the version in use, on recorded executions.",
        {
            **of(Experiment),
            **told(Kind.TEXT, open_pattern_id="its pattern, while units are assigned to its arms"),
            **told(Kind.TEXTS, treatment_node_ids="of several candidates their versions; absent: it has one"),
            **told(
                Kind.FLOAT,
                treatment_share="how many units get the treatment now, 0..1; absent: half",
                holdout_share="how many units of its pattern are in no experiment, 0..1; absent: none",
            ),
        },
    ),
    NodeType(
        "Decision",
        "decision_id",
        "The evidence that an improvement was decided on.",
        {
            **of(Decision),
            **told(
                Kind.FLOAT,
                effect="treatment mean minus control mean",
                effect_size="Hedges' g",
                performance_delta="relative gain, positive when the treatment is better",
                p_value="two-sided",
                confidence_score="min(0.99, 1 - p), for clients of old; no probability that the treatment is better",
                probability_better="probability that the treatment is better",
            ),
            **told(
                Kind.TEXT,
                metric="what was compared",
                method="how it was compared",
                replaced_node_id="the version that was in use before the one that it approved",
            ),
            **kept(Kind.TEXT, watch_due="there until the version that it approved is watched"),
            **kept(Kind.INSTANT, watch_turn="the write that began its watch"),
        },
    ),
    NodeType(
        "Watch",
        "watch_id",
        "A version that is held against its own proof since it was applied, and what came of it.",
        {
            **of(Watch),
            **told(Kind.INTEGER, units="units that used it since", executions="executions since"),
            **told(Kind.TEXTS, breached="the metrics on which a regression is shown"),
            **kept(
                Kind.TEXT,
                open_status="its status, while it goes on",
                since_key="where its executions begin, by version and time",
                until_key="where they end, by version and time",
            ),
            **_ORDERED,
            **_TAKEN_UP,
        },
    ),
    NodeType(
        "Feedback",
        "feedback_id",
        "What somebody said of a trace, of a step, or of a version: a rating, a sentiment, a comment, tags.",
        {**of(Feedback), **_ORDERED, **_ASKED},
    ),
    NodeType(
        "ReportedOutcome",
        "outcome_id",
        "What others report of what came of a trace, of a step, of a session, or of one unit's use of a version.",
        {
            **of(ReportedOutcome),
            **_ORDERED,
            **_ASKED,
            **kept(Kind.TEXT, unit_key="version and unit, of what is about one unit's use of a version"),
        },
    ),
    NodeType(
        "Assignment",
        "assignment_id",
        "A unit of work that was assigned to an arm of an experiment, by its digest.",
        {
            **told(
                Kind.TEXT,
                assignment_id="digest of the experiment and the unit",
                experiment_id="the experiment",
                arm="control or treatment",
                node_id="the version, where there are several candidates",
            ),
            **told(Kind.INTEGER, stage="the stage that it was assigned in, from 0; absent: the experiment has none"),
            **told(Kind.FLOAT, propensity="the probability that it had, where shares follow from what was seen"),
            **told(Kind.INSTANT, assigned_at="when it was first assigned"),
        },
    ),
)

NODES: Final = (*_PATTERNS, *_TRACES, *_LOOP, *SERVICE, *LEARNED)

KEYS: Final[Mapping[str, str]] = MappingProxyType({node.label: node.key for node in NODES if node.key})
"""The property that identifies a node, by label."""
