"""Makes cosines of different models comparable.

One model gives two unrelated prompts 0.1 and a paraphrase 0.75, another 0.7 and 0.9. So each is asked for pairs of which it
is known what they are, and its cosines are put on that scale: 0 is as near as prompts on other subjects are, 1 as a usual
paraphrase.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from loopgraph.contracts.learning.embeddings import Vectors

PARAPHRASES: Final = (
    ("make the search box case insensitive", "searching should ignore upper and lower case"),
    ("the cron job runs twice, find out why", "why is the scheduled job executed two times?"),
    ("store sessions in redis", "use Redis as the session store"),
    ("add a spinner while the images load", "show a loading indicator until pictures are there"),
    ("our docker image is huge, shrink it", "reduce the size of the docker image"),
    ("write a bash script to rotate the backups", "create a shell script that rotates backup files"),
    ("the tooltip is cut off at the window border", "fix the tooltip that is clipped at the edge of the window"),
    ("use dependency injection in the mailer", "inject the dependencies of the mailer"),
    ("what is the purpose of the outbox table?", "explain what the outbox table is for"),
    ("sort imports in every python file", "order the imports of all python modules"),
    ("make the parser accept trailing commas", "allow trailing commas in the parser"),
    ("check in the generated client code", "commit the client code that was generated"),
)
"""Prompts of one meaning. None of them is in a test."""


class Scale(NamedTuple):
    """The cosines that stand for 0 and 1."""

    unrelated: float
    paraphrase: float

    def part(self, cosine: float) -> float:
        """The semantic part of a score, 0..1."""
        return float(min(max((cosine - self.unrelated) / (self.paraphrase - self.unrelated), 0.0), 1.0))

    def parts(self, cosines: Vectors) -> Vectors:
        """The same of many."""
        parts: Vectors = np.clip((cosines - self.unrelated) / (self.paraphrase - self.unrelated), 0.0, 1.0)
        return parts


LEAST_APART: Final = 0.05
"""A model for which paraphrases are not this much nearer than other prompts tells nothing; the scale is held this wide."""


def texts() -> list[str]:
    """What a model is to embed to be put on the scale."""
    return [text for pair in PARAPHRASES for text in pair]


def scale_of(vectors: Vectors) -> Scale:
    """The scale of the model that made these vectors of ``texts()``."""
    ones, others = vectors[0::2], vectors[1::2]
    cosines = ones @ others.T
    alike = float(np.mean(np.diagonal(cosines)))
    apart = cosines[~np.eye(len(ones), dtype=bool)]
    unrelated = float(np.mean(apart))
    return Scale(unrelated, max(alike, unrelated + LEAST_APART))
