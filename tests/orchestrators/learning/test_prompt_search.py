"""Which model answers: that of the settings, the one from before while that one embeds, letters where there is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta

import pytest

from loopgraph.computes.learning.requests.prompts import features_of
from loopgraph.contracts.learning.embeddings import Embedder, ModelId, NoEmbedding, Vectors
from loopgraph.contracts.learning.features import MatchContext
from loopgraph.contracts.learning.matching import MatchAnswer
from loopgraph.effects.clock import now
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.learning.embedding_endpoint import EmbeddingEndpoint
from loopgraph.effects.learning.offline_model import OfflineModel
from loopgraph.effects.learning.prompts import ALL_PROMPTS, PromptReads
from loopgraph.effects.schema import schema
from loopgraph.orchestrators.learning import prompt_search
from loopgraph.orchestrators.learning.matching import Matching
from loopgraph.orchestrators.learning.prompt_index import OVERLAP
from loopgraph.orchestrators.learning.prompt_search import PromptSearch
from support.embedding_api import EmbeddingApi, embedding_api
from support.learned import Learned, learn
from support.own_engine import OwnEngine, own_embedded
from support.traces import statement
from support.waiting import PATIENCE_S, until

OFFLINE = OfflineModel()
PROMPTS = (
    "fix the login timeout in auth.py",
    "deploy the billing service to staging",
    "add a retry to the payment client",
)
REQUEST = "please repair the login timeout in auth.py"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnEngine]:
    with own_embedded(tmp_path_factory.mktemp("own")) as engine:
        yield engine


@pytest.fixture
async def graph(own: OwnEngine) -> AsyncIterator[Graph]:
    """A graph of its own: here it counts how many prompts there are."""
    async with Graph.open(own.with_new_database(prepared=True)) as opened:
        await schema.prepare(opened)
        yield opened


def endpoint(api: EmbeddingApi, version: str = "1") -> EmbeddingEndpoint:
    return EmbeddingEndpoint(api.url, "small", "", PATIENCE_S, version)


def matcher(graph: Graph, wanted: Embedder, *earlier: Embedder) -> tuple[PromptSearch, Matching]:
    reads = PromptReads(graph)
    search = PromptSearch(reads, wanted, earlier)
    return search, Matching(search, reads)


async def ask(matching: Matching) -> MatchAnswer:
    answer = await matching.answer(REQUEST, MatchContext())
    assert answer.matches[0].exemplar == PROMPTS[0]
    return answer


class Slow:
    """A model whose embedding of prompts, not of questions, waits until it may go on."""

    semantic = True

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.let = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def load(self) -> ModelId:
        return self._embedder.load()

    def embed(self, texts: Sequence[str]) -> Vectors:
        if set(texts) & set(PROMPTS):
            asyncio.run_coroutine_threadsafe(self.let.wait(), self._loop).result(PATIENCE_S)
        return self._embedder.embed(texts)


@pytest.mark.lengthy
async def test_where_nothing_was_learned_nothing_is_found_until_something_is(graph: Graph) -> None:
    search, matching = matcher(graph, OFFLINE)
    assert await PromptReads(graph).counts() == {ALL_PROMPTS: 0}
    await matching.look()
    answer = await matching.answer(REQUEST, MatchContext())
    assert (answer.matches, answer.searched, answer.complete, answer.note) == ((), 0, True, None)
    assert await matching.closest(REQUEST, answer.features, MatchContext()) == []
    assert (await search.embed_all())[1] == 0
    await learn(graph, Learned([PROMPTS[0]]))
    await matching.look()
    await ask(matching)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_another_model_embeds_in_the_background_while_the_old_one_answers(graph: Graph) -> None:
    await learn(graph, *(Learned([text]) for text in PROMPTS))
    reads = PromptReads(graph)
    _, before = matcher(graph, OFFLINE)
    assert (await ask(before)).model == OFFLINE.load().key
    with embedding_api() as api:
        slow = Slow(endpoint(api))
        search, matching = matcher(graph, slow, OFFLINE)
        answer = await ask(matching)
        assert answer.model == OFFLINE.load().key
        assert answer.note == f"small@1#64 is embedding what there is; until it has, {OFFLINE.load().key} answers"
        working = asyncio.create_task(search.run_forever())
        try:
            assert (await ask(matching)).model == OFFLINE.load().key
            slow.let.set()

            async def changed_over() -> bool:
                return (await ask(matching)).model == "small@1#64"

            await until(changed_over)
        finally:
            working.cancel()
        answer = await ask(matching)
        assert (answer.note, answer.semantic, answer.complete, answer.searched) == (None, True, True, 3)
    counts = await reads.counts()
    assert counts == {ALL_PROMPTS: 3, OFFLINE.load().key: 3, "small@1#64": 3}
    assert await reads.forget_others(slow.load()) == 3
    assert await reads.counts() == {ALL_PROMPTS: 3, "small@1#64": 3}


class Held(PromptReads):
    """Reads that wait until they may go on."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.let = asyncio.Event()

    async def ids(self) -> list[str]:
        await self.let.wait()
        return await super().ids()


