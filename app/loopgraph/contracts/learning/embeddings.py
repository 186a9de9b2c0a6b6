"""Models that turn texts into vectors, so that texts of one meaning are near each other."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Annotated, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from loopgraph.contracts.base import Contract

Vectors = NDArray[np.float32]
"""Of shape (texts, dimension); every row has length 1, or is zero for a text that says nothing to the model."""


class ModelId(Contract):
    """Which model made a vector. Vectors of different ones cannot be compared."""

    name: Annotated[str, Field(pattern=r"^[^@|\s]{1,120}$")]
    version: Annotated[str, Field(pattern=r"^[^|\s]{1,60}$")]
    dimension: Annotated[int, Field(ge=1, le=8_192)]

    @property
    def key(self) -> str:
        """The model as one text, ``name@version#dimension``."""
        return f"{self.name}@{self.version}#{self.dimension}"


class NoEmbedding(Exception):
    """A model gives no vectors now; its words say why."""


class Embedder(Protocol):
    """A model at hand."""

    semantic: bool
    """Whether texts are near each other by what they mean, and not by their letters alone."""

    def load(self) -> ModelId:
        """Which model it is, made ready. Blocks; later calls answer at once. Raises NoEmbedding."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts, in their order. Blocks. Raises NoEmbedding."""


def of_length_one(vectors: NDArray[Any]) -> Vectors:
    """The same directions; a vector that is zero stays so."""
    numbers = vectors.astype(np.float32, copy=False)
    lengths = np.linalg.norm(numbers, axis=1, keepdims=True)
    made: Vectors = np.divide(numbers, lengths, out=np.zeros_like(numbers), where=lengths > 0)
    return made


def packed(vector: NDArray[np.float32]) -> str:
    """A vector as text: its numbers as little-endian 32-bit floats, in base64. Every engine keeps that as it is."""
    return base64.b64encode(np.ascontiguousarray(vector, dtype="<f4").tobytes()).decode("ascii")


def unpacked(texts: Sequence[str], dimension: int) -> Vectors:
    """The vectors of ``packed`` texts. Raises ValueError for one that has another dimension."""
    data = b"".join(base64.b64decode(text) for text in texts)
    numbers: NDArray[Any] = np.frombuffer(data, dtype="<f4")
    return numbers.astype(np.float32, copy=False).reshape(len(texts), dimension)
