"""What is about somebody's work is told to them and to operators: events, outcomes of units, what is known of errors."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import pytest

from loopgraph.contracts.access import Role
from loopgraph.effects.clock import new_id
from support.access import Team
from support.service import Service

Json = dict[str, Any]

CREATE: Final = (
    "mutation($input: CreatePatternInput!) { createPattern(input: $input) { __typename ... on Error { message } } }"
)
RATE: Final = (
    "mutation($input: SubmitFeedbackInput!) { submitFeedback(input: $input) { __typename ... on Error { message } } }"
)
REPORT: Final = """mutation($input: ReportOutcomeInput!) { reportOutcome(input: $input) {
  ... on ReportedOutcomePayload { outcome { outcomeId } repeated } __typename ... on Error { message } } }"""
ANNOTATE: Final = """mutation($input: AnnotateErrorPatternInput!) { annotateErrorPattern(input: $input) {
  __typename ... on Error { message } } }"""
NODE: Final = "{ eventId eventType actorId correlationId data }"


async def _made(service: Service, document: str, **variables: Any) -> Json:
    """The payload of a mutation, which must not be an expected error."""
    [answer] = (await service.query(document, **variables)).values()
    assert "message" not in answer, answer
    found: Json = answer
    return found


async def _refused(service: Service, document: str, **variables: Any) -> str:
    """The kind of the expected error that a mutation answers."""
    [answer] = (await service.query(document, **variables)).values()
    return str(answer["__typename"])


async def _used(service: Service, mark: str, *, error: str | None = None) -> None:
    """A pattern ``p-<mark>``, and a trace ``t-<mark>`` in whose session ``s-<mark>`` it was used."""
    given = {"patternId": f"p-{mark}", "nodeId": f"v-{mark}", "name": f"sort {mark}"}
    await _made(service, CREATE, input=given)
    said = {"correlation_id": f"t-{mark}"}
    step = {**said, "execution_id": f"x-{mark}", "hook_type": "PostToolUse", "node_id": f"v-{mark}"}
    events: list[Json] = [
        {**said, "kind": "start", "session_id": f"s-{mark}", "prompt_text": "hers"},
        {**step, "kind": "hook", "success": error is None, "error_message": error},
    ]
    answer = (await service.http.post("/api/traces/batch", json=events)).json()
    assert not [one for one in answer["results"] if "error" in one], answer


async def _told(service: Service, mark: str) -> list[str]:
    """What each way to the audit trail tells of Ann's trace and what was said of it."""
    page = f"first: 200) {{ edges {{ node {NODE} }} }} }}"
    found = [
        f"{{ lineageEvents({page}",
        f'{{ lineageEvents(filter: {{correlationId: "t-{mark}"}}, {page}',
        f'{{ pattern(patternId: "p-{mark}") {{ events({page} }}',
        f'{{ patternVersion(nodeId: "v-{mark}") {{ events({page} }}',
        f'{{ a: pattern(patternId: "p-{mark}") {{ events({page} b: pattern(patternId: "none") {{ events({page} }}',
    ]
    answers = [json.dumps(await service.query(document)) for document in found]
    return [*answers, (await service.http.get("/api/export/tables/events")).text]


@pytest.mark.exhaustive
@pytest.mark.lengthy
async def test_events_about_work_are_told_to_who_caused_them_and_to_operators(office: Team) -> None:
    mark = new_id()
    secret = (f"t-{mark}", f"x-{mark}", f"s-{mark}")
    async with (
        office.caller(f"ann-{mark}") as ann,
        office.caller(f"bob-{mark}") as bob,
        office.caller(f"op-{mark}", Role.OPERATOR) as operator,
    ):
        await _used(ann, mark)
        for about in ({"correlationId": secret[0]}, {"executionId": secret[1]}):
            await _made(ann, RATE, input={**about, "rating": 1})
            await _made(ann, REPORT, input={**about, "name": "tests", "source": "ci", "holds": True})
        await _made(ann, REPORT, input={"sessionId": secret[2], "name": "tests", "source": "ci", "holds": True})
        for text in await _told(bob, mark):
            assert not [id_ for id_ in secret if id_ in text], text
        assert f"p-{mark}" in (await _told(bob, mark))[-1]  # the team's patterns are told of as before
        for service in (ann, operator):
            told = await _told(service, mark)
            assert all(secret[0] in told[number] and secret[1] in told[number] for number in (0, 1, 5)), told
        # nor whom the service lets in
        for service, sees in ((bob, False), (operator, True)):
            tokens = "{ lineageEvents(filter: {eventTypes: [TOKEN_CREATED]}, first: 50) { edges { node { data } } } }"
            assert bool((await service.query(tokens))["lineageEvents"]["edges"]) == sees
        # nor by its id
        document = (
            f'{{ lineageEvents(filter: {{correlationId: "t-{mark}"}}, first: 9) {{ edges {{ node {{ id }} }} }} }}'
        )
        ids = [edge["node"]["id"] for edge in (await ann.query(document))["lineageEvents"]["edges"]]
        assert ids
        nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
        assert (await bob.query(nodes, ids=ids))["nodes"] == [None] * len(ids)
        assert None not in (await ann.query(nodes, ids=ids))["nodes"]


