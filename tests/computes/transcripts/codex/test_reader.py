"""Rollouts that real clients of Codex wrote, line by line, and lines that none should."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopgraph.computes.transcripts.codex.reader import CodexReader
from loopgraph.contracts.traces.events import EndpointCalled, HookExecuted, TraceCompleted, TraceStarted, TraceStatus
from loopgraph.contracts.traces.observations import Observation, SessionSeen, SpawnRule
from loopgraph.contracts.traces.precedence import Clock, Ending, Trust
from support.odd_lines import ODD, places, with_odd
from support.rollouts import FOLDER, Fresh, ends, of, prompts, read

Json = dict[str, Any]

FILES = sorted(path.stem for path in (FOLDER / "codex").glob("*.jsonl") if not path.stem.endswith("_sent"))
SESSION = "01a2259a-e9ed-7602-92a6-d7fea964958b"
TURN, AGAIN = "01a2259a-ea91-7462-995d-1a957d83734f", "01a2259b-0bcc-74e0-aae1-fee4008b81da"
AGENT = "01a2259a-f61e-7d83-95a3-b9fcacc71dc8"


def said_in(name: str) -> list[Observation]:
    return read(CodexReader, f"{name}.jsonl", (FOLDER / "codex" / f"{name}.jsonl").read_bytes().splitlines())


def usage(told: list[Observation]) -> tuple[int, int, int]:
    calls = {event.call_id: event for event in of(EndpointCalled, told)}.values()
    return len(calls), sum(call.input_tokens or 0 for call in calls), sum(call.output_tokens or 0 for call in calls)


def test_a_session_and_its_turns_have_the_ids_of_hooks() -> None:
    told = said_in("0.171")
    first = told[0].event
    assert isinstance(first, SessionSeen)
    assert (first.session_id, first.client, first.client_version, first.cwd) == (
        SESSION,
        "codex",
        "0.171.0",
        "/home/dev/project",
    )
    assert first.context["git"]["branch"] == "main"
    assert first.context["originator"] == "codex_exec"
    assert [event.model for event in of(SessionSeen, told) if event.model] == ["gpt-5-codex"]
    asked = [event for event in of(TraceStarted, told) if event.prompt_text]
    assert [(event.correlation_id, event.prompt_text) for event in asked] == [
        (TURN, "Look-around please"),
        (AGAIN, "And once more"),
    ]
    assert {(event.correlation_id, event.status, event.response_text) for event in of(TraceCompleted, told)} == {
        (turn, TraceStatus.SUCCESS, "All is done.") for turn in (TURN, AGAIN)
    }


def test_a_turn_is_tied_to_its_opentelemetry_trace() -> None:
    tied = {(one.event.correlation_id, one.otel_trace_id) for one in said_in("0.171") if one.otel_trace_id}  # type: ignore[union-attr]
    assert tied == {(TURN, "f6ff9c387dda656ea60ed0c9d398a0d3"), (AGAIN, "fb8e498678b7589d95a42b938abb999f")}


def test_calls_end_as_they_ended() -> None:
    assert ends(said_in("0.171")) == [
        ("exec_command", "success"),
        ("exec_command", "error"),
        ("view_image", "error"),
        ("apply_patch", "error"),
        ("update_plan", "error"),
        ("no_such_tool", "error"),
        ("spawn_agent", "success"),
        ("wait_agent", "success"),
        ("exec_command", "success"),
    ]


def test_a_subagent_works_for_the_turn_that_spawned_it() -> None:
    [spawned] = {
        (one.event.correlation_id, one.event.spawned_by)
        for one in said_in("0.171")
        if isinstance(one.event, TraceStarted) and one.spawn_rule is SpawnRule.CLIENT
    }
    assert spawned == (f"{SESSION}/{AGENT}", f"{SESSION}/call_00060")
    told = said_in("0.171_subagent")
    traces = of(TraceStarted, told)
    assert {event.correlation_id for event in traces} == {f"{SESSION}/{AGENT}"}
    [thread] = [event for event in of(SessionSeen, told) if event.agent_of]
    assert (thread.session_id, thread.agent_of, thread.agent_trace) == (AGENT, SESSION, f"{SESSION}/{AGENT}")
    told = [one for one in told if one.event != thread]
    assert {event.session_id for event in (*traces, *of(SessionSeen, told))} == {SESSION}
    assert {(event.agent_type, event.root_id) for event in traces[1:]} == {("default", TURN)}
    assert {one.rank for one in told if isinstance(one.event, SessionSeen)} == {Trust.ASIDE}
    assert prompts(told) == ["Look-deeper"]
    [over] = of(TraceCompleted, told)
    assert (over.correlation_id, over.response_text) == (f"{SESSION}/{AGENT}", "All is done.")


def test_tokens_count_once_for_each_response() -> None:
    """The stand-in has answered with ``100 n + 7`` and ``10 + n`` tokens to the nth request; 8 and 9 were the subagent's."""
    numbers = [n for n in range(1, 13) if n not in (8, 9)]
    told = said_in("0.171")
    assert usage(told) == (10, sum(100 * n + 7 for n in numbers), sum(10 + n for n in numbers))
    assert usage(said_in("0.171_subagent")) == (2, 807 + 907, 18 + 19)
    call = of(EndpointCalled, told)[1]
    assert (call.cache_read_tokens, call.reasoning_tokens, call.model) == (64, 2, "gpt-5-codex")
    assert of(EndpointCalled, told)[0].response_body == [
        {"type": "reasoning", "text": "**Looking around**"},
        {"type": "text", "text": "I look around."},
    ]


