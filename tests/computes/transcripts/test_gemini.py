"""Session files that a real Gemini CLI wrote, line by line and in the graph."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopgraph.computes.transcripts.gemini import PROJECT_ROOT, GeminiReader
from loopgraph.computes.transcripts.reading import TranscriptFile
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, SessionSeen
from loopgraph.contracts.traces.precedence import Clock
from loopgraph.effects.graph.client import Graph
from support.odd_lines import ODD, places, with_odd
from support.recorded_clients import session, tree
from support.rollouts import FOLDER, Fresh, of, read, record, tokens

Json = dict[str, Any]

SESSION, AGENT = "52f74c12-f378-4f5c-8514-3e1241fc6c1e", "0da53c37-dd45-4c43-84fd-44b1432bf33c"
FILES = {"0.61": "chats/session-2026-11-29T05-05-52f74c12.jsonl", "0.61_subagent": f"chats/{SESSION}/{AGENT}.jsonl"}

OWN, CHILDS = [1, 2, 3, 4, 5, 9, 10, 11], [6, 7, 8]
"""Which requests of all that the stand-in has answered: to the nth ``100 n + 7`` tokens, ``10 + n`` and ``n % 3`` thoughts."""


def used(numbers: list[int]) -> tuple[int, int, int]:
    return len(numbers), sum(100 * n + 7 for n in numbers), sum(10 + n + n % 3 for n in numbers)


def lines_of(name: str) -> list[bytes]:
    return (FOLDER / "gemini" / f"{name}.jsonl").read_bytes().splitlines()


def said_in(name: str) -> list[Observation]:
    return read(GeminiReader, FILES.get(name, "f.jsonl"), lines_of(name))


def test_tokens_count_once_for_each_message() -> None:
    for name, numbers in (("0.61", OWN), ("0.61_subagent", CHILDS)):
        calls = of(EndpointCalled, said_in(name))
        counts = len(calls), sum(call.input_tokens for call in calls), sum(call.output_tokens for call in calls)
        assert counts == used(numbers)
    assert (calls[1].cache_read_tokens, calls[1].reasoning_tokens, calls[1].model) == (384, 1, "gemini-2.5-flash")
    assert calls[1].response_body == [
        {"type": "reasoning", "text": "Thinking\nof it"},
        {"type": "text", "text": "All is done."},
    ]


def test_a_session_that_goes_on_writes_its_head_again() -> None:
    heads = [one for one in said_in("0.61") if isinstance(one.event, SessionSeen)]
    assert [one.clock for one in heads] == [Clock.STATED, Clock.CONTINUATION]
    assert {one.event.session_id for one in heads} == {SESSION}  # type: ignore[union-attr]
    asked = [event.prompt_text for event in of(TraceStarted, said_in("0.61")) if event.prompt_text]
    assert asked == ["Look-around please", "And once more"]  # and no message again that the client has copied


def test_where_a_session_worked_stands_beside_it() -> None:
    file = TranscriptFile("f.jsonl", {PROJECT_ROOT: "/home/dev/project"})
    [seen] = GeminiReader(file).read(lines_of("0.61")[0])
    assert isinstance(seen.event, SessionSeen)
    assert (seen.event.cwd, seen.event.client) == ("/home/dev/project", "gemini-cli")


def test_an_object_of_all_is_read_as_one_line() -> None:
    """The layout of older versions, by their sources."""
    head, *others = [json.loads(line) for line in lines_of("0.61")]
    whole = {**head, "messages": [one for one in others if "type" in one]}
    told = read(GeminiReader, "session-old.json", [json.dumps(whole, indent=2).encode()])
    asked = [event.prompt_text for event in of(TraceStarted, told) if event.prompt_text]
    assert asked == ["Look-around please", "And once more"]
    assert len(of(EndpointCalled, told)) == len(OWN)


def test_a_prompt_without_an_answer_is_cut_off_when_nothing_more_comes() -> None:
    lines = lines_of("0.61_interrupted")
    assert not of(TraceCompleted, read(GeminiReader, "f.jsonl", lines))
    [over] = of(TraceCompleted, read(GeminiReader, "f.jsonl", lines, close=True))
    assert over.status is TraceStatus.INTERRUPTED
    for name in ("0.61", "0.61_subagent"):
        ends = of(TraceCompleted, read(GeminiReader, FILES[name], lines_of(name), close=True))
        assert {end.status for end in ends} == {TraceStatus.SUCCESS}


def rewound() -> list[Observation]:
    lines = lines_of("0.61")
    last = next(
        message for line in lines if (message := json.loads(line)).get("content") == [{"text": "And once more"}]
    )
    return read(GeminiReader, "f.jsonl", [*lines, json.dumps({"$rewindTo": last["id"]}).encode()])


def test_prompts_that_were_taken_back_say_so() -> None:
    traces = of(TraceStarted, rewound())
    asked = {event.correlation_id: event.prompt_text for event in traces if event.prompt_text}
    assert [asked[event.correlation_id] for event in traces if "abandoned" in event.tags] == ["And once more"]


CALLS = [
    ("success", {"output": "Output: (empty)\nExit Code: 3\nPGID: 1"}, "error"),
    ("success", {"output": "Output: fine"}, "success"),
    ("error", {"error": "File not found: x"}, "error"),
    ("error", {"error": "Tool execution denied by policy. No."}, "denied"),
    ("cancelled", {"error": "[Operation Cancelled] Reason: User denied execution."}, "denied"),
    ("cancelled", {"error": "[Operation Cancelled] Reason: User cancelled operation"}, "interrupted"),
    ("executing", None, "in_progress"),
    (["success"], "no object", "in_progress"),
]


@pytest.mark.parametrize(("status", "response", "expected"), CALLS)
def test_how_a_call_ended(status: Any, response: Any, expected: str) -> None:
    """By the client's sources, packages/core/src/scheduler; the first four were recorded, too, but for the policy's."""
    call = {"id": "c1", "name": "run_shell_command", "args": {}, "status": status}
    call["result"] = [{"functionResponse": {"id": "c1", "response": response}}]
    message = {"id": "m1", "type": "gemini", "timestamp": "2026-11-29T05:00:00Z", "content": "", "toolCalls": [call]}
    asked = {"id": "m0", "type": "user", "timestamp": "2026-11-29T05:00:00Z", "content": "do it"}
    head = {"sessionId": "s", "projectHash": "h", "startTime": "2026-11-29T05:00:00Z"}
    told = read(GeminiReader, "f", [json.dumps(one).encode() for one in (head, asked, message)])
    ran = of(HookExecuted, told)[-1]
    assert ran.outcome.value == expected
    assert not of(TraceCompleted, told)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
@pytest.mark.slow
def test_no_line_fails_whatever_is_in_it(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["0.61", "0.61_subagent", "0.61_interrupted"]))
    lines = lines_of(name)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        whole = json.loads(lines[at])
        place, odd = data.draw(st.sampled_from(places(whole))), data.draw(ODD)
        lines[at] = json.dumps(with_odd(whole, place, odd)).encode()
    read(GeminiReader, FILES.get(name, "f"), lines)


@pytest.mark.exhaustive
@pytest.mark.lengthy
@pytest.mark.parametrize("seed", [0, 1, 2, 3])
async def test_a_session_in_the_graph(graph: Graph, seed: int) -> None:
    fresh = Fresh.of("gemini")
    own, child = fresh.lines("0.61.jsonl"), fresh.lines("0.61_subagent.jsonl")
    told = [
        *read(GeminiReader, FILES["0.61"], own),
        *read(GeminiReader, f"chats/{fresh[SESSION]}/{fresh[AGENT]}.jsonl", child),
    ]
    if seed:
        random.Random(seed).shuffle(told)
    await record(graph, told, size=9)
    await record(graph, told)
    shell, common = (
        "run_shell_command",
        {"source": "user_prompt", "status": "success", "answer": "All is done.", "steps": []},
    )
    assert await tree(graph, fresh[SESSION]) == [
        {
            **common,
            "prompt": "Look-around please",
            "calls": [
                (shell, "success"),
                (shell, "error"),
                ("read_file", "error"),
                ("no_such_tool", "error"),
                ("invoke_agent", "success"),
            ],
            "spawned_by": (None, None),
        },
        {
            **common,
            "source": "subagent",
            "prompt": "Look-deeper",
            "calls": [(shell, "success")],
            "spawned_by": ("invoke_agent", "exact: client"),
        },
        {**common, "prompt": "And once more", "calls": [("list_directory", "success")], "spawned_by": (None, None)},
    ]
    count, given_, made = (a + b for a, b in zip(used(OWN), used(CHILDS), strict=True))
    assert await tokens(graph, fresh[SESSION]) == (count, given_, made)
    assert (await session(graph, fresh[SESSION]))["client"] == "gemini-cli"
