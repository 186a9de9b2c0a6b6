"""Assembles the GraphQL schema; every field lives in the module of its subject."""

from __future__ import annotations

import strawberry
from strawberry import relay
from strawberry.extensions import MaxTokensLimiter
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from loopgraph.api.graphql import cost, documents
from loopgraph.api.graphql.documents import CheckedDocuments, Documents
from loopgraph.api.graphql.execution import PacedExecution
from loopgraph.api.graphql.masking import CodedSchema
from loopgraph.api.graphql.mutations.feedback import FeedbackMutation
from loopgraph.api.graphql.mutations.lineage import LineageMutation
from loopgraph.api.graphql.mutations.traces import TraceMutation
from loopgraph.api.graphql.queries.analytics import AnalyticsQuery
from loopgraph.api.graphql.queries.feedback import FeedbackQuery
from loopgraph.api.graphql.queries.lineage import LineageQuery
from loopgraph.api.graphql.queries.sessions import SessionQuery
from loopgraph.api.graphql.queries.trace_search import TraceSearchQuery
from loopgraph.api.graphql.queries.traces import TraceQuery
from loopgraph.api.graphql.subscriptions import Subscription
from loopgraph.settings import Settings

Mutation = merge_types("Mutation", (LineageMutation, TraceMutation, FeedbackMutation))


def _query() -> type:
    """The type Query. Each schema needs its own: strawberry builds relay's node fields once."""

    @strawberry.type
    class NodeQuery:
        node: relay.Node | None = relay.node(description="Anything that has a global id; null if there is none.")
        nodes: list[relay.Node | None] = relay.node(description="Several things by their global ids.")

    return merge_types(
        "Query", (NodeQuery, LineageQuery, TraceQuery, SessionQuery, TraceSearchQuery, AnalyticsQuery, FeedbackQuery)
    )


def build_schema(settings: Settings) -> strawberry.Schema:
    """The schema with the limits of these settings."""
    checked = Documents(
        documents.Limits(settings.max_query_depth, settings.max_query_aliases, settings.max_query_tokens),
        cost.Limits(settings.max_query_nodes, settings.max_page_size, settings.max_traversal_nodes),
    )
    return CodedSchema(
        query=_query(),
        mutation=Mutation,
        subscription=Subscription,
        execution_context_class=PacedExecution,
        config=StrawberryConfig(relay_max_results=settings.max_page_size),
        extensions=[
            lambda: MaxTokensLimiter(settings.max_query_tokens),
            lambda: CheckedDocuments(checked),
        ],
    )
