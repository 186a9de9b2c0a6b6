"""``loopgraph analyst``: where the embedded engine can be read, and by whom."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from loopgraph.analyst import connect
from support.command import command
from support.own_engine import own_embedded


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    path = tmp_path_factory.mktemp("graph")
    with own_embedded(path):
        yield path


@pytest.mark.lengthy
async def test_what_it_prints_is_enough_to_read(folder: Path) -> None:
    code, printed, _ = await command("analyst", "--json", "--graph-url", f"embedded:{folder}")
    assert code == 0
    told = json.loads(printed)
    assert told.keys() == {"url", "user", "password", "database"}
    url = told.pop("url")
    with connect(url, **told) as graph:
        assert graph.rows("RETURN 1 AS one") == [{"one": 1}]
    code, printed, _ = await command("analyst", LOOPGRAPH_GRAPH_URL=f"embedded:{folder}")
    assert code == 0
    assert dict(line.split() for line in printed.splitlines()) == {"url": url, **told}


@pytest.mark.lengthy
async def test_its_lines_for_a_shell_are_settings_that_connect_goes_by(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, printed, _ = await command("analyst", "--env", LOOPGRAPH_GRAPH_URL=f"embedded:{folder}")
    assert code == 0
    shell = ["sh", "-c", f"{printed}env"]
    shown = await asyncio.to_thread(subprocess.run, shell, capture_output=True, text=True, check=True)
    for line in shown.stdout.splitlines():
        name, _, value = line.partition("=")
        if name.startswith("LOOPGRAPH_GRAPH_"):
            monkeypatch.setenv(name, value)
    with connect() as graph:
        assert graph.rows("RETURN 1 AS one") == [{"one": 1}]


@pytest.mark.lengthy
async def test_two_forms_at_once_are_refused(folder: Path) -> None:
    code, _, problem = await command("analyst", "--env", "--json", LOOPGRAPH_GRAPH_URL=f"embedded:{folder}")
    assert (code, problem) == (2, "loopgraph: --env: is another form than --json; give one of them\n")


@pytest.mark.lengthy
async def test_of_a_server_it_says_where_to_look() -> None:
    code, printed, problem = await command("analyst", LOOPGRAPH_GRAPH_URL="bolt://example.org:7687")
    assert (code, printed) == (1, "")
    assert "docs/analysts.md" in problem


@pytest.mark.lengthy
async def test_where_no_engine_runs_it_says_so(tmp_path: Path) -> None:
    code, _, problem = await command("analyst", LOOPGRAPH_GRAPH_URL=f"embedded:{tmp_path}")
    assert code == 1
    assert "start `loopgraph serve`" in problem
