"""What success is to be expected of a learned pattern: its own record, drawn toward that of all traces.

A pattern begins with a success, and most have few runs, so their rates alone are far too good: one success of one run is no
certainty. How sure a record is, others say: the more the rates of patterns differ, the more one tells of itself. This is the
beta-binomial model with its strength fitted to all records (empirical Bayes), given that each has a success at least, as a
pattern has; the base rate is that of all traces, also of the failed ones that no pattern has.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from loopgraph.contracts.learning.matching import Prior, Record
from loopgraph.contracts.learning.plans import LearnedPattern

_STRENGTHS: Final = tuple(0.5 * 2**step for step in range(9))
_USUAL: Final = 4.0
_OCTAVES: Final = 2.0
"""Before anything is known, strengths are about ``_USUAL``, within so many doublings: few records move it little."""


def prior_of(records: Iterable[Record], waiting: int = 0) -> Prior:
    """What is expected of a pattern before its own record is known. ``waiting`` are failed traces that no pattern has."""
    known = list(records)
    successes = sum(one.successes * one.patterns for one in known)
    runs = sum((one.successes + one.failures) * one.patterns for one in known) + waiting
    base = (successes + 1) / (runs + 2)
    return Prior(base=base, strength=max(_STRENGTHS, key=lambda strength: _fit(known, base, strength)))


def expected(pattern: LearnedPattern, prior: Prior) -> float | None:
    """How probable it is that a run of its kind succeeds, 0..1; None while there was no run."""
    return expected_of(pattern.successes, pattern.runs, prior)


def expected_of(successes: int, runs: int, prior: Prior) -> float | None:
    """The same of a record."""
    return (successes + prior.strength * prior.base) / (runs + prior.strength) if runs else None


def _fit(records: Iterable[Record], base: float, strength: float) -> float:
    """The logarithm of how probable the records are, and the strength."""
    good, bad = strength * base, strength * (1.0 - base)
    whole = -0.5 * (math.log2(strength / _USUAL) / _OCTAVES) ** 2
    for one in records:
        runs = one.successes + one.failures
        if one.successes and runs > 1:
            none = math.exp(_beta(good, bad + runs) - _beta(good, bad))
            here = _beta(good + one.successes, bad + one.failures) - _beta(good, bad)
            whole += one.patterns * (here - math.log1p(-none))
    return whole


def _beta(one: float, other: float) -> float:
    return math.lgamma(one) + math.lgamma(other) - math.lgamma(one + other)
