"""The labels of what was learned from traces."""

from __future__ import annotations

from typing import Final

from loopgraph.contracts.catalogue.kinds import Kind, NodeType, Property, kept, of, told
from loopgraph.contracts.learning.features import PromptFeatures
from loopgraph.contracts.learning.plans import Exemplar, LearnedPattern
from loopgraph.contracts.learning.proposals import PlanProposal
from loopgraph.contracts.learning.routing import AgentRecord

OFFERED: Final = {
    **told(
        Kind.TEXT,
        pattern_id="the learned pattern",
        unit="what chance goes by, a digest",
        explanation="why it fitted, in words",
        outcome="what came of the trace: `success`, `failure` or `unknown`",
    ),
    **told(Kind.INSTANT, at="when", settled_at="when it was said last what came of it"),
    **told(Kind.BOOLEAN, withheld="whether it was not handed out, by chance", followed="whether the plan was followed"),
    **kept(Kind.BOOLEAN, counted="it counts as a replay of its pattern", counted_success="as one that succeeded"),
    **told(
        Kind.FLOAT,
        score="how well it fitted, 0..1",
        semantic="by meaning",
        keyword="by keywords",
        intent="by what is to be done",
        context="by where",
        historical="the success that was expected of the pattern",
        propensity="how probable it was that what was done would be",
        adherence="how much of both the plan and the execution have in common, 0..1",
        expected_duration_ms="the median of the plan",
        actual_duration_ms="how long it took",
        performance_variance="by how much longer that was than expected, as a share of it",
    ),
    **told(
        Kind.INTEGER,
        planned="steps of the plan",
        taken="steps of the execution",
        matched="steps of the plan that were taken, in its order",
        deviating="how many differences there are",
    ),
    **told(Kind.JSON, deviations="the first differences, each with kind, name and position"),
}
"""What is told of a plan that a trace was offered."""

RECOMMENDED: Final = {
    **told(
        Kind.TEXT,
        unit="what chance goes by, a digest",
        strategy="what it comes from: `learned_pattern`, `historical` or `exploration`",
        action="what the request asks for, one word",
        project="where",
        pattern_id="the learned pattern that fits",
        pattern_agent="the agent that this names",
        historical_agent="the agent with the best record",
        outcome="what came of the trace: `success`, `failure` or `unknown`",
        ran="the agent that did it",
    ),
    **told(Kind.INSTANT, at="when", settled_at="when it was said last what came of it"),
    **told(Kind.FLOAT, propensity="how probable it was, 0..1", explore_share="the share of chance in it, 0..1"),
    **told(Kind.TEXTS, candidates="all agents that chance may have taken"),
    **told(Kind.BOOLEAN, followed="whether that agent did it"),
}
"""What is told of an agent that was recommended for a trace."""

