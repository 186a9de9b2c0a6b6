"""Which action each root field asks for, in one table, and asked in one place: before its resolver."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import wraps
from inspect import isawaitable
from types import MappingProxyType
from typing import Any, Final

from graphql import GraphQLField, GraphQLSchema

from loopgraph.api.access import Action, require
from loopgraph.api.graphql.types.expected import error_object
from loopgraph.errors import Forbidden, Unauthenticated


def _asked(words: Mapping[Action, str]) -> Mapping[str, Action]:
    return MappingProxyType({name: action for action, names in words.items() for name in names.split()})


QUERIES: Final = _asked(
    {
        Action.READ: """
            node nodes pattern patterns patternVersion lineageEdge lineage lineageMap lineagePath commonAncestors lineageEvents
            trace episode traceTimeline session sessions logs metrics traces traceDiff
            agentSuccessRates hookPerformance endpointReliability modelUsage priceList errorPatterns blastRadius agentChains
            qualityMetrics textForms similarPatterns
            feedbackRun feedbackRuns improvement improvements improvementsAwaitingReview experiment experimentCourse
            experimentStanding experimentPower decision watch watches compareVersionsRetrospectively feedbackBatch schedule
            schedules feedbackLoopHealth learnedPattern learnedPatterns learningHealth matchPatterns replayOffers replayEffect
            planProposals agentRecommendations routingPolicyEffect serviceHealth
        """,
        Action.TAKE_PART: "assignVariant replayPlan recommendAgent",
        Action.SEE_FIGURES: """
            patternAnalytics subjectAnalytics usageStats successRates dashboardSummary timeSeries comparePatterns
            benchmarkPattern trends emergingPatterns decliningPatterns seriesAnalysis retention patternReliability rankPatterns
            unusedPatterns
        """,
    }
)

MUTATIONS: Final = _asked(
    {
        Action.CHANGE_LINEAGE: """
            createPattern addVersion deriveVersion forkPattern mergeVersions connectVersions disconnectVersions activateVersion
            deprecateVersion archiveVersion rejectVersion setCurrentVersion acceptPlanProposal dismissPlanProposal
        """,
        Action.WRITE_EVENTS: """
            startTrace recordRoutingDecision recordHookExecution recordEndpointCall completeTrace recommendAgent
        """,
        Action.RUN_LOOP: """
            proposeImprovement startFeedbackLoop cancelFeedbackRun startFeedbackLoopBatch createSchedule updateSchedule
            deleteSchedule
        """,
        Action.REVIEW: "approveImprovement rejectImprovement approveRollback dismissRegression",
        Action.ANNOTATE: "annotateErrorPattern submitFeedback reportOutcome",
    }
)

SUBSCRIPTIONS: Final = _asked(
    {Action.READ: "feedbackRun traceUpdates lineageEvents", Action.SEE_FIGURES: "patternMetrics dashboard"}
)


def rules(schema: GraphQLSchema) -> Iterator[tuple[str, str, GraphQLField, Action]]:
    """Each root field: its type, its name, the field, and its action. Raises KeyError for a field that has none."""
    for root, table in (
        (schema.query_type, QUERIES),
        (schema.mutation_type, MUTATIONS),
        (schema.subscription_type, SUBSCRIPTIONS),
    ):
        if root is not None:
            for name, field in root.fields.items():
                yield root.name, name, field, table[name]


def ask_first(schema: GraphQLSchema) -> None:
    """Has each root field ask for its action.

    A mutation that is refused answers with Forbidden, its expected error; other fields fail with it. A subscription asks again
    before each of its updates whether its token still is one. Raises KeyError for a field that has no action.
    """
    for _, _, field, action in [*rules(schema)]:
        if schema.subscription_type and field in schema.subscription_type.fields.values():
            field.subscribe = _asking(_while_known(field.subscribe), action)
        else:
            of_mutation = schema.mutation_type is not None and field in schema.mutation_type.fields.values()
            field.resolve = _asking(field.resolve, action, answers=of_mutation)


def _asking(resolve: Any, action: Action, *, answers: bool = False) -> Callable[..., Any]:
    @wraps(resolve, updated=())
    def asking(source: Any, info: Any, **arguments: Any) -> Any:
        try:
            require(info.context.principal, action)
        except (Forbidden, Unauthenticated) as error:
            if answers and isinstance(error, Forbidden):
                return error_object(error)
            raise
        return resolve(source, info, **arguments)

    asking.action = action  # type: ignore[attr-defined]
    return asking


def _while_known(subscribe: Any) -> Callable[..., Any]:
    @wraps(subscribe, updated=())
    async def known(source: Any, info: Any, **arguments: Any) -> AsyncIterator[Any]:
        updates = subscribe(source, info, **arguments)
        return _asked_again(await updates if isawaitable(updates) else updates, info)

    return known


async def _asked_again(updates: Any, info: Any) -> AsyncIterator[Any]:
    try:
        async for update in updates:
            await info.context.still()
            yield update
    finally:
        await updates.aclose()