@pytest.mark.parametrize("name", ["0.110", "0.92"])
def test_tokens_that_are_told_again_and_again_count_once(name: str) -> None:
    told = said_in(name)
    lines = (FOLDER / "codex" / f"{name}.jsonl").read_text().splitlines()
    infos = [info for line in lines if (info := json.loads(line)["payload"].get("info"))]
    count, given_, made = usage(told)
    assert (given_, made) == tuple(infos[-1]["total_token_usage"][name] for name in ("input_tokens", "output_tokens"))
    assert count < len(infos)


TROUBLES = {
    "0.171_troubles": "exec_command",
    "0.110": "shell_command",
    "0.92": "shell_command",
}


@pytest.mark.parametrize(("name", "tool"), TROUBLES.items())
def test_what_was_denied_and_what_was_stopped(name: str, tool: str) -> None:
    told = said_in(name)
    statuses = [status for found, status in ends(told) if found == tool]
    assert statuses[:4] == ["denied", "interrupted", "success", "success"]
    outcomes = [event.status for event in of(TraceCompleted, told)]
    assert outcomes[:3] == [TraceStatus.SUCCESS, TraceStatus.INTERRUPTED, TraceStatus.SUCCESS]


def test_a_turn_that_failed_says_why() -> None:
    over = of(TraceCompleted, said_in("0.171_reverted"))[-1]
    assert over.status is TraceStatus.ERROR
    assert "no such model" in over.error_message


@pytest.mark.parametrize("name", ["0.171_troubles", "0.110"])
def test_a_compaction_is_a_step_and_its_turn_no_prompt(name: str) -> None:
    told = said_in(name)
    [step] = [event for event in of(HookExecuted, told) if event.hook_type == "compaction"]
    [trace] = [event for event in of(TraceStarted, told) if event.source == "compaction"]
    assert step.correlation_id == trace.correlation_id
    prompted = {event.correlation_id for event in of(TraceStarted, told) if event.prompt_text}
    assert trace.correlation_id not in prompted


