"""Texts as vectors of their letters: what there is without a model. It knows words that are spelled alike, and no meaning."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import Final

import numpy as np

from loopgraph.contracts.learning.embeddings import ModelId, Vectors, of_length_one

DIMENSION: Final = 512
READ: Final = 2_000
"""So many characters of a text are read."""
_GRAMS: Final = (3, 4)
_SPACE: Final = re.compile(r"[^\w]+")


class Lexical:
    """Runs of three and four letters within words, hashed into ``DIMENSION`` numbers with a sign, each counted as its root."""

    semantic = False
    model = ModelId(name="letters", version="1", dimension=DIMENSION)

    def load(self) -> ModelId:
        """Which model it is; it is always ready."""
        return self.model

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts."""
        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word in _SPACE.split(text[:READ].lower()):
                padded = f" {word} "
                for length in _GRAMS:
                    for start in range(len(padded) - length + 1):
                        hashed = zlib.crc32(padded[start : start + length].encode())
                        row[hashed % DIMENSION] += 1.0 if hashed & 0x8000_0000 else -1.0
        vectors = np.sign(vectors) * np.sqrt(np.abs(vectors))
        return of_length_one(vectors)
