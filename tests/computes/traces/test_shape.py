"""What happened where in a tree of traces, against a naive reading of the definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loopgraph.computes.traces.shape import has_structure, matches
from loopgraph.computes.traces.tree import Node, grow
from loopgraph.contracts.traces.assembly import TraceParts
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.records import Trace
from loopgraph.contracts.traces.search import StepMatch, TraceStructure
from support.traces import at
from support.trees import call, hook, parts, trace, trees

BASH, READ, AGENT = (StepMatch(tool=tool) for tool in ("Bash", "Read", "Agent"))
SESSION = parts(
    trace("t", started_at=at(0)),
    hook("agent", "t", "Agent", started_at=at(1), completed_at=at(8)),
    trace("sub", parent_id="t", spawned_by="agent", agent_type="explorer", started_at=at(2)),
    hook("bash", "sub", started_at=at(3), completed_at=at(4), status=TraceStatus.ERROR, tool_input={"argv": ["rm", "-RF", 9]}),
    call("llm", "sub", "llm", hook_execution_id="bash", started_at=at(3), completed_at=at(4)),
    hook("read", "t", "Read", started_at=at(8), completed_at=at(9)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("structure", "expected"),
    [
        ({"has": BASH}, True),
        ({"has": BASH, "under": AGENT}, True),
        ({"has": AGENT, "under": BASH}, False),
        ({"has": BASH, "under": READ}, False),
        ({"has": StepMatch(service="llm"), "under": AGENT}, True),
        ({"has": BASH, "under": StepMatch(service="llm")}, False),
        ({"has": BASH, "before": READ}, True),
        ({"has": AGENT, "before": READ}, True),  # at the very instant
        ({"has": READ, "before": BASH}, False),
        ({"has": READ, "after": AGENT}, True),
        ({"has": AGENT, "before": BASH}, False),  # nested
        ({"has": BASH, "after": AGENT}, False),
        ({"has": BASH, "before": BASH}, False),  # another step
        ({"has": BASH, "under": AGENT, "before": READ, "without": StepMatch(tool="Write")}, True),
        ({"has": BASH, "without": READ}, False),
        ({"without": StepMatch(tool="Write")}, True),
        ({"without": StepMatch(agent_type="explorer")}, False),
        ({"has": StepMatch(agent_type="explorer", status=TraceStatus.ERROR)}, True),
        ({"has": StepMatch(agent_type="explorer", tool="Read")}, False),
        ({"has": StepMatch(text_in_input="-rf")}, True),
        ({"has": StepMatch(text_in_input="argv")}, True),
        ({"has": StepMatch(text_in_input="argv", service="llm")}, False),
    ],
)
def test_structures(structure: dict[str, StepMatch], expected: bool) -> None:
    assert has_structure(grow(SESSION, "t"), TraceStructure(**structure)) is expected


@pytest.mark.parametrize(
    ("contract", "given_", "problem"),
    [
        (StepMatch, {}, "give at least one condition"),
        (StepMatch, {"tool": "Bash", "service": "llm"}, "no step has a tool or hook type and a service"),
        (TraceStructure, {}, "give has, without, or both"),
        (TraceStructure, {"under": BASH}, "give has, too"),
    ],
)
def test_what_makes_no_sense(contract: type[StepMatch], given_: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        contract(**given_)


def naively(root: Node, structure: TraceStructure) -> bool:
    """The definition, word by word."""
    steps = [node for node in root.walk() if not isinstance(node.record, Trace)]

    def precedes(x: Node, y: Node) -> bool:
        nested = x is y or x in y.ancestors() or y in x.ancestors()
        end = x.record.completed_at or x.record.started_at or x.record.created_at
        start = y.record.started_at or y.record.completed_at or y.record.created_at
        return not nested and end <= start

    def placed(x: Node) -> bool:
        under, before, after = structure.under, structure.before, structure.after
        return (
            (under is None or any(matches(around, under) for around in x.ancestors()))
            and (before is None or any(matches(y, before) and precedes(x, y) for y in steps))
            and (after is None or any(matches(z, after) and precedes(z, x) for z in steps))
        )

    has, without = structure.has, structure.without
    return (has is None or any(matches(x, has) and placed(x) for x in steps)) and not (
        without and any(matches(step, without) for step in steps)
    )


MATCHES = st.sampled_from(
    [
        BASH,
        READ,
        AGENT,
        StepMatch(service="api"),
        StepMatch(service="db"),
        StepMatch(status=TraceStatus.ERROR),
        StepMatch(agent_type="explorer"),
        StepMatch(text_in_input="RM"),
    ]
)
STRUCTURES = st.builds(
    TraceStructure,
    has=MATCHES,
    under=st.none() | MATCHES,
    before=st.none() | MATCHES,
    after=st.none() | MATCHES,
    without=st.none() | st.just(StepMatch(service="db")),
)


@pytest.mark.lengthy
@given(trees(), st.lists(STRUCTURES, min_size=1, max_size=8))
def test_the_decision_is_that_of_the_definition(found: dict[str, TraceParts], structures: list[TraceStructure]) -> None:
    root = grow(found, "t0")
    for structure in structures:
        assert has_structure(root, structure) is naively(root, structure)
