"""In which contexts executions fail, and which failures are shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scipy import stats

from loopgraph.computes.loop.proposing.contexts import MOST_EXAMPLES, failing_contexts, repeated_share, telling_failures
from loopgraph.contracts.loop.feedback import Execution
from loopgraph.contracts.loop.proposals import Circumstances
from loopgraph.effects.clock import now

BEGIN = now()


def execution(number: int, error_type: str | None = None, *, success: bool | None = True) -> Execution:
    return Execution(
        execution_id=f"e{number}", unit=f"u{number}", node_id="v", experiment_id=None, arm=None,
        started_at=BEGIN + timedelta(seconds=number), duration_ms=1.0, success=False if error_type else success,
        error_type=error_type, quality_score=None,
    )  # fmt: skip


def found(number: int, input_key: str | None = None, **dimensions: str) -> Circumstances:
    return Circumstances(f"e{number}", dimensions, input_key)


def test_a_context_that_fails_more_often_than_the_rest_is_told_with_its_figures() -> None:
    executions = [execution(n, "E" if n < 12 else None) for n in range(100)]
    circumstances = [found(n, tool="Bash" if n < 20 else "Read", project="one") for n in range(100)]
    [context] = failing_contexts(executions, circumstances)
    assert (context.dimension, context.value, context.executions, context.failures) == ("tool", "Bash", 20, 12)
    assert (context.failure_rate, context.failure_rate_elsewhere) == (0.6, 0.0)
    exact = stats.fisher_exact([[12, 8], [0, 80]], alternative="greater").pvalue
    assert context.p_value == pytest.approx(2 * exact), (
        "two contexts were looked at; the project holds for all, and is none"
    )


def test_what_may_be_chance_is_no_context() -> None:
    executions = [execution(n, "E" if n % 5 == 0 else None) for n in range(100)]
    circumstances = [found(n, agent=f"a{n % 4}", model=f"m{n % 3}") for n in range(100)]
    assert failing_contexts(executions, circumstances) == ()
    assert failing_contexts([execution(n) for n in range(50)], circumstances) == ()
    assert failing_contexts([], []) == ()
    few = [found(n, tool="Bash") for n in range(4)]
    assert failing_contexts([execution(n, "E" if n < 4 else None) for n in range(50)], few) == ()


def test_of_what_is_not_known_nothing_is_counted() -> None:
    executions = [execution(n, "E" if n < 12 else None, success=None if n >= 60 else True) for n in range(100)]
    circumstances = [found(n, tool="Bash" if n < 20 else "Read") for n in range(100)]
    [context] = failing_contexts(executions, circumstances)
    assert (context.executions, context.failure_rate_elsewhere) == (20, 0.0)


def test_examples_are_the_newest_of_each_type_in_turn() -> None:
    kinds = {1: "a", 2: "a", 3: "a", 4: "b", 5: None}
    executions = [execution(n, kind) if kind else execution(n, success=False) for n, kind in kinds.items()]
    assert telling_failures([*executions, execution(9)]) == ["e3", "e4", "e5", "e2", "e1"]
    assert len(telling_failures([execution(n, "E") for n in range(50)])) == MOST_EXAMPLES


def test_inputs_that_come_again_are_counted_where_enough_are_known() -> None:
    assert repeated_share([found(n, f"i{n % 10}") for n in range(40)]) == 0.75
    assert repeated_share([found(n, f"i{n}") for n in range(40)]) == 0.0
    assert repeated_share([found(n, "i") for n in range(29)]) is None
    assert repeated_share([found(n) for n in range(100)]) is None
