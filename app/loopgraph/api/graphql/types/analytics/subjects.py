"""What figures are about, and over which time; and the figures of one subject, read as far as they are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Self

import strawberry

from loopgraph.api.graphql.types.analytics.figures import (
    AnalyticsBasis,
    CostFigures,
    Distribution,
    DurationFigures,
    MeasureFigures,
    QualityGate,
    SeriesPoint,
    SuccessFigures,
    UniqueCount,
    UsageFigures,
)
from loopgraph.api.graphql.types.common import Info, Long, checked, shape
from loopgraph.api.graphql.types.enums import Dimension, SubjectKind
from loopgraph.api.graphql.types.figures import Interval
from loopgraph.api.graphql.types.list_size import at_most
from loopgraph.api.graphql.types.nodes import PATTERN, VERSION
from loopgraph.api.graphql.types.presentation import later, present
from loopgraph.contracts.analytics import answers
from loopgraph.contracts.analytics.subjects import EVERYTHING, OTHER, Subject, subject_named
from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.contracts.analytics.views import TimeRange
from loopgraph.contracts.analytics.windows import Span, Window
from loopgraph.contracts.base import Instant
from loopgraph.effects.clock import now, time_zone
from loopgraph.errors import InvalidInput
from loopgraph.orchestrators.analytics.exact import Resolved
from loopgraph.orchestrators.analytics.figures import usage_within
from loopgraph.reducers.usage.distributions import distribution, values
from loopgraph.reducers.usage.performance import MOST_MEASURES, cost_figures, duration_figures, measure_figures
from loopgraph.reducers.usage.quality import GATE
from loopgraph.reducers.usage.series import FEW_POINTS
from loopgraph.reducers.usage.spans import LAST_DAYS, range_of, window_of
from loopgraph.reducers.usage.success import success_figures

_UNIQUE = (Dimension.CONTEXT, Dimension.USER, Dimension.AGENT, Dimension.PROJECT)
MOST_ATTRIBUTES = 20

UTC = "UTC"


@strawberry.input(
    description="A range of time: what began at `since` or later, and before `until`. What was counted is told by whole hours, "
    "those in which these instants are with it, and over at most 400 days; few executions are looked at themselves, and their "
    "`basis` says so; what looks at traces themselves goes by the instants."
)
class AnalyticsWindowInput:
    since: datetime | None = strawberry.field(
        default=None,
        description="Earliest instant that counts; left out: so many days before the end as the field says.",
    )
    until: datetime | None = strawberry.field(
        default=None, description="First instant that does not count any more; left out: the end of today, UTC."
    )


def window(asked: AnalyticsWindowInput | None, days: int = LAST_DAYS, within: str = "") -> Window:
    """The whole hours that are asked for; without a beginning, of so many days. Raises InvalidInput; ``within`` stands before its
    fields."""
    try:
        return window_of(*_instants(asked), now(), days)
    except InvalidInput as error:
        raise InvalidInput(f"{within}{error.field}", error.problem) from error


def span(asked: AnalyticsWindowInput | None) -> tuple[datetime, datetime]:
    """The instants that are asked for, however far they are apart. Raises InvalidInput."""
    return range_of(*_instants(asked), now())


def time_range(asked: AnalyticsWindowInput | None) -> TimeRange:
    """The same, as what looks at traces takes it. Raises InvalidInput."""
    since, until = span(asked)
    return TimeRange(since=since, until=until)


def span_asked(asked: AnalyticsWindowInput | None) -> Span:
    """The window that is asked for, to the instant. Raises InvalidInput."""
    over, (since, until) = window(asked), _instants(asked)
    return Span(since or over.since, until or over.until)


def _instants(asked: AnalyticsWindowInput | None) -> tuple[datetime | None, datetime | None]:
    since, until = (asked.since, asked.until) if asked else (None, None)
    return checked(Instant | None, since, "window.since"), checked(Instant | None, until, "window.until")


@strawberry.input(description="One thing that is counted.")
class SubjectInput:
    kind: SubjectKind = strawberry.field(description="What kind of thing it is.")
    name: str = strawberry.field(
        default="",
        description="The own id of a pattern or a version, the path of an endpoint, the folder of a project; what the others "
        "are called. Left out for ALL, and for steps without a tool.",
    )
    part: str = strawberry.field(
        default="",
        description="The type of step of a tool (`ToolUse` where an agent client tells of it), the service of an endpoint; "
        "left out for the others. `usageStats` names those that there are.",
    )

    def subject(self) -> Subject:
        """The subject. Raises InvalidInput for one that cannot be."""
        return subject_named(self.kind, self.name, self.part, "subject.")


def subject_asked(asked: SubjectInput | None) -> Subject:
    """The subject that is asked for; everything where none is. Raises InvalidInput for one that cannot be."""
    return EVERYTHING if asked is None else asked.subject()


@strawberry.type
class AboutSubject:
    """What a type shows of the subject that it is about, in its attribute ``subject``."""

    subject: strawberry.Private[Subject]

    @strawberry.field(description="What kind of thing it is.")
    def kind(self) -> SubjectKind:
        return self.subject.kind

    @strawberry.field(description="Its id, its path, or what it is called; empty for everything.")
    def name(self) -> str:
        return self.subject.name

    @strawberry.field(description="The type of step of a tool, the service of an endpoint; empty for others.")
    def part(self) -> str:
        return self.subject.part

    @strawberry.field(
        description="The pattern that it is; null for others.",
        graphql_type=later(*PATTERN) | None,
    )
    async def pattern(self, info: Info) -> object:
        is_one = self.subject.kind is SubjectKind.PATTERN
        return present(await info.context.loaders.pattern.load(self.subject.name)) if is_one else None

    @strawberry.field(
        description="The version that it is; null for others.",
        graphql_type=later(*VERSION) | None,
    )
    async def version(self, info: Info) -> object:
        is_one = self.subject.kind is SubjectKind.PATTERN_VERSION
        return present(await info.context.loaders.version.load(self.subject.name)) if is_one else None


@strawberry.type(description="Figures of one subject over a window. What is not asked for is not read.")
class SubjectAnalytics(AboutSubject):
    subject: strawberry.Private[Subject]
    window: strawberry.Private[Window]
    zone_name: strawberry.Private[str]
    resolved: strawberry.Private[Resolved | None]
    basis: AnalyticsBasis = strawberry.field(description="Of what the figures are made.")

    @classmethod
    async def over(cls, info: Info, subject: Subject, asked: AnalyticsWindowInput | None, zone_name: str) -> Self:
        """The figures of a subject over whole hours, from what was counted: of any number of subjects in as many statements as of
        one. Raises InvalidInput, and Forbidden for who may see only what is theirs."""
        time_zone(zone_name)  # what is wrong is told before anything is read
        over = window(asked)
        basis = await info.context.services.buckets.basis(over, info.context.principal)
        return cls(subject=subject, window=over, zone_name=zone_name, resolved=None, basis=shape(AnalyticsBasis, basis))

    @classmethod
    async def exactly(cls, info: Info, subject: Subject, asked: AnalyticsWindowInput | None, zone_name: str) -> Self:
        """The figures of one subject over a window, from the executions themselves where these are few; else as ``over``."""
        time_zone(zone_name)
        over, span = window(asked), span_asked(asked)
        found = await info.context.services.exact.resolved([subject], span, info.context.principal)
        return cls(
            subject=subject,
            window=over,
            zone_name=zone_name,
            resolved=found,
            basis=shape(AnalyticsBasis, found.basis),
        )

    async def _sums(self, info: Info) -> UsageSums:
        if self.resolved is not None:
            return self.resolved.sums[self.subject]
        return await info.context.loaders.usage_sums.load((self.subject, self.window, ()))

    async def _told_apart(self, info: Info, dimensions: Iterable[str]) -> UsageSums:
        wanted = tuple(sorted(set(dimensions)))
        if self.resolved is None:
            return await info.context.loaders.usage_sums.load((self.subject, self.window, wanted))
        found = await info.context.services.exact.told_apart(self.resolved, [self.subject], wanted)
        return found[self.subject]

    @strawberry.field(description="How much it was used, and when.")
    async def usage(self, info: Info) -> UsageFigures:
        if self.resolved is not None:
            buckets = info.context.services.buckets
            return UsageFigures.of(await usage_within(buckets, self.subject, self.resolved, self.zone_name))
        return UsageFigures.of(
            await info.context.loaders.usage_figures.load((self.subject, self.window, self.zone_name))
        )

    @strawberry.field(
        description="How its use develops, by days that are over; null where none of the window is. Looked at by itself.",
        graphql_type=later("analytics.trends", "SubjectTrend") | None,
    )
    async def trend(self, info: Info) -> object:
        return present(await info.context.loaders.usage_trend.load((self.subject, self.window)))

    @strawberry.field(description="What came of it.")
    async def success(self, info: Info) -> SuccessFigures:
        return SuccessFigures.of(success_figures(await self._sums(info)))

    @strawberry.field(description="How long it took.")
    async def duration(self, info: Info) -> DurationFigures:
        return shape(DurationFigures, duration_figures(await self._sums(info)))

    @strawberry.field(description="What it used of language models, and what that cost.")
    async def cost(self, info: Info) -> CostFigures:
        return shape(CostFigures, cost_figures(await self._sums(info)))

    @strawberry.field(description="What executions report of themselves, by name.", directives=[at_most(MOST_MEASURES)])
    async def measures(self, info: Info) -> list[MeasureFigures]:
        return [shape(MeasureFigures, measure) for measure in measure_figures(await self._sums(info))]

    @strawberry.field(
        description="By how many different contexts, users, agents and projects it was used.",
        directives=[at_most(len(_UNIQUE))],
    )
    async def unique(self, info: Info) -> list[UniqueCount]:
        dimensions = (await self._told_apart(info, _UNIQUE)).dimensions
        return [
            UniqueCount(
                dimension=each,
                count=len(values(dimensions.get(each, {}))),
                at_least=OTHER in dimensions.get(each, {}),
            )
            for each in _UNIQUE
        ]

    @strawberry.field(
        description="How its executions fall to the values of some dimensions and attributes: contexts, agents, users and "
        "projects if neither are named.",
        directives=[at_most(len(Dimension) + MOST_ATTRIBUTES)],
    )
    async def distributions(
        self,
        info: Info,
        dimensions: list[Dimension] | None = None,
        attributes: list[str] | None = None,
    ) -> list[Distribution]:
        if len(attributes or ()) > MOST_ATTRIBUTES:
            raise InvalidInput("attributes", f"must be at most {MOST_ATTRIBUTES}")
        wanted = dict.fromkeys([*(dimensions or ()), *(attributes or ())])
        if dimensions is None and attributes is None:
            wanted = dict.fromkeys(_UNIQUE)
        sums = await self._told_apart(info, wanted)
        return [Distribution.of(distribution(sums, each)) for each in wanted]


@strawberry.type(description="One of the most used, or of the surest.")
class RankedSubject(AboutSubject):
    subject: strawberry.Private[Subject]
    window: strawberry.Private[Window]
    label: str = strawberry.field(
        description="What people call it: a pattern by its name, a version by that and its number."
    )
    executions: Long
    successes: Long = strawberry.field(description="Executions that succeeded.")
    failures: Long = strawberry.field(description="Executions of which it is known that they did not.")
    success_rate: float | None
    success_rate_interval: Interval | None = strawberry.field(
        description="Wilson's interval of the success rate, at 95 %."
    )
    confidence: float | None = strawberry.field(
        description="The lower bound of that interval: what the executions vouch for."
    )
    points: list[SeriesPoint] = strawberry.field(
        directives=[at_most(FEW_POINTS)], description="Its executions over time; empty where that was not asked for."
    )

    @strawberry.field(description="How many of its executions that report a quality reach a quality gate.")
    async def quality_gate(self, info: Info, threshold: float = GATE) -> QualityGate:
        sums = await info.context.loaders.usage_sums.load((self.subject, self.window, ()))
        return QualityGate.of(sums.grades, threshold)

    @classmethod
    def of(cls, one: answers.Ranked, over: Window | answers.Basis) -> Self:
        """One of those over a window, or of an answer of this basis."""
        return shape(
            cls,
            one,
            window=Window(since=over.since, until=over.until),
            success_rate_interval=Interval.of(one.success_rate_interval),
            points=SeriesPoint.all(one.points),
        )
