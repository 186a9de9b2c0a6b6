"""What a prompt is about, as far as matching goes by it."""

from __future__ import annotations

from loopgraph.computes.learning.requests.contrasts import contrasts
from loopgraph.computes.learning.requests.intents import asked_for
from loopgraph.computes.learning.requests.keywords import keywords
from loopgraph.contracts.learning.features import PromptFeatures


def features_of(prompt: str) -> PromptFeatures:
    """The features of a prompt, of whatever length: of a long one the beginning and the end are read."""
    asked = asked_for(prompt)
    return PromptFeatures(
        action=asked.action, intent=asked.intent, keywords=keywords(prompt), contrasts=contrasts(prompt)
    )
