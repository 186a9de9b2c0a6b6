"""The next periods of a series, with intervals that have been tried out on its own past."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from loopgraph.computes.analytics.trends.series import (
    DAYS_A_WEEK,
    HOURS_A_DAY,
    Floats,
    Ints,
    Series,
    from_scale,
    to_scale,
)
from loopgraph.contracts.analytics.trends import Forecast, ForecastMethod, ForecastPoint, NoFigure, Period, Scale
from loopgraph.errors import InvalidInput

CONFIDENCE: Final = 0.9
MAX_HORIZON: Final = 4
"""In seasons (weeks, days of hours; for weeks, in months of four): what lies farther away, the last weeks say nothing of."""

MAX_TIMES: Final = 400
"""How many earlier times of a series are tried at most: the last ones."""

HOURS_A_WEEK: Final = DAYS_A_WEEK * HOURS_A_DAY

_SMOOTHING: Final = 0.3
_CYCLES: Final = (4, 2)
_TO_CHOOSE: Final = 5
_MIN_KNOWN_SHARE: Final = 0.5


def forecast(of: Series, horizon: int | None = None, confidence: float = CONFIDENCE) -> Forecast:
    """The next ``horizon`` periods (a week of days, a day of hours, four weeks).

    The methods are linear in the last values, on the scale of the series. Rolling back-test: they are put to every earlier
    time of the series that leaves them enough to look at; of each time, that method is taken which had the smallest absolute
    error in what was known by then. The errors of this procedure, absolute and by how far ahead, give the intervals by their
    quantile (split-conformal: Vovk et al., Algorithmic Learning in a Random World, 2005; ⌈(m + 1) · confidence⌉ of m).
    ``coverage`` tests the intervals in the same way: those of each earlier time are made of errors that were known by then.

    Values that are not known are filled with those a season before, or the last known ones, for the methods to look at; no
    error is measured at them. TOO_SHORT where fewer times can be tested than intervals of this confidence need, TOO_FEW where
    less than half is known, CONSTANT where nothing varies. Raises InvalidInput unless 1 ≤ ``horizon`` ≤ ``MAX_HORIZON``
    seasons and 0.5 ≤ ``confidence`` < 1.
    """
    season = _season(of)
    horizon = _checked(of.step, horizon, confidence)
    values = of.values[-(_CYCLES[0] * season + MAX_TIMES + horizon - 1) :]
    known = np.isfinite(values)
    if not known.any():
        return Forecast(confidence=confidence, reason=NoFigure.NO_DATA)
    if known.mean() < _MIN_KNOWN_SHARE:
        return Forecast(confidence=confidence, reason=NoFigure.TOO_FEW)
    if np.ptp(values[known]) == 0:
        return Forecast(confidence=confidence, reason=NoFigure.CONSTANT)
    fewest = math.ceil(confidence / (1 - confidence) - 1e-9)
    widths = (cycles * max(season, 4 if of.step is Period.WEEK else 1) for cycles in _CYCLES)
    width = next((width for width in widths if len(values) - width - horizon + 1 >= fewest + horizon), None)
    if width is None:
        return Forecast(confidence=confidence, reason=NoFigure.TOO_SHORT)
    scaled = to_scale(values, of.scale)
    matrices = _matrices(width, season, horizon)
    windows = sliding_window_view(_filled(scaled, season), width)
    told = np.stack(
        [windows @ matrix.T for matrix in matrices.values()]
    )  # methods × times × horizon; the last time is now
    came = sliding_window_view(scaled, horizon)[width:]  # times but the last ``horizon`` × horizon
    errors = np.abs(came - told[:, : len(came)])
    choices = _choices(errors, horizon)
    held, tested = _back_test(errors, choices, horizon, fewest, confidence)
    best = told[choices[-1]]
    plain, outcomes = from_scale(best, of.scale), sliding_window_view(values, horizon)[width:]
    spread = _widths(errors[choices[-1]], confidence)
    return Forecast(
        confidence=confidence,
        method=list(matrices)[choices[-1]],
        points=tuple(
            ForecastPoint(of.at(len(of.values) + h), *_interval(best[-1, h], spread[h], of.scale))
            for h in range(horizon)
        ),
        total=_total(of, plain, outcomes, confidence) if of.scale is Scale.COUNT else None,
        origins=len(came),
        coverage=held / tested if tested else None,
        tested=tested,
        mean_absolute_error=float(np.nanmean(np.abs(outcomes - plain[: len(came)]))),
    )


def _season(of: Series) -> int:
    if of.step is Period.HOUR:
        return HOURS_A_WEEK if len(of.values) >= 6 * HOURS_A_WEEK else HOURS_A_DAY
    return DAYS_A_WEEK if of.step is Period.DAY else 1


def _checked(step: Period, horizon: int | None, confidence: float) -> int:
    usual = {Period.HOUR: HOURS_A_DAY, Period.DAY: DAYS_A_WEEK, Period.WEEK: 4}[step]
    if not 0.5 <= confidence < 1.0:
        raise InvalidInput("confidence", f"must be at least 0.5 and below 1, not {confidence!r}")
    if horizon is not None and not 1 <= horizon <= MAX_HORIZON * usual:
        raise InvalidInput("horizon", f"must be 1 to {MAX_HORIZON * usual} periods of a {step.value}, not {horizon}")
    return usual if horizon is None else horizon


def _choices(errors: Floats, horizon: int) -> Ints:
    """Which method each time takes, now being the last: the one with the smallest mean error at times whose outcomes were
    known by then; the first while these are too few. ``errors`` has shape (methods, times, horizon)."""
    known = np.isfinite(errors)
    total = np.cumsum(np.where(known, errors, 0.0).sum(axis=2), axis=1)
    count = np.maximum(np.cumsum(known.sum(axis=2), axis=1), 1)
    best = (total / count).argmin(axis=0)
    best[: _TO_CHOOSE - 1] = 0
    return np.concatenate([np.zeros(horizon, dtype=np.int64), best])


def _back_test(errors: Floats, choices: Ints, horizon: int, fewest: int, confidence: float) -> tuple[int, int]:
    """How many outcomes lay within the intervals that were made before them, of how many: those of each time are as wide as
    the errors of the method chosen then that were known then."""
    held = tested = 0
    for time in range(fewest + horizon - 1, errors.shape[1]):
        own = errors[choices[time]]
        widths = _widths(own[: time - horizon + 1], confidence)
        usable = np.isfinite(own[time]) & np.isfinite(widths)
        held += int((own[time][usable] <= widths[usable]).sum())
        tested += int(usable.sum())
    return held, tested


def _widths(errors: Floats, confidence: float) -> Floats:
    """Half the width of the interval by how far ahead, which never shrinks; infinite where too few errors are known."""
    ordered = np.sort(errors, axis=0)  # NaN comes last
    known = np.isfinite(ordered).sum(axis=0)
    rank = np.ceil((known + 1) * confidence - 1e-9).astype(np.int64)
    columns = np.arange(errors.shape[1])
    widths = np.where(rank <= known, ordered[np.minimum(rank, len(errors)) - 1, columns], np.inf)
    result: Floats = np.maximum.accumulate(widths)
    return result


def _interval(expected: float, width: float, scale: Scale) -> tuple[float, float, float]:
    middle, low, high = from_scale(np.array([expected, expected - width, expected + width]), scale)
    return float(middle), float(low), float(high)


def _total(of: Series, plain: Floats, outcomes: Floats, confidence: float) -> ForecastPoint:
    """All periods together: the errors of sums are no sums of errors, so they have an interval of their own."""
    told, came = to_scale(plain.sum(axis=1), of.scale), to_scale(outcomes.sum(axis=1), of.scale)
    width = _widths(np.abs(came - told[: len(came)])[:, None], confidence)[0]
    return ForecastPoint(of.at(len(of.values)), *_interval(told[-1], width, of.scale))


def _filled(values: Floats, season: int) -> Floats:
    """Unknown values replaced by those a season before, else by the last known one (the next one, at the beginning)."""
    filled = values.copy()
    for i in np.flatnonzero(~np.isfinite(values)):
        before = filled[i - season] if i >= season else math.nan
        filled[i] = before if math.isfinite(before) else filled[i - 1] if i else math.nan
    known = np.flatnonzero(np.isfinite(filled))
    filled[: known[0]] = filled[known[0]]
    return filled


@lru_cache(maxsize=16)
def _matrices(width: int, season: int, horizon: int) -> dict[ForecastMethod, Floats]:
    """For each method, by how much each of the last ``width`` values counts in each of the next: shape (horizon, width)."""
    past, ahead = np.arange(-width, 0), np.arange(horizon)
    weights = _SMOOTHING * (1 - _SMOOTHING) ** np.arange(width)[::-1]
    smoothed = np.tile(weights / weights.sum(), (horizon, 1))
    plain = {
        ForecastMethod.MEAN: _least_squares(np.ones((width, 1)), np.ones((horizon, 1))),
        ForecastMethod.SMOOTHED: smoothed,
        ForecastMethod.LINE: _least_squares(
            np.column_stack([np.ones(width), past]), np.column_stack([np.ones(horizon), ahead])
        ),
    }
    if season == 1:
        return plain
    at, to = (np.eye(season)[each % season] for each in (past, ahead))
    profile = at.T * season / width - 1 / width  # from values to how far each position lies from their mean
    return {
        ForecastMethod.MEAN_AND_SEASON: _least_squares(at, to),
        ForecastMethod.SMOOTHED_AND_SEASON: smoothed - smoothed @ at @ profile + to @ profile,
        ForecastMethod.LINE_AND_SEASON: _least_squares(np.column_stack([at, past]), np.column_stack([to, ahead])),
        **plain,
    }


def _least_squares(past: Floats, ahead: Floats) -> Floats:
    result: Floats = ahead @ np.linalg.solve(past.T @ past, past.T)
    return result
