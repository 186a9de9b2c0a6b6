"""What a series does slowly, and what it repeats: moving averages, the level, and the profile about it."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from loopgraph.computes.analytics.trends.series import Floats, Ints


def moving_average(values: Floats, span: int) -> Floats:
    """The mean of each value and the ``span − 1`` before it, over those that are known; NaN for the first ``span − 1``, and
    where none is known. Shape (n,)."""
    result = np.full(len(values), np.nan)
    if 0 < span <= len(values):
        result[span - 1 :] = _mean(sliding_window_view(values, span))
    return result


def level(values: Floats, span: int) -> Floats:
    """The mean of each value and its neighbours over a whole ``span``, the centre of which it is; an even span takes half of
    the outermost two, so that every position of a cycle has the same weight (the centred average of classical decomposition).

    Near the ends, the level of the outermost centre goes on. NaN where ``values`` has fewer than ``span``, or none is known.
    Shape (n,).
    """
    n, half = len(values), span // 2
    width = 2 * half + 1
    if n < width:
        return np.full(n, np.nan)
    weights = np.ones(width)
    if span % 2 == 0:
        weights[[0, -1]] = 0.5
    inner = _mean(sliding_window_view(values, width), weights)
    return np.concatenate([np.full(half, inner[0]), inner, np.full(half, inner[-1])])


def profile(deviations: Floats, positions: Ints, length: int) -> Floats:
    """The median deviation at each of ``length`` positions of a cycle, less their mean: how far each lies from the level.

    0 where a position has no known deviation. Shape (length,).
    """
    result = np.zeros(length)
    if len(deviations) >= length and (positions[length:] == positions[:-length]).all():
        rows = -(-len(deviations) // length)  # the usual case: a cycle of equal periods is a table
        padded = np.full(rows * length, np.nan)
        padded[: len(deviations)] = deviations
        result[positions[:length]] = _medians(padded.reshape(rows, length))
    else:
        for position in range(length):
            mine = deviations[positions == position]
            mine = mine[np.isfinite(mine)]
            if len(mine):
                result[position] = np.median(mine)
    return result - float(result.mean())


def _medians(table: Floats) -> Floats:
    """The medians of columns over what is known (``numpy.nanmedian`` takes ten times as long for small tables)."""
    ordered = np.sort(table, axis=0)  # NaN comes last
    known = np.isfinite(ordered).sum(axis=0)
    columns = np.arange(table.shape[1])
    low, high = ordered[np.maximum(known - 1, 0) // 2, columns], ordered[known // 2, columns]
    medians: Floats = np.where(known == 0, 0.0, (low + high) / 2)
    return medians


def _mean(windows: Floats, weights: Floats | None = None) -> Floats:
    known = np.isfinite(windows)
    each = np.ones(windows.shape[-1]) if weights is None else weights
    if known.all():
        mean: Floats = windows @ each / each.sum()
        return mean
    total = known @ each
    mean = np.where(total > 0, np.where(known, windows, 0.0) @ each / np.where(total > 0, total, 1.0), np.nan)
    return mean


def medians_of_neighbours(values: Floats, before: int, after: int) -> Floats:
    """The median of the ``before`` values before each one and of the ``after`` behind it, without the value itself, of those
    that there are and that are known; NaN without any. Shape (n,)."""
    padded = np.concatenate([np.full(before, np.nan), values, np.full(after, np.nan)])
    windows = sliding_window_view(padded, before + 1 + after).copy()
    windows[:, before] = np.nan
    ordered = np.sort(windows, axis=1)
    known = np.isfinite(ordered).sum(axis=1)
    rows = np.arange(len(values))
    middle: Floats = (ordered[rows, np.maximum(known - 1, 0) // 2] + ordered[rows, known // 2]) / 2
    return middle
