"""Which weights of a match fit what came of prompts: what was observed, and how good the weights are that follow from it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from loopgraph.contracts.base import Contract
from loopgraph.contracts.learning.features import MatchContext, PromptFeatures
from loopgraph.contracts.learning.lessons import Role, TracePlan
from loopgraph.contracts.learning.matching import MatchWeights


class Past(NamedTuple):
    """A trace that is over, as it was learned from: what it was asked, and where; which pattern it taught (None: a failed one
    that waits for one); and for how many traces it speaks. That is 0 if it was handed a plan: the way that it went is not its
    own. One of a session from which plans were withheld by chance speaks for those that were given one."""

    correlation_id: str
    time_key: str
    session: str
    prompt: str
    features: PromptFeatures
    context: MatchContext
    role: Role
    pattern_id: str | None
    plan: TracePlan
    speaks_for: float = 1.0


class Pair(NamedTuple):
    """A prompt and a learned pattern as it was before the prompt: the parts of the score in the order of ``MatchPart``, NaN where
    one was not known; whether it fitted: the trace of the prompt succeeded, and went the way of the pattern's plan. ``weight``:
    all pairs of a trace come to what the trace speaks for."""

    trace: str
    session: str
    parts: tuple[float, float, float, float, float]
    fits: bool
    weight: float


class Reason(StrEnum):
    """Why weights are not recommended."""

    TOO_FEW_SESSIONS = "too_few_sessions"
    NOTHING_FITS = "nothing_fits"
    ALL_FIT = "all_fit"
    NOT_SURELY_BETTER = "not_surely_better"


class Figure(Contract):
    """A figure of held-out pairs by the weights of the seed and by the learned ones; their difference, learned less seed's, with
    its interval at 95 %."""

    seed: float
    learned: float
    difference: float
    low: float
    high: float


class Matched(Contract):
    """Held-out pairs whose score is that of a match, and those among them that fitted."""

    pairs: int
    fitting: int


class Weighed(Contract):
    """What the past says of the weights. ``learned`` are those of all pairs, ``in_use`` those of the settings. The figures,
    None where there is nothing to hold out, are of pairs that the weights which they are by were not learned from:
    ``log_loss`` (less is better), ``area`` under the curve of fitting pairs over others, and ``first``: of the prompts for
    which some pattern fitted, the share for which the one with the highest score did. ``reason`` is None if the learned ones
    are recommended. ``handed_out`` traces were given a plan and are left out."""

    traces: int
    sessions: int
    pairs: int
    fitting: int
    handed_out: int
    in_use: MatchWeights
    learned: MatchWeights
    log_loss: Figure | None = None
    area: Figure | None = None
    first: Figure | None = None
    seed_matches: Matched | None = None
    learned_matches: Matched | None = None
    reason: Reason | None
