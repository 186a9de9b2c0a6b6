"""Which traces are of one kind, without embeddings: those whose prompts are about the same, in the same words.

This is what is known of a prompt where nothing better is installed; ``orchestrators/learning/matching`` goes by meaning.
"""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Final

import orjson

from loopgraph.computes.learning.plans.alignment import similarity
from loopgraph.contracts.learning.features import PromptFeatures
from loopgraph.contracts.learning.lessons import TracePlan
from loopgraph.contracts.learning.plans import Plan

SAME_WAY: Final = 0.5
"""So alike are the steps of a successful trace, at least, to the plan of a pattern that it joins by words alone."""


_READ: Final = 4_000

LEAST_LETTERS: Final = 4
"""A prompt with fewer letters (``y``, ``1``, ``ok``) answers something, and asks for nothing that comes again. A letter of a
script without capital letters tells as much as two."""


def feature_key(features: PromptFeatures, prompt: str) -> str:
    """The same of prompts that are about the same: a digest of the action, of the words in whatever order, and of what makes
    other work of the same words. Where no words are known (stop words only), nothing says what prompts are about, and only the
    same text is about the same."""
    told = [features.action, features.intent, sorted(features.keywords), *filter(None, [sorted(features.contrasts)])]
    if not features.keywords:
        told.append(hashlib.sha256(_normalised(prompt).encode("utf-8", "surrogatepass")).hexdigest())
    return hashlib.sha256(orjson.dumps(told)).hexdigest()[:32]


def tells_enough(prompt: str) -> bool:
    """Whether a prompt has letters enough to say what is asked for."""
    counted = 0
    for char in _normalised(prompt[:_READ]):
        counted += {"Ll": 1, "Lu": 1, "Lt": 1, "Lm": 1, "Lo": 2}.get(unicodedata.category(char), 0)
        if counted >= LEAST_LETTERS:
            return True
    return False


def _normalised(prompt: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", prompt).casefold().split())


def goes_the_same_way(trace: TracePlan, plan: Plan) -> bool:
    """Whether the steps of a trace are so much those of a plan that it is another way to do the same."""
    return similarity(trace.sequence, [step.key for step in plan.steps]) >= SAME_WAY
