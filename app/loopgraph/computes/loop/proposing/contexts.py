"""In which contexts executions fail more often than elsewhere, and which failures show what happened."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from loopgraph.contracts.loop.feedback import Execution
from loopgraph.contracts.loop.multiplicity import holm
from loopgraph.contracts.loop.proposals import Circumstances, FailingContext

LEVEL: Final = 0.05
"""A context counts that fails more often at this level, corrected for all that were looked at."""

MOST_CONTEXTS: Final = 20
MOST_EXAMPLES: Final = 10
LEAST_KNOWN: Final = 30
"""Of so many executions it must be known what their input was, for a share of repeated ones."""

_FEWEST: Final = 5
"""A context with fewer executions is not looked at: nothing could be told of it, and it would cost the others."""


def failing_contexts(executions: Sequence[Execution], found: Sequence[Circumstances]) -> tuple[FailingContext, ...]:
    """The contexts in which executions fail more often than all others, at 5 % over all of them together, the surest first.

    Fisher's exact test, one-sided; Holm's correction over all contexts with five executions or more.
    """
    outcomes = {one.execution_id: one.success for one in executions if one.success is not None}
    members: defaultdict[tuple[str, str], list[bool]] = defaultdict(list)
    for one in found:
        if (success := outcomes.get(one.execution_id)) is not None:
            for dimension, value in one.dimensions.items():
                members[dimension, value].append(success)
    total, failed = len(outcomes), sum(not success for success in outcomes.values())
    if not failed:
        return ()
    looked_at = {key: each for key, each in members.items() if _FEWEST <= len(each) < total}
    if not looked_at:
        return ()
    counts = {key: (len(each), each.count(False)) for key, each in looked_at.items()}
    raw = [_more_failures(total, failed, n, failures) for n, failures in counts.values()]
    contexts = [
        FailingContext(
            dimension=dimension,
            value=value,
            executions=n,
            failures=failures,
            failure_rate=failures / n,
            failure_rate_elsewhere=(failed - failures) / (total - n),
            p_value=p_value,
        )
        for ((dimension, value), (n, failures)), p_value in zip(counts.items(), holm(raw), strict=True)
        if p_value < LEVEL
    ]
    contexts.sort(key=lambda one: (one.p_value, -one.failures, one.dimension, one.value))
    return tuple(contexts[:MOST_CONTEXTS])


def repeated_share(found: Sequence[Circumstances]) -> float | None:
    """How many executions had an input that another one among them had had before; None where fewer than 30 say what it was."""
    inputs = [one.input_key for one in found if one.input_key is not None]
    return 1 - len(set(inputs)) / len(inputs) if len(inputs) >= LEAST_KNOWN else None


def telling_failures(executions: Sequence[Execution]) -> list[str]:
    """The ids of up to ten failures: the newest of each type of error, the most frequent type first, then the next of each."""
    failures = [one for one in executions if one.success is False]
    counts = Counter(one.error_type for one in failures)
    by_type: dict[str | None, list[Execution]] = {kind: [] for kind, _ in counts.most_common()}
    for one in sorted(failures, key=lambda one: (one.started_at, one.execution_id), reverse=True):
        by_type[one.error_type].append(one)
    turns = (one for turn in zip_longest(*by_type.values()) for one in turn if one is not None)
    return [one.execution_id for one in turns][:MOST_EXAMPLES]


def _more_failures(total: int, failed: int, n: int, failures: int) -> float:
    """The probability of so many failures among ``n`` of ``total``, or more, if they fell anywhere."""
    from scipy import stats  # it takes a third of the time that everything else takes to load

    return min(1.0, float(stats.hypergeom.sf(failures - 1, total, failed, n)))
