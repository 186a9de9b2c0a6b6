"""When what is known of a pattern becomes a new version of its plan. Few versions: each is one that agents can be given."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from loopgraph.computes.learning.plans.alignment import similarity
from loopgraph.computes.learning.plans.merging import sequence_of
from loopgraph.contracts.learning.lessons import Lesson, Role
from loopgraph.contracts.learning.plans import Plan

LEAST_NEW: Final = 3
"""So many successful traces have to have come since the version in use was made."""

LEAST_GAIN: Final = 0.05
"""So much more, on the mean, the successful traces have to have in common with the new sequence than with the one in use."""

MUCH_MORE: Final = 4
"""With so many times the successful traces, the figures of a version are told anew, though its steps are the same."""


class NewVersion(StrEnum):
    """Why there is a new version."""

    FIRST = "learned"
    SEQUENCE = "the best sequence has changed"
    EVIDENCE = "the figures rest on four times the traces"
    MERGED = "another pattern has become part of it"
    SPLIT = "a part of it has become another pattern"


def new_version(in_use: Plan, made_of: int, now: Plan, successes: int, lessons: Sequence[Lesson]) -> NewVersion | None:
    """Whether a plan takes the place of the one in use, which was made of so many successful traces; there are ``successes`` now.

    Both of these hold where the sequence is another: at least ``LEAST_NEW`` successful traces came since, and the newest ones
    have more in common with it by ``LEAST_GAIN``. So two ways that are as good as each other do not take turns.
    """
    before, after = sequence_of(in_use), sequence_of(now)
    if before != after:
        ways = [lesson.plan.sequence for lesson in lessons if lesson.role is Role.SUCCESS]
        if not ways or successes - made_of < LEAST_NEW:
            return None
        gain = sum(similarity(way, after) - similarity(way, before) for way in ways) / len(ways)
        return NewVersion.SEQUENCE if gain >= LEAST_GAIN else None
    return NewVersion.EVIDENCE if successes >= MUCH_MORE * max(1, made_of) else None
