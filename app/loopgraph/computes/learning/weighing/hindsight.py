"""Prompts beside the learned patterns as they were before them: which would have fitted, and by which score.

Traces are taken in their order. Each is compared with the patterns that those before it made: their prompts, their counts,
their way. So none is its own prompt, or counts in the record that speaks for it, and none is judged by what came later. That
one way was to leave each out of patterns as they are now would not do: the record without a success is less than that without
a failure, and a part of the score would tell the outcome from its own absence.

A pattern fitted a prompt if the trace of that succeeded and its steps are, by ``SAME_WAY``, those that the pattern's traces
have taken. Whether the trace joined the pattern does not count: the score decides that, and it would prove itself right.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from loopgraph.computes.learning.grouping import SAME_WAY
from loopgraph.computes.learning.matches.expecting import expected_of, prior_of
from loopgraph.computes.learning.matches.scoring import Candidate, score
from loopgraph.computes.learning.plans.alignment import similarity
from loopgraph.computes.learning.plans.merging import SAMPLE, Sequence_, best_way
from loopgraph.computes.learning.plans.teaching import MOST_EXEMPLARS, is_new_prompt
from loopgraph.computes.learning.requests.actions import differ
from loopgraph.computes.learning.requests.calibration import Scale
from loopgraph.contracts.learning.embeddings import Vectors
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.learning.lessons import PlainExemplar, Role
from loopgraph.contracts.learning.matching import MatchPart, Prior, Record
from loopgraph.contracts.learning.weighing import Pair, Past

CANDIDATES: Final = 40
"""With so many patterns a prompt is compared, the nearest by meaning: as many as are scored when one asks."""
_FRESH: Final = 1.05
"""What is expected of all patterns is told anew when so many times the traces are known."""


@dataclass
class _Pattern:
    """A learned pattern as some traces have made it."""

    ways: list[Sequence_] = field(default_factory=list)
    prompts: list[PlainExemplar] = field(default_factory=list)
    successes: int = 0
    failures: int = 0
    context: MatchContext = field(default_factory=MatchContext)
    _best: Sequence_ | None = None

    def take(self, one: Past) -> bool:
        """A trace teaches it; whether it keeps the prompt."""
        project = one.context.project
        if self.successes and self.context.project != project:
            self.context = self.context.model_copy(update={"project": None})
        if one.role is Role.FAILURE:
            self.failures += 1
            return False
        if not self.successes:
            self.context = MatchContext(domain=one.context.domain, project=project)
        self.successes += 1
        self.ways = [*self.ways[1 - SAMPLE :], one.plan.sequence]
        self._best = None
        digest = hashlib.sha256(" ".join(one.prompt.casefold().split()).encode()).hexdigest()
        keeps = len(self.prompts) < MOST_EXEMPLARS and is_new_prompt(one.prompt, digest, self.prompts)
        if keeps:
            self.prompts.append(PlainExemplar(one.correlation_id, one.prompt, digest, one.features))
        return keeps

    @property
    def runs(self) -> int:
        """How many traces have taught it."""
        return self.successes + self.failures

    @property
    def way(self) -> Sequence_:
        """The steps of its plan."""
        if self._best is None:
            self._best = best_way(self.ways)
        return self._best


class _Expecting:
    """What success is expected of patterns, told anew as their records grow."""

    def __init__(self) -> None:
        self.waiting = 0
        self._known = 0.0
        self._prior = prior_of(())

    def prior(self, traces: int, patterns: Iterable[_Pattern]) -> Prior:
        """What is expected after so many traces."""
        if traces >= self._known * _FRESH:
            records = Counter((one.successes, one.failures) for one in patterns if one.successes)
            self._prior = prior_of((Record(*key, many) for key, many in records.items()), self.waiting)
            self._known = traces
        return self._prior


def pairs_of(past: Sequence[Past], vectors: Vectors, scale: Scale) -> list[Pair]:
    """Traces with the patterns that they could have matched. ``vectors`` has a row for the prompt of each, of the model whose
    cosines ``scale`` is for. A trace for which no pattern with a plan was there makes no pair."""
    patterns: defaultdict[str, _Pattern] = defaultdict(_Pattern)
    shelves = defaultdict[str, list[tuple[int, str]]](list)  # prompts by their actions, with their patterns
    expecting, found = _Expecting(), list[Pair]()
    order = sorted(range(len(past)), key=lambda at: (past[at].time_key, past[at].correlation_id))
    for known, at in enumerate(order):
        one = past[at]
        if one.speaks_for:
            rows = [
                row for action, shelf in shelves.items() if not differ(one.features.action, action) for row in shelf
            ]
            nearest = _nearest(rows, at, vectors)
            found += _pairs(one, nearest, past, patterns, expecting.prior(known, patterns.values()), scale)
        if one.pattern_id is None:
            expecting.waiting += 1
        elif patterns[one.pattern_id].take(one):
            shelves[one.features.action].append((at, one.pattern_id))
    return found


def _nearest(rows: Sequence[tuple[int, str]], at: int, vectors: Vectors) -> dict[str, tuple[float, int]]:
    """Of the nearest patterns each the cosine of its nearest prompt, and the number of that."""
    if not rows:
        return {}
    cosines = vectors[[row for row, _ in rows]] @ vectors[at]
    nearest: dict[str, tuple[float, int]] = {}
    for place in np.argsort(-cosines, kind="stable").tolist():
        row, pattern_id = rows[place]
        if pattern_id not in nearest:
            nearest[pattern_id] = (float(cosines[place]), row)
            if len(nearest) == CANDIDATES:
                break
    return nearest


def _pairs(
    one: Past,
    nearest: dict[str, tuple[float, int]],
    past: Sequence[Past],
    patterns: dict[str, _Pattern],
    prior: Prior,
    scale: Scale,
) -> list[Pair]:
    parts: list[tuple[tuple[float, float, float, float, float], bool]] = []
    taken = one.plan.sequence
    for pattern_id, (cosine, row) in nearest.items():
        pattern = patterns[pattern_id]
        if not pattern.way:  # there is no plan to be handed out
            continue
        candidate = Candidate(
            semantic=scale.part(cosine),
            features=past[row].features,
            context=pattern.context,
            expected=expected_of(pattern.successes, pattern.runs, prior),
            runs=pattern.runs,
            successes=pattern.successes,
        )
        its = score(one.features, one.context, candidate)
        if its.vetoed is None:
            fits = one.role is Role.SUCCESS and similarity(taken, pattern.way) >= SAME_WAY
            values = [getattr(its, part.value) for part in MatchPart]
            semantic, keyword, intent, context, historical = (np.nan if value is None else value for value in values)
            parts.append(((semantic, keyword, intent, context, historical), fits))
    weight = one.speaks_for / max(1, len(parts))
    return [Pair(one.correlation_id, one.session, its, fits, weight) for its, fits in parts]
