"""How often signals hold."""

from __future__ import annotations

import pytest
from scipy import stats

from loopgraph.contracts.traces.signals import Signal, SignalKind, TraceSignals
from loopgraph.reducers.signals import signal_summary


def trace(id_: str, retried: bool | None, completed: float | None = None) -> TraceSignals:
    signals = (Signal(kind=SignalKind.RETRIED, holds=retried, rule="inferred: repeated"),)
    return TraceSignals(correlation_id=id_, signals=signals, completed_ms=completed, resolved_ms=None, rounds=1)


def test_rates_are_of_units() -> None:
    traces = [trace("a", True, 1.0), trace("b", False, 3.0), trace("c", False), trace("d", None), trace("e", False)]
    units = {"a": "one", "b": "one", "c": "two", "d": "three", "e": "four"}
    summary = signal_summary(traces, units, truncated=True)
    rate = {one.kind: one for one in summary.rates}[SignalKind.RETRIED]
    assert (rate.traces, rate.known, rate.holding, rate.units, rate.holding_units) == (5, 4, 1, 3, 1)
    wilson = stats.binomtest(1, 3).proportion_ci(0.95, method="wilson")
    assert rate.rate == pytest.approx(1 / 3)
    assert rate.interval == pytest.approx((wilson.low, wilson.high))
    assert (summary.traces, summary.units, summary.truncated) == (5, 4, True)
    assert (summary.median_completed_ms, summary.median_resolved_ms) == (2.0, None)


def test_of_nothing_there_is_no_rate() -> None:
    summary = signal_summary([], {}, truncated=False)
    assert {one.rate for one in summary.rates} == {None}
    assert len(summary.rates) == len(SignalKind)
