"""Executions that are uses of patterns, by what came of them: how they ended is not all of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from loopgraph.contracts.loop.feedback import Execution
from loopgraph.contracts.traces.success import Outcome
from loopgraph.contracts.traces.uses import UseFigures

LOW_SCORE: Final = "low_score"
"""The error type of an execution of which each criterion is as it must be, but not all of them together."""


def with_outcomes(executions: Sequence[Execution], figures: Mapping[str, UseFigures]) -> list[Execution]:
    """The executions, those with figures as these judge them, and with what they used."""
    return [
        _with_figures(execution, each)
        if (each := figures.get(execution.execution_id)) and execution.ended
        else execution
        for execution in executions
    ]


def _with_figures(execution: Execution, figures: UseFigures) -> Execution:
    if figures.outcome:
        execution = _judged(execution, figures.outcome)
    if not figures.model_calls:
        return execution
    cost = None if figures.unpriced_calls else figures.cost_usd
    tokens = figures.input_tokens + figures.output_tokens
    return execution.model_copy(update={"tokens": tokens, "cost_usd": cost})


def _judged(execution: Execution, outcome: Outcome) -> Execution:
    failure = execution.error_type
    if outcome.success is False and failure is None:
        unmet = (result.criterion.value for result in outcome.criteria if result.met is False)
        failure = next(unmet, LOW_SCORE)
    return execution.model_copy(update={"success": outcome.success, "error_type": failure})
