"""How well a learned pattern fits a prompt: the five parts of seed 003 §3.2, each 0..1."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from loopgraph.contracts.base import Contract, Unit
from loopgraph.contracts.learning.features import MatchContext, PromptFeatures
from loopgraph.contracts.learning.plans import LearnedPattern

MIN_CONFIDENCE: Final = 0.70
"""The least score of a match, if nobody says another: the seed's."""
MAX_RESULTS: Final = 5
"""So many matches, if nobody says how many: the seed's."""
LONGEST_REQUEST: Final = 20_000
"""So many characters a request may have."""


class MatchPart(StrEnum):
    """The parts of a score, under the seed's names."""

    SEMANTIC = "semantic"
    KEYWORD = "keyword"
    INTENT = "intent"
    CONTEXT = "context"
    HISTORICAL = "historical"


class MatchWeights(Contract):
    """What each part weighs; they sum to 1. The defaults are the seed's."""

    semantic: Unit = 0.40
    keyword: Unit = 0.20
    intent: Unit = 0.20
    context: Unit = 0.10
    historical: Unit = 0.10

    def __str__(self) -> str:
        """As ``weights_of`` reads them, to four digits."""
        return ",".join(f"{part.value}={getattr(self, part.value):.4g}" for part in MatchPart)


SEED_WEIGHTS: Final = MatchWeights()
MOST_WEIGHT: Final = 1_000_000.0


def weights_of(text: str) -> MatchWeights:
    """Weights that are written like ``semantic=0.4,keyword=0.2,intent=0.2,context=0.1,historical=0.1``: each part once, in any
    order; made to sum to 1. Raises ValueError, whose words say what is wrong."""
    names = [part.value for part in MatchPart]
    numbers: dict[str, float] = {}
    for entry in filter(None, (one.strip() for one in text.split(","))):
        name, _, written = (one.strip() for one in entry.partition("="))
        if name not in names:
            raise ValueError(f"{name!r} is no part of a score; these are: {', '.join(names)}")
        if name in numbers:
            raise ValueError(f"{name} is there twice")
        try:
            numbers[name] = float(written)
        except ValueError:
            raise ValueError(f"the weight of {name} must be a number such as 0.2, not {written!r}") from None
        if not 0.0 <= numbers[name] <= MOST_WEIGHT:
            raise ValueError(f"the weight of {name} must be between 0 and {MOST_WEIGHT:,.0f}, not {written}")
    if missing := [name for name in names if name not in numbers]:
        raise ValueError(f"{', '.join(missing)} must be named too; write it like {SEED_WEIGHTS}")
    of_prompts = [part.value for part in MatchPart if part not in (MatchPart.CONTEXT, MatchPart.HISTORICAL)]
    if not any(numbers[name] for name in of_prompts):
        raise ValueError(f"one of {', '.join(of_prompts)} must weigh more than 0: the others are not always known")
    whole = math.fsum(numbers.values())
    return MatchWeights(**{name: number / whole for name, number in numbers.items()})


class Record(NamedTuple):
    """So many patterns have this record."""

    successes: int
    failures: int
    patterns: int


class Prior(NamedTuple):
    """What success is expected of a pattern before its own record is known: ``base``, the success rate of all traces, which
    weighs as much as ``strength`` runs."""

    base: float
    strength: float


class MatchScore(Contract):
    """A score with its parts. ``explanation`` says in words what it comes from. ``vetoed`` says why this is no match
    whatever the parts sum up to: the request asks for another action; None if nothing does.

    ``context`` is None where nothing is known that could be compared, ``historical``, the success that is expected, while
    nothing has been run: the others make up the total then, in the proportion of their weights."""

    total: Unit
    semantic: Unit
    keyword: Unit
    intent: Unit
    context: Unit | None
    historical: Unit | None
    explanation: str
    vetoed: str | None = None


class PatternMatch(Contract):
    """A learned pattern that fits a prompt. ``expected_success`` is how probable it is that a run of its kind succeeds, None
    while there was none. ``exemplar`` is the prompt of it that is nearest, None if its text is not kept."""

    pattern: LearnedPattern
    score: MatchScore
    expected_success: Unit | None = None
    exemplar: str | None = None


class MatchAnswer(Contract):
    """The matches of a request, best first, and what they were found with. ``model`` is the key of the embedding model;
    ``semantic`` whether it compares meanings; where it does not, or is not the model of the settings, ``note`` says why.
    ``features`` are those of the request, ``weights`` what the parts of scores weighed. ``searched`` is how many exemplars
    were compared, ``complete`` whether those are all that there are: the rest is yet to be embedded."""

    matches: tuple[PatternMatch, ...]
    features: PromptFeatures
    weights: MatchWeights
    model: str
    semantic: bool
    note: str | None = None
    searched: int
    complete: bool = True


class Asking(NamedTuple):
    """A prompt that asks for something, with what is known of it."""

    prompt_text: str
    features: PromptFeatures
    context: MatchContext


class Closest(Protocol):
    """Finds the learned patterns that a prompt may belong to."""

    async def closest(
        self, prompt_text: str, features: PromptFeatures, context: MatchContext
    ) -> Sequence[tuple[str, float]]:
        """The ids of the nearest patterns that are matched (``Standing.ACTIVE``) and whose action does not differ, each with the
        total of its score without its history, best first; at most ten. Patterns committed before the last ``look`` are
        found, those of the last quarter of a second perhaps."""

    async def look(self) -> None:
        """Sees what has been committed up to now, by any process."""

    async def prepare(self, texts: Sequence[str]) -> None:
        """Embeds texts that ``closest`` will be asked about, together, which is several times faster."""

    async def among(self, prompts: Sequence[Asking], at_least: float) -> Sequence[Mapping[int, float]]:
        """Of each prompt which of the others ask for the same, as they would match if one of them had been learned from: by
        their places, the totals of scores without history that are ``at_least`` so much."""
