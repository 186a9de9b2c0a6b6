"""The traceparent header, by the examples and the rules of W3C Trace Context."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.clients.traceparent import TraceParent, span_id_of, trace_id_of

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("header", "flags"),
    [
        (f"00-{TRACE}-{SPAN}-01", 1),
        (f"00-{TRACE}-{SPAN}-00", 0),
        (f"00-{TRACE}-{SPAN}-03", 3),  # level 2: the trace id is random
        (f"cc-{TRACE}-{SPAN}-01", 1),
        (f"cc-{TRACE}-{SPAN}-ff", 1),  # of a version that is not known, only "sampled" is
        (f"cc-{TRACE}-{SPAN}-00-what-comes-then", 0),
    ],
)
def test_a_valid_header_is_read(header: str, flags: int) -> None:
    assert TraceParent.parse(header) == TraceParent(TRACE, SPAN, flags)


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-01-",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}0-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}",
        f"0-{TRACE}-{SPAN}-01",
        f"00_{TRACE}_{SPAN}_01",
        f" 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE[:-1]}٣-{SPAN}-01",
    ],
)
def test_an_invalid_header_counts_as_missing(header: str) -> None:
    assert TraceParent.parse(header) is None


@pytest.mark.lengthy
@given(st.text(min_size=1))
def test_any_id_has_a_place_in_a_valid_header(id_: str) -> None:
    made = TraceParent(trace_id_of(id_), span_id_of(id_))
    assert TraceParent.parse(str(made)) == made


def test_an_id_that_is_a_trace_id_stays_itself() -> None:
    assert trace_id_of(TRACE) == TRACE
    assert trace_id_of("0AF76519-16CD-43DD-8448-EB211C80319C") == TRACE
    assert trace_id_of("0" * 32) != "0" * 32