@pytest.mark.parametrize("name", ["0.110", "0.92"])
def test_turns_that_were_taken_back_say_so(name: str) -> None:
    told = said_in(name)
    asked = [event.correlation_id for event in of(TraceStarted, told) if event.prompt_text]
    abandoned = [event.correlation_id for event in of(TraceStarted, told) if "abandoned" in event.tags]
    assert abandoned == [asked[3]]
    assert len(asked) == 5


@pytest.mark.parametrize(
    ("parent", "fork"), [("0.110", "0.110_forked"), ("0.92", "0.92_forked"), (None, "0.171_forked")]
)
def test_a_fork_tells_only_its_own(parent: str | None, fork: str) -> None:
    told = said_in(fork)
    assert prompts(told) == ["In the fork"]
    assert [status for _, status in ends(told)] == ["success"]
    assert usage(told)[0] == 2
    first = told[0].event
    assert isinstance(first, SessionSeen)
    if parent:
        of_parent = said_in(parent)[0].event
        assert isinstance(of_parent, SessionSeen)
        assert first.context["forked_from_id"] == of_parent.session_id
        assert usage(told)[1] > 2000  # what the last responses used, and not the sum with the parent's
        assert usage(told)[1] < 2400


def test_a_subagent_that_was_given_the_conversation_tells_only_its_own() -> None:
    """Its rollout begins with a copy of what its parent was asked."""
    told = said_in("0.171_subagent_forked")
    assert prompts(told) == ["Look-deeper"]
    assert ends(told) == [("exec_command", "success")]
    assert usage(told)[0] == 2
    roots = {event.root_id for event in of(TraceStarted, told)} - {None}
    assert roots == {"01a225d0-9515-7b22-a99b-378c37c55b97"}
    assert {event.correlation_id for event in of(TraceStarted, told)} == {
        "01a225d0-8f5c-79e1-b1b0-4b5d39f8c8d2/01a225d0-957b-7a81-95a5-939fd5670e4a"
    }


def test_a_thread_that_goes_on_in_another_file_had_begun_before() -> None:
    [parent, branch] = [said_in(f"0.171_{name}")[0] for name in ("troubles", "reverted")]
    assert parent.event.session_id == branch.event.session_id  # type: ignore[union-attr]
    assert (branch.clock, branch.rank) == (Clock.CONTINUATION, Trust.CONTINUATION)


def test_turns_without_names_are_known_by_their_prompts() -> None:
    told = said_in("0.45")
    assert prompts(told) == ["Look-around please"]
    [(trace, answer, ending)] = [
        (one.event.correlation_id, one.event.response_text, one.ending)
        for one in told
        if isinstance(one.event, TraceCompleted)
    ]
    assert (answer, ending) == ("All is done.", Ending.TELEMETRY)
    assert trace.startswith("01a2259f-acea-76e1-9d5c-3301eabcb008/prompt:")
    assert ends(told) == [
        ("shell", "success"),
        ("shell", "error"),
        ("view_image", "error"),
        ("apply_patch", "success"),
        ("update_plan", "error"),
        ("no_such_tool", "error"),
    ]
    [stopped] = of(TraceCompleted, said_in("0.45_interrupted"))
    assert stopped.status is TraceStatus.INTERRUPTED


def test_lines_without_times_are_dated_by_their_session_in_their_order() -> None:
    told = said_in("0.20")
    first = told[0].event
    assert isinstance(first, SessionSeen)
    assert prompts(told) == ["Look-around please"]
    assert ends(told) == [("shell", "success"), ("shell", "error"), ("view_image", "error")]
    begun = [event.started_at for event in of(HookExecuted, told) if event.started_at]
    assert begun == sorted(set(begun))
    assert first.started_at
    assert (begun[-1] - first.started_at).total_seconds() < 1
    assert {one.clock for one in told[1:]} == {Clock.CONTINUATION}
    assert not [event for event in of(HookExecuted, told) if event.completed_at or event.duration_ms]


