"""How good the texts of a pattern are by their form, and how good executions say that they are."""

from __future__ import annotations

from typing import Self

import strawberry

from loopgraph.api.graphql.types.common import Long, shape
from loopgraph.api.graphql.types.enums import TextProblem
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.api.graphql.types.nodes import PATTERN, VERSION, link
from loopgraph.api.graphql.types.text_form import (
    LENGTH,
    PLACEHOLDERS,
    PROBLEMS,
    REPETITION,
    STRUCTURE,
    WORDS,
    TextForm,
)
from loopgraph.contracts.analytics import quality as contracts


@strawberry.type(
    description="How good a text is by its form, as a linter would say; it does not say whether the pattern works. The score is "
    "a weighted mean of the parts, each 0..1 and best at 1."
)
class TextQuality:
    score: float = strawberry.field(
        description="0.2 length, 0.2 structure, 0.25 placeholders, 0.15 repetition, 0.2 uniqueness."
    )
    length: float = strawberry.field(description=LENGTH)
    structure: float = strawberry.field(description=STRUCTURE)
    placeholders: float = strawberry.field(description=PLACEHOLDERS)
    repetition: float = strawberry.field(description=REPETITION)
    uniqueness: float = strawberry.field(
        description="1 up to a similarity of 0.5 with any other pattern of its kind in force, 0 for the same text."
    )
    words: int = strawberry.field(description=WORDS)
    problems: list[TextProblem] = strawberry.field(description=PROBLEMS, directives=[at_most(len(TextProblem))])
    similarity: float | None = strawberry.field(
        description="How similar the most similar of the other patterns is, 0..1; null where none has three words in common."
    )
    similar_pattern_id: strawberry.ID | None = strawberry.field(description="The own id of that other pattern.")
    similar_pattern = link("pattern", "similar_pattern_id", PATTERN, "That other pattern.")

    @classmethod
    def of(cls, quality: contracts.TextQuality) -> Self:
        return shape(cls, quality, problems=list(quality.problems), similar_pattern_id=quality.similar_to)


@strawberry.type(description="The quality of one version.")
class VersionQuality:
    node_id: strawberry.ID
    text: TextQuality | None = strawberry.field(
        description="The quality of its text by its form; null for one without words."
    )
    reported_quality: float | None = strawberry.field(
        description="Mean of the quality scores that its latest executions report, 0..1; null where none does."
    )
    reported_count: Long = strawberry.field(description="How many of these executions report one.")
    executions: Long = strawberry.field(
        description="How many executions were looked at: the latest 10,000 that are over."
    )
    version = link("version", "node_id", VERSION, "The version itself.")

    @classmethod
    def of(cls, quality: contracts.VersionQuality) -> Self:
        text = TextQuality.of(quality.text) if quality.text else None
        return shape(cls, quality, text=text, reported_quality=quality.reported, reported_count=quality.scored)


@strawberry.type(description="How a quality develops from version to version.")
class QualityTrend:
    versions: int = strawberry.field(description="Of how many versions it is.")
    slope: float = strawberry.field(description="The median change from one version to the next (Theil, Sen).")
    interval: Interval = strawberry.field(description="The interval of the slope at 95 %.")

    @classmethod
    def of(cls, trend: contracts.QualityTrend | None) -> Self | None:
        if trend is None:
            return None
        return cls(versions=trend.n, slope=trend.slope, interval=Interval(low=trend.low, high=trend.high))


@strawberry.type(description="The quality of the versions of a pattern.")
class QualityMetrics:
    pattern_id: strawberry.ID
    versions: list[VersionQuality] = strawberry.field(
        description="The newest versions, newest first, as many as `first` says."
    )
    text_trend: QualityTrend | None = strawberry.field(
        description="How the score of the text develops over these versions; null below three that have one."
    )
    reported_trend: QualityTrend | None = strawberry.field(
        description="How the quality that executions report develops over these versions; null below three that have one."
    )
    compared_with: Long = strawberry.field(
        description="With how many other patterns of its kind in force the texts were compared, at most the newest 1,000."
    )
    pattern = link("pattern", "pattern_id", PATTERN, "The pattern itself.")

    @classmethod
    def of(cls, found: contracts.QualityMetrics) -> Self:
        return shape(
            cls,
            found,
            versions=[VersionQuality.of(version) for version in found.versions],
            text_trend=QualityTrend.of(found.text_trend),
            reported_trend=QualityTrend.of(found.reported_trend),
        )


@strawberry.type(description="A pattern in force whose text is not as good by its form as it could be.")
class StandingForm:
    pattern_id: strawberry.ID
    node_id: strawberry.ID = strawberry.field(description="The own id of its version in use.")
    form: TextForm = strawberry.field(description="The form of that version's text.")
    pattern = link("pattern", "pattern_id", PATTERN, "The pattern itself.")
    version = link("version", "node_id", VERSION, "Its version in use.")


@strawberry.type(description="How many patterns have a problem.")
class TextProblemCount:
    problem: TextProblem = strawberry.field(description="What keeps texts from a full score.")
    patterns: Long = strawberry.field(description="How many patterns have it.")


@strawberry.type(description="How good the texts of all patterns in force are by their form, and which are the worst.")
class TextForms:
    total_patterns: Long = strawberry.field(description="How many patterns in force have a text with words.")
    mean_score: float | None = strawberry.field(description="The mean of their scores, 0..1; null without any.")
    problems: list[TextProblemCount] = strawberry.field(
        description="How many of them have which problem.", directives=[at_most(len(TextProblem))]
    )
    found: Long = strawberry.field(description="How many score below `below`, and have the `problem` if one is given.")
    worst: list[StandingForm] = strawberry.field(description="The worst of these, as many as `first` says.")
    complete: bool = strawberry.field(
        description="Whether all patterns in force were looked at, and not the newest 10,000 alone."
    )

    @classmethod
    def of(cls, found: contracts.StandingForms) -> Self:
        return shape(
            cls,
            found,
            total_patterns=found.patterns,
            problems=[shape(TextProblemCount, one) for one in found.problems],
            worst=[shape(StandingForm, one, form=TextForm.of(one.form)) for one in found.worst],
            complete=found.whole,
        )
