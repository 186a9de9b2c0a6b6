"""Which share of the next units each arm of an experiment gets, where that follows from what was seen: Thompson sampling.

Shares change only at looks, and only where so many more units tell something that it matters; in between, a hash says what a unit
is assigned to, as ever. So who knows the allotment in force (they are kept, and each assignment names its own) knows the
propensities of every unit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np

from loopgraph.computes.loop.statistics.allocation import belief_of, thompson
from loopgraph.contracts.loop.arms import Allotment
from loopgraph.contracts.loop.experiments import Experiment
from loopgraph.contracts.loop.sights import Seen
from loopgraph.contracts.statistics.allocation import Belief
from loopgraph.contracts.statistics.estimates import NoEstimate
from loopgraph.contracts.statistics.samples import BinaryCounts, JointMoments, Sample

FLOOR: Final = 0.1
"""No arm gets less of the units while it is tried: weights are at most ten, and what is worse by chance is not given up."""

GROWTH: Final = 1.25
"""A new allotment is made when so many times as many units tell something as at the last one: some 15 in an experiment."""

_CONTROL: Final = "control"


def next_allotment(experiment: Experiment, sights: Sequence[Seen], at: datetime) -> Allotment | None:
    """What the next units are given after a look at these comparisons, which decided on none of them; None: what is in force.

    It follows from the experiment, its looks so far and what was seen, and from nothing else: who computes it again, finds the
    same. ``sights`` are of ``experiment.comparisons``, in their order.
    """
    comparisons = experiment.comparisons
    control = sights[0].samples[experiment.metric].control
    samples = {_CONTROL: control}
    for each, sight in zip(comparisons, sights, strict=True):
        samples[each.treatment_node_id] = sight.samples[experiment.metric].treatment
    units = sum(sample.n for sample in samples.values())
    if units < GROWTH * experiment.allotments[-1].units:
        return None
    beliefs = {arm: _belief(sample) for arm, sample in samples.items()}
    random = np.random.default_rng(_seed(experiment))
    found = thompson(beliefs, experiment.metric.direction, random, floor=FLOOR)
    if found.probabilities_best is None:
        return None
    tried = [each.node_id for each in experiment.candidates]
    best = found.probabilities_best
    return Allotment(
        shares=tuple(found.shares.get(node_id, 0.0) for node_id in tried),
        best=(best[_CONTROL], *(best.get(node_id, 0.0) for node_id in tried)),
        units=units,
        made_at=at,
    )


def without_dropped(experiment: Experiment, at: datetime) -> Experiment:
    """The experiment with shares in which the candidates that were dropped have none: the others have theirs, in proportion."""
    if not experiment.allotments:
        return experiment
    last = experiment.allotments[-1]
    kept = [0.0 if each.dropped_at else share for each, share in zip(experiment.candidates, last.shares, strict=True)]
    whole = 1.0 - sum(last.shares) + sum(kept)
    shares = tuple(share / whole for share in kept)
    if shares == last.shares:
        return experiment
    following = Allotment(shares=shares, units=last.units, made_at=at)
    return experiment.model_copy(update={"allotments": (*experiment.allotments, following)})


def _belief(sample: Sample) -> Belief | NoEstimate:
    if isinstance(sample, BinaryCounts | JointMoments):
        return belief_of(sample)
    return NoEstimate.TOO_FEW_UNITS


def _seed(experiment: Experiment) -> int:
    text = f"{experiment.experiment_id}|{len(experiment.allotments)}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
