"""A stand-in for an OpenAI-compatible API of embeddings."""

from __future__ import annotations

import json
import zlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from support.model_api import ModelApi, served


@dataclass
class EmbeddingApi(ModelApi):
    """It answers with vectors that go by the words of a text."""

    dimension: int = 64

    def answer(self, asked: dict[str, Any]) -> bytes:
        """A vector for each text of the input."""
        data = [
            {"object": "embedding", "index": index, "embedding": self.vector(text)}
            for index, text in enumerate(asked["input"])
        ]
        return json.dumps({"object": "list", "data": data[::-1], "model": "m"}).encode()  # in any order

    def vector(self, text: str) -> list[float]:
        """The sum of a direction for each word: not of length 1."""
        drawn = [np.full(self.dimension, 1e-3)]
        for word in text.lower().split():
            drawn.append(np.random.default_rng(zlib.crc32(word.encode())).standard_normal(self.dimension))
        return [float(number) for number in np.sum(drawn, axis=0)]


def embedding_api() -> AbstractContextManager[EmbeddingApi]:
    """The API, while it answers."""
    return served(EmbeddingApi())
