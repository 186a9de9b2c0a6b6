"""The door for a pattern's text, and ``loopgraph pattern render`` through a real socket."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from loopgraph.api.http.renderings import rendering_routes
from loopgraph.clients.render import rendered
from loopgraph.computes.definitions.adoption import adopted
from loopgraph.contracts.audit import ActorType, Origin
from loopgraph.contracts.lineage.changes import NewPattern, NewVersion
from loopgraph.contracts.lineage.definitions import DefinitionKind
from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.lineage.definitions import DefinitionReads
from loopgraph.effects.lineage.reads import LineageReads
from loopgraph.effects.lineage.writes import Lineage
from loopgraph.orchestrators.access.rate_limits import RateLimits
from loopgraph.orchestrators.loop.assignment import Assignments
from loopgraph.orchestrators.loop.rendering import Renderings
from support.service import listening
from support.traces import make_version
from support.uses import define
from support.waiting import PATIENCE_S

SKILL = "---\nname: triage\n---\n# Triage {}\n"


@contextlib.asynccontextmanager
async def doors(graph: Graph) -> AsyncIterator[str]:
    app = Starlette(routes=rendering_routes)
    renderings = Renderings(LineageReads(graph), DefinitionReads(graph), Assignments(graph))
    app.state.services = SimpleNamespace(callers=None, rate_limits=RateLimits(None, None, None), renderings=renderings)
    async with listening(app) as url:
        yield url


@pytest.fixture(scope="session")
async def url(graph: Graph) -> AsyncIterator[str]:
    async with doors(graph) as url:
        yield url


async def ask(url: str, **request: Any) -> tuple[int, dict[str, Any]]:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        response = await client.post(f"{url}/api/patterns/render", json={"unit": "s1", **request})
    answer: dict[str, Any] = response.json()
    return response.status_code, answer.get("error", answer)


@pytest.mark.lengthy
async def test_the_body_of_the_version_in_use(graph: Graph, url: str) -> None:
    name = f"triage-{new_id()}"
    _, node_id = await define(graph, DefinitionKind.SKILL, name, SKILL.format(1), SKILL.format(2), folder="/home/dev/p")
    status, answer = await ask(url, pattern=name)
    assert status == 200
    assert answer["pattern_id"]
    assert answer == {
        "text": "# Triage 2\n", "pattern_id": answer["pattern_id"], "node_id": node_id, "version": 2, "unit": "s1",
        "experiment_id": None, "arm": None,
    }  # fmt: skip
    assert (await ask(url, pattern=answer["pattern_id"]))[1]["node_id"] == node_id
    assert (await ask(url, pattern=f"/{name}", kind="skill"))[1]["node_id"] == node_id
    assert (await ask(url, pattern=name, kind="command"))[0] == 404


@pytest.mark.lengthy
async def test_of_one_name_the_one_of_the_folder_is_meant(graph: Graph, url: str) -> None:
    name, node_ids = f"triage-{new_id()}", {}
    for folder in ("/home/dev/p", "/home/dev/p/sub", "/home/dev/other"):
        [node_ids[folder]] = await define(graph, DefinitionKind.SKILL, name, SKILL.format(folder), folder=folder)
    for folder, meant in {
        "/home/dev/p": "/home/dev/p",
        "/home/dev/p/src": "/home/dev/p",
        "/home/dev/p/sub/deep": "/home/dev/p/sub",
        "/home/dev/other": "/home/dev/other",
    }.items():
        assert (await ask(url, pattern=name, folder=folder))[1]["node_id"] == node_ids[meant], folder
    status, error = await ask(url, pattern=name, folder="/elsewhere")
    assert (status, error["field"]) == (400, "pattern")
    assert "is the name of several" in error["message"]


@pytest.mark.lengthy
@pytest.mark.parametrize(
    ("body", "arguments", "text"),
    [
        ("Fix bug $ARGUMENTS now.", "42 please", "Fix bug 42 please now."),
        ("From $1 to $2, not $3.", "'a b' c", "From a b to c, not ."),
        ("From $0 to $1.", "a b", "From a to b."),
        ("$ARGUMENTS[1] before $ARGUMENTS[0]", "a b", "b before a"),
        ("Costs $1000 and ${HOME}.", "x", "Costs $1000 and ${HOME}.\n\nARGUMENTS: x\n"),
        ("# Triage\n\n", "bug 42", "# Triage\n\nARGUMENTS: bug 42\n"),
        ("Fix $ARGUMENTS", None, "Fix $ARGUMENTS"),
    ],
)
async def test_arguments(graph: Graph, url: str, body: str, arguments: str | None, text: str) -> None:
    name = f"fix-{new_id()}"
    await define(graph, DefinitionKind.COMMAND, name, f"---\ndescription: d\n---\n{body}")
    assert (await ask(url, pattern=name, arguments=arguments))[1]["text"] == text


@pytest.mark.lengthy
async def test_a_prompt_is_rendered_whole_by_its_id(graph: Graph, url: str) -> None:
    node_id = await make_version(graph)
    [version] = (await LineageReads(graph).versions([node_id])).values()
    assert (await ask(url, pattern=version.pattern_id))[1]["node_id"] == node_id


@pytest.mark.lengthy
async def test_a_prompt_that_is_no_file_is_rendered_by_its_name_too(graph: Graph, url: str) -> None:
    name = f"Summarise a diff {new_id()}"
    origin = Origin(actor_type=ActorType.USER, actor_id="tester")
    version = NewVersion(template_code="Summarise: {{diff}}", activate=True)
    created = await Lineage(graph).create_pattern(NewPattern(name=name, pattern_type="prompt"), version, origin)
    for kind in ({}, {"kind": "prompt"}):
        status, answer = await ask(url, pattern=name, folder="/home/dev/p", **kind)
        assert (status, answer["node_id"], answer["text"]) == (200, created.version.node_id, "Summarise: {{diff}}")
    assert (await ask(url, pattern=name, kind="skill"))[0] == 404


@pytest.mark.lengthy
async def test_what_cannot_be_rendered_says_why(graph: Graph, url: str) -> None:
    name = f"gone-{new_id()}"
    status, error = await ask(url, pattern=name)
    assert (status, error["code"]) == (404, "NOT_FOUND")
    assert name in error["message"]
    own = f"own-{new_id()}"
    await define(graph, DefinitionKind.SKILL, own, adopted(SKILL.format(1), "skill:x"))
    status, error = await ask(url, pattern=own)
    assert (status, error["field"]) == (400, "pattern")
    assert "fetches its own text" in error["message"]
    for wrong, field in (
        ({"unit": " "}, "unit"),
        ({"kind": "song"}, "kind"),
        ({"pattern": ""}, "pattern"),
        ({"x": 1}, "x"),
    ):
        status, error = await ask(url, **{"pattern": own, **wrong})
        assert (status, error["field"]) == (400, field)


async def test_the_command_prints_it(graph: Graph, url: str, tmp_path: Path) -> None:
    name = f"triage-{new_id()}"
    await define(graph, DefinitionKind.SKILL, name, SKILL.format("of the command"))
    environment = {"LOOPGRAPH_URL": url, "LOOPGRAPH_RENDERED": str(tmp_path), "LOOPGRAPH_HOOK_TIMEOUT": str(PATIENCE_S)}
    assert await asyncio.to_thread(rendered, [name, "--unit", "s1"], environment) == "# Triage of the command\n"
