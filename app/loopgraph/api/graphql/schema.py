"""Assembles the GraphQL schema; every field lives in the module of its subject."""

from __future__ import annotations

import strawberry
from graphql import NoSchemaIntrospectionCustomRule, specified_rules
from strawberry.extensions import MaxTokensLimiter
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from loopgraph.api.graphql import cost, documents
from loopgraph.api.graphql.counting import Counting
from loopgraph.api.graphql.descriptions import describe
from loopgraph.api.graphql.documents import CheckedDocuments, Documents
from loopgraph.api.graphql.execution import PacedExecution
from loopgraph.api.graphql.ids import take_either
from loopgraph.api.graphql.masking import CodedSchema
from loopgraph.api.graphql.mutations.errors import ErrorMutation
from loopgraph.api.graphql.mutations.feedback import FeedbackMutation
from loopgraph.api.graphql.mutations.learning import LearningMutation
from loopgraph.api.graphql.mutations.learning_proposals import LearningProposalMutation
from loopgraph.api.graphql.mutations.lineage import LineageMutation
from loopgraph.api.graphql.mutations.loop_operations import LoopOperationsMutation
from loopgraph.api.graphql.mutations.reported_outcomes import ReportedOutcomeMutation
from loopgraph.api.graphql.mutations.traces import TraceMutation
from loopgraph.api.graphql.mutations.user_feedback import UserFeedbackMutation
from loopgraph.api.graphql.permissions import ask_first
from loopgraph.api.graphql.queries.analytics import AnalyticsQuery
from loopgraph.api.graphql.queries.chains import ChainQuery
from loopgraph.api.graphql.queries.dependents import DependentQuery
from loopgraph.api.graphql.queries.errors import ErrorQuery
from loopgraph.api.graphql.queries.feedback import FeedbackQuery
from loopgraph.api.graphql.queries.health import HealthQuery
from loopgraph.api.graphql.queries.learning_matching import LearningMatchingQuery
from loopgraph.api.graphql.queries.learning_patterns import LearnedPatternQuery
from loopgraph.api.graphql.queries.learning_proposals import LearningProposalQuery
from loopgraph.api.graphql.queries.learning_replays import LearningReplayQuery
from loopgraph.api.graphql.queries.learning_routing import LearningRoutingQuery
from loopgraph.api.graphql.queries.lineage import LineageQuery
from loopgraph.api.graphql.queries.loop_operations import LoopOperationsQuery
from loopgraph.api.graphql.queries.nodes import NodeQuery
from loopgraph.api.graphql.queries.quality import QualityQuery
from loopgraph.api.graphql.queries.reliability import ReliabilityQuery
from loopgraph.api.graphql.queries.retrospection import RetrospectionQuery
from loopgraph.api.graphql.queries.sessions import SessionQuery
from loopgraph.api.graphql.queries.standing import StandingQuery
from loopgraph.api.graphql.queries.trace_search import TraceSearchQuery
from loopgraph.api.graphql.queries.traces import TraceQuery
from loopgraph.api.graphql.queries.trends import TrendQuery
from loopgraph.api.graphql.queries.usage import UsageQuery
from loopgraph.api.graphql.subscriptions import Subscription
from loopgraph.api.graphql.types.common import LONG, Long
from loopgraph.settings import Settings

Mutation = merge_types(
    "Mutation",
    (
        LineageMutation,
        LearningProposalMutation,
        TraceMutation,
        LearningMutation,
        FeedbackMutation,
        LoopOperationsMutation,
        ErrorMutation,
        UserFeedbackMutation,
        ReportedOutcomeMutation,
    ),
)
Query = merge_types(
    "Query",
    (
        NodeQuery,
        LineageQuery,
        TraceQuery,
        SessionQuery,
        TraceSearchQuery,
        AnalyticsQuery,
        UsageQuery,
        TrendQuery,
        ErrorQuery,
        DependentQuery,
        ChainQuery,
        QualityQuery,
        ReliabilityQuery,
        StandingQuery,
        FeedbackQuery,
        RetrospectionQuery,
        LoopOperationsQuery,
        LearnedPatternQuery,
        LearningMatchingQuery,
        LearningProposalQuery,
        LearningReplayQuery,
        LearningRoutingQuery,
        HealthQuery,
    ),
)


def build_schema(settings: Settings) -> strawberry.Schema:
    """The schema with the limits of these settings."""
    rules = specified_rules if settings.introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)
    checked = Documents(
        documents.Limits(settings.max_query_depth, settings.max_query_aliases, settings.max_query_tokens),
        cost.Limits(settings.max_query_nodes, settings.max_page_size, settings.max_traversal_nodes),
        rules,
    )
    schema = CodedSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        execution_context_class=PacedExecution,
        config=StrawberryConfig(
            scalar_map={Long: LONG},
            relay_max_results=settings.max_page_size,
            disable_field_suggestions=not settings.introspection,  # they would tell it by and by
        ),
        extensions=[
            Counting,
            lambda: MaxTokensLimiter(settings.max_query_tokens),
            lambda: CheckedDocuments(checked),
        ],
    )
    executed = schema._schema  # strawberry has no other way to the schema that it executes
    describe(executed)
    take_either(executed)
    ask_first(executed)
    return schema
