"""Learned patterns."""

from __future__ import annotations

from datetime import datetime
from typing import Self

import strawberry
from strawberry import relay

from loopgraph.api.graphql.types.common import Info, shape
from loopgraph.api.graphql.types.connections import BY_TIME, Connection, Listing
from loopgraph.api.graphql.types.enums import Role, Standing
from loopgraph.api.graphql.types.learning.plans import LearnedPlan
from loopgraph.api.graphql.types.list_size import at_most, short_list
from loopgraph.api.graphql.types.nodes import PATTERN, VERSION, Loaded, link, own_id
from loopgraph.api.graphql.types.presentation import presents
from loopgraph.api.graphql.types.traces.trace import TRACES, Trace
from loopgraph.computes.learning.plans.teaching import MOST_EXEMPLARS
from loopgraph.computes.privacy.quoting import visible
from loopgraph.contracts.learning import plans as contracts
from loopgraph.contracts.learning.views import LearnedView
from loopgraph.contracts.learning.views import LearningHealth as Health

LEARNED = Listing[LearnedView]("learned patterns", lambda one: one.time_key, BY_TIME)


@strawberry.type(description="A prompt that a learned pattern was learned from.")
class Exemplar:
    exemplar_id: strawberry.ID = strawberry.field(description="By what a prompt that is kept is told from others.")
    text: str = strawberry.field(description="What a person wrote, as far as it is kept; up to 2,000 characters.")

    @classmethod
    def of(cls, exemplar: contracts.Exemplar) -> Self:
        return shape(cls, exemplar, text=visible(exemplar.text))


@presents(LearnedView)
@strawberry.type(
    description="What traces taught: how prompts of one kind are done. Its plans are versions of a pattern, as any others."
)
class LearnedPattern(Loaded, relay.Node):
    loader = "learned_pattern"
    pattern_id: relay.NodeID[str]
    node_id: strawberry.ID = strawberry.field(description="The version of its plan that is in use.")
    version: int = strawberry.field(description="The number of that version.")
    name: str = strawberry.field(description="What is done, and to what.")
    standing: Standing = strawberry.field(description="Whether it is matched.")
    intent: str = strawberry.field(description="The kind of work that its prompts ask for.")
    action: str = strawberry.field(description="What is to be done, one word; empty where the prompts do not tell it.")
    keywords: list[str] = short_list("What its prompts are about; empty where prompts are not kept.")
    domain: str | None = strawberry.field(description="The domain that its first trace names; null without one.")
    project: str | None = strawberry.field(
        description="Where all of its prompts were asked; null for several projects."
    )
    agent: str | None = strawberry.field(description="Who did it in most traces; null where nobody was chosen.")
    successes: int = strawberry.field(description="How many successful traces taught it.")
    failures: int = strawberry.field(description="How many failed traces did.")
    replays: int = strawberry.field(description="How often its plan was handed out and followed.")
    replay_successes: int = strawberry.field(description="How many of these runs succeeded.")
    success_rate: float | None = strawberry.field(
        description="Successes over successes and failures, 0..1; null while there is nothing."
    )
    plan: LearnedPlan = strawberry.field(description="The steps of the version in use, with the figures of now.")
    updated_at: datetime = strawberry.field(description="When a trace last taught it, in UTC.")

    raw_id = own_id("pattern_id", "What clients know the pattern by.")
    pattern = link("pattern", "pattern_id", PATTERN, "The pattern that has the versions of its plan.")
    plan_version = link("version", "node_id", VERSION, "The version of its plan that is in use.")

    @classmethod
    def of(cls, view: LearnedView) -> Self:
        pattern = view.pattern
        return shape(cls, pattern, plan=LearnedPlan.of(view.plan, pattern.node_id), updated_at=view.updated_at)

    @strawberry.field(
        description="Prompts that it was learned from, of which none is nearly another.",
        directives=[at_most(MOST_EXEMPLARS)],
    )
    async def exemplars(self, info: Info) -> list[Exemplar]:
        found = await info.context.loaders.exemplars_of_pattern.load((self.pattern_id,))
        return [Exemplar.of(one) for one in found]

    @strawberry.field(description="The traces that taught it, newest first; without those that moved into the archive.")
    async def learned_from(
        self, info: Info, role: Role | None = None, first: int = 20, after: str | None = None
    ) -> Connection[Trace]:
        page = TRACES.page(info, first, after)
        found = await info.context.loaders.traces_of_learned_pattern.load((self.pattern_id, role, page))
        return TRACES.connection(found.items, Trace.of, has_more=found.has_more, after=after)


@strawberry.type(description="How far the learner is.")
class LearningHealth:
    backlog: int = strawberry.field(
        description="Traces that are to be looked at: they have ended, or something has changed."
    )
    looks_back: bool = strawberry.field(
        description="Whether traces are left to be looked at that were there before anybody learned."
    )
    waiting: int = strawberry.field(description="Failed traces that wait for the first success of their kind.")
    patterns: int = strawberry.field(description="Learned patterns.")
    active_patterns: int = strawberry.field(description="Those that are matched.")
    successes: int = strawberry.field(description="Successful traces that taught them.")
    failures: int = strawberry.field(description="Failed traces that did.")
    learned_at: datetime | None = strawberry.field(
        description="When a trace last taught anything, in UTC; null before."
    )

    @classmethod
    def of(cls, health: Health) -> Self:
        return shape(cls, health)
