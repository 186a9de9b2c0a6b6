"""Which learned patterns are matched."""

from __future__ import annotations

import pytest

from loopgraph.computes.learning.upkeep import LEAST_RUNS, standing_of
from loopgraph.contracts.learning.plans import LearnedPattern, Standing
from loopgraph.reducers.samples import wilson_interval


def pattern(successes: int, failures: int, standing: Standing = Standing.ACTIVE, replays: int = 0) -> LearnedPattern:
    return LearnedPattern(
        pattern_id="p", name="n", node_id="v", version=1, standing=standing, intent="i", action="a", keywords=(),
        successes=successes, failures=failures, replays=replays,
    )  # fmt: skip


@pytest.mark.parametrize("runs", [*range(25), 100, 1000])
def test_a_pattern_is_pruned_where_its_interval_is_below_the_limit(runs: int) -> None:
    for successes in range(0, runs + 1, max(1, runs // 10)):
        found = standing_of(pattern(successes, runs - successes), 0.3)
        interval = wilson_interval(successes, runs)
        badly = interval is not None and runs >= LEAST_RUNS and interval[1] < 0.3
        assert found is (Standing.PRUNED if badly else Standing.ACTIVE), (successes, runs)


def test_a_replay_is_counted_once_and_what_is_part_of_another_stays_that() -> None:
    """The traces that followed a plan teach it, and are among its successes and failures already."""
    assert standing_of(pattern(1, 2, replays=40), 0.3) is Standing.ACTIVE
    assert pattern(3, 1, replays=2).success_rate == 0.75
    assert standing_of(pattern(9, 1, Standing.PRUNED), 0.3) is Standing.ACTIVE
    assert standing_of(pattern(9, 1, Standing.MERGED), 0.3) is Standing.MERGED