@pytest.mark.lengthy
async def test_who_asks_before_all_is_read_is_answered_and_told(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_search, "PATIENCE_S", 0.0)
    await learn(graph, *(Learned([text]) for text in PROMPTS))
    reads = Held(graph)
    matching = Matching(PromptSearch(reads, OFFLINE), reads)
    answer = await matching.answer(REQUEST, MatchContext())
    assert (answer.matches, answer.complete, answer.note) == (
        (),
        False,
        "the prompts are being read; 0 are compared yet",
    )
    reads.let.set()
    await matching.look()
    answer = await ask(matching)
    assert (answer.complete, answer.note, answer.searched) == (True, None, 3)


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_embedding_goes_on_where_it_was_stopped(graph: Graph) -> None:
    await learn(graph, *(Learned([text]) for text in PROMPTS))
    with embedding_api() as api:
        search, _ = matcher(graph, endpoint(api))
        told = list[tuple[int, int]]()
        model, embedded = await search.embed_all(lambda seen, made: told.append((seen, made)))
        assert (model.key, embedded, told) == ("small@1#64", 3, [(3, 3)])
        await learn(graph, Learned(["rename the helper"]))
        asked = len(api.asked)
        _, embedded = await search.embed_all()
        assert embedded == 1
        assert [body["input"] for _, _, body in api.asked[asked:]] == [["rename the helper"]]
        _, embedded = await matcher(graph, endpoint(api, version="2"))[0].embed_all()
        assert embedded == 4


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_of_two_processes_one_embeds_and_the_other_takes_it_in(graph: Graph) -> None:
    await learn(graph, *(Learned([text]) for text in PROMPTS))
    long_ago = now() - 10 * OVERLAP  # who looks for what has changed lately finds none of them
    await statement(graph, "MATCH (l:LearnedPattern) SET l.updated_at = $at", at=long_ago)
    with embedding_api() as api:
        slow = Slow(endpoint(api))
        (first, _), (second, asked) = matcher(graph, slow), matcher(graph, endpoint(api))
        assert (
            await asked.answer(REQUEST, MatchContext())
        ).searched == 0  # both have read what there is, and lack it all
        model = await asyncio.to_thread(slow.load)
        working = asyncio.create_task(first.embed_all())

        async def is_at_it() -> bool:
            return not await PromptReads(graph).take_turn(model, timedelta(0))

        await until(is_at_it)
        waiting = asyncio.create_task(second.embed_all())
        slow.let.set()
        assert ((await working)[1], (await waiting)[1]) == (3, 0)
        answer = await ask(asked)
        assert (answer.searched, answer.complete, answer.model) == (3, True, "small@1#64")


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_letters_answer_and_say_so_where_the_model_does_not(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt_search, "RETRY_S", 0.0)
    await learn(graph, *(Learned([text]) for text in PROMPTS))
    with embedding_api() as api:
        _, matching = matcher(graph, endpoint(api))
        api.status, api.body = 503, b'{"error": "no room"}'
        answer = await ask(matching)
        assert (answer.semantic, answer.model, answer.complete) == (False, "letters@1#512", True)
        assert answer.note == f"{api.url}/embeddings: it answers 503: no room; prompts are compared by their letters"
        api.status, api.body = 200, None
        answer = await ask(matching)
        assert (answer.semantic, answer.note) == (True, None)
        api.status, api.body = 503, b"{}"
        answer = await matching.answer(f"{REQUEST} again", MatchContext())
        assert answer.semantic is False
        assert answer.note is not None
        assert answer.note.endswith("until it answers, prompts are compared by their letters")


@pytest.mark.lengthy
async def test_a_model_that_cannot_be_loaded_is_no_error_of_who_asks(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacks(self: OfflineModel) -> ModelId:
        raise NoEmbedding("the model cannot be loaded: it lacks")

    monkeypatch.setattr(OfflineModel, "load", lacks)
    await learn(graph, *(Learned([text]) for text in PROMPTS))
    search, matching = matcher(graph, OfflineModel())
    answer = await ask(matching)
    assert answer.note == "the model cannot be loaded: it lacks; prompts are compared by their letters"
    await matching.look()
    await matching.prepare(["x"])
    with pytest.raises(NoEmbedding):
        await search.embed_all()


@pytest.mark.lengthy
async def test_a_model_that_failed_is_left_in_peace(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_search, "RETRY_S", float("inf"))
    await learn(graph, *(Learned([text]) for text in PROMPTS))
    with embedding_api() as api:
        _, matching = matcher(graph, endpoint(api))
        assert (await ask(matching)).semantic is True
        api.status, api.body = 503, b"{}"
        asked = len(api.asked)
        newcomers = [f"{REQUEST} {number}" for number in range(20)]
        await matching.prepare(newcomers)
        for text in newcomers:
            await matching.closest(text, features_of(text), MatchContext())
        answer = await matching.answer(f"{REQUEST} again", MatchContext())
        assert len(api.asked) == asked + 1
        assert answer.semantic is False
        assert answer.note is not None
        assert answer.note.startswith(f"{api.url}/embeddings: it answers 503")


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_those_who_wait_for_a_model_to_load_ask_once(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_search, "RETRY_S", float("inf"))
    with embedding_api() as api:
        api.status, api.body = 503, b"{}"
        rested = prompt_search.Rested(endpoint(api))
        answers = await asyncio.gather(*(asyncio.to_thread(rested.load) for _ in range(4)), return_exceptions=True)
        assert [type(answer) for answer in answers] == [NoEmbedding] * 4
        assert len(api.asked) == 1
