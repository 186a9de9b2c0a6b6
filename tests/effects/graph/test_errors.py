"""The table of errors: every class that the driver has is foreseen, and every row has its example and its blame."""

from __future__ import annotations

import pytest
from neo4j import exceptions as failures

from loopgraph import errors
from loopgraph.assets import Access
from loopgraph.effects.graph.client import Graph
from loopgraph.effects.graph.errors import FAILURES, OWN_PASSWORD_REFUSED, TABLE, UNFORESEEN, judge, translate
from loopgraph.errors import Blame, blame_of
from loopgraph.settings import Settings
from support.faults import EXAMPLES, answered, name_of


def family(kind: type) -> set[type]:
    return {kind, *(member for child in kind.__subclasses__() for member in family(child))}


@pytest.mark.parametrize(("row", "error"), EXAMPLES, ids=map(name_of, EXAMPLES))
def test_what_an_error_means(row: str, error: BaseException) -> None:
    assert judge(error).name == row
    assert isinstance(error, FAILURES), "a transaction that fails with it is judged by the table"
    told = translate(error)
    assert str(told).count("\n") == 0
    assert told.blame is told.__class__.blame


def test_every_row_has_an_example() -> None:
    assert {row.name for row in TABLE} == {name for name, _ in EXAMPLES}
    assert len({row.name for row in TABLE}) == len(TABLE)


def test_every_class_of_the_driver_has_an_example() -> None:
    """A new one fails here until somebody has said whom it blames."""
    classes = family(failures.Neo4jError) | family(failures.DriverError)
    theirs = {kind for kind in classes if kind.__module__ == failures.__name__}
    assert theirs - {type(error) for _, error in EXAMPLES} == {failures.Neo4jError, failures.DriverError}


def test_only_what_the_engine_was_given_can_be_an_events_fault() -> None:
    assert {row.name for row in (*TABLE, UNFORESEEN) if row.makes.blame is not Blame.GRAPH} == {
        "not taken",
        "driver",
        "unforeseen",
    }


def test_an_engine_of_our_own_does_not_refuse_our_password_for_good(tmp_path) -> None:
    graph = Graph(Settings(graph_url=f"embedded:{tmp_path}"))
    refused = answered("Neo.ClientError.Security.Unauthorized", "no")
    assert graph._judged(refused, Access.READ) is graph._judged(refused, Access.WRITE) is OWN_PASSWORD_REFUSED
    assert OWN_PASSWORD_REFUSED.makes.blame is Blame.GRAPH


def test_every_error_of_the_tree_says_whom_it_blames_and_is_drawn_so() -> None:
    drawn = dict(
        line.replace("│", " ").replace("├──", " ").replace("└──", " ").split()[:2]
        for line in (errors.__doc__ or "").splitlines()
        if " GRAPH " in line or " EVENT " in line or " REQUEST " in line
    )
    ours = {kind for kind in family(errors.LoopgraphError) if kind.__module__ == errors.__name__}
    assert drawn == {kind.__name__: kind.blame.name for kind in ours - {errors.LoopgraphError}}


def test_what_is_not_ours_may_be_an_events_fault_unless_the_machine_lacks_something() -> None:
    assert blame_of(OSError(28, "No space left on device")) is blame_of(MemoryError()) is Blame.GRAPH
    assert blame_of(TimeoutError()) is Blame.GRAPH
    assert blame_of(ValueError("x")) is blame_of(KeyError("x")) is Blame.EVENT


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "Couldn't connect to db:7687 (resolved to ('10.0.0.1:7687',)):\nFailed to establish connection to "
            "ResolvedIPv4Address(('10.0.0.1', 7687)) (reason [Errno 111] Connect call failed ('10.0.0.1', 7687))",
            "nothing listens at db:7687",
        ),
        (
            "Couldn't connect to db:7687 (resolved to ('10.0.0.1:7687',)):\nFailed to establish connection to "
            "ResolvedIPv4Address(('10.0.0.1', 7687)) (reason [Errno 113] No route to host)",
            "db:7687 cannot be reached: No route to host",
        ),
        (
            "Couldn't connect to db:7687 (resolved to ('10.0.0.1:7687',)):\nTimed out trying to establish connection to "
            "ResolvedIPv4Address(('10.0.0.1', 7687))",
            "db:7687 does not answer in time",
        ),
        (
            "Failed to DNS resolve address db:7687: [Errno -2] Name or service not known",
            "no machine is known by the name of db:7687",
        ),
        ("Unable to retrieve routing information", "no server of a cluster is found at its address"),
        ("Something else\nand more", "Something else"),
    ],
)
def test_what_the_driver_says_of_connections_is_told_in_words(said: str, told: str) -> None:
    assert str(translate(failures.ServiceUnavailable(said))) == f"the graph does not answer ({told}); try again"
