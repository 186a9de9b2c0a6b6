"""How often signals hold, over traces and over units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopgraph.contracts.traces.signals import SignalKind, SignalRate, SignalSummary, TraceSignals
from loopgraph.reducers.samples import percentile, wilson_interval


def signal_summary(signals: Sequence[TraceSignals], units: Mapping[str, str], *, truncated: bool) -> SignalSummary:
    """What the signals of traces come to; ``units`` has the unit of each trace, by its correlation id."""
    completed = [one.completed_ms for one in signals if one.completed_ms is not None]
    resolved = [one.resolved_ms for one in signals if one.resolved_ms is not None]
    return SignalSummary(
        traces=len(signals),
        units=len({units[one.correlation_id] for one in signals}),
        truncated=truncated,
        rates=tuple(_rate(kind, signals, units) for kind in SignalKind),
        median_completed_ms=percentile(completed, 50),
        median_resolved_ms=percentile(resolved, 50),
    )


def _rate(kind: SignalKind, signals: Sequence[TraceSignals], units: Mapping[str, str]) -> SignalRate:
    told = [
        (units[one.correlation_id], signal.holds) for one in signals for signal in one.signals if signal.kind is kind
    ]
    known = [(unit, holds) for unit, holds in told if holds is not None]
    with_it = {unit for unit, holds in known if holds}
    n = len({unit for unit, _ in known})
    return SignalRate(
        kind=kind,
        traces=len(signals),
        known=len(known),
        holding=sum(holds for _, holds in known),
        units=n,
        holding_units=len(with_it),
        rate=len(with_it) / n if n else None,
        interval=wilson_interval(len(with_it), n),
    )
