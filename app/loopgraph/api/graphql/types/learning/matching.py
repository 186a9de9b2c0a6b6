"""The matches of a request: learned patterns, each with the score that says why."""

from __future__ import annotations

from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.list_size import ListSize, short_list
from loopgraph.api.graphql.types.nodes import PATTERN, VERSION, link
from loopgraph.computes.privacy.quoting import visible
from loopgraph.contracts.learning import features as feature_contracts
from loopgraph.contracts.learning import matching as contracts


@strawberry.input(description="Where a request is asked, as far as that is known; what is left out says nothing.")
class MatchContextInput:
    domain: str | None = strawberry.field(default=None, description="The field of work, such as `frontend`.")
    project: str | None = strawberry.field(default=None, description="The project, as traces name it.")
    agent: str | None = strawberry.field(default=None, description="The agent that is to do it.")


@strawberry.type(description="What a request is about, as far as matching goes by it.")
class PromptFeatures:
    action: str | None = strawberry.field(
        description="What is to be done, one word of a closed list such as `fix` or `rename`; null: it is not told. English only."
    )
    intent: str = strawberry.field(description="The kind of work that the action belongs to, such as `debugging`.")
    keywords: list[str] = short_list("What it is about, in normal form, the most telling first.")

    @classmethod
    def of(cls, features: feature_contracts.PromptFeatures) -> Self:
        return shape(cls, features, action=features.action or None)


@strawberry.type(
    description="How well a learned pattern fits a request: five parts, each 0..1, and what they come to by their weights. What "
    "is not known makes no part, and the others are weighed without it."
)
class MatchScore:
    total: float = strawberry.field(description="The mean of the parts that are known, by their weights, 0..1.")
    semantic: float = strawberry.field(
        description="How near the nearest prompt of the pattern is by its meaning: 0 for an unrelated prompt, 1 for a "
        "paraphrase. By letters alone, if the answer is not `semantic`."
    )
    keyword: float = strawberry.field(description="The keywords that both have, over those of the one that has more.")
    intent: float = strawberry.field(
        description="Whether both ask for the same to be done: 0.5 where that is not told."
    )
    context: float | None = strawberry.field(
        description="Whether domain, project and agent are the same; null: unknown."
    )
    historical: float | None = strawberry.field(
        description="The success that is expected of the pattern (`expectedSuccess`); null: it was never run."
    )
    explanation: str = strawberry.field(description="All of that in words and numbers.")


@strawberry.type(description="A learned pattern that fits a request.")
class PatternMatch:
    pattern_id: strawberry.ID
    node_id: strawberry.ID = strawberry.field(description="The own id of the version in use, whose text is the plan.")
    name: str = strawberry.field(description="The name of the pattern.")
    score: MatchScore = strawberry.field(description="Why it fits.")
    success_rate: float | None = strawberry.field(
        description="Of the traces that it was learned from, as they are; null: there is none. A pattern begins with a "
        "success, so this is too good where runs are few: what to expect says `expectedSuccess`."
    )
    expected_success: float | None = strawberry.field(
        description="How probable it is that a run of its kind succeeds, 0..1: the success rate, drawn toward that of all "
        "traces the more the fewer runs it is of, and as far as rates of patterns turn out to be alike; null: the pattern "
        "was never run. Matches are in the order of their totals, for which the rate of all traces stands in its place then."
    )
    runs: Long = strawberry.field(description="How many traces that rate is of.")
    exemplar: str | None = strawberry.field(
        description="The prompt that it was learned from and that is nearest, as it was kept; null: the asker may not read it."
    )
    pattern = link("pattern", "pattern_id", PATTERN, "The pattern itself.")
    version = link("version", "node_id", VERSION, "The version in use.")

    @classmethod
    def of(cls, match: contracts.PatternMatch) -> Self:
        learned = match.pattern
        return cls(
            pattern_id=strawberry.ID(learned.pattern_id),
            node_id=strawberry.ID(learned.node_id),
            name=learned.name,
            score=shape(MatchScore, match.score),
            success_rate=learned.success_rate,
            expected_success=match.expected_success,
            runs=Long(learned.runs),
            exemplar=None if match.exemplar is None else visible(match.exemplar),
        )


@strawberry.type(description="What each part of a score weighs; they sum to 1. `LOOPGRAPH_MATCH_WEIGHTS` sets them.")
class MatchWeights:
    semantic: float = strawberry.field(description="What the meaning weighs.")
    keyword: float = strawberry.field(description="What common keywords weigh.")
    intent: float = strawberry.field(description="What it weighs whether the same is to be done.")
    context: float = strawberry.field(description="What it weighs where it is asked.")
    historical: float = strawberry.field(description="What the success weighs that is expected.")


@strawberry.type(description="The learned patterns that fit a request, and how they were found.")
class PatternMatches:
    matches: list[PatternMatch] = strawberry.field(
        description="Best first, as many as `maxResults` says. Patterns that were learned from prompts that ask for something "
        "else to be done are not among them, however alike their words are."
    )
    features: PromptFeatures = strawberry.field(description="What the request is about.")
    weights: MatchWeights = strawberry.field(description="What the parts of the scores weighed.")
    model: str = strawberry.field(description="What compared the texts: a model, its version, and its dimension.")
    semantic: bool = strawberry.field(description="Whether that compares meanings, and not letters alone.")
    note: str | None = strawberry.field(
        description="Why that is not the model of the settings, or does not compare meanings; null: it is, and does."
    )
    searched: Long = strawberry.field(description="How many prompts of learned patterns were compared.")
    complete: bool = strawberry.field(description="Whether these are all; the rest is yet to be embedded.")

    @classmethod
    def of(cls, answer: contracts.MatchAnswer) -> Self:
        matches = [PatternMatch.of(match) for match in answer.matches]
        features, weights = PromptFeatures.of(answer.features), shape(MatchWeights, answer.weights)
        return shape(cls, answer, matches=matches, features=features, weights=weights)


SIZED = ListSize(slicing_arguments=["maxResults"], sized_fields=["matches"])
"""How many matches an answer can have."""
