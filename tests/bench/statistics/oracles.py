"""The statistics of experiments against other libraries, on the same data: prints the greatest relative difference of each
figure.

They want an environment of their own (`gbstats` asks for an older numpy than it needs)::

    python3 -m venv oracles
    oracles/bin/pip install -c constraints.txt numpy scipy pydantic pandas statsmodels tea-tasting spotify-confidence
    oracles/bin/pip install --no-deps gbstats
    PYTHONPATH=app:tests oracles/bin/python -m bench.statistics.oracles

A library that is not there is left out, and named at the end.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
from numpy.random import Generator
from scipy import stats

from bench.statistics.data import BINARY, LOG_NORMAL, NORMAL, PARETO_TAIL, Data
from loopgraph.computes.loop.statistics.analysis import analyse, contrast
from loopgraph.computes.loop.statistics.boundaries.confidence_sequence import boundary, p_value
from loopgraph.computes.loop.statistics.estimators.mann_whitney import estimate
from loopgraph.computes.loop.statistics.inference import infer
from loopgraph.computes.loop.statistics.posterior import posterior
from loopgraph.computes.loop.statistics.power import power_of_means
from loopgraph.contracts.loop.multiplicity import benjamini_hochberg, holm
from loopgraph.contracts.statistics.metrics import Direction, MetricDefinition, MetricKind
from loopgraph.contracts.statistics.plans import AlwaysValid, FixedHorizon
from loopgraph.contracts.statistics.samples import RankedValues, UnitSamples, UnitValue
from loopgraph.reducers.unit_samples import unit_samples

Row = tuple[str, float, float]
"""What is compared, ours, theirs."""

UP = Direction.LARGER_IS_BETTER
FIXED = FixedHorizon()
ROUNDS = 20


class Trial:
    """One data set: values, denominators and covariates of both arms."""

    def __init__(self, random: Generator, data: Data) -> None:
        self.data = data
        sizes = [int(random.integers(40, 400)) for _ in range(2)]
        self.arms = []
        for treated, n in enumerate(sizes):
            values = data.with_effect(random, (n,), np.full(n, bool(treated)), 0.15) + (0.0 if data is BINARY else 5.0)
            before = values + random.normal(0, data.deviation, n)
            self.arms.append((values, 1.0 + random.poisson(3, n), before))

    def samples(self, definition: MetricDefinition) -> UnitSamples:
        """As the product takes them."""
        units = [
            [UnitValue(*row) for row in zip(*(column.tolist() for column in arm), strict=True)] for arm in self.arms
        ]
        return unit_samples(definition, *units)

    def values(self) -> list[np.ndarray]:
        """Those of both arms."""
        return [arm[0] for arm in self.arms]


def _metric(kind: MetricKind = MetricKind.MEAN, covariate: str | None = None) -> MetricDefinition:
    return MetricDefinition(name="m", kind=kind, direction=UP, covariate=covariate)


def of_scipy(trial: Trial) -> Iterator[Row]:
    control, treatment = trial.values()
    found = analyse(_metric(), trial.samples(_metric()), FIXED)
    welch = stats.ttest_ind(treatment, control, equal_var=False)
    yield "Welch's p", found.p_value, welch.pvalue
    yield "Welch's interval", found.interval[0], welch.confidence_interval(0.95).low
    ranks = RankedValues(values=tuple(sorted(control))), RankedValues(values=tuple(sorted(treatment)))
    found = estimate(*ranks, FIXED, 0.05)
    yield "Mann–Whitney's p", found.p_value, stats.mannwhitneyu(treatment, control, method="asymptotic").pvalue
    yield "Hodges–Lehmann shift", found.effect, float(np.median(np.subtract.outer(treatment, control)))


def of_gbstats(trial: Trial) -> Iterator[Row]:
    import gbstats.frequentist.tests as frequentist
    from gbstats.bayesian.tests import EffectBayesianABTest, EffectBayesianConfig
    from gbstats.models.statistics import (
        RatioStatistic,
        RegressionAdjustedStatistic,
        SampleMeanStatistic,
        compute_theta,
    )

    def mean(values: np.ndarray) -> SampleMeanStatistic:
        return SampleMeanStatistic(n=len(values), sum=float(values.sum()), sum_squares=float((values**2).sum()))

    absolute, arms = {"difference_type": "absolute"}, [mean(values) for values in trial.values()]
    plain = trial.samples(_metric())
    theirs = frequentist.TwoSidedTTest(*arms, frequentist.FrequentistConfig(**absolute)).compute_result()
    ours = analyse(_metric(), plain, FIXED)
    yield "Welch's p", ours.p_value, theirs.p_value
    yield "Welch's interval", ours.interval[1], theirs.ci[1]

    config = frequentist.SequentialConfig(sequential_tuning_parameter=500, **absolute)
    theirs = frequentist.SequentialTwoSidedTTest(*arms, config).compute_result()
    normal = contrast(_metric(), plain).model_copy(update={"degrees_of_freedom": None, "pooled_error": None})
    plan, z, units = AlwaysValid(planned_units=500), normal.effect / normal.standard_error, normal.units.whole
    half = boundary(plan, 0.05, units) * normal.standard_error
    yield "confidence sequence, its formula", normal.effect + half, theirs.ci[1]
    yield "its p-value", p_value(plan, 0.05, z, units), theirs.p_value
    ours = infer(contrast(_metric(), plain), AlwaysValid(planned_units=500), 0.05)
    yield "confidence sequence, as it is used", ours.interval[1], theirs.ci[1]

    ratios = [
        RatioStatistic(n=len(y), m_statistic=mean(y), d_statistic=mean(x), m_d_sum_of_products=float((x * y).sum()))
        for y, x, _ in trial.arms
    ]
    theirs = frequentist.TwoSidedTTest(*ratios, frequentist.FrequentistConfig(**absolute)).compute_result()
    ours = analyse(_metric(MetricKind.RATIO), trial.samples(_metric(MetricKind.RATIO)), FIXED)
    yield "ratio by the delta method", ours.interval[1], theirs.ci[1]

    adjusted = [
        RegressionAdjustedStatistic(
            n=len(y),
            post_statistic=mean(y),
            pre_statistic=mean(x),
            post_pre_sum_of_products=float((x * y).sum()),
            theta=0,
        )
        for y, _, x in trial.arms
    ]
    theta = compute_theta(*adjusted)
    for each in adjusted:
        each.theta = theta
    theirs = frequentist.TwoSidedTTest(*adjusted, frequentist.FrequentistConfig(**absolute)).compute_result()
    definition = _metric(covariate="before")
    ours = analyse(definition, trial.samples(definition), FIXED)
    yield "CUPED, effect (its slope is over arms, ours within)", ours.effect, theirs.expected
    yield "CUPED, interval", ours.interval[1], theirs.ci[1]

    theirs = EffectBayesianABTest(*arms, EffectBayesianConfig(**absolute)).compute_result()
    ours = posterior(normal, UP)
    yield "probability better, normal", ours.probability_better, theirs.chance_to_win
    yield "expected loss, normal", ours.loss_of_treatment, theirs.risk[1]


def of_tea_tasting(trial: Trial) -> Iterator[Row]:
    import pandas as pd
    import tea_tasting as tt

    frame = pd.concat(
        pd.DataFrame({"variant": arm, "y": y, "x": x, "before": before})
        for arm, (y, x, before) in enumerate(trial.arms)
    )
    theirs = tt.Experiment(
        mean=tt.Mean("y"), ratio=tt.RatioOfMeans("y", "x"), cuped=tt.Mean("y", "before"), rank=tt.MannWhitneyU("y")
    ).analyze(frame)
    for name, definition in (
        ("mean", _metric()),
        ("ratio", _metric(MetricKind.RATIO)),
        ("cuped", _metric(covariate="before")),
    ):
        ours, other = analyse(definition, trial.samples(definition), FIXED), theirs[name]
        yield f"{name}: effect", ours.effect, other.effect_size
        yield f"{name}: interval", ours.interval[1], other.effect_size_ci_upper
        yield f"{name}: p", ours.p_value, other.pvalue
        if ours.relative_interval is not None:
            yield f"{name}: relative interval", ours.relative_interval[1], other.rel_effect_size_ci_upper
    ours = analyse(_metric(MetricKind.RANK), trial.samples(_metric(MetricKind.RANK)), FIXED)
    yield "ranks: probability of more", ours.superiority, theirs["rank"].treatment
    yield "ranks: p", ours.p_value, theirs["rank"].pvalue


def of_spotify_confidence(trial: Trial) -> Iterator[Row]:
    from spotify_confidence.analysis.frequentist.sequential_bound_solver import bounds as solved

    looks = tuple(sorted(set(np.round(np.linspace(0.2, 1.0, len(trial.arms[0][0]) % 6 + 2), 3).tolist())))
    # Its solver spends α·t^ρ: with ρ = 1 and one side, that is a straight line; ours spends by other functions, so what is held
    # against each other is the probability that its bounds are crossed, by our integration.
    from loopgraph.computes.loop.statistics.boundaries.group_sequential import crossings

    found = solved(np.array(looks), alpha=0.05, rho=1.0, ztrun=8.0, sides=2, max_nints=None)
    limits = found.df.zb.tolist()
    crossed = np.cumsum(crossings(limits, looks))
    for time, ours in zip(looks, crossed, strict=True):
        yield "error spent at its bounds", float(ours), 0.05 * time


def of_statsmodels(trial: Trial) -> Iterator[Row]:
    import statsmodels.api as sm
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.power import tt_ind_solve_power
    from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest

    y = np.concatenate([arm[0] for arm in trial.arms])
    before = np.concatenate([arm[2] for arm in trial.arms])
    arm = np.repeat([0.0, 1.0], [len(each[0]) for each in trial.arms])
    fitted = sm.OLS(y, sm.add_constant(np.column_stack([arm, before]))).fit()
    robust = fitted.get_robustcov_results("HC1")
    definition = _metric(covariate="before")
    ours = analyse(definition, trial.samples(definition), FIXED)
    yield "CUPED, effect against an analysis of covariance", ours.effect, fitted.params[1]
    yield "CUPED, standard error against its robust one", ours.standard_error, robust.bse[1]
    if trial.data is BINARY:
        control, treatment = ((int(values.sum()), len(values)) for values in trial.values())
        definition = _metric(MetricKind.PROPORTION)
        ours = analyse(definition, trial.samples(definition), FIXED)
        z_test = proportions_ztest([treatment[0], control[0]], [treatment[1], control[1]])
        yield "score test's p", ours.p_value, z_test[1]
        yield "Newcombe's interval", ours.interval[1], confint_proportions_2indep(*treatment, *control, "newcomb")[1]
    n = [len(values) for values in trial.values()]
    share = n[1] / sum(n)
    ours = power_of_means(0.3, 1.0, sum(n), FIXED, treatment_share=share)
    yield "power", ours.power, tt_ind_solve_power(0.3, n[0], 0.05, ratio=n[1] / n[0])
    p_values = np.abs(y[:12]) % 1.0
    for name, adjust, method in (("Holm", holm, "holm"), ("Benjamini–Hochberg", benjamini_hochberg, "fdr_bh")):
        theirs = multipletests(p_values, method=method)[1]
        for one, other in zip(adjust(p_values.tolist()), theirs, strict=True):
            yield name, one, other


LIBRARIES: dict[str, Callable[[Trial], Iterator[Row]]] = {
    "scipy": of_scipy,
    "gbstats": of_gbstats,
    "tea-tasting": of_tea_tasting,
    "spotify-confidence": of_spotify_confidence,
    "statsmodels": of_statsmodels,
}


def main() -> None:
    warnings.simplefilter("ignore")  # those of other libraries
    trials = [
        Trial(np.random.default_rng(seed), data)
        for seed in range(ROUNDS)
        for data in (NORMAL, LOG_NORMAL, BINARY, PARETO_TAIL)
    ]
    print("| library | figure | data sets | greatest relative difference | median |\n| --- | --- | --- | --- | --- |")
    absent = []
    for name, compare in LIBRARIES.items():
        try:
            importlib.import_module(name.replace("-", "_"))
        except ImportError as error:
            absent.append(f"{name} ({error})")
            continue
        found: defaultdict[str, list[float]] = defaultdict(list)
        for trial in trials:
            for figure, ours, theirs in compare(trial):
                scale = max(abs(ours), abs(theirs))
                found[figure].append(abs(ours - theirs) / scale if scale > 1e-14 else 0.0)
        for figure, apart in found.items():
            label = f"{name} {importlib.metadata.version(name)}"
            print(f"| {label} | {figure} | {len(apart)} | {max(apart):.1e} | {np.median(apart):.1e} |")
    if absent:
        print(f"\nnot there: {', '.join(absent)}")


if __name__ == "__main__":
    main()
