import random
import time
from collections.abc import Sequence

import pytest
from scipy import stats

from loopgraph.contracts.analytics.comparison import ComparedMeasure, Comparison, Difference
from loopgraph.contracts.analytics.subjects import OTHER, Dimension
from loopgraph.contracts.analytics.sums import Tally, UsageSums
from loopgraph.contracts.lineage.patterns import Pattern, PatternVersion
from loopgraph.contracts.loop.feedback import Reason
from loopgraph.reducers.usage.comparison import Candidate, compare, labelled
from loopgraph.reducers.usage.wording import in_words
from support.executions import Ran, ms, sums_of, usd


def sessions(name: str, *, cost: float, duration: float, success: float, n: int = 60, context: str = "c") -> UsageSums:
    """Executions of ``n`` sessions, one to five each, which have something in common."""
    chance, ran = random.Random(name), []
    for number in range(n):
        level = chance.lognormvariate(0, 0.3)
        for _ in range(chance.randint(1, 5)):
            own = level * chance.lognormvariate(-0.09, 0.3)
            ran.append(
                Ran(f"{name}{number}", chance.random() < success, ms(duration * own), usd(cost * own), context=context)
            )
    return sums_of(ran)


def difference(found: Comparison, measure: ComparedMeasure) -> Difference:
    (one,) = [each for each in found.differences if each.measure is measure]
    return one


def test_a_cheaper_version_is_told_to_be_cheaper() -> None:
    v6 = sessions("v6-", cost=0.10, duration=900, success=0.9)
    v7 = sessions("v7-", cost=0.069, duration=900, success=0.9)
    found = compare([Candidate("v6", "v6", v6), Candidate("v7", "v7", v7)])
    cost = difference(found, ComparedMeasure.COST_USD)
    assert cost.significant
    assert cost.relative is not None
    assert cost.relative_interval is not None
    low, high = cost.relative_interval
    assert low < -0.31 < high < 0
    assert cost.summary == (f"v7 costs {-100 * cost.relative:.3g} % less than v6 [{-100 * high:.3g}, {-100 * low:.3g}]")
    assert not difference(found, ComparedMeasure.DURATION_MS).significant
    assert found.tests == 3
    assert [(one.key, one.units) for one in found.columns] == [("v6", 60), ("v7", 60)]
    assert cost.first_value == pytest.approx(v6.cost_nanousd / 1e9 / v6.executions)


def test_p_values_are_adjusted_for_all_tests_of_the_comparison() -> None:
    found = compare(
        [Candidate(f"p{n}", f"p{n}", sessions(f"p{n}-", cost=1, duration=10, success=0.8)) for n in range(6)]
    )
    assert found.tests == len(found.differences) == 15 * 3
    plain = sorted((one.p_value or 0.0, one.adjusted_p_value or 0.0) for one in found.differences)
    assert [adjusted for _, adjusted in plain] == sorted(adjusted for _, adjusted in plain)
    assert plain[0][1] == pytest.approx(min(1.0, 45 * plain[0][0]))
    assert not any(one.significant for one in found.differences)
    # Among so many tests of nothing some look significant, each for itself.
    assert any(p < 0.05 for p, _ in plain)


def test_the_success_rate_is_tested_by_units() -> None:
    first, second = (
        sums_of([Ran(f"{arm}{n}", n % 10 >= bad) for n in range(200)]) for arm, bad in (("a", 1), ("b", 4))
    )
    one = difference(compare([Candidate("a", "a", first), Candidate("b", "b", second)]), ComparedMeasure.SUCCESS_RATE)
    expected = stats.ttest_ind([1.0] * 120 + [0.0] * 80, [1.0] * 180 + [0.0] * 20, equal_var=False)
    assert one.p_value == pytest.approx(expected.pvalue)
    assert one.difference == pytest.approx(-0.3)
    assert one.summary.startswith("b fails 30 points more often than a [")
    together = sums_of([Ran(f"a{n // 25}", n % 10 >= 1) for n in range(200)])
    one = difference(
        compare([Candidate("a", "a", together), Candidate("b", "b", second)]), ComparedMeasure.SUCCESS_RATE
    )
    assert (one.p_value, one.reason, one.first_units) == (None, Reason.INSUFFICIENT_UNITS, 8)


def test_sessions_that_used_both_are_compared_with_themselves() -> None:
    chance = random.Random("paired")
    levels = [chance.lognormvariate(0, 0.5) for _ in range(40)]
    took = {
        key: [ms(100 * by * level * chance.lognormvariate(0, 0.1)) for level in levels]
        for key, by in (("a", 1), ("b", 1.1))
    }
    of = {key: sums_of([Ran(f"u{n:02}", True, us) for n, us in enumerate(each)]) for key, each in took.items()}
    others = sums_of([Ran(f"w{n:02}", True, us) for n, us in enumerate(took["b"])])
    found = compare([Candidate(key, key, sums) for key, sums in {"x": others, **of, "y": UsageSums()}.items()])
    p_values = {
        (one.first, one.second): one.p_value for one in found.differences if one.measure is ComparedMeasure.DURATION_MS
    }
    assert p_values.pop(("a", "b")) == pytest.approx(stats.ttest_rel(took["a"], took["b"]).pvalue)
    assert p_values.pop(("x", "a")) == pytest.approx(stats.ttest_ind(took["b"], took["a"], equal_var=False).pvalue)
    assert p_values.pop(("x", "b")) == pytest.approx(1.0)
    assert set(p_values.values()) == {None}


