"""What optimizers of texts leave behind: the candidates that they tried, of what each was made, and how well it did."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from loopgraph.contracts.base import Contract, JsonMap, Name, Text

MOST_CANDIDATES = 10_000


class OptimizerCandidate(Contract):
    """A text that was tried.

    ``parents`` are positions of earlier ones in the graph, several where it was merged; ``score`` is the mean over the
    optimizer's examples, higher being better, ``best_on`` on how many of them no other candidate did better.
    """

    text: Text
    parents: tuple[Annotated[int, Field(ge=0)], ...]
    score: Annotated[float, Field(allow_inf_nan=False)]
    best_on: Annotated[int, Field(ge=0)] = 0


class CandidateGraph(Contract):
    """All candidates of one run of an optimizer, each after its parents. ``about`` is what else it says of the run."""

    optimizer: Name
    candidates: Annotated[tuple[OptimizerCandidate, ...], Field(min_length=1, max_length=MOST_CANDIDATES)]
    about: JsonMap = {}

    @model_validator(mode="after")
    def _after_their_parents(self) -> Self:
        for position, candidate in enumerate(self.candidates):
            if any(parent >= position for parent in candidate.parents):
                raise ValueError(f"candidate {position} stands before a parent of its own")
        return self
