import random
import time
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.analytics.sums import NO_SUMS, Moments, Tally, UsageSums
from loopgraph.reducers.usage.sums import add, negative, subtract, total

numbers = st.integers(min_value=0, max_value=10**20)
small = st.integers(min_value=0, max_value=3)
names = st.sampled_from(["b", "a", "ü", "c"])
moments = st.builds(Moments, small, numbers, numbers)
tallies = st.builds(Tally, small, small, small, small, numbers, numbers)
counts = st.dictionaries(names, small, max_size=4)
sums = st.builds(
    UsageSums,
    executions=numbers,
    successes=small,
    failures=small,
    statuses=counts,
    errors=counts,
    duration=moments,
    durations=st.dictionaries(st.integers(0, 30), small, max_size=6),
    quality=moments,
    grades=st.dictionaries(st.integers(0, 20), small, max_size=6),
    cost_nanousd=numbers,
    measures=st.dictionaries(names, moments, max_size=3),
    dimensions=st.dictionaries(names, st.dictionaries(names, tallies, max_size=3), max_size=3),
)


def forms(value: UsageSums) -> str:
    """The order of keys, too."""
    return repr(value)


@pytest.mark.lengthy
@given(st.lists(sums, min_size=1, max_size=6), st.randoms())
def test_the_order_of_adding_makes_no_difference_to_a_byte(several: list[UsageSums], shuffler: random.Random) -> None:
    expected = total(several)
    shuffler.shuffle(several)
    one_by_one = NO_SUMS
    for each in several:
        one_by_one = add(one_by_one, each)
    assert one_by_one == expected
    assert forms(one_by_one) == forms(expected) == forms(total(several))


@pytest.mark.lengthy
@given(sums, sums)
def test_what_was_added_can_be_taken_away_again(a: UsageSums, b: UsageSums) -> None:
    assert forms(subtract(add(a, b), b)) == forms(total([a]))
    assert forms(add(b, subtract(a, b))) == forms(total([a]))
    assert subtract(a, a) == NO_SUMS == add(a, negative(a))


@pytest.mark.lengthy
@given(sums, sums)
def test_what_is_added_is_everything(a: UsageSums, b: UsageSums) -> None:
    both = add(a, b)
    assert both.executions == a.executions + b.executions
    assert both.cost_nanousd == a.cost_nanousd + b.cost_nanousd
    assert both.duration == tuple(x + y for x, y in zip(a.duration, b.duration, strict=True))
    assert both.durations == +(Counter(a.durations) + Counter(b.durations))
    for dimension in {*a.dimensions, *b.dimensions}:
        for value in {*a.dimensions.get(dimension, ()), *b.dimensions.get(dimension, ())}:
            mine, other = (each.dimensions.get(dimension, {}).get(value, Tally()) for each in (a, b))
            assert both.dimensions.get(dimension, {}).get(value, Tally()) == tuple(
                x + y for x, y in zip(mine, other, strict=True)
            )


def test_sums_of_nothing_are_none() -> None:
    assert total([]) == total([NO_SUMS, NO_SUMS]) == NO_SUMS
    assert forms(total([NO_SUMS])) == forms(add(NO_SUMS, NO_SUMS))
    zeros = replace(
        NO_SUMS, statuses={"ok": 0}, durations={4: 0}, measures={"m": Moments()}, dimensions={"user": {"a": Tally()}}
    )
    assert total([zeros]) == NO_SUMS


@pytest.mark.lengthy
def test_a_quarter_of_hours_is_added_in_milliseconds() -> None:
    chance = random.Random(3)
    hours = [
        UsageSums(
            executions=230,
            successes=200,
            failures=30,
            statuses={"success": 200, "failed": 30},
            errors={"TimeoutError": 20, "ValueError": 10},
            duration=Moments(230, 10**9, 10**17),
            durations=Counter(round(chance.gauss(600, 12)) for _ in range(230)),
        )
        for _ in range(2_160)
    ]
    began = time.process_time()
    whole = total(hours)
    took = time.process_time() - began
    assert whole.executions == 2_160 * 230 == sum(whole.durations.values())
    assert took < 0.2, took  # about 12 ms; the bound is for machines that are busy with other things