def test_a_rollout_that_lacks_its_beginning_is_known_by_its_name() -> None:
    name = f"/sessions/2026/11/29/rollout-2026-11-29T04-40-39-{SESSION}.jsonl"
    lines = (FOLDER / "codex" / "0.171.jsonl").read_bytes().splitlines()[1:]
    told = read(CodexReader, name, lines)
    assert {event.session_id for event in of(SessionSeen, told)} == {SESSION}
    assert prompts(told) == ["Look-around please", "And once more"]
    assert read(CodexReader, "another.jsonl", lines) == []


def test_what_has_not_ended_is_cut_off_when_nothing_more_comes() -> None:
    lines = (FOLDER / "codex" / "0.171.jsonl").read_bytes().splitlines()
    at = next(i for i, line in enumerate(lines) if b"echo two" in line)
    ended = [one for one in read(CodexReader, "f.jsonl", lines[: at + 1], close=True) if one.ending == Ending.CUT_OFF]
    assert [type(one.event).__name__ for one in ended] == ["TraceCompleted", "HookExecuted", "HookExecuted"]
    assert {one.event.status for one in ended} == {TraceStatus.INTERRUPTED}  # type: ignore[union-attr]
    for name in FILES:
        whole = read(
            CodexReader, f"{name}.jsonl", (FOLDER / "codex" / f"{name}.jsonl").read_bytes().splitlines(), close=True
        )
        left = [one for one in whole if one.source == "transcript.close"]
        assert len(left) == (name == "0.20"), name  # of which the model had no more to say


LINES = [(name, line) for name in FILES for line in (FOLDER / "codex" / f"{name}.jsonl").read_bytes().splitlines()]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
@pytest.mark.slow
def test_no_line_fails_whatever_is_in_it(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FILES))
    lines = [line for file, line in LINES if file == name]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        try:
            whole = json.loads(lines[at])
        except ValueError:
            continue
        place, odd = data.draw(st.sampled_from(places(whole))), data.draw(ODD)
        lines[at] = json.dumps(with_odd(whole, place, odd)).encode()
    read(CodexReader, f"{name}.jsonl", lines)


@pytest.mark.lengthy
@settings(max_examples=50, deadline=None)
@given(
    line=st.binary(max_size=60),
    name=st.sampled_from(["0.171_forked", "0.45_interrupted", "0.20"]),
    cut=st.integers(0, 300),
)
def test_half_a_line_and_what_is_none_say_nothing(line: bytes, name: str, cut: int) -> None:
    own = [one for file, one in LINES if file == name]
    middle = own[len(own) // 2]
    half = middle[: min(cut, len(middle) - 1)]
    assert read(
        CodexReader, f"{name}.jsonl", [*own, line, half, b"", b"null", b"[]", b'"\\ud800"', b"[" * 5_000]
    ) == said_in(name)


def test_fresh_ids_keep_their_time() -> None:
    fresh = Fresh.of("codex")
    told = read(CodexReader, "f", fresh.lines("0.110_forked.jsonl"))
    assert prompts(told) == ["In the fork"]
    assert SESSION not in json.dumps([one.model_dump(mode="json") for one in told])


@pytest.mark.parametrize("field", ["item_completed", "user_message"])
def test_a_subagent_s_prompt_without_the_beginning_of_its_turn_is_that_of_its_trace(field: str) -> None:
    lines = (FOLDER / "codex" / "0.171_subagent.jsonl").read_bytes().splitlines()
    asked = next(line for line in lines if b'"UserMessage"' in line)
    if field == "user_message":
        at = json.loads(asked)["timestamp"]
        payload = {"type": field, "message": "Look-deeper"}
        asked = json.dumps({"timestamp": at, "type": "event_msg", "payload": payload}).encode()
    told = read(CodexReader, "x.jsonl", [lines[0], asked])
    [begun] = [event for event in of(TraceStarted, told) if event.prompt_text]
    assert (begun.source, begun.agent_id, begun.prompt_text) == ("subagent", AGENT, "Look-deeper")
