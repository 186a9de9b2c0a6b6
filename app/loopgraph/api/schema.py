"""Assembles the GraphQL schema; every field lives in the module of its subject."""

from __future__ import annotations

import strawberry
from strawberry import relay
from strawberry.extensions import MaxAliasesLimiter, MaxTokensLimiter, ParserCache, QueryDepthLimiter, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from loopgraph.api.masking import CodedSchema
from loopgraph.api.mutations.feedback import FeedbackMutation
from loopgraph.api.mutations.lineage import LineageMutation
from loopgraph.api.mutations.traces import TraceMutation
from loopgraph.api.queries.feedback import FeedbackQuery
from loopgraph.api.queries.lineage import LineageQuery
from loopgraph.api.queries.traces import TraceQuery
from loopgraph.api.subscriptions import Subscription
from loopgraph.settings import Settings


@strawberry.type
class NodeQuery:
    node: relay.Node | None = relay.node(description="Anything that has a global id; null if there is none.")
    nodes: list[relay.Node | None] = relay.node(description="Several things by their global ids.")


Query = merge_types("Query", (NodeQuery, LineageQuery, TraceQuery, FeedbackQuery))
Mutation = merge_types("Mutation", (LineageMutation, TraceMutation, FeedbackMutation))


def build_schema(settings: Settings) -> strawberry.Schema:
    """The schema with the limits of these settings."""
    return CodedSchema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=StrawberryConfig(relay_max_results=settings.max_page_size),
        extensions=[
            lambda: ParserCache(maxsize=256),
            lambda: ValidationCache(maxsize=256),
            lambda: MaxTokensLimiter(settings.max_query_tokens),
            lambda: QueryDepthLimiter(settings.max_query_depth),
            lambda: MaxAliasesLimiter(settings.max_query_aliases),
        ],
    )
