"""The candidates of one run as a family: with no more than the level's probability is any of them applied that is no better, or
that breaks a guardrail by its margin (Holm, Scand. J. Statist. 6, 1979).

They are tested one after the other, or several beside each other. The p-values of those that were decided, or that are looked at
together, are known, and those to come count as tests that have
none yet. So what is shown at a look is shown by Holm's procedure over all, too, whatever comes: a p-value that comes later can
only lower the adjusted ones. The p-values hold at the looks of the design: always-valid ones and those of group-sequential
bounds at whatever look an experiment ended, those of a fixed horizon at its only one.

What is refuted before a candidate is applied is "it is no better, or it breaks one of its guardrails". That is a union, and its
p-value the greatest of its parts' (an intersection-union test; Berger, Technometrics 24, 1982): so the number of guardrails costs
nothing, and Holm's procedure goes over these p-values, one for each candidate.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from loopgraph.computes.loop.experiments.experiment import MAX_CONFIDENCE, tested_p_value
from loopgraph.computes.loop.statistics.families import adjusted
from loopgraph.contracts.loop.experiments import Decision, ExperimentResult, GuardrailResult, UnitEstimate
from loopgraph.contracts.statistics.decisions import Guardrail, GuardrailStatus


def in_family(result: ExperimentResult, earlier: Iterable[ExperimentResult], candidates: int) -> ExperimentResult:
    """The result as that of one of so many candidates; ``earlier`` are those of the candidates that were decided before.

    ``adjusted_p_value`` is what it is decided by, and ``confidence_score`` goes by that. A guardrail that is held only if nobody
    else is counted is open.
    """
    before = [_whole_p_value(each) for each in earlier]
    size = max(candidates, len(before) + 1)
    to_come = [None] * (size - len(before) - 1)

    def corrected(own: float | None) -> float | None:
        return adjusted([*before, own, *to_come])[len(before)]

    p_value = corrected(tested_p_value(result))
    found: dict[str, object] = {"family_size": size, "adjusted_p_value": p_value}
    if size > 1:
        found["confidence_score"] = None if p_value is None else min(MAX_CONFIDENCE, 1 - p_value)
    details = result.details
    if isinstance(details, UnitEstimate):
        guardrails = [_corrected(each, corrected(_p_value(each.guardrail))) for each in details.guardrails]
        found["details"] = details.model_copy(update={"guardrails": tuple(guardrails)})
    return result.model_copy(update=found)


def _corrected(result: GuardrailResult, p_value: float | None) -> GuardrailResult:
    guardrail = result.guardrail
    if guardrail.status is GuardrailStatus.HELD and (p_value is None or p_value >= guardrail.level):
        guardrail = guardrail.model_copy(update={"status": GuardrailStatus.OPEN})
    return result.model_copy(update={"guardrail": guardrail, "adjusted_p_value": p_value})


def _whole_p_value(result: ExperimentResult) -> float | None:
    """Of all that has to be refuted before a candidate is applied; None where a part of it cannot be told (yet)."""
    parts = [tested_p_value(result), *map(_p_value, _guardrails(result))]
    known = [each for each in parts if each is not None]
    return max(known) if len(known) == len(parts) else None


def _guardrails(result: ExperimentResult) -> Sequence[Guardrail]:
    details = result.details
    return [each.guardrail for each in details.guardrails] if isinstance(details, UnitEstimate) else []


def _p_value(guardrail: Guardrail) -> float | None:
    """That of a loss as large as the margin. Guardrails of rates had none before there was a correction: one that was held was so
    at its level."""
    if guardrail.p_value is None and guardrail.status is GuardrailStatus.HELD:
        return guardrail.level
    return guardrail.p_value


def decided_before(
    decisions: Iterable[Decision], experiment_id: str, candidates: Collection[str]
) -> list[ExperimentResult]:
    """What the other experiments of a run came to, and candidates of this one that are not among the improvements looked at, each
    once: a reviewer's decision repeats the result that it rests on."""
    results: dict[tuple[str, str], ExperimentResult] = {}
    for decision in sorted(decisions, key=lambda item: item.decided_at):
        if decision.experiment_id is None or decision.result is None:
            continue
        if decision.experiment_id != experiment_id or decision.improvement_id not in candidates:
            results.setdefault((decision.experiment_id, decision.improvement_id), decision.result)
    return list(results.values())
