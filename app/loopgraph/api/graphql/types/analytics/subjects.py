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
from loopgraph.contracts.analytics.subjects import OTHER, Subject
from loopgraph.contracts.analytics.sums import UsageSums
from loopgraph.contracts.analytics.windows import Window
from loopgraph.contracts.base import Instant
from loopgraph.effects.clock import now, time_zone
from loopgraph.errors import InvalidInput
from loopgraph.reducers.usage.distributions import distribution, values
from loopgraph.reducers.usage.performance import MOST_MEASURES, cost_figures, duration_figures, measure_figures
from loopgraph.reducers.usage.series import FEW_POINTS
from loopgraph.reducers.usage.spans import window_of
from loopgraph.reducers.usage.success import success_figures

_UNIQUE = (Dimension.CONTEXT, Dimension.USER, Dimension.AGENT, Dimension.PROJECT)
_NAME_LENGTH = 4_096
MOST_ATTRIBUTES = 20

UTC = "UTC"


@strawberry.input(
    description="Whole hours: those that lie between two instants, with the hours in which these are. At most 400 days."
)
class AnalyticsWindowInput:
    since: datetime | None = strawberry.field(
        default=None,
        description="Earliest instant that counts; left out: so many days before the end as the field says.",
    )
    until: datetime | None = strawberry.field(
        default=None, description="First instant that does not count any more; left out: the end of today, UTC."
    )


def window(asked: AnalyticsWindowInput | None) -> Window:
    """The window that is asked for. Raises InvalidInput."""
    since, until = (asked.since, asked.until) if asked else (None, None)
    begin, end = checked(Instant | None, since, "window.since"), checked(Instant | None, until, "window.until")
    return window_of(begin, end, now())


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
        named = self.kind not in (SubjectKind.ALL, SubjectKind.TOOL, SubjectKind.MODEL)
        if named and not self.name:
            raise InvalidInput("subject.name", f"must be given for {self.kind.name}")
        if self.kind is SubjectKind.ALL and self.name:
            raise InvalidInput("subject.name", "must be left out for ALL")
        parted = self.kind in (SubjectKind.TOOL, SubjectKind.ENDPOINT)
        if self.part and not parted:
            raise InvalidInput("subject.part", f"must be left out for {self.kind.name}")
        if parted and self.name and not self.part:  # no step or call is told of without: zeros would be no answer
            what = "type of its steps, such as ToolUse" if self.kind is SubjectKind.TOOL else "name of its service"
            raise InvalidInput("subject.part", f"must be given for {self.kind.name}: the {what}")
        for field, text in (("name", self.name), ("part", self.part)):
            if len(text) > _NAME_LENGTH:
                raise InvalidInput(f"subject.{field}", f"must have at most {_NAME_LENGTH:,} characters")
        return Subject(self.kind, self.name, self.part)


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
    basis: AnalyticsBasis = strawberry.field(description="Of what the figures are made.")

    @classmethod
    async def over(cls, info: Info, subject: Subject, asked: AnalyticsWindowInput | None, zone_name: str) -> Self:
        """The figures of a subject over a window. Raises InvalidInput, and Forbidden for who may see only what is theirs."""
        time_zone(zone_name)  # what is wrong is told before anything is read
        over = window(asked)
        basis = await info.context.services.buckets.basis(over, info.context.principal)
        return cls(subject=subject, window=over, zone_name=zone_name, basis=shape(AnalyticsBasis, basis))

    async def _sums(self, info: Info) -> UsageSums:
        return await info.context.loaders.usage_sums.load((self.subject, self.window, ()))

    async def _told_apart(self, info: Info, dimensions: Iterable[str]) -> UsageSums:
        wanted = tuple(sorted(set(dimensions)))
        return await info.context.loaders.usage_sums.load((self.subject, self.window, wanted))

    @strawberry.field(description="How much it was used, and when.")
    async def usage(self, info: Info) -> UsageFigures:
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

    @classmethod
    def of(cls, one: answers.Ranked) -> Self:
        return shape(
            cls,
            one,
            success_rate_interval=Interval.of(one.success_rate_interval),
            points=SeriesPoint.all(one.points),
        )
