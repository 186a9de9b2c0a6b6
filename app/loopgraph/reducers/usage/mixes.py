"""What else differs between subjects that are compared: how their executions fall to the values of some dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
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
    found: list[MixDifference | None] = []
    for first, second in combinations(range(len(several)), 2):
        if not whole[first] or not whole[second]:
            found.append(None)
            continue
        shares = counts[first] / whole[first], counts[second] / whole[second]
        apart = np.abs(shares[1] - shares[0])
        ranked = np.argsort(-apart, kind="stable")[: MOST_MIX_VALUES + 1].tolist()
        told = [place for place in ranked if names[place] != OTHER and apart[place]][:MOST_MIX_VALUES]
        found.append(
            MixDifference(
                dimension=dimension,
                first=several[first][0],
                second=several[second][0],
                distance=min(1.0, float(apart.sum()) / 2),
                values=tuple(
                    MixShare(
                        value=names[place], first_share=float(shares[0][place]), second_share=float(shares[1][place])
                    )
                    for place in told
                ),
            )
        )
    return found
