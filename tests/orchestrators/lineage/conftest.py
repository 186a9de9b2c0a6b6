"""Fixtures of scans: a repository, and what scans it beside a home."""

from __future__ import annotations

from pathlib import Path

import pytest

from loopgraph.effects.clock import new_id
from loopgraph.effects.graph.client import Graph
from support.repositories import Repo
from support.scanning import Scans


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """A repository with an identity of its own."""
    repo = Repo(tmp_path / "work" / "proj")
    repo.commit(f"root {new_id()}")
    return repo


@pytest.fixture
def scans(graph: Graph, tmp_path: Path) -> Scans:
    home = tmp_path / "home"
    home.mkdir()
    return Scans(graph, home)
