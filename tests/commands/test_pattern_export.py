"""``loopgraph pattern export``: the plan of a learned pattern as a skill, which is then a pattern as any other."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from conftest import settings_for
from loopgraph.effects.clock import new_id
from support.command import command
from support.engines import EngineUnderTest
from support.learned import Learned, learn
from support.replays import plan, set_plan
from support.service import Service, serving


@pytest.fixture(scope="module")
async def service(embedded_engine: EngineUnderTest) -> AsyncIterator[Service]:
    async with serving(settings_for(embedded_engine)) as service:
        yield service


@pytest.mark.lengthy
async def test_a_plan_is_written_out_as_a_skill(service: Service, tmp_path: Path) -> None:
    word = f"p{new_id().replace('-', '')[-10:]}"
    one = Learned([f"Fix: the login timeout ({word})"])
    await learn(service.parts.graph, one)
    await set_plan(service.parts.graph, one, plan("Read", "Edit"))
    about = (one.pattern_id, "--url", service.url)
    code, told, _ = await command("pattern", "export", *about)
    assert code == 0
    assert "  1. Read\n  2. Edit\n" in told

    skill = (*about, "--skill", "--folder", tmp_path)
    file = tmp_path / f"fix-the-login-timeout-{word}" / "SKILL.md"
    for _ in range(2):
        code, told, _ = await command("pattern", "export", *skill)
        assert (code, told) == (0, f"{file}: the plan of {one.pattern_id}, version 1\n")
    code, told, _ = await command("pattern", "export", *about, "--json")
    assert (code, json.loads(told)["patternId"]) == (0, one.pattern_id)
    text = file.read_text()
    assert text.startswith(
        f"---\nname: {file.parent.name}\ndescription: Steps that worked for requests to fix the login"
    )
    assert "  1. Read\n  2. Edit\n" in text
    assert "[Loopgraph]" not in text
    assert text.endswith("leave it where it does not.\n")

    file.write_text("mine")
    code, _, wrong = await command("pattern", "export", *skill)
    assert code == 1
    assert "says something else already" in wrong
    assert file.read_text() == "mine"
    code, _, wrong = await command("pattern", "export", "nowhere", "--url", service.url)
    assert (code, "nowhere" in wrong) == (1, True)
