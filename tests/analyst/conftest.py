"""What is asked of the demo's graph shares one demo."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.kept_demo import kept_demo


@pytest.fixture(scope="session")
def demo_graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the graph of a demo that keeps serving."""
    with kept_demo(tmp_path_factory.mktemp("demo")) as url:
        yield url
