"""Generators of others: what they do cannot spoil anything."""

from __future__ import annotations

import importlib
import sys
import threading
from pathlib import Path

import pytest

from loopgraph.computes.loop.proposing.proposals import BUILT_IN
from loopgraph.contracts.loop.feedback import FeedbackType
from loopgraph.contracts.loop.proposals import Analysis, Proposal
from loopgraph.effects.loop.generators import Generators
from loopgraph.errors import SetupError
from loopgraph.reducers.performance import summarize_executions
from support.generators import install
from support.waiting import PATIENCE_S, until

PROMPT = ("team", "unhurried", "raising", "leaving", "talking", "meddling")
NAMES = (*PROMPT, "dozing", "hanging")


def analysis() -> Analysis:
    return Analysis(
        pattern_id="p",
        pattern_name="greet",
        pattern_type="prompt",
        node_id="p-1",
        version=1,
        feedback_type=FeedbackType.ALL,
        template_code="Say hello.",
        parameters={"timeout_ms": 1000},
        summary=summarize_executions([]),
    )


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    install(
        tmp_path,
        monkeypatch,
        **{name: f"team_rules:{name}" for name in NAMES},
        gone="team_rules:nothing",
        lost="no_such:x",
    )
    monkeypatch.delitem(sys.modules, "team_rules", raising=False)
    return None


async def test_one_that_fails_keeps_no_other_from_being_heard(installed: object) -> None:
    generators = Generators.named([*PROMPT, "gone", "lost", "reliability"], BUILT_IN, PATIENCE_S)
    given = analysis()
    answers = {answer.generator: answer for answer in await generators.ask(given)}
    assert list(answers) == generators.names
    for name in ("team", "unhurried"):
        [proposal] = answers[name].items
        assert isinstance(proposal, Proposal)
        assert answers[name].problem is None
    assert list(answers["talking"].items) == list("use more tokens")
    assert (list(answers["reliability"].items), answers["reliability"].problem) == ([], None)
    assert {name: answer.problem for name, answer in answers.items() if answer.problem} == {
        "raising": "failed: ValueError: no idea for AKIAQWERTYUIOPASDFGH",
        "leaving": "failed: SystemExit: 3",
        "gone": "failed: AttributeError: module 'team_rules' has no attribute 'nothing'",
        "lost": "failed: ModuleNotFoundError: No module named 'no_such'",
    }
    assert given == analysis(), "each has a copy of its own"


@pytest.mark.lengthy
async def test_one_that_does_not_come_back_is_not_waited_for_nor_asked_again_until_it_has(installed: object) -> None:
    importlib.import_module("team_rules")
    generators = Generators.named(["hanging", "dozing"], BUILT_IN, 0.2)
    try:
        first = {answer.generator: answer.problem for answer in await generators.ask(analysis())}
        assert first["hanging"] == "did not come back within 0.2 s"
        assert first["dozing"] in ("failed: TimeoutError", "did not come back within 0.2 s")
        assert "generator hanging" in [thread.name for thread in threading.enumerate()]
        again = {answer.generator: answer.problem for answer in await generators.ask(analysis())}
        assert again["hanging"] == "was not asked: it has not come back from an earlier run yet"
    finally:
        sys.modules["team_rules"].gate.set()

    async def is_asked_again() -> bool:
        answers = await generators.ask(analysis())
        problem = next(answer.problem for answer in answers if answer.generator == "hanging")
        return not (problem or "").startswith("was not asked")

    await until(is_asked_again)


def test_a_name_is_that_of_one_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    install(tmp_path / "a", monkeypatch, team="team_rules:team", quality="team_rules:raising")
    assert Generators.named(["team", "quality"], BUILT_IN).names == ["team", "quality"]
    with pytest.raises(
        SetupError, match=r"'teams' is the name of none; there are performance, reliability, quality, transfer, team$"
    ):
        Generators.named(["teams"], BUILT_IN)
    install(tmp_path / "b", monkeypatch, "other_rules", team="other_rules:team")
    with pytest.raises(SetupError, match="'team' is that of 2 installed packages"):
        Generators.named(["team"], BUILT_IN)