LEARNED: Final = (
    NodeType(
        "PlanOffer",
        "correlation_id",
        "By what the plans that traces were offered are found, and what came of them: it stays when a trace is archived.",
        {
            **told(
                Kind.TEXT,
                correlation_id="the trace",
                unit="what chance goes by, a digest",
                outcome="what came of the trace: `success`, `failure` or `unknown`",
            ),
            **told(Kind.BOOLEAN, withheld="whether it was not handed out, by chance"),
            **told(Kind.FLOAT, duration_ms="how long the trace took"),
            **told(Kind.INSTANT, settled_at="when it was said last what came of it"),
            **kept(
                Kind.TEXT,
                time_key="when it was offered",
                pattern_key="the same with the learned pattern in front",
                settle_key="when it is to be said what came of it",
            ),
        },
    ),
    NodeType(
        "AgentRecommendation",
        "correlation_id",
        "An agent that was recommended for a trace, and what came of it: it stays when the trace moves into the archive.",
        {
            **told(Kind.TEXT, correlation_id="the trace", agent="who was recommended"),
            **RECOMMENDED,
            **kept(Kind.TEXT, time_key="when it was recommended", settle_key="when it is to be said what came of it"),
        },
    ),
    NodeType(
        "AgentRecord",
        "record_key",
        "How runs of an agent went, of one action, in one project, or both.",
        {
            **of(AgentRecord),
            **told(Kind.INSTANT, updated_at="when it was counted last"),
            **kept(Kind.TEXT, record_key="of what it is, and the agent", scope_key="digest of what it is of"),
        },
    ),
    NodeType(
        "PlanProposal",
        "proposal_id",
        "A proposal that two learned patterns become one, or one becomes two.",
        {
            **of(PlanProposal),
            **kept(Kind.TEXT, time_key="when it was made", open_key="the same, while it waits for a decision"),
        },
    ),
    NodeType(
        "LearnedPattern",
        "pattern_id",
        "What is kept of a pattern that was learned from traces, beside its versions.",
        {
            **of(LearnedPattern, without=("node_id", "version")),
            **kept(Kind.INTEGER, revision="how often it was changed"),
            **told(Kind.INSTANT, updated_at="when it was changed last"),
            **told(Kind.JSON, plan="the steps of its version in use, with the figures of now"),
            **told(Kind.INTEGER, plan_support="successful traces that it had when that version was made"),
            **kept(
                Kind.TEXT,
                time_key="milliseconds since 1970 and id: the order of time",
                feature_key="digest of what its first prompt is about: action and words",
            ),
        },
    ),
    NodeType(
        "Exemplar",
        "exemplar_id",
        "A prompt that a learned pattern was learned from.",
        {
            **of(Exemplar),
            **of(PromptFeatures, without=("contrasts",)),
            **kept(Kind.TEXT, text_digest="digest of its text"),
        },
    ),
    NodeType(
        "PromptEmbedding",
        "embedding_id",
        "The vector of such a prompt by a model.",
        {
            **told(
                Kind.TEXT,
                embedding_id="prompt and model",
                exemplar_id="the prompt",
                model_id="the model: name, version and dimension",
                vector="its numbers as little-endian 32-bit floats, in base64",
            ),
            **told(Kind.INTEGER, dimension="how many numbers it has"),
        },
    ),
    NodeType(
        "PlanStep",
        "step_id",
        "A step of the plan of one version of a learned pattern.",
        {
            **told(
                Kind.TEXT,
                step_id="version and place",
                node_id="the version",
                name="the tool's, skill's, command's or agent's name",
                program="what a shell runs in it",
            ),
            "kind": Property(Kind.TEXT, "tool, skill, command, subagent or hook"),
            **told(Kind.INTEGER, position="its place, from 0"),
            **told(Kind.TEXTS, targets="what it works on, by kind"),
        },
    ),
    NodeType(
        "TaughtTrace",
        "correlation_id",
        "What a trace taught: it stays when the trace moves into the archive.",
        {
            **told(
                Kind.TEXT,
                correlation_id="the trace",
                pattern_id="the learned pattern that it taught, null if it waits for one",
                role="success or failure",
            ),
            **told(Kind.JSON, plan="how it went"),
            **kept(
                Kind.TEXT,
                time_key="order of time",
                due_key="there until it is looked at again",
                sample_key="the learned pattern whose plan is made of it, or the prompts for whose pattern it waits",
                agent_run="what it counts for the agent that did it: agent, action, project, role",
            ),
        },
    ),
    NodeType(
        "SeenName",
        "name_key",
        "A name of a tool, a skill, an agent or an endpoint, and in which units it was seen: agents are told those of several.",
        {
            **told(Kind.TEXT, name_key="of what it is the name, and the name"),
            **told(Kind.TEXTS, witnesses="digests of the first units with it, each with that of its trace"),
        },
    ),
    NodeType(
        "LearningRound",
        "name",
        "The round of learning that is next.",
        {
            **kept(
                Kind.TEXT,
                name="always the same",
                turn="the write that changed it last",
                owner="who had the last round",
                backfilled_to="how far the traces were looked at that were there before anybody learned",
            ),
            **kept(Kind.INTEGER, round="its number"),
            **kept(Kind.INSTANT, until="how long others leave it to the owner"),
        },
    ),
)
