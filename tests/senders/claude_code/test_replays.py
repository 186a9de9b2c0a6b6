"""The real Claude Code, offline, is handed the plan of a learned pattern with a prompt that it fits: ``make agents`` brings it.

The stand-in for its model sees what the client sends it: the plan of sessions that are given it, and none of the others.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from conftest import settings_for
from loopgraph.computes.learning.matches.withholding import draw
from loopgraph.effects.clock import new_id
from senders.claude_code.test_endings import ANSWER, CLIENT, Home, Place, bash
from support import stand_in
from support.engines import EngineUnderTest
from support.learned import Learned, learn
from support.replays import plan, set_plan
from support.service import Service, serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CLIENT.exists(), reason="Claude Code is not there for this platform: make agents"),
]


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    more = {"loop_poll_ms": 3_600_000, "replay_at": 0.6, "replay_withheld_share": 0.5}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("loopgraph.orchestrators.learning.replays.PATIENCE_S", 60.0)
        async with serving(settings_for(embedded_engine).model_copy(update=more)) as service:
            yield service


@pytest.mark.parametrize("withheld", [False, True])
async def test_the_model_is_given_the_plan_unless_it_is_withheld(
    withheld: bool, service: Service, embedded_engine: EngineUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = list[str]()
    answered = stand_in.Model._messages

    def hearing(model: stand_in.Model, asked: Any) -> None:
        heard.append(json.dumps(asked))
        answered(model, asked)

    monkeypatch.setattr(stand_in.Model, "_messages", hearing)
    word = f"p{new_id().replace('-', '')[-10:]}"
    prompt = f"fix the login timeout in {word}.py"
    one = Learned([prompt])
    await learn(service.parts.graph, one)
    await set_plan(service.parts.graph, one, plan("Read", "Bash"))
    await service.parts.matching.look()
    home = Home(Place(tmp_path, service.url, embedded_engine), {word: [bash("echo done")]})
    await home.install()
    session = next(id_ for id_ in iter(new_id, "") if draw(id_, 0.5).withheld is withheld)
    assert ANSWER in await home.run("--session-id", session, "--", prompt)
    told = [text for text in heard if word in text]
    assert told
    for text in told:
        assert (f"pattern {one.pattern_id}" in text and "  1. Read" in text) is not withheld
    log = await service.execute("learning_replay_offers", patternId=one.pattern_id)
    [offer] = [edge["node"] for edge in log["edges"]]
    assert (offer["withheld"], offer["trace"]["status"]) == (withheld, "SUCCESS")
