"""Vectors of a model that others run, over real HTTP."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import numpy as np
import pytest

from loopgraph.contracts.learning.embeddings import NoEmbedding
from loopgraph.effects.learning.embedding_endpoint import AT_ONCE, READ, EmbeddingEndpoint
from support.embedding_api import EmbeddingApi, embedding_api


def endpoint(api: EmbeddingApi, key: str = "", timeout_s: float = 240.0) -> EmbeddingEndpoint:
    return EmbeddingEndpoint(api.url, "small", key, timeout_s, "2024-01")


@pytest.mark.lengthy
def test_the_vectors_of_texts_come_in_their_order_and_have_length_one() -> None:
    with embedding_api() as api:
        asked = endpoint(api, key="k-123")
        model = asked.load()
        texts = [f"prompt {number}" for number in range(2 * AT_ONCE + 1)]
        vectors = asked.embed(texts)
        wanted = np.asarray([api.vector(text) for text in texts], dtype=np.float32)
    assert model.key == "small@2024-01#64"
    np.testing.assert_allclose(vectors, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), rtol=1e-5)
    assert [len(body["input"]) for _, _, body in api.asked] == [1, AT_ONCE, AT_ONCE, 1]
    assert {path for path, _, _ in api.asked} == {"/v1/embeddings"}
    assert {headers["authorization"] for _, headers, _ in api.asked} == {"Bearer k-123"}
    assert {(body["model"], body["encoding_format"]) for _, _, body in api.asked} == {("small", "float")}


@pytest.mark.lengthy
def test_a_long_text_is_cut_and_an_empty_one_is_sent_as_a_space() -> None:
    with embedding_api() as api:
        endpoint(api).embed(["x" * (READ + 1), ""])
    _, _, body = api.asked[-1]
    assert [len(text) for text in body["input"]] == [READ, 1]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 401, "body": b'{"error": {"message": "wrong key k-123"}}'}, "it answers 401: wrong key …"),
        ({"status": 500, "body": b"oops"}, "it answers 500"),
        ({"status": 302, "location": "http://127.0.0.1:1/v1"}, "it answers 302"),
        ({"body": b"no json"}, "not as an API of embeddings does"),
        ({"body": b'{"data": [{"index": 0, "embedding": "text"}]}'}, "not as an API of embeddings does"),
        ({"body": b'{"data": [{"index": 0, "embedding": []}]}'}, "not as an API of embeddings does"),
        ({"body": b'{"data": [{"index": 0, "embedding": [NaN]}]}'}, "not as an API of embeddings does"),
        ({"body": json.dumps({"data": []}).encode()}, "it answers 0 vectors for 1 texts"),
    ],
)
def test_what_is_no_answer_says_why_and_keeps_the_key(answer: dict[str, object], words: str) -> None:
    with embedding_api() as api:
        for name, value in answer.items():
            setattr(api, name, value)
        with pytest.raises(NoEmbedding) as failed:
            endpoint(api, key="k-123").load()
    assert words in str(failed.value)
    assert api.url in str(failed.value)
    assert "k-123" not in str(failed.value)


@pytest.mark.lengthy
def test_an_endpoint_that_is_not_there_or_does_not_end_is_given_up() -> None:
    with embedding_api() as api:
        api.held = threading.Event()
        with pytest.raises(NoEmbedding):
            endpoint(api, timeout_s=0.2).load()
    with pytest.raises(NoEmbedding, match="/embeddings"):
        endpoint(api).load()


@contextmanager
def dripping(*, header: bool) -> Iterator[str]:
    """An endpoint that sends one line of its header, or one byte of its answer, after the other, and comes to no end."""
    ended = threading.Event()

    def drip(client: socket.socket) -> None:
        with client, suppress(OSError):
            client.recv(65_536)
            client.sendall(b"HTTP/1.1 200 OK\r\n" + (b"" if header else b"content-type: application/json\r\n\r\n"))
            while not ended.wait(0.05):
                client.sendall(b"x-a: b\r\n" if header else b" ")

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        finally:
            ended.set()
            server.shutdown(socket.SHUT_RDWR)


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("header", [True, False])
def test_an_answer_that_drips_is_given_up_and_holds_nobody_up(header: bool) -> None:
    with dripping(header=header) as url:
        asked = EmbeddingEndpoint(url, "small", "", 0.5)
        for _ in range(2):  # the second finds the lock free
            with pytest.raises(NoEmbedding, match=r"the answer takes longer than 0\.5 s"):
                asked.load()


@pytest.mark.lengthy
def test_a_model_whose_dimension_changes_is_not_mixed() -> None:
    with embedding_api() as api:
        asked = endpoint(api)
        asked.load()
        api.dimension = 32
        with pytest.raises(NoEmbedding, match="have 32 numbers now, and had 64"):
            asked.embed(["x"])
