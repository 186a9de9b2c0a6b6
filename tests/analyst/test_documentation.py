"""``docs/analysts.md`` and the notebook, as they stand, on the graph of the demo."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path
from typing import Any

import pytest

from loopgraph.contracts.catalogue.nodes import NODES
from loopgraph.contracts.catalogue.relationships import CONNECTIONS
from support.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "analysts.md").read_text(encoding="utf-8")
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def blocks(of_objects: bool) -> list[str]:
    """The blocks of Python of the page, with GQLAlchemy or without."""
    found: list[str] = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
    return [block for block in found if ("objects" in block) == of_objects]


def run(code: list[str], url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What blocks leave that are run one after the other."""
    monkeypatch.setenv("LOOPGRAPH_GRAPH_URL", url)
    left: dict[str, Any] = {}
    for number, block in enumerate(code):
        exec(compile(block, f"block {number} of docs/analysts.md", "exec"), left)  # noqa: S102
    return left


@pytest.mark.exhaustive
@pytest.mark.slow
def test_every_line_of_the_page_runs_and_answers(demo_graph: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import networkx

    left = run(blocks(of_objects=False), demo_graph, monkeypatch)
    assert set(left["tokens"][0]) == {"agent", "model", "calls", "input", "from_cache", "output", "usd"}
    assert {row["agent"] for row in left["tokens"]} == {"main", "reviewer"}
    assert all(row["usd"] > 0 for row in left["tokens"])
    told = [(row["skill"], row["version"], row["uses"], row["ended_well"]) for row in left["versions"]]
    assert told == [("triage", 2, 3, 3), ("triage", 1, 3, 2)]
    newer, older = left["versions"]
    assert newer["seconds"] < older["seconds"]
    assert left["failures"][0]["failed"] > 0
    assert {row["arm"] for row in left["evidence"]} == {"control", "treatment"}
    assert all(row["executions"] >= 12 for row in left["evidence"])
    assert {kind for _, kind in left["work"].nodes(data="type")} == {"Trace", "HookExecution"}
    assert left["lineage"].number_of_edges() > 0
    assert isinstance(left["lineage"], networkx.MultiDiGraph)
    usual = left["usual"].to_dicts()  # those of the transcripts too, which report no duration
    assert {row["ms"] is not None for row in usual if row["tool"] == "Bash"} == {True}, usual


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("gqlalchemy") is None,
    reason="GQLAlchemy needs an environment of its own: .ci/run makes it",
)
def test_the_session_in_objects_runs_and_answers(demo_graph: str, monkeypatch: pytest.MonkeyPatch) -> None:
    left = run(blocks(of_objects=True), demo_graph, monkeypatch)
    left["objects"].close()
    assert {("triage", 1), ("triage", 2)} <= {(skill.pattern_name, skill.version) for skill in left["skills"]}
    assert left["same"].node_id == left["skills"][0].node_id
    assert left["failed"]
    assert {row["h"].status for row in left["failed"]} == {"error"}
    assert left["row"]["u"]._start_node_id == left["row"]["h"]._id


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end(path: Path, demo_graph: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("LOOPGRAPH_GRAPH_URL", demo_graph)
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    NotebookClient(
        notebook,
        timeout=int(PATIENCE_S),
        kernel_name="python3",
        resources={"metadata": {"path": os.fspath(path.parent)}},
    ).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output for output in outputs if output.output_type == "error"] == []
    assert [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"] == []
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert {"text/html", "image/png"} <= kinds


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS


def test_the_page_lists_every_label_and_type() -> None:
    labels = re.findall(r"^\| `(\w+)` \| (?:`(\w+)`)? ?\| (.*) \|$", PAGE, re.M)
    assert labels == [(node.label, node.key or "", node.purpose) for node in NODES]
    for connection in CONNECTIONS:
        ends = ", ".join(f"`{start}` → `{end}`" for start, end in connection.ends)
        assert f"| `{connection.type}` | {ends} | {connection.purpose} |" in PAGE.splitlines()
