"""Success, durations, costs and distributions of one subject, against numpy and published numbers."""

import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.analytics.subjects import OTHER
from loopgraph.contracts.analytics.sums import MICRO, NO_SUMS, Moments, Tally, UsageSums
from loopgraph.contracts.loop.feedback import Execution
from loopgraph.reducers.histogram import RELATIVE_ERROR
from loopgraph.reducers.performance import summarize_executions
from loopgraph.reducers.usage.distributions import distribution
from loopgraph.reducers.usage.performance import cost_figures, deviation, duration_figures, measure_figures
from loopgraph.reducers.usage.success import MOST_ERRORS, success_figures
from support.executions import Ran, sums_of, usd
from support.traces import NOON

executions = st.lists(
    st.builds(
        Ran,
        unit=st.sampled_from("abc"),
        success=st.sampled_from([True, False, None]),
        duration_us=st.none() | st.integers(0, 10**11),
        cost_nanousd=st.integers(0, 10**12),
        quality=st.none() | st.floats(0, 1),
        context=st.sampled_from("xyz"),
    ),
    max_size=40,
)


@pytest.mark.lengthy
@given(executions)
def test_figures_of_sums_are_those_of_the_executions_themselves(ran: list[Ran]) -> None:
    exact = summarize_executions(
        [
            Execution(
                execution_id=f"e{number}", unit=one.unit, node_id="n", experiment_id=None, arm=None, started_at=NOON,
                success=one.success, duration_ms=None if one.duration_us is None else one.duration_us / 1_000,
                quality_score=one.quality, error_type=None,
            )
            for number, one in enumerate(ran)
        ]
    )  # fmt: skip
    sums = sums_of(ran)
    success, duration = success_figures(sums), duration_figures(sums)
    assert (success.executions, success.successes, success.unknown) == (
        exact.execution_count,
        exact.success_count,
        exact.unknown_count,
    )
    assert success.success_rate == exact.success_rate
    assert success.success_rate_interval == exact.success_rate_interval
    assert_close(success.quality, exact.mean_quality_score, 0, 1e-6)
    assert_close(duration.mean_ms, exact.baseline.avg_duration, 1e-12)
    for counted, known in (
        (duration.p50_ms, exact.baseline.p50),
        (duration.p95_ms, exact.baseline.p95),
        (duration.p99_ms, exact.baseline.p99),
        (duration.min_ms, exact.min_duration_ms),
        (duration.max_ms, exact.max_duration_ms),
    ):
        assert_close(counted, known, RELATIVE_ERROR + 1e-9)


def assert_close(found: float | None, expected: float | None, rel: float, abs_: float = 0.0) -> None:
    """None is close to None alone."""
    assert found == (None if expected is None else pytest.approx(expected, rel=rel, abs=abs_))


@pytest.mark.lengthy
@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=60))
def test_the_deviation_is_that_of_numpy(values: list[int]) -> None:
    found = deviation(Moments(len(values), sum(values), sum(value**2 for value in values)))
    assert found == pytest.approx(np.std(np.array(values, dtype=np.float64), ddof=1), rel=1e-6, abs=1e-3)


def test_the_deviation_of_nist_is_certified_to_its_last_digit() -> None:
    # NIST StRD, univariate summary statistics. NumAcc1: mean 10000002, standard deviation 1; NumAcc4: 10000000.2 and 0.1.
    assert deviation(_of([10_000_001, 10_000_003, 10_000_002])) == 1.0
    numacc4 = [100_000_002, *[100_000_001, 100_000_003] * 500]  # in tenths
    assert deviation(_of(numacc4)) == 1.0
    assert deviation(_of([7] * 5)) == 0.0
    assert deviation(Moments(1, 7, 49)) is None


def test_rates_are_those_of_a_published_table() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3 (score, without continuity correction): 81 of 263, 15 of
    # 148, 0 of 20, 1 of 29.
    for failures, known, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (1, 29, 0.0061, 0.1718)):
        figures = success_figures(UsageSums(executions=known, successes=known - failures, failures=failures))
        assert figures.error_rate_interval == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))
        assert figures.confidence == pytest.approx(1 - high, abs=5e-5)
    none = success_figures(UsageSums(executions=20, successes=20))
    assert none.error_rate_interval == (0.0, pytest.approx(0.1611, abs=5e-5))


def test_the_confidence_grows_with_the_samples() -> None:
    few, many = (success_figures(UsageSums(executions=n, successes=n)).confidence for n in (3, 300))
    assert few is not None
    assert many is not None
    assert few < 0.5 < 0.98 < many


