"""Who comes and who stays: cohorts of users by the period in which they came first."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import pairwise
from typing import Final

from loopgraph.contracts.analytics.trends import Adoption, Cohort, NoFigure, Retention, RetentionAt

MIN_PERIODS: Final = 2


def retention(
    periods: Sequence[tuple[datetime, AbstractSet[str]]], earlier: Collection[str] = (), population: int | None = None
) -> Retention:
    """Adoption and retention from the users of each period (of a subject, say by week), in order and without gaps.

    Users in ``earlier`` were there before the first period: they are in no cohort. Without them, whoever is there in the
    first period counts as new in it. ``population`` is how many users of anything there were in the same time. The last
    period of ``periods`` should be over, or its retention is too low. NO_DATA without any user, TOO_SHORT below two periods.
    """
    everyone = frozenset[str]().union(*(users for _, users in periods))
    if not everyone:
        return Retention(users=0, reason=NoFigure.NO_DATA)
    seen, cohorts = set(earlier), []
    for _, users in periods:
        cohorts.append(frozenset(users) - seen)
        seen |= users
    table = tuple(
        Cohort(start, len(cohort), tuple(len(cohort & later) for _, later in periods[i:]))
        for i, ((start, _), cohort) in enumerate(zip(periods, cohorts, strict=True))
    )
    first_start, first_users = periods[0]
    adoptions = [Adoption(first_start, len(first_users), len(cohorts[0]), 0, None)]
    for ((_, before), (start, users)), new in zip(pairwise(periods), cohorts[1:], strict=True):
        kept = len(before & users)
        adoptions.append(Adoption(start, len(users), len(new), kept, kept / len(before) if before else None))
    return Retention(
        users=len(everyone),
        periods=tuple(adoptions),
        cohorts=tuple(cohort for cohort in table if cohort.size),
        curve=_curve(table),
        adoption_rate=len(everyone) / population if population and population >= len(everyone) else None,
        reason=NoFigure.TOO_SHORT if len(periods) < MIN_PERIODS else None,
    )


def _curve(cohorts: Sequence[Cohort]) -> tuple[RetentionAt, ...]:
    from scipy import stats  # a service that shows no trends does without its 17 MB

    curve = []
    for age in range(1, len(cohorts)):
        old_enough = [cohort for cohort in cohorts if len(cohort.retained) > age and cohort.size]
        of = sum(cohort.size for cohort in old_enough)
        if of:
            kept = sum(cohort.retained[age] for cohort in old_enough)
            interval = stats.binomtest(kept, of).proportion_ci(0.95, method="wilson")
            curve.append(RetentionAt(age, kept, of, kept / of, (float(interval.low), float(interval.high))))
    return tuple(curve)
