"""What else differs between subjects that are compared: how their executions fall to the values of some dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from loopgraph.contracts.analytics.comparison import MixDifference, MixShare
from loopgraph.contracts.analytics.subjects import OTHER, Dimension
from loopgraph.contracts.analytics.sums import Tally

MIXES: Final = (Dimension.CONTEXT, Dimension.AGENT, Dimension.MODEL, Dimension.PROJECT, Dimension.USER)
"""By what else the executions of two may differ."""

MOST_MIX_VALUES: Final = 5

Tallies = Mapping[str, Mapping[str, Tally]]
"""By dimension and value."""


def mixes(several: Sequence[tuple[str, Tallies]]) -> tuple[MixDifference, ...]:
    """Of every two, each with its key, how differently their executions fall to each dimension that is known of both."""
    found = [_of_dimension(dimension, several) for dimension in MIXES]
    return tuple(mix for of_pair in zip(*found, strict=True) for mix in of_pair if mix)


def _of_dimension(dimension: Dimension, several: Sequence[tuple[str, Tallies]]) -> list[MixDifference | None]:
    tallies = [dimensions.get(dimension, {}) for _, dimensions in several]
    names = sorted({value for one in tallies for value in one})
    executions = [[one[name].executions if name in one else 0 for name in names] for one in tallies]
    counts = np.array(executions, np.float64).reshape(len(several), len(names))
    whole = counts.sum(axis=1)
    shares = counts / np.where(whole, whole, 1.0)[:, np.newaxis]
    found: list[MixDifference | None] = []
    for first, (key, _) in enumerate(several):
        apart = np.abs(shares[first + 1 :] - shares[first])
        ranked = np.argsort(-apart, kind="stable")[:, : MOST_MIX_VALUES + 1].tolist()
        distances = apart.sum(axis=1) / 2
        for second, (places, distance) in enumerate(zip(ranked, distances.tolist(), strict=True), first + 1):
            told = [
                place for place in places if names[place] != OTHER and shares[first, place] != shares[second, place]
            ]
            mix = MixDifference(
                dimension=dimension,
                first=key,
                second=several[second][0],
                distance=min(1.0, distance),
                values=tuple(
                    MixShare(
                        value=names[place],
                        first_share=float(shares[first, place]),
                        second_share=float(shares[second, place]),
                    )
                    for place in told[:MOST_MIX_VALUES]
                ),
            )
            found.append(mix if whole[first] and whole[second] else None)
    return found
