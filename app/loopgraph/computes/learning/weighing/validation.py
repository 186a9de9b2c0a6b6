"""Whether learned weights are better than the seed's, by sessions that they were not learned from.

Sessions are dealt out to ``FOLDS`` folds by a digest of their ids: prompts of one session are much alike, so no session is
both learned from and asked. For each fold the weights are learned from all others; for the seed's only a and b of the model
are (``fitting``), so what is compared is the weights alone. Intervals come from drawing whole sessions again (the percentile
bootstrap), at 95 %.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from loopgraph.computes.learning.weighing.fitting import (
    Floats,
    Table,
    as_numbers,
    as_weights,
    fit,
    fit_scale,
    table_of,
)
from loopgraph.contracts.learning.matching import MIN_CONFIDENCE, SEED_WEIGHTS, MatchWeights
from loopgraph.contracts.learning.weighing import Figure, Matched, Pair, Reason, Weighed

FOLDS: Final = 5
LEAST_SESSIONS: Final = 30
"""With fewer, nothing is recommended, as no interval is told elsewhere."""
DRAWS: Final = 2_000
_AT_ONCE: Final = 50
_SEED: Final = 3

Numbers = NDArray[np.intp]


def weigh(pairs: Sequence[Pair], in_use: MatchWeights, handed_out: int = 0) -> Weighed:
    """What pairs say of the weights. ``handed_out`` is told on."""
    table = table_of(pairs)
    sessions, session = np.unique([pair.session for pair in pairs], return_inverse=True)
    fitting = int(table.fits.sum())
    told = Weighed(
        traces=len({pair.trace for pair in pairs}),
        sessions=len(sessions),
        pairs=len(pairs),
        fitting=fitting,
        handed_out=handed_out,
        in_use=in_use,
        learned=as_weights(fit(table).weights) if pairs else SEED_WEIGHTS,
        reason=Reason.TOO_FEW_SESSIONS,
    )
    if len(sessions) >= LEAST_SESSIONS and fitting in (0, len(pairs)):
        return told.model_copy(update={"reason": Reason.ALL_FIT if fitting else Reason.NOTHING_FITS})
    if len(sessions) < FOLDS or fitting in (0, len(pairs)):
        return told
    losses, scores = _held_out(table, np.asarray([_fold(one) for one in sessions])[session])
    _, trace = np.unique([pair.trace for pair in pairs], return_inverse=True)
    draws = _Draws(len(sessions))
    log_loss = draws.figure(lambda counts: _mean(losses, table.weight, session, counts))
    firsts, asked, of_session = _firsts(table, scores, trace, session)
    enough = len(sessions) >= LEAST_SESSIONS
    reason = None if log_loss.high < 0.0 else Reason.NOT_SURELY_BETTER
    return told.model_copy(
        update={
            "log_loss": log_loss,
            "area": draws.figure(_area(table, scores, session)),
            "first": draws.figure(lambda counts: _mean(firsts, asked, of_session, counts)),
            "seed_matches": _matched(table, scores[0]),
            "learned_matches": _matched(table, scores[1]),
            "reason": reason if enough else Reason.TOO_FEW_SESSIONS,
        }
    )


def _fold(session: str) -> int:
    return int.from_bytes(hashlib.sha256(session.encode("utf-8", "surrogatepass")).digest()[:8], "big") % FOLDS


def _held_out(table: Table, fold: Numbers) -> tuple[Floats, Floats]:
    """The loss and the score of each pair, by weights that its fold had no part in: two rows, the seed's and the learned."""
    losses, scores = np.zeros((2, len(fold))), np.zeros((2, len(fold)))
    for number in np.unique(fold):
        out = fold == number
        seen, asked = table.rows(~out), table.rows(out)
        for row, fitted in enumerate((fit_scale(seen, as_numbers(SEED_WEIGHTS)), fit(seen))):
            losses[row, out], scores[row, out] = fitted.losses(asked), fitted.scores(asked)
    return losses, scores


class _Draws:
    """Sessions, drawn again: how often each was."""

    def __init__(self, sessions: int) -> None:
        self._sessions = sessions

    def figure(self, of: Callable[[Floats], Floats]) -> Figure:
        """A figure by both weights, with the interval of the difference. ``of`` takes rows of how often each session counts, and
        gives two numbers for each."""
        [[seed, learned]] = of(np.ones((1, self._sessions)))
        rng, shares = np.random.default_rng(_SEED), np.full(self._sessions, 1.0 / self._sessions)
        drawn = np.concatenate(
            [
                of(rng.multinomial(self._sessions, shares, size=_AT_ONCE).astype(np.float64))
                for _ in range(0, DRAWS, _AT_ONCE)
            ]
        )
        differences = drawn[:, 1] - drawn[:, 0]
        known = differences[~np.isnan(differences)]  # a draw can have none that fits
        low, high = np.quantile(known, (0.025, 0.975)) if len(known) else (-np.inf, np.inf)
        return Figure(
            seed=float(seed),
            learned=float(learned),
            difference=float(learned - seed),
            low=float(low),
            high=float(high),
        )


def _mean(values: Floats, weight: Floats, session: Numbers, counts: Floats) -> Floats:
    """The weighted means of the rows of ``values``, where sessions count so often."""
    of_sessions = [np.bincount(session, row * weight, counts.shape[1]) for row in values]
    whole = counts @ np.bincount(session, weight, counts.shape[1])
    sums = counts @ np.asarray(of_sessions).T
    means: Floats = np.divide(sums, whole[:, None], out=np.full_like(sums, np.nan), where=whole[:, None] > 0)
    return means


def _firsts(table: Table, scores: Floats, trace: Numbers, session: Numbers) -> tuple[Floats, Floats, Numbers]:
    """Of each trace that some pattern fitted whether the one with the highest score did, by both weights; what it speaks for; and
    its session. Of several with that score, their share."""
    traces = int(trace.max()) + 1
    fitted = np.bincount(trace, table.fits, traces) > 0
    rows = []
    for its in scores:
        best = np.full(traces, -np.inf)
        np.maximum.at(best, trace, its)
        top = its >= best[trace]
        rows.append(np.bincount(trace, top * table.fits, traces) / np.bincount(trace, top, traces))
    speaks_for = np.bincount(trace, table.weight, traces)
    of_session = np.zeros(traces, dtype=np.intp)
    of_session[trace] = session
    return np.asarray(rows, dtype=np.float64)[:, fitted], speaks_for[fitted].astype(np.float64), of_session[fitted]


def _area(table: Table, scores: Floats, session: Numbers) -> Callable[[Floats], Floats]:
    """The area under the curve: how often a pair that fits has a higher score than one that does not; ties count half."""
    order = [np.unique(its, return_inverse=True)[1] for its in scores]

    def area(counts: Floats) -> Floats:
        found = np.full((len(counts), 2), np.nan)
        for at, often in enumerate(counts):
            weight = often[session] * table.weight
            for row, place in enumerate(order):
                good = np.bincount(place, weight * table.fits)
                bad = np.bincount(place, weight * (1.0 - table.fits))
                whole = good.sum() * bad.sum()
                if whole > 0:
                    found[at, row] = (good @ (np.cumsum(bad) - 0.5 * bad)) / whole
        return found

    return area


def _matched(table: Table, its: Floats) -> Matched:
    above = its >= MIN_CONFIDENCE
    return Matched(pairs=int(above.sum()), fitting=int(table.fits[above].sum()))
