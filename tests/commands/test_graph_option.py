"""Which graph a command works on, and what it says where that is not the one that somebody may mean."""

from __future__ import annotations

import pytest

from loopgraph.commands.graph_option import graph_settings

ELSEWHERE = "https://loopgraph.example.org"


@pytest.fixture(autouse=True)
def no_graph_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOOPGRAPH_GRAPH_URL", "LOOPGRAPH_URL"):
        monkeypatch.delenv(name, raising=False)


def test_says_that_a_graph_of_this_machine_is_not_that_of_a_service_elsewhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOOPGRAPH_URL", ELSEWHERE)
    assert graph_settings().graph_url.startswith("embedded:")
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(
        f"this works on a graph of this machine, and not on that of the service at {ELSEWHERE} (LOOPGRAPH_URL): "
    )
    assert told.err.count("\n") == 1


@pytest.mark.parametrize(
    "service", [None, "", "http://localhost:8053", "http://127.0.0.1:9000", "http://[::1]:8053", "http://[", "box"]
)
def test_says_nothing_where_the_service_is_here_or_none_is_named(
    service: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if service is not None:
        monkeypatch.setenv("LOOPGRAPH_URL", service)
    graph_settings()
    assert capsys.readouterr().err == ""


def test_says_nothing_where_the_graph_is_named_or_it_is_to_be_quiet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOOPGRAPH_URL", ELSEWHERE)
    assert graph_settings("bolt://box:7687").graph_url == "bolt://box:7687"
    graph_settings(quiet=True)
    monkeypatch.setenv("LOOPGRAPH_GRAPH_URL", "bolt://box:7687")
    assert graph_settings().graph_url == "bolt://box:7687"
    assert capsys.readouterr().err == ""