def test_of_what_differs_most_the_first_are_told_and_the_rest_counts() -> None:
    mine = {f"v{n}": Tally(n) for n in range(1, 9)}
    first, second = {**mine, OTHER: Tally(14)}, {name: tally for name, tally in mine.items() if name != "v8"}
    (mix,) = compare(
        [
            Candidate(key, key, UsageSums(dimensions={Dimension.USER: tallies}))
            for key, tallies in (("a", first), ("b", second), ("c", {}))
        ]
    ).mixes
    assert [one.value for one in mix.values] == ["v8", "v7", "v6", "v5", "v4"]
    assert [one.first_share for one in mix.values] == [n / 50 for n in (8, 7, 6, 5, 4)]
    assert [one.second_share for one in mix.values] == [n / 28 for n in (0, 7, 6, 5, 4)]
    assert mix.distance == pytest.approx(22 / 50)


def test_what_else_differs_is_told() -> None:
    first = sums_of([Ran(context="write")] * 8 + [Ran(context="read")] * 2)
    second = sums_of([Ran(context="write")] * 2 + [Ran(context="read")] * 2 + [Ran(context="plan")] * 4)
    (mix,) = compare([Candidate("a", "a", first), Candidate("b", "b", second)]).mixes
    assert (mix.dimension, mix.distance) == (Dimension.CONTEXT, pytest.approx(0.55))
    assert [(one.value, one.first_share, one.second_share) for one in mix.values] == [
        ("write", 0.8, 0.25),
        ("plan", 0.0, 0.5),
        ("read", 0.2, 0.25),
    ]


def test_units_that_were_not_told_apart_are_in_no_test() -> None:
    sums = UsageSums(executions=50, dimensions={Dimension.UNIT: {OTHER: Tally(40, 40), "a": Tally(10, 10)}})
    (column, _) = compare([Candidate("a", "a", sums), Candidate("b", "b", sums)]).columns
    assert (column.units, column.unit_limit_hit) == (1, True)


def test_what_is_not_known_of_both_is_not_compared() -> None:
    nothing, something = UsageSums(), sessions("x", cost=1, duration=1, success=1)
    found = compare([Candidate("a", "a", nothing), Candidate("b", "b", something)])
    assert found.tests == 0
    assert [one.summary for one in found.differences] == [
        f"b against a: the {measure} of a is not known" for measure in ("success rate", "duration", "cost")
    ]
    free = compare([Candidate("a", "a", nothing), Candidate("b", "b", nothing)])
    assert free.differences[0].summary == "b against a: the success rate of a and of b is not known"
    assert found.mixes == ()
    assert compare([]).columns == ()


def test_versions_of_one_pattern_are_called_by_their_numbers() -> None:
    def version(pattern: str, number: int) -> PatternVersion:
        known = {
            "pattern_id": pattern,
            "pattern_name": pattern.upper(),
            "version": number,
            "node_id": f"{pattern}{number}",
        }
        return PatternVersion.model_construct(**known)

    def labels(patterns: Sequence[Pattern], *versions: PatternVersion) -> list[str]:
        return list(labelled(patterns, versions).values())

    pattern = Pattern.model_construct(pattern_id="p", name="Sort")
    assert labels([], version("a", 6), version("a", 7)) == ["v6", "v7"]
    assert labels([], version("a", 6), version("b", 1)) == ["A v6", "B v1"]
    assert labels([pattern], version("a", 6)) == ["Sort", "A v6"]


@pytest.mark.parametrize(
    ("measure", "relative", "interval", "significant", "words"),
    [
        (ComparedMeasure.COST_USD, -0.31, (-0.38, -0.24), True, "v7 costs 31 % less than v6 [24, 38]"),
        (ComparedMeasure.COST_USD, 0.5, (0.25, 0.75), True, "v7 costs 50 % more than v6 [25, 75]"),
        (ComparedMeasure.DURATION_MS, 0.12, (0.03, 0.22), True, "v7 takes 12 % longer than v6 [3, 22]"),
        (ComparedMeasure.DURATION_MS, 0.0, (-0.03, 0.04), False, "v7 takes as long as v6 [-3, 4] %"),
        (ComparedMeasure.SUCCESS_RATE, 0.0, (-0.01, 0.015), False, "v7 fails as often as v6 [-1, 1.5] points"),
        (ComparedMeasure.SUCCESS_RATE, 0.04, (0.01, 0.07), True, "v7 fails 4 points less often than v6 [1, 7]"),
        (ComparedMeasure.COST_USD, 0.0, (-0.2, 0.3), False,
         "no difference shown in how much v7 costs against v6 [-20, 30] %"),
    ],
)  # fmt: skip
def test_words(
    measure: ComparedMeasure, relative: float, interval: tuple[float, float], significant: bool, words: str
) -> None:
    one = Difference(
        measure=measure, first="1", second="2", first_value=1, second_value=1, first_units=9, second_units=9,
        difference=relative, difference_interval=interval, relative=relative, relative_interval=interval, significant=significant,
    )  # fmt: skip
    assert in_words(one, "v6", "v7") == words


@pytest.mark.lengthy
def test_ten_are_compared_in_milliseconds() -> None:
    candidates = [
        Candidate(f"{n}", f"{n}", sessions(f"{n}-", cost=1, duration=10, success=0.8, n=200)) for n in range(10)
    ]
    took = []
    for _ in range(3):
        began = time.process_time()
        compare(candidates)
        took.append(time.process_time() - began)
    assert min(took) < 0.05, took
