"""Assembles the GraphQL schema; every field lives in the module of its subject."""

from __future__ import annotations

import strawberry
from graphql import NoSchemaIntrospectionCustomRule, specified_rules
from strawberry.extensions import MaxTokensLimiter
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from loopgraph.api.access import Action
from loopgraph.api.graphql import cost, documents
from loopgraph.api.graphql.descriptions import describe
from loopgraph.api.graphql.documents import CheckedDocuments, Documents
from loopgraph.api.graphql.execution import PacedExecution
from loopgraph.api.graphql.ids import take_either
from loopgraph.api.graphql.masking import CodedSchema
from loopgraph.api.graphql.mutations.feedback import FeedbackMutation
from loopgraph.api.graphql.mutations.lineage import LineageMutation
from loopgraph.api.graphql.mutations.traces import TraceMutation
from loopgraph.api.graphql.permissions import ask_first
from loopgraph.api.graphql.queries.analytics import AnalyticsQuery
from loopgraph.api.graphql.queries.feedback import FeedbackQuery
from loopgraph.api.graphql.queries.lineage import LineageQuery
from loopgraph.api.graphql.queries.nodes import NodeQuery
from loopgraph.api.graphql.queries.sessions import SessionQuery
from loopgraph.api.graphql.queries.trace_search import TraceSearchQuery
from loopgraph.api.graphql.queries.traces import TraceQuery
from loopgraph.api.graphql.queries.usage import UsageQuery
from loopgraph.api.graphql.subscriptions import Subscription
from loopgraph.api.graphql.types.common import LONG, Long
from loopgraph.settings import Settings

_ACTIONS = {
    LineageMutation: Action.CHANGE_LINEAGE,
    TraceMutation: Action.WRITE_EVENTS,
    FeedbackMutation: Action.RUN_LOOP,
}
"""What the mutations of each subject ask for."""

Mutation = merge_types("Mutation", tuple(_ACTIONS))
Query = merge_types(
    "Query",
    (NodeQuery, LineageQuery, TraceQuery, SessionQuery, TraceSearchQuery, AnalyticsQuery, UsageQuery, FeedbackQuery),
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
            lambda: MaxTokensLimiter(settings.max_query_tokens),
            lambda: CheckedDocuments(checked),
        ],
    )
    names = {
        schema.config.name_converter.get_graphql_name(field): action
        for subject, action in _ACTIONS.items()
        for field in subject.__strawberry_definition__.fields  # type: ignore[attr-defined]
    }
    executed = schema._schema  # strawberry has no other way to the schema that it executes
    describe(executed)
    take_either(executed)
    ask_first(executed, names)
    return schema
