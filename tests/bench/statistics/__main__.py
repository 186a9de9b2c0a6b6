"""A simulation study of the statistics of experiments: ``PYTHONPATH=tests python -m bench.statistics [--quick] [--seed N]``.

Prints Markdown tables. Boundaries, powers, estimates and allocations are the product's own; what looks at every unit of many
experiments computes the effect over its standard error for all of them at once (`data`), which a test holds against the
product's estimators.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable

import numpy as np

from bench.statistics import (
    allotments,
    bandits,
    beside,
    coverage,
    false_positives,
    guarded,
    histories,
    rollouts,
    sample_sizes,
)


def _table(title: str, head: list[str], rows: Iterable[list[str]]) -> None:
    began = time.perf_counter()
    print(f"\n{title}\n\n| {' | '.join(head)} |\n|{' --- |' * len(head)}", flush=True)
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)
    print(f"{title}: {time.perf_counter() - began:.0f} s", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.statistics", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the repetitions")
    parser.add_argument("--seed", type=int, default=14)
    given = parser.parse_args()
    share = 10 if given.quick else 1
    # A generator for each table: what one draws changes none of the others.
    randoms = map(np.random.default_rng, np.random.SeedSequence(given.seed).spawn(20))
    applied = map(np.random.default_rng, np.random.SeedSequence((given.seed, 1)).spawn(1))
    at_once = map(np.random.default_rng, np.random.SeedSequence((given.seed, 3)).spawn(2))
    adjusted = map(np.random.default_rng, np.random.SeedSequence((given.seed, 2)).spawn(2))
    many, several, few = 20_000 // share, 4_000 // share, 1_500 // share
    plans = list(false_positives.PLANS)
    _table(
        f"False positives at 5 %, {many} experiments each, no effect",
        [
            "data",
            *(f"{plan}{', every unit' if plan == 'always valid' else ''}" for plan in plans),
            "1.96 at every unit",
        ],
        false_positives.rows(next(randoms), many),
    )
    small = [
        f"{share} treated{by}" for share in ("a quarter", "a tenth", "a fiftieth") for by in ("", ", Welch's error")
    ]
    _table(
        f"A small treatment arm, always valid, no effect, a look at every unit, {few} experiments each",
        ["data", *small],
        false_positives.small_arm_rows(next(randoms), few),
    )
    _table(
        f"Five candidates, one after the other, a look at every unit, {several} families each: any wrongly found",
        ["data", "none better: Holm", "uncorrected", "two of them better: Holm", "uncorrected"],
        false_positives.family_rows(next(randoms), several),
    )
    _table(
        f"Several candidates beside each other, a look at every unit, {several} experiments each",
        [
            "data",
            *(
                cell
                for arms in (3, 5)
                for cell in (
                    f"{arms} arms, none better: any found, Holm",
                    "uncorrected",
                    "better by 0.25 and 0.5 deviations: the best applied, and another",
                )
            ),
        ],
        beside.rows(next(at_once), several),
    )
    _table(
        f"Guardrails over the candidates of a run, one look at 350 units of an arm, {several} runs each",
        [
            "candidates",
            "all break it by its margin: any held, each by itself",
            "Holm",
            "all lose a fifth of the margin: held, each by itself",
            "Holm",
        ],
        guarded.rows(np.random.default_rng((given.seed, 4)), several),
    )
    _table(
        f"Executions in units, a look at every unit, {many} experiments each",
        ["executions of a unit", "correlation", "means of units", "ratio over units", "executions as if independent"],
        false_positives.clustered_rows(next(randoms), many),
    )
    stages = " → ".join(f"{share:.0%}" for share, _ in rollouts.STAGES)
    _table(
        f"Exposure in stages ({stages}), no effect, a look at every unit, {few} experiments each",
        ["data", "the work stays: within stages", "plain", "each stage slower: within stages", "plain"],
        rollouts.staged_rows(next(randoms), few),
    )
    _table(
        f"Adjusted for what units did before (CUPED), always valid, a look at every unit, {several} experiments each, effect "
        f"{histories.EFFECT} deviations",
        [
            "data",
            "correlation",
            "units with a past",
            "nothing: plain",
            "adjusted",
            "power by 800 units: plain",
            "adjusted",
            "mean units: plain",
            "adjusted",
        ],
        histories.rows(next(adjusted), several),
    )
    _table(
        f"One arm has more units with a past, by luck; no effect, one look, {several} experiments each",
        [
            "units of an arm",
            "of them with a past",
            *(f"{how}, correlation {each}" for each in (0.8, 0.95) for how in ("plain", "adjusted")),
        ],
        histories.uneven_rows(next(adjusted), several),
    )
    _table(
        f"Power and units, {several} experiments each, effect {sample_sizes.EFFECT} deviations",
        ["plan", "data", "units planned for 80 %", "promised", "power", "mean units", "at twice the effect", "at none"],
        sample_sizes.rows(next(randoms), several),
    )
    _table(
        f"95 % intervals at a fixed horizon, {few} experiments each",
        ["method", "data", "units per arm", "holds the truth", "false positives"],
        coverage.rows(next(randoms), few),
    )
    _table(
        f"After applying: {rollouts.PROOF} units of proof, {rollouts.WATCHED} watched, {several} experiments each",
        ["data", "nothing changed", "worse by 0.25 deviations", "by 0.5", "by 1"],
        rollouts.watch_rows(next(randoms), several),
    )
    _table(
        f"What the loop applied: {rollouts.SELECTED} units of proof, {rollouts.SINCE} since, a look at every one, {several} each",
        [
            "durations",
            "true gain",
            "nothing changed: rolled back and left to a person",
            "1.25 times as long",
            "1.5 times",
            "twice",
        ],
        rollouts.applied_rows(next(applied), several),
    )
    both = ("even shares", "Thompson")
    _table(
        f"Thompson sampling in the loop, one candidate, effect {allotments.EFFECT} deviations, {few} experiments each",
        [
            "data",
            *(
                f"{what}{', ' if what else ''}{of}"
                for what in ("nothing there: found", "power", "units", "of them with the worse arm", "after 800 units")
                for of in both
            ),
        ],
        allotments.rows(next(at_once), few),
    )
    _table(
        f"Thompson sampling over {bandits.UNITS} units, {few // 3} each",
        ["arms", "regret", "even shares", "error of the plain mean", "of the weighted mean", "interval holds"],
        bandits.rows(next(randoms), few // 3),
    )


if __name__ == "__main__":
    main()
