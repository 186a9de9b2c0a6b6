"""Rules for executions whose results are not good."""

from __future__ import annotations

import math
from typing import Final

from loopgraph.computes.loop.rules.parameters import is_number, wording
from loopgraph.contracts.loop.feedback import ImprovementType
from loopgraph.contracts.loop.proposals import Analysis, Proposal

POOR: Final = 0.8
"""Below this mean quality score the rules speak."""

COOL: Final = 0.2
"""A temperature up to this is left alone."""

EFFORT_KEYS: Final = ("reasoning_effort", "effort")
EFFORTS: Final = ("minimal", "low", "medium", "high")


def lower_temperature(analysis: Analysis) -> Proposal | None:
    """Poor results of a model that is given much freedom: half of it."""
    summary, parameters = analysis.summary, analysis.parameters
    quality, current = summary.mean_quality_score, parameters.get("temperature")
    if quality is None or quality >= POOR or not is_number(current) or not math.isfinite(current) or current <= COOL:
        return None
    changes = {"temperature": round(current / 2, 3)}
    return Proposal(
        rule="lower_temperature",
        improvement_type=ImprovementType.QUALITY,
        description=f"The mean quality score is {quality:.2f}. {wording(parameters, changes)}, so that results vary less.",
        parameters={**parameters, **changes},
        evidence={"execution_count": summary.execution_count, "mean_quality_score": quality},
    )


def raise_effort(analysis: Analysis) -> Proposal | None:
    """Poor results of a model that is asked to think little: one step more."""
    summary, parameters = analysis.summary, analysis.parameters
    quality = summary.mean_quality_score
    key = next((key for key in EFFORT_KEYS if parameters.get(key) in EFFORTS[:-1]), None)
    if quality is None or quality >= POOR or key is None:
        return None
    changes = {key: EFFORTS[EFFORTS.index(parameters[key]) + 1]}
    return Proposal(
        rule="raise_effort",
        improvement_type=ImprovementType.QUALITY,
        description=f"The mean quality score is {quality:.2f}. {wording(parameters, changes)}.",
        parameters={**parameters, **changes},
        evidence={"execution_count": summary.execution_count, "mean_quality_score": quality},
    )


RULES: Final = (lower_temperature, raise_effort)
"""In the order in which their proposals are made."""
