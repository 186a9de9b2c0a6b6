"""From the executions of two versions to what each unit did with each: one row for a unit and a version."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from loopgraph.contracts.loop.design import Metric
from loopgraph.contracts.loop.distinctions import Circumstances, Factor
from loopgraph.contracts.loop.feedback import Execution
from loopgraph.contracts.loop.retrospection import ObservedUnit
from loopgraph.reducers.performance import metric_values
from loopgraph.reducers.samples import mean, percentile


def observed_units(
    executions: Sequence[Execution], candidate: str, metric: Metric, circumstances: Mapping[str, Circumstances]
) -> list[ObservedUnit]:
    """What the units did, one row for each and a version: only executions that report the metric count.

    The level of a unit is that of most of its executions, of equally many the first by name; of the input's size it is the
    quarter, of the units of both versions, in which the mean of its prompts lies.
    """
    groups: defaultdict[tuple[str, bool], list[tuple[Execution, float]]] = defaultdict(list)
    for execution in executions:
        for value in metric_values((execution,), metric):
            groups[execution.unit, execution.node_id == candidate].append((execution, value))
    sizes = {key: _mean_size([one for one, _ in group], circumstances) for key, group in groups.items()}
    cuts = _quarters([size for size in sizes.values() if size is not None])
    found = []
    for key, group in groups.items():
        known = [circumstances[one.execution_id] for one, _ in group if one.execution_id in circumstances]
        levels = {factor: level for factor in Factor if (level := _usual(known, factor)) is not None}
        if (size := sizes[key]) is not None and cuts:
            levels[Factor.INPUT_SIZE] = _quarter(size, cuts)
        instants = [one.started_at for one, _ in group]
        value = mean([value for _, value in group])
        found.append(ObservedUnit(*key, value, len(group), levels, min(instants), max(instants)))
    return found


def _usual(known: Iterable[Circumstances], factor: Factor) -> str | None:
    counts = Counter(" + ".join(sorted(names)) for one in known if (names := one.levels.get(factor)))
    return min(counts, key=lambda name: (-counts[name], name)) if counts else None


def _mean_size(executions: Sequence[Execution], circumstances: Mapping[str, Circumstances]) -> float | None:
    sizes = [
        size
        for one in executions
        if (known := circumstances.get(one.execution_id)) and (size := known.input_size) is not None
    ]
    return mean(sizes) if sizes else None


def _quarters(sizes: Sequence[float]) -> list[float]:
    """The bounds of quarters, each once; none where all are of one size."""
    cuts = {cut for share in (25, 50, 75) if (cut := percentile(sizes, share)) is not None}
    return sorted(cut for cut in cuts if cut < max(sizes))


def _quarter(size: float, cuts: Sequence[float]) -> str:
    above = [cut for cut in cuts if size > cut]
    if not above:
        return f"≤ {cuts[0]:.0f}"
    return f"> {above[-1]:.0f}" if len(above) == len(cuts) else f"{above[-1]:.0f}-{cuts[len(above)]:.0f}"
