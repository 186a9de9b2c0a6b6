"""What all nodes share: they are read by one loader each, know their own id, and link to other nodes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import strawberry

from loopgraph.api.graphql.projection import ATTRIBUTE
from loopgraph.api.graphql.types.common import Info, camel
from loopgraph.api.graphql.types.connections import BY_TIME, Connection, Listing, sliced
from loopgraph.api.graphql.types.presentation import later, later_list, present
from loopgraph.contracts.loop.reported_outcomes import OutcomeStanding
from loopgraph.contracts.loop.user_feedback import Feedback
from loopgraph.effects.loop import reported_outcomes
from loopgraph.effects.loop.user_feedback import key_of


class Loaded:
    """A node that the loader of this name reads; what that finds, `presentation` makes into the node."""

    loader: ClassVar[str]

    @classmethod
    async def resolve_nodes(cls, *, info: Info, node_ids: Iterable[str], required: bool = False) -> Any:
        """The nodes of some raw ids; None for those that nothing has."""
        found = await getattr(info.context.loaders, cls.loader).load_many(list(node_ids))
        return [present(one) for one in found]


def own_id(attribute: str, description: str | None = None) -> Any:
    """The field that tells a node's own id, which clients know it by outside GraphQL."""

    def resolve(root: Any) -> strawberry.ID:
        return strawberry.ID(getattr(root, attribute))

    setattr(resolve, ATTRIBUTE, attribute)
    return strawberry.field(resolver=resolve, name=camel(attribute), description=description)


def link(loader: str, key: str, to: tuple[str, str], description: str) -> Any:
    """The node whose own id is in the attribute ``key``, through a loader: one statement for all parents of a list.

    Null where there is no id, and where nothing has it (any more, yet, or that the asker may see). ``to`` is the module and the
    name of its type.
    """

    async def resolve(root: Any, info: Info) -> Any:
        id_ = getattr(root, key)
        return present(await getattr(info.context.loaders, loader).load(id_)) if id_ else None

    return strawberry.field(resolver=resolve, description=description, graphql_type=later(*to) | None)


def both(connection: Any, slice_: Any, to: tuple[str, str], description: str, instead_of_slice: str) -> tuple[Any, Any]:
    """Two fields for one list, by their resolvers: the connection, whose name is given, and the slice that came before it."""
    return (
        strawberry.field(
            resolver=connection,
            description=description,
            graphql_type=Connection[later(*to)],  # type: ignore[misc]  # a type that is known when the schema is made
        ),
        strawberry.field(
            resolver=slice_,
            description=description,
            graphql_type=later_list(*to),
            deprecation_reason=f"Page with `{instead_of_slice}`: by cursors, like every list, and with `totalCount`.",
        ),
    )


def loaded_lists(
    instead_of_slice: str, loader: str, key: str, listing: Listing[Any], to: tuple[str, str], description: str
) -> tuple[Any, Any]:
    """The two fields for a list that a loader reads whole, by the attribute ``key`` of its owner."""

    async def load(root: Any, info: Info) -> Any:
        return await getattr(info.context.loaders, loader).load(getattr(root, key)) or ()

    async def connection(root: Any, info: Info, first: int = 20, after: str | None = None) -> Any:
        return listing.whole(info, await load(root, info), first, after, present)

    async def slice_(root: Any, info: Info, first: int = 20, offset: int = 0) -> Any:
        return [present(one) for one in sliced(info, await load(root, info), first, offset)]

    return both(connection, slice_, to, description, instead_of_slice)


def paged(loader: str, key: str, listing: Listing[Any], to: tuple[str, str], description: str) -> Any:
    """A connection whose pages a loader reads, by the attribute ``key`` of its owner."""

    async def connection(root: Any, info: Info, first: int = 20, after: str | None = None) -> Any:
        page = listing.page(info, first, after)
        found = await getattr(info.context.loaders, loader).load((getattr(root, key), page))
        return listing.connection(found.items, present, has_more=found.has_more, after=after)

    return strawberry.field(
        resolver=connection,
        description=description,
        graphql_type=Connection[later(*to)],  # type: ignore[misc]  # a type that is known when the schema is made
    )


def summed(loader: str, key: str, to: tuple[str, str], description: str) -> Any:
    """What a loader says of the attribute ``key`` of its owner, of everything."""

    async def resolve(root: Any, info: Info) -> Any:
        return present(await getattr(info.context.loaders, loader).load(getattr(root, key)))

    return strawberry.field(resolver=resolve, description=description, graphql_type=later(*to))


PATTERN, VERSION = ("lineage.patterns", "Pattern"), ("lineage.versions", "PatternVersion")
EDGE = ("lineage.edges", "LineageEdge")
TRACE, SESSION = ("traces.trace", "Trace"), ("traces.sessions", "Session")
STEP, CALL = ("traces.steps", "HookExecution"), ("traces.steps", "EndpointCall")
RUN, IMPROVEMENT = ("loop.runs", "FeedbackRun"), ("loop.runs", "Improvement")
BATCH, SCHEDULE = ("loop.operations", "FeedbackBatch"), ("loop.operations", "Schedule")
EXPERIMENT, DECISION = ("loop.experiments", "Experiment"), ("loop.experiments", "Decision")
WATCH = ("loop.watches", "Watch")
FEEDBACK, FEEDBACK_SUMMARY = ("loop.user_feedback", "Feedback"), ("loop.user_feedback", "FeedbackSummary")
DISTINCTIONS = ("loop.distinctions", "Distinctions")
OUTCOME, OUTCOME_SUMMARY = ("loop.reported_outcomes", "ReportedOutcome"), ("loop.reported_outcomes", "OutcomeSummary")
"""Where links and lists lead: the module and the name of a type."""


FEEDBACKS = Listing[Feedback]("feedback", key_of, BY_TIME)
"""What was said of something, newest first."""

OUTCOMES = Listing[OutcomeStanding]("outcomes", reported_outcomes.key_of, BY_TIME)
"""What others reported of something, the latest first."""
