"""Decisions in words: why an improvement was applied, rejected, or left for a person."""

from __future__ import annotations

from typing import Final

from loopgraph.contracts.loop.design import Metric
from loopgraph.contracts.loop.experiments import Decision, ExperimentResult, GuardrailResult, UnitEstimate
from loopgraph.contracts.loop.feedback import ImprovementStatus, Reason, Verdict
from loopgraph.contracts.statistics.decisions import GuardrailStatus

_WORDS: Final = {
    Reason.INSUFFICIENT_SAMPLES: "Too few units report what is compared.",
    Reason.ZERO_VARIANCE: "All units of an arm are the same, so that there is no test.",
    Reason.SIGNIFICANT_IMPROVEMENT: "The candidate is shown to be better.",
    Reason.SIGNIFICANT_REGRESSION: "The candidate is shown to be worse.",
    Reason.NOT_SIGNIFICANT: "No difference could be told from chance.",
    Reason.BELOW_APPLY_THRESHOLD: "The candidate is shown to be better, but not as surely as applying by itself asks for.",
    Reason.FEWER_SUCCESSES: "The candidate fails more often.",
    Reason.AB_TESTING_DISABLED: "The run was asked not to experiment, so a person decides.",
    Reason.APPLY_REFUSED: "The candidate is shown to be better, but could not be put into use when its turn came.",
    Reason.CANDIDATE_NOT_DRAFT: "The candidate is no draft any more.",
    Reason.HIGH_RISK: "The candidate is shown to be better, but so risky that a reviewer is to look at it.",
    Reason.GUARDRAIL_BREACHED: "A guarded metric is shown to be worse by more than its margin.",
    Reason.GUARDRAIL_OPEN: "The candidate is shown to be better, but not that what is guarded is held.",
    Reason.TRADE_OFF: "The candidate is shown to be better, and a guarded metric shown to be worse, within its margin.",
    Reason.TOO_SMALL_GAIN: "The gain is shown to be smaller than the smallest that matters.",
    Reason.OUTPERFORMED: "Another candidate of the same experiment did better, and goes before it.",
    Reason.NO_ESTIMATE: "The method cannot use the values that were reported.",
}

_REVIEWED: Final = {
    Verdict.APPLY: "A reviewer approved it.",
    Verdict.REJECT: "A reviewer rejected it.",
    Verdict.REVIEW: "A reviewer decided.",
}

_ROLLED_BACK: Final = (
    "Applied, it got worse than in its proof and was rolled back: what was in use before is in use again."
)

_STATUSES: Final = {
    GuardrailStatus.HELD: "held",
    GuardrailStatus.BREACHED: "breached",
    GuardrailStatus.OPEN: "open",
}


def explanation(decision: Decision, status: ImprovementStatus | None = None) -> str:
    """Why it was decided so, with the trade-off where something is guarded, and with what its maker noted.

    With the ``status`` of the improvement also that it was rolled back since.
    """
    reviewed = decision.reason is Reason.REVIEWED
    parts = [_REVIEWED[decision.verdict] if reviewed else _WORDS.get(decision.reason, decision.reason.value)]
    if decision.result is not None:
        parts += _figures(decision.result)
    if decision.note:
        parts.append(decision.note if decision.note.endswith(".") else f"{decision.note}.")
    if status is ImprovementStatus.ROLLED_BACK:
        parts.append(_ROLLED_BACK)
    return " ".join(parts)


def _figures(result: ExperimentResult) -> list[str]:
    details = result.details
    gain = result.performance_delta
    parts = [] if gain is None else [f"{result.metric.value}: {_changed(result.metric, gain)}."]
    guardrails = details.guardrails if isinstance(details, UnitEstimate) else ()
    return [*parts, *_family(result), *map(_guardrail, guardrails)]


def _family(result: ExperimentResult) -> list[str]:
    if result.family_size == 1 or result.adjusted_p_value is None or result.p_value is None:
        return []
    corrected = f"p is {result.p_value:.2g} by itself, {result.adjusted_p_value:.2g} corrected for all of them"
    return [f"It is one of {result.family_size} candidates of its run: {corrected}."]


def _guardrail(result: GuardrailResult) -> str:
    guardrail, metric = result.guardrail, result.metric
    allowed = _amount(guardrail.margin.value, metric)
    if guardrail.loss is None:
        return f"{metric.value} is guarded ({_STATUSES[guardrail.status]}): nothing can be told of it yet."
    how = _amount(abs(guardrail.loss), metric)
    said = f"{how} {'worse' if guardrail.loss > 0 else 'better'}" if guardrail.loss else "the same"
    most = ""
    if guardrail.loss_interval is not None:
        worst = guardrail.loss_interval[1]
        most = f", at worst {_amount(abs(worst), metric)} {'worse' if worst > 0 else 'better'}"
    alone = ""
    if guardrail.status is GuardrailStatus.OPEN and result.by_itself is GuardrailStatus.HELD:
        alone = f" By itself it would be held; corrected for all candidates p is {result.adjusted_p_value:.2g}."
    return (
        f"{metric.value} is guarded ({_STATUSES[guardrail.status]}): {said}{most}; {allowed} worse is allowed.{alone}"
    )


def _changed(metric: Metric, gain: float) -> str:
    return f"{abs(gain):.1%} {'better' if gain > 0 else 'worse' if gain < 0 else 'different'}"


def _amount(value: float, metric: Metric) -> str:
    """A share, of a rate points, of a composite standard deviations."""
    if metric is Metric.COMPOSITE:
        return f"{value:.2f} deviations"
    return f"{100 * value:.3g} points" if metric.is_rate else f"{value:.1%}"
