"""What is made in a shorter way is what the join makes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.effects.traces.recording.joining import MAPS, RANKS, Properties, first, joined, weighed_at, weighted

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
STATUSES = st.sampled_from([status.value for status in TraceStatus])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "correlation_id": st.sampled_from(["t", "u"]),
    "status": STATUSES,
    "error_type": st.sampled_from(["interrupt", None]),
    "tool_name": st.sampled_from(["Bash", "", None]),
    "started_at": st.just(AT),
    "created_at": st.sampled_from([AT, datetime(2026, 3, 2, tzinfo=UTC)]),
    "tags": st.just(["a"]),
    "context": st.sampled_from(['{"hook":{"a":1}}', '{"otel":{"b":2}}']),
}
GIVEN = st.fixed_dictionaries({}, optional=VALUES)
LEVELS = st.integers(0, 9)


@st.composite
def reports(draw: st.DrawFn) -> Properties:
    """What a report gives, with weights of none but its own fields."""
    said = draw(GIVEN)
    names = [name for name in said if name not in MAPS]
    weights = {name: (draw(LEVELS), draw(st.integers(0, 3))) for name in names if draw(st.booleans())}
    return weighted(said, weights) if draw(st.booleans()) else said


@pytest.mark.lengthy
@given(
    st.one_of(
        st.just({}),
        st.fixed_dictionaries({"created_at": st.just(AT), "status": STATUSES}),
        GIVEN,
        reports(),
    ),
    reports(),
)
def test_the_first_that_is_said_of_a_node_is_joined(base: Properties, report: Properties) -> None:
    assert {**first(base, report), RANKS: None} == {**joined(base, report), RANKS: None}
    assert (first(base, report).get(RANKS) or "{}") == (joined(base, report).get(RANKS) or "{}")


@pytest.mark.lengthy
@given(
    st.dictionaries(st.just("status") | st.text().map("context.{}".format), LEVELS, max_size=4),
    st.integers(0, 2**62),
)
def test_weights_of_one_time_are_the_same_text(levels: dict[str, int], micros: int) -> None:
    whole = weighted({}, {name: (level, micros) for name, level in levels.items()})
    assert weighed_at(levels)(micros) == whole[RANKS]


def test_no_name_of_a_field_is_taken_for_the_time() -> None:
    for name in ("context.\0", 'context."\0"', 'context.",\0,"', "context.\\u0000"):
        assert weighed_at({name: 5})(17) == weighted({}, {name: (5, 17)})[RANKS]
