"""Vectors of a model that others run, by the API of embeddings that OpenAI has and many others speak."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from loopgraph.contracts.learning.embeddings import ModelId, NoEmbedding, Vectors, of_length_one

AT_ONCE: Final = 64
"""So many texts go into one request."""
READ: Final = 8_000
"""So many characters of a text are sent."""
LONGEST_ANSWER: Final = 64 * 1024 * 1024
_SHOWN: Final = 200


class EmbeddingEndpoint:
    """An API at ``url``, up to where ``/embeddings`` follows. ``key`` may be empty: then none is sent. ``timeout_s`` is for each
    request as a whole, from connecting to the last byte of the answer.

    What runs there has no version that the API tells: ``version`` is what the settings say of it, and is changed with the model.
    """

    semantic = True

    def __init__(self, url: str, model: str, key: str, timeout_s: float, version: str = "1") -> None:
        self._url = f"{url.rstrip('/')}/embeddings"
        self._model = model
        self._key = key
        self._timeout_s = timeout_s
        self._version = version
        self._lock = threading.Lock()
        self._id: ModelId | None = None

    def load(self) -> ModelId:
        """Which model it is; its dimension is told by its first answer. Raises NoEmbedding."""
        with self._lock:
            if self._id is None:
                dimension = self._request(["which dimension is this?"]).shape[1]
                self._id = ModelId(name=self._model, version=self._version, dimension=dimension)
            return self._id

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts, asked for ``AT_ONCE`` at a time. Raises NoEmbedding."""
        dimension = self.load().dimension
        vectors = np.zeros((len(texts), dimension), dtype=np.float32)
        for begin in range(0, len(texts), AT_ONCE):
            part = texts[begin : begin + AT_ONCE]
            found = self._request([text[:READ] or " " for text in part])
            if found.shape[1] != dimension:
                raise NoEmbedding(f"{self._url}: its vectors have {found.shape[1]} numbers now, and had {dimension}")
            vectors[begin : begin + len(part)] = found
        return vectors

    def _request(self, texts: list[str]) -> Vectors:
        """Asks in a loop of its own: there, one deadline ends whatever it waits for, a connection, a header or the answer."""
        loop = asyncio.new_event_loop()
        try:
            status, body = loop.run_until_complete(self._answer(texts))
        finally:
            loop.close()
        return self._vectors(status, body, len(texts))

    async def _answer(self, texts: list[str]) -> tuple[int, bytes]:
        import httpx

        headers = {"authorization": f"Bearer {self._key}"} if self._key else {}
        asked = {"model": self._model, "input": texts, "encoding_format": "float"}
        # A redirection is not followed: the key is for this address alone.
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                httpx.AsyncClient(timeout=self._timeout_s, follow_redirects=False) as client,
                client.stream("POST", self._url, json=asked, headers=headers) as answer,
            ):
                body = bytearray()
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > LONGEST_ANSWER:
                        raise NoEmbedding(f"{self._url}: the answer is longer than {LONGEST_ANSWER:,} bytes")
                return answer.status_code, bytes(body)
        except TimeoutError as error:
            raise NoEmbedding(f"{self._url}: the answer takes longer than {self._timeout_s:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoEmbedding(self._plain(f"{self._url}: {str(error) or type(error).__name__}")) from error

    def _vectors(self, status: int, body: bytes, count: int) -> Vectors:
        try:
            found: Any = json.loads(body)
        except (ValueError, RecursionError):
            found = None
        if status != 200:
            problem = found.get("error") if isinstance(found, dict) else None
            words = problem.get("message") if isinstance(problem, dict) else problem
            raise NoEmbedding(self._plain(f"{self._url}: it answers {status}{f': {words}' if words else ''}"))
        try:
            rows = sorted(found["data"], key=lambda row: row["index"])
            if [row["index"] for row in rows] != list(range(count)):
                raise NoEmbedding(f"{self._url}: it answers {len(rows)} vectors for {count} texts")
            vectors = np.asarray([row["embedding"] for row in rows], dtype=np.float32)
        except (TypeError, LookupError, ValueError) as error:
            raise NoEmbedding(f"{self._url}: it answers, and not as an API of embeddings does") from error
        if vectors.ndim != 2 or not vectors.shape[1] or not np.isfinite(vectors).all():
            raise NoEmbedding(f"{self._url}: it answers, and not as an API of embeddings does")
        return of_length_one(vectors)

    def _plain(self, text: str) -> str:
        """Words of others on one line, cut, and without the key, which some repeat."""
        words = " ".join(text.split())
        return (words.replace(self._key, "…") if self._key else words)[:_SHOWN]