def test_timeouts_are_told_by_the_status_or_by_the_type_of_error() -> None:
    sums = UsageSums(
        executions=10,
        successes=4,
        failures=6,
        statuses={"success": 4, "timeout": 2, "error": 3, "denied": 1},
        errors={"TimeoutError": 2, "deadline_exceeded": 1, "ValueError": 1, "TimeoutOutputTooLong": 0},
    )
    figures = success_figures(sums)
    assert (figures.timeouts, figures.timeout_rate, figures.denied) == (3, 0.3, 1)
    assert [(each.error_type, each.executions, each.share) for each in figures.errors] == [
        ("TimeoutError", 2, 0.5),
        ("ValueError", 1, 0.25),
        ("deadline_exceeded", 1, 0.25),
    ]


def test_more_types_of_errors_than_are_told_apart_are_one() -> None:
    sums = UsageSums(executions=200, errors={f"E{number:03}": 1 for number in range(100)} | {"Often": 50})
    errors = success_figures(sums).errors
    assert len(errors) == MOST_ERRORS + 1
    assert errors[0].error_type == "Often"
    assert (errors[-1].error_type, errors[-1].executions) == ("other", 81)
    assert sum(each.share for each in errors) == pytest.approx(1)


def test_what_is_not_known_is_none() -> None:
    success, duration, cost = success_figures(NO_SUMS), duration_figures(NO_SUMS), cost_figures(NO_SUMS)
    assert (success.success_rate, success.confidence, success.timeout_rate, success.quality) == (None,) * 4
    assert (duration.mean_ms, duration.p99_ms, duration.std_ms, duration.total_ms) == (None, None, None, 0)
    assert (cost.total_usd, cost.mean_usd) == (0, None)
    assert measure_figures(NO_SUMS) == ()


def test_costs_are_over_what_is_priced() -> None:
    sums = UsageSums(executions=5, cost_nanousd=usd(0.3), reported_cost_nanousd=usd(0.1), priced=3, unpriced=1)
    cost = cost_figures(sums)
    assert (cost.total_usd, cost.reported_usd, cost.unpriced) == (0.3, 0.1, 1)
    assert cost.mean_usd == pytest.approx(0.1)


def test_measures_are_those_that_executions_report() -> None:
    values = [12.5, 100.25, 3.0]
    micros = [round(value * MICRO) for value in values]
    (memory, _) = measure_figures(UsageSums(measures={"memory_mb": _of(micros), "z": Moments(1, MICRO, MICRO**2)}))
    assert (memory.name, memory.count, memory.total) == ("memory_mb", 3, 115.75)
    assert memory.mean == pytest.approx(np.mean(values))
    assert memory.std == pytest.approx(np.std(values, ddof=1))


@pytest.mark.lengthy
@given(executions, st.integers(1, 3))
def test_a_distribution_counts_everything_once(ran: list[Ran], most: int) -> None:
    found = distribution(sums_of(ran), "context", most)
    counts = Counter(one.context for one in ran)
    assert found.distinct == len(counts)
    assert sum(share.executions for share in found.shares) == len(ran)
    assert sum(share.share for share in found.shares) == pytest.approx(1 if ran else 0)
    assert [share.executions for share in found.shares[:most]] == [count for _, count in counts.most_common(most)]
    assert (found.shares[-1].value is None) == (len(counts) > most) if ran else not found.shares
    for share in found.shares[:most]:
        mine = [one.success for one in ran if one.context == share.value and one.success is not None]
        assert share.success_rate == (pytest.approx(np.mean(mine)) if mine else None)


def test_what_a_bucket_did_not_tell_apart_is_among_the_others() -> None:
    tallies = {"a": Tally(5), "b": Tally(3), OTHER: Tally(2)}
    found = distribution(UsageSums(executions=10, dimensions={"user": tallies}), "user", 1)
    assert (found.distinct, found.at_least) == (2, True)
    assert [(share.value, share.executions, share.share) for share in found.shares] == [("a", 5, 0.5), (None, 5, 0.5)]


def test_a_thousand_executions_are_measured_in_two_milliseconds() -> None:
    random = np.random.default_rng(5)
    ran = [Ran(unit=f"s{n % 50}", duration_us=int(us)) for n, us in enumerate(random.lognormal(13, 1, 1_000))]
    sums, took = sums_of(ran), []
    for _ in range(5):
        began = time.process_time()
        success_figures(sums), duration_figures(sums), cost_figures(sums), measure_figures(sums)
        [distribution(sums, dimension) for dimension in sums.dimensions]
        took.append(time.process_time() - began)
    assert min(took) < 0.002, took


def _of(values: list[int]) -> Moments:
    return Moments(len(values), sum(values), sum(value * value for value in values))


def test_what_nothing_happened_cost_is_nothing_and_what_nobody_knows_is_null() -> None:
    nothing, free, unknown = map(cost_figures, (NO_SUMS, UsageSums(executions=2, priced=1), UsageSums(executions=2)))
    assert (nothing.total_usd, nothing.reported_usd, nothing.mean_usd) == (0, 0, None)
    assert (free.total_usd, free.mean_usd) == (0, 0)
    assert (unknown.total_usd, unknown.reported_usd, unknown.mean_usd) == (None, None, None)
