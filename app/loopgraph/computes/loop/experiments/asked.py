"""What may not be asked of a run, though each input alone may be what it is."""

from __future__ import annotations

from loopgraph.computes.loop.experiments.experiment import MIN_UNITS
from loopgraph.computes.loop.experiments.looks import first_units
from loopgraph.contracts.counted import counted
from loopgraph.contracts.loop.design import ExperimentDesign
from loopgraph.contracts.loop.feedback import LoopInput
from loopgraph.contracts.statistics.plans import Horizon
from loopgraph.errors import InvalidInput

LEAST_LEVEL = 1e-9
"""The least significance level: so far out the quantiles are exact, and no experiment reaches beyond."""


def check_sample_size(units: int, path: str = "input") -> None:
    """Raises InvalidInput for so few units of an arm that nothing is decided by them."""
    if units < MIN_UNITS:
        raise InvalidInput(f"{path}.minSampleSize", f"must be at least {MIN_UNITS}, not {units}: fewer decide nothing")


def check_asked(wanted: LoopInput, path: str = "input") -> None:
    """Raises InvalidInput, with the field below ``path`` as a client writes it, for inputs by which a run could come to nothing.

    Runs that are kept may have been asked so before it was refused; therefore it is no rule of ``LoopInput``.
    """
    design = wanted.design
    check_sample_size(wanted.min_sample_size, path)
    if wanted.significance_level < LEAST_LEVEL:
        raise InvalidInput(
            f"{path}.significanceLevel", f"must be at least {LEAST_LEVEL:g}, not {wanted.significance_level:g}"
        )
    if design.horizon is not Horizon.GROUP_SEQUENTIAL:
        for field, name in (("planned_looks", "plannedLooks"), ("spending", "spending")):
            if field in design.model_fields_set:
                raise InvalidInput(
                    f"{path}.design.{name}",
                    f"is for GROUP_SEQUENTIAL alone: leave it out, or the horizon {design.horizon.name}",
                )
    compared = _least_treated(design)
    if design.max_units is not None and design.max_units < (least := first_units(compared)):
        raise InvalidInput(
            f"{path}.design.maxUnits",
            f"must be at least {least}, not {design.max_units}: so many units of both arms the first look needs, "
            f"where {compared.treatment_share:g} of them get the treatment",
        )
    if not design.stages and design.stage_units != ExperimentDesign.model_fields["stage_units"].default:
        raise InvalidInput(
            f"{path}.design.stageUnits", "is for stages, of which there are none: leave it out, or add stages"
        )
    if design.max_units is not None and design.max_units < (least := design.least_staged):
        raise InvalidInput(
            f"{path}.design.maxUnits",
            f"must be at least {least}, not {design.max_units}: so much the stages before the last one tell, each with "
            f"{counted(design.stage_units, 'unit')} of either arm",
        )


def _least_treated(design: ExperimentDesign) -> ExperimentDesign:
    """The design of the comparison that is looked at last: of several candidates, the one with the least share against the
    control."""
    shares = design.candidate_shares
    return design.beside(min(shares), 1.0 - sum(shares)) if shares else design
