"""Several candidates beside each other against one control: how often one that is no better is found, and whether the best one is
applied.

As the loop has it: all pairs are looked at when each has had one unit more, in the family of all candidates (Holm), and the best
of those that are shown to be better is applied at the first look that shows one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bench.statistics.data import ALL, BINARY, Data, Paths, crossed, score_paths, welch_paths
from loopgraph.contracts.statistics.plans import AlwaysValid

LEVEL, PLANNED = 0.05, 400
"""``PLANNED`` units of each pair; looks go on until twice as many."""

_PLAN = AlwaysValid(planned_units=PLANNED)


def rows(random: Generator, repetitions: int) -> Iterator[list[str]]:
    """For arms of three and of five: how often any candidate is found different where none is, by Holm's correction and without;
    and how often the best is applied, another, or none, where one is better by half a deviation and another by a quarter."""
    for data in ALL:
        cells = []
        for candidates in (2, 4):
            same = _Study(random, data, [0.0] * candidates, repetitions)
            cells += [f"{same.found:.1%}", f"{same.uncorrected:.1%}"]
            two = _Study(random, data, [0.0] * (candidates - 2) + [0.25, 0.5], repetitions)
            cells.append(f"{two.best:.1%} and {two.other:.1%}")
        yield [data.name, *cells]


class _Study:
    """Shares of experiments with these effects: any was ``found`` different, the ``best`` or an ``other`` was applied."""

    def __init__(self, random: Generator, data: Data, effects: Sequence[float], repetitions: int) -> None:
        found = uncorrected = best = other = done = 0
        while done < repetitions:
            count = min(100, repetitions - done)
            pairs = _pairs(random, data, effects, count)
            shown = holm([[crossed(pair, _PLAN, LEVEL, family=size) for pair in pairs] for size in _sizes(pairs)])
            applied = _applied(shown, np.stack([pair.t for pair in pairs]))
            found += int(shown.any(axis=(0, 2)).sum())
            uncorrected += int(np.stack([crossed(pair, _PLAN, LEVEL) for pair in pairs]).any(axis=(0, 2)).sum())
            best += int((applied == len(effects) - 1).sum())
            other += int(((applied >= 0) & (applied != len(effects) - 1)).sum())
            done += count
        self.found, self.uncorrected = found / repetitions, uncorrected / repetitions
        self.best, self.other = best / repetitions, other / repetitions


def _sizes(pairs: Sequence[Paths]) -> range:
    return range(1, len(pairs) + 1)


def _pairs(random: Generator, data: Data, effects: Sequence[float], count: int) -> list[Paths]:
    """One control for all: of each pair the control's unit comes before the candidate's."""
    shape = (count, PLANNED)
    control = data.with_effect(random, shape, np.zeros(shape, dtype=bool), 0.0)
    treated = np.tile([False, True], PLANNED)[None, :].repeat(count, axis=0)
    pairs = []
    for effect in effects:
        treatment = data.with_effect(random, shape, np.ones(shape, dtype=bool), effect)
        values = np.stack([control, treatment], axis=2).reshape(count, 2 * PLANNED)
        pairs.append((score_paths if data is BINARY else welch_paths)(values, treated))
    return pairs


def holm(below: Sequence[Sequence[NDArray[np.bool_]]]) -> NDArray[np.bool_]:
    """Which of several are shown at each look, by whether their p-values are below the level over 1, 2, … (``below``)."""
    masks = np.stack(
        [np.stack(each) for each in below]
    )  # over how many, of which pair, of which experiment, at which look
    family = masks.shape[1]
    rejected = np.zeros(masks.shape[2:], dtype=int)
    for _ in range(family):
        for before in range(family):
            more = masks[family - before - 1].sum(axis=0)
            rejected = np.where((rejected == before) & (more > before), more, rejected)
    shown = np.zeros(masks.shape[1:], dtype=bool)
    for number in range(1, family + 1):
        # So many are below the level over those that are left when all but the last of them are gone.
        shown |= masks[family - number] & (rejected == number)
    return shown


def _applied(shown: NDArray[np.bool_], t: NDArray[np.float64]) -> NDArray[np.int64]:
    """The place of what is applied in each experiment, by the effect at the first look that shows one better; -1: nothing is.

    All pairs have the same units, and the control is theirs together: the greater effect is here the greater t."""
    better = shown & (t > 0)
    any_ = better.any(axis=0)
    first = np.where(any_.any(axis=1), any_.argmax(axis=1), -1)
    rows_ = np.arange(t.shape[1])
    at = np.where(better[:, rows_, first], t[:, rows_, first], -np.inf)
    return np.where(first >= 0, at.argmax(axis=0), -1)