@pytest.mark.lengthy
async def test_the_feed_tells_of_ones_own_work(office: Team) -> None:
    mark = new_id()
    document = "subscription { lineageEvents(filter: {eventTypes: [FEEDBACK_SUBMITTED]}) { event { correlationId } } }"
    async with office.caller(f"ann-{mark}") as ann, office.caller(f"bob-{mark}") as bob:
        for service, trace in ((ann, f"hers-{mark}"), (bob, f"his-{mark}")):
            assert (await service.http.post("/api/traces/start", json={"correlation_id": trace})).status_code == 200
        feeds = [service.events(document) for service in (ann, bob)]
        waits = [asyncio.create_task(anext(each)) for each in feeds]
        while not all(
            task.done() for task in waits
        ):  # a subscription may begin after an event: then the next one tells
            for service, trace in ((ann, f"hers-{mark}"), (bob, f"his-{mark}")):
                await _made(service, RATE, input={"correlationId": trace, "rating": 5})
            await asyncio.wait(waits, timeout=0.05)
        told = [json.dumps(task.result()) for task in waits]
        assert [f"hers-{mark}" in text for text in told] == [True, False]
        assert [f"his-{mark}" in text for text in told] == [False, True]
        for each in feeds:
            await each.aclose()


OUTCOMES: Final = """query($id: ID!) { patternVersion(nodeId: $id) { outcomes(first: 20) { edges { node {
  outcomeId unit evidence metadata source counts } } } } }"""


async def _outcomes(service: Service, mark: str) -> dict[str, Json]:
    found = (await service.query(OUTCOMES, id=f"v-{mark}"))["patternVersion"]["outcomes"]["edges"]
    return {edge["node"]["outcomeId"]: edge["node"] for edge in found}


@pytest.mark.lengthy
async def test_outcomes_of_units_are_of_who_sees_a_use(office: Team) -> None:
    mark = new_id()
    told = {"nodeId": f"v-{mark}", "unit": f"s-{mark}", "name": "tests", "source": "ci"}
    async with (
        office.caller(f"ann-{mark}") as ann,
        office.caller(f"ann-{mark}") as again,
        office.caller(f"bob-{mark}") as bob,
        office.caller(f"op-{mark}", Role.OPERATOR) as operator,
    ):
        await _used(ann, mark)
        more = {"evidence": f"evidence {mark}", "metadata": {"said": mark}, "outcomeId": f"o-{mark}", "holds": False}
        for repeated in (False, True):  # and who wrote it is answered with it
            made = await _made(ann, REPORT, input={**told, **more})
            assert made["outcome"] == {"outcomeId": f"o-{mark}"}
            assert made["repeated"] is repeated
        for id_ in (f"b-{mark}", f"o-{mark}"):  # neither in its place nor under its id
            answer = await _refused(bob, REPORT, input={**told, "holds": True, "outcomeId": id_})
            assert answer in ("NotFound", "Conflict"), answer
        unknown = {**told, "unit": f"none-{mark}", "holds": True}
        assert await _refused(bob, REPORT, input=unknown) == await _refused(bob, REPORT, input={**told, "holds": True})
        for service in (ann, again, operator):
            kept = await _outcomes(service, mark)
            assert list(kept) == [f"o-{mark}"]
            assert kept[f"o-{mark}"]["counts"] is True
        assert await _outcomes(bob, mark) == {}
        # whoever sees a use reports, and sees all of its outcomes
        said = {"correlation_id": f"his-{mark}", "session_id": f"his-s-{mark}"}
        step = {"correlation_id": f"his-{mark}", "hook_type": "T", "success": True, "node_id": f"v-{mark}"}
        assert (await bob.http.post("/api/traces/start", json=said)).status_code == 200
        assert (await bob.http.post("/api/traces/hook", json=step)).status_code == 200
        his = {**told, "unit": f"his-s-{mark}", "holds": True, "outcomeId": f"his-o-{mark}"}
        await _made(bob, REPORT, input=his)
        assert list(await _outcomes(bob, mark)) == [f"his-o-{mark}"]
        assert set(await _outcomes(operator, mark)) == {f"o-{mark}", f"his-o-{mark}"}


@pytest.mark.lengthy
async def test_of_errors_that_one_does_not_see_nothing_is_written(office: Team) -> None:
    mark = new_id()
    word = "".join(chr(ord("a") + int(digit, 16)) for digit in mark.replace("-", ""))  # no value, which would be masked
    template = f"the belt {word} slipped"
    async with (
        office.caller(f"ann-{mark}") as ann,
        office.caller(f"bob-{mark}") as bob,
        office.caller(f"op-{mark}", Role.OPERATOR) as operator,
    ):
        await _used(ann, mark, error=template)
        given = {"template": template, "knownFix": "tighten it"}
        assert await _refused(bob, ANNOTATE, input=given) == "NotFound"
        for service in (ann, operator):
            await _made(service, ANNOTATE, input=given)
        events = (
            "{ lineageEvents(filter: {eventTypes: [ERROR_PATTERN_ANNOTATED]}, first: 50) { edges { node { data } } } }"
        )
        for service, sees in ((ann, True), (operator, True), (bob, False)):
            assert (word in json.dumps(await service.query(events))) == sees
