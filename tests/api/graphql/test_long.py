"""Counts of more than 32 bits, in and out."""

from __future__ import annotations

from typing import Any

import pytest

from loopgraph.effects.clock import new_id
from support.service import Service
from support.traces import statement

RECORD = """
mutation($input: RecordEndpointCallInput!) {
  recordEndpointCall(input: $input) { __typename ... on Error { message } }
}
"""
TOTALS = "query($id: ID!) { trace(correlationId: $id) { treeTotals { inputTokens outputTokens } status } }"


def call(trace: str, **tokens: Any) -> dict[str, Any]:
    return {"correlationId": trace, "serviceName": "s", "endpointPath": "/", "success": True, **tokens}


@pytest.mark.lengthy
async def test_they_come_back_as_they_went_in_and_are_summed(service: Service) -> None:
    trace = new_id()
    for tokens in (2**40, 2**53 - 1):
        assert (await service.query(RECORD, input=call(trace, inputTokens=tokens)))["recordEndpointCall"] == {
            "__typename": "RecordPayload"
        }
    found = (await service.query(TOTALS, id=trace))["trace"]["treeTotals"]
    assert found == {"inputTokens": 2**40 + 2**53 - 1, "outputTokens": None}


@pytest.mark.parametrize("wrong", ["5", 1.5, True, 2**63, 1e300])
async def test_what_is_no_whole_number_of_64_bits_is_refused(service: Service, wrong: Any) -> None:
    [error] = await service.errors(RECORD, input=call(new_id(), inputTokens=wrong))
    assert error["extensions"]["code"] == "INVALID_DOCUMENT"
    assert "inputTokens" in error["message"]


@pytest.mark.lengthy
async def test_a_sum_that_is_too_large_is_an_error_of_its_field_alone(service: Service) -> None:
    """Such counts were taken once."""
    trace = new_id()

    async def told(tokens: int) -> None:
        id_ = new_id()
        await service.query(RECORD, input=call(trace, callId=id_, inputTokens=1, outputTokens=1))
        change = "MATCH (c:EndpointCall {call_id: $id}) SET c.input_tokens = $tokens"
        await statement(service.parts.graph, change, id=id_, tokens=tokens)

    await told(2**63 - 1)
    largest = {"inputTokens": 2**63 - 1, "outputTokens": 1}
    assert (await service.query(TOTALS, id=trace))["trace"]["treeTotals"] == largest
    for calls, more in ((2, 1), (3, 2**63 - 1)):  # what still has 64 bits without a sign, and what has not
        await told(more)
        answer = await service.ask(TOTALS, id=trace)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["OUT_OF_RANGE"]
        assert answer["data"]["trace"]["treeTotals"] == {"inputTokens": None, "outputTokens": calls}
    [row] = (await service.query("{ modelUsage(by: [], first: 1) { calls inputTokens } }"))["modelUsage"]
    assert row["calls"] >= 3, "they spoil no sum of others"
