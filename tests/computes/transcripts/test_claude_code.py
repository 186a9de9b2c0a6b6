"""What the lines of a transcript say: of a real client's, and of layouts that older clients wrote."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopgraph.computes.transcripts.claude_code.reader import ClaudeCodeReader
from loopgraph.computes.transcripts.reading import TranscriptFile
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.observations import Observation, SpawnRule
from support.traces import at
from support.transcripts import RECORDED, lines_of, of_kind, read

PROJECT = RECORDED / "projects" / "-home-dev-proj"


def session(prefix: str) -> Path:
    [path] = PROJECT.glob(f"{prefix}*.jsonl")
    return path


def told(path: Path, **how: Any) -> list[Observation]:
    return [observation for said in read(path, **how) for observation in said]


def last(events: list[Any]) -> Any:
    return max(events, key=lambda event: event.timestamp)


def ends(observations: list[Observation], kind: str = "complete") -> dict[str, tuple[str, str | None]]:
    """How each trace or tool call ended at last, by what it is known by: status and type of error."""
    by_id: dict[str, list[tuple[int, Any]]] = {}
    for observation in observations:
        event: Any = observation.event
        if event.kind == kind and event.outcome is not TraceStatus.IN_PROGRESS:
            level = observation.rank if observation.ending is None else observation.ending
            id_ = event.correlation_id if kind == "complete" else event.execution_id
            by_id.setdefault(id_, []).append((level, event))
    best = {id_: max(known, key=lambda one: (one[0], one[1].timestamp)) for id_, known in by_id.items()}
    return {id_: (event.outcome.value, event.error_type) for id_, (_, event) in best.items()}


def prompts(observations: list[Observation]) -> list[tuple[str, str]]:
    return [(event.source, event.prompt_text) for event in of_kind(observations, "start") if event.prompt_text]


# A real client


def test_a_message_of_several_lines_is_one_call_with_its_tokens_once() -> None:
    calls = of_kind(told(session("1111")), "endpoint")
    first = [call for call in calls if call.call_id == calls[0].call_id]
    counted = [call for call in first if call.input_tokens is not None]
    assert len(counted) == 1, "five lines repeat them"
    [call] = counted
    assert (call.input_tokens, call.cache_read_tokens, call.cache_write_tokens, call.cache_write_1h_tokens) == (
        1620,
        500,
        1000,
        400,
    )
    assert (call.output_tokens, call.model, call.service_name) == (57, "claude-opus-5-5", "anthropic")
    assert [part.response_body for part in first if part.response_body] == [
        {"type": "thinking", "thinking": "let me think"},
        {"type": "text", "text": "I will look."},
    ]
    assert len({call.call_id for call in calls}) == 5


def test_calls_of_tools_with_their_ends() -> None:
    observations = told(session("1111"))
    assert sorted(ends(observations, "hook").values()) == [
        ("error", "tool_error"), ("success", None), ("success", None), ("success", None)
    ]  # fmt: skip
    [failed] = of_kind(observations, "hook", status=TraceStatus.ERROR)
    assert failed.error_message == "Exit code 1"
    began = of_kind(observations, "hook", status=TraceStatus.IN_PROGRESS)
    assert {hook.tool_name for hook in began} == {"Bash"}
    assert all(hook.tool_input and hook.root_id == hook.correlation_id for hook in began)


def test_a_large_output_is_read_from_its_own_file() -> None:
    outputs = [
        hook.tool_response["stdout"] for hook in of_kind(told(session("1111")), "hook", status=TraceStatus.SUCCESS)
    ]
    assert max(map(len, outputs)) > 50_000
    assert max(outputs, key=len).endswith("\n12000\n")


def test_a_compaction_is_noted_and_its_summary_is_no_prompt() -> None:
    observations = told(session("1111"))
    assert prompts(observations) == [
        ("user_prompt", "MULTI-A please"),
        ("user_prompt", "SECOND-B please"),
        ("local_command", "/compact"),
        ("user_prompt", "FORK-C after compact"),
    ]
    [noted] = of_kind(observations, "log")
    assert (noted.name, noted.context["trigger"]) == ("compact_boundary", "manual")
    assert not of_kind(observations, "start", tags=("abandoned",)), "it goes on from where it was"
    assert set(ends(observations).values()) == {("success", None)}


def test_a_denied_call_and_one_of_a_tool_that_there_is_not() -> None:
    observations = told(session("3333"))
    assert sorted(ends(observations, "hook").values()) == [("denied", "permission_denied"), ("error", "tool_use_error")]
    [denied] = of_kind(observations, "hook", status=TraceStatus.DENIED)
    assert denied.error_message.startswith("rm in '/home/dev/elsewhere' needs approval.")
    assert list(ends(observations).values()) == [("success", None)]


def test_a_request_that_was_refused_fails_its_prompt() -> None:
    observations = told(session("5555"))
    [call] = of_kind(observations, "endpoint")
    assert (call.status, call.response_status, call.error_type) == (TraceStatus.ERROR, 400, "invalid_request_error")
    assert (call.model, call.input_tokens) == (None, None), "the client wrote it in the model's name"
    assert list(ends(observations).values()) == [("error", "invalid_request_error")]


def test_a_request_that_was_tried_again_says_how_often() -> None:
    observations = told(session("6666"))
    [call] = [call for call in of_kind(observations, "endpoint") if call.model]
    assert call.retry_count == 2
    assert [(log.name, log.severity, log.context["retryAttempt"]) for log in of_kind(observations, "log")] == [
        ("api_error", "error", 1),
        ("api_error", "error", 2),
    ]


def test_subagents_name_the_calls_that_spawned_them() -> None:
    spawned = {}
    for path in sorted((PROJECT / session("7777").stem / "subagents").glob("*.jsonl")):
        observations = told(path)
        [start] = [one for one in observations if one.event.kind == "start"]
        assert start.spawn_rule is SpawnRule.CLIENT
        event: Any = start.event
        spawned[event.prompt_text] = (event.spawned_by, event.agent_type, event.root_id, event.correlation_id)
        assert ends(observations) == {event.correlation_id: ("success", None)}
        assert {call.correlation_id for call in of_kind(observations, "endpoint")} == {event.correlation_id}
    [prompt] = {event.correlation_id for event in of_kind(told(session("7777")), "complete", response_text="top done")}
    calls = {
        hook.tool_input["prompt"]: hook
        for path in PROJECT.rglob("*.jsonl")
        for hook in of_kind(told(path), "hook", tool_name="Agent")
    }
    assert set(spawned) == {"NEST-L1 go", "NEST-L2 go"}
    for text, (spawned_by, kind, root, _) in spawned.items():
        assert (spawned_by, kind, root) == (calls[text].execution_id, "general-purpose", prompt)
    assert calls["NEST-L2 go"].correlation_id == spawned["NEST-L1 go"][3]


def test_what_was_gone_back_from_is_kept_and_marked() -> None:
    observations = told(session("8888"))
    assert prompts(observations) == [
        ("user_prompt", "MULTI-A please"), ("user_prompt", "SECOND-B please"), ("user_prompt", "REWIND-D please")
    ]  # fmt: skip
    by_text = {event.prompt_text: event.correlation_id for event in of_kind(observations, "start") if event.prompt_text}
    marked = of_kind(observations, "start", tags=("abandoned",))
    assert [event.correlation_id for event in marked] == [by_text["SECOND-B please"]]
    assert set(ends(observations).values()) == {("success", None)}


def test_ctrl_c_interrupts_the_prompt_and_the_call_that_ran() -> None:
    observations = told(session("b111"))
    assert sorted(ends(observations, "hook").values()) == [("interrupted", "interrupt"), ("success", None)]
    assert sorted(ends(observations).values()) == [("interrupted", "interrupt"), ("success", None)]
    [text] = [event.response_text for event in of_kind(observations, "complete") if event.response_text]
    assert text == "went on", "what the client answers in the model's name is no answer"


def test_a_prompt_of_a_client_that_was_killed_is_interrupted_when_the_next_is_worked_on() -> None:
    observations = told(session("b222"))
    assert sorted(ends(observations).values()) == [("interrupted", "interrupt"), ("success", None)]
    hooks = ends(observations, "hook")
    assert sorted(hooks.values()) == [("interrupted", "interrupt"), ("success", None)]
    traces = {hook.correlation_id for hook in of_kind(observations, "hook")}
    assert len(traces) == 1, "the call is of its own prompt, though the next one's line tells of its end"


def test_ctrl_c_interrupts_a_subagent_with_its_call() -> None:
    [path] = (PROJECT / session("b333").stem / "subagents").glob("*.jsonl")
    observations = told(path)
    assert list(ends(observations).values()) == [("interrupted", "interrupt")]
    assert sorted(ends(observations, "hook").values()) == [("interrupted", "interrupt"), ("success", None)]
    assert list(ends(told(session("b333")), "hook").values()) == [("interrupted", "interrupt")]


def test_a_fork_repeats_nothing_of_the_session_that_it_was_forked_from() -> None:
    original = session("1111")
    uuids = {line["uuid"] for text in original.read_text().splitlines() if "uuid" in (line := json.loads(text))}
    observations = told(session("2222"), repeated=uuids)
    assert prompts(observations) == [("user_prompt", "FORK-C please")]
    assert len(of_kind(observations, "complete")) == 1
    assert not of_kind(observations, "hook")
    assert {event.session_id for event in of_kind(observations, "session")} == {session("2222").stem}


def test_a_fork_of_a_session_that_is_gone_keeps_its_prompts_apart() -> None:
    observations = told(session("2222"))
    traces = {event.correlation_id: event.prompt_text for event in of_kind(observations, "start") if event.prompt_text}
    assert list(traces.values()) == ["MULTI-A please", "SECOND-B please", "FORK-C please"]
    lines = [json.loads(text) for text in session("2222").read_text().splitlines()]
    [named] = {line["promptId"] for line in lines if "promptId" in line}
    assert traces[named] == "FORK-C please", "all have the id of the one that is new"


@pytest.mark.parametrize("back", [timedelta(seconds=-3), timedelta(days=-3650)])
def test_prompts_keep_their_ids_though_a_clock_was_wrong(tmp_path: Path, back: timedelta) -> None:
    """Up to the second prompt it was fast: all that follows is older than what stands before it."""
    lines = [json.loads(text) for text in session("8888").read_text().splitlines()]
    second = next(place for place, line in enumerate(lines) if "SECOND-B" in str(line.get("message")))
    for line in lines[:second]:
        if "timestamp" in line and line is not next(each for each in lines if "timestamp" in each):
            line["timestamp"] = str(datetime.fromisoformat(line["timestamp"]) - back)
    path = tmp_path / session("8888").name
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    ids = [{event.correlation_id for event in of_kind(told(each), "start")} for each in (session("8888"), path)]
    assert ids[0] == ids[1]


def test_a_line_that_was_written_twice_says_nothing_the_second_time(tmp_path: Path) -> None:
    lines = session("b1111").read_bytes().splitlines(keepends=True)
    path = tmp_path / session("b1111").name
    path.write_bytes(b"".join(lines))
    once = told(path)
    for line in lines:
        if b'"uuid":' in line and b'"type":"user"' in line:
            path.write_bytes(b"".join([*lines, line]))
            assert told(path) == once, line


def test_what_a_session_is() -> None:
    seen = of_kind(told(session("1111")), "session")
    said = {name: value for event in seen for name, value in event.model_dump(exclude_unset=True).items()}
    assert said["started_at"] == min(event.started_at for event in seen if event.started_at)
    assert (said["cwd"], said["client"], said["client_version"]) == ("/home/dev/proj", "claude-code", "2.1.332")
    assert said["model"] == "claude-opus-5-5"
    assert said["context"]["totalCostUSD"] == pytest.approx(0.05544), "the client's own figure"


# Older layouts


def line(number: int, kind: str, **fields: Any) -> dict[str, Any]:
    """A line of a client that names no prompts."""
    stamp = (at(0) + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
    parent = {"parentUuid": f"u{number - 1}" if number else None}
    return {"type": kind, "uuid": f"u{number}", **parent, "timestamp": stamp, "sessionId": "s", **fields}


def user(number: int, content: Any, **fields: Any) -> dict[str, Any]:
    return line(number, "user", message={"role": "user", "content": content}, **fields)


def model(number: int, *blocks: dict[str, Any], reason: str | None = None, **fields: Any) -> dict[str, Any]:
    usage = fields.pop("usage", {"input_tokens": 5, "output_tokens": 1})
    message = {
        "id": f"m{number}",
        "model": "claude-sonnet-4",
        "content": list(blocks),
        "stop_reason": reason,
        "usage": usage,
    }
    return line(number, "assistant", **{"message": message, **fields})


def use(id_: str, name: str = "Bash", **input_: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": id_, "name": name, "input": input_}


def result(id_: str, content: Any = "ok", **fields: Any) -> list[dict[str, Any]]:
    return [{"type": "tool_result", "tool_use_id": id_, "content": content, **fields}]


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def test_without_names_a_prompt_is_known_by_its_line_and_ends_with_the_last_text_before_the_next() -> None:
    observations = lines_of(
        user(0, "first"), model(1, text("hm")), model(2, use("t")), user(3, result("t")), model(4, text("done")),
        user(5, "second"), model(6, text("yes")),
        close=True,
    )  # fmt: skip
    assert [event.correlation_id for event in of_kind(observations, "start") if event.prompt_text] == ["s/u0", "s/u5"]
    assert ends(observations) == {"s/u0": ("success", None), "s/u5": ("success", None)}
    assert [event.response_text for event in of_kind(observations, "complete")] == ["done", "yes"]


def test_what_has_not_ended_when_nothing_more_comes_was_cut_off() -> None:
    observations = lines_of(user(0, "first"), model(1, use("t")), close=True)
    assert ends(observations) == {"s/u0": ("interrupted", "interrupt")}
    [cut] = of_kind(observations, "hook", status=TraceStatus.INTERRUPTED)
    assert cut.execution_id == "s/t"


def test_while_a_message_still_comes_its_lines_have_smaller_counts() -> None:
    message = {"id": "m", "model": "claude-sonnet-4", "stop_reason": None}
    usages = [
        {"input_tokens": 3, "output_tokens": 1},
        {"input_tokens": 3, "output_tokens": 9},
        {"input_tokens": 3, "output_tokens": 57},
    ]
    lines = [
        {**line(1, "assistant", message={**message, "content": [text(str(n))], "usage": usage}), "uuid": f"v{n}"}
        for n, usage in enumerate(usages)
    ]
    calls = of_kind(lines_of(user(0, "go"), *lines), "endpoint")
    assert {call.call_id for call in calls} == {"s/m"}
    assert last([call for call in calls if call.output_tokens is not None]).output_tokens == 57


def test_side_chains_in_the_session_s_own_file_are_subagents_of_the_calls_with_their_prompts() -> None:
    side = {"isSidechain": True}
    observations = lines_of(
        user(0, "go"),
        model(1, use("a", "Task", prompt="look here", subagent_type="Explore"), use("b", "Task", prompt="look there")),
        {**user(2, "look there", **side), "parentUuid": None},
        {**model(3, use("x"), **side)},
        {**user(4, "look here", **side), "uuid": "w4", "parentUuid": None},
        {**user(5, result("x"), **side), "parentUuid": "u3"},
        {**model(6, text("nothing there"), **side)} | {"parentUuid": "u5"},
        {**model(7, text("something here"), **side)} | {"parentUuid": "w4"},
        {**user(8, result("a", "something here")), "parentUuid": "u1"},
        {**user(9, result("b", "nothing there")), "parentUuid": "u1"},
        model(10, text("done"), reason="end_turn"),
    )
    spawned = {
        event.prompt_text: (event.spawned_by, event.agent_type, event.root_id)
        for event in of_kind(observations, "start")
        if event.agent_id
    }
    assert spawned == {"look here": ("s/a", "Explore", "s/u0"), "look there": ("s/b", None, "s/u0")}
    answers = {event.response_text for event in of_kind(observations, "complete")}
    assert answers == {"nothing there", "something here", "done"}
    [ran] = of_kind(observations, "hook", tool_name="Bash")
    assert ran.correlation_id == "s/u2", "the side chain has the id of its first line"
    assert set(ends(observations).values()) == {("success", None)}


def test_a_subagent_beside_the_sessions_is_of_the_session_that_its_lines_name() -> None:
    lines = [
        user(0, "dig", agentId="ab12", isSidechain=True),
        model(1, text("dug"), reason="end_turn", agentId="ab12", isSidechain=True),
    ]
    observations = lines_of(*lines, path="/p/agent-ab12.jsonl")
    [start] = of_kind(observations, "start")
    assert (start.correlation_id, start.session_id, start.prompt_text) == ("s/ab12", "s", "dig")
    assert ends(observations) == {"s/ab12": ("success", None)}
    assert not of_kind(observations, "session")


def test_a_command_of_the_client_itself_is_no_prompt_to_the_model() -> None:
    caveat = "Caveat: The messages below were generated by the user while running local commands. DO NOT respond."
    observations = lines_of(
        user(0, caveat, isMeta=True),
        user(
            1,
            "<command-name>/model</command-name>\n<command-message>model</command-message>\n<command-args>opus</command-args>",
        ),
        user(2, "<local-command-stdout>Set model to opus</local-command-stdout>"),
        user(3, "<bash-input>ls</bash-input>"),
        user(4, "<bash-stdout>a.txt</bash-stdout><bash-stderr></bash-stderr>"),
        user(5, "hello"),
        model(6, text("hi"), reason="end_turn"),
    )
    sources = {event.correlation_id: event.source for event in of_kind(observations, "start")}
    assert sources == {"s/u1": "local_command", "s/u3": "local_command", "s/u5": "user_prompt"}
    assert [text_ for _, text_ in prompts(observations)] == ["/model opus", "!ls", "hello"]
    assert [event.response_text for event in of_kind(observations, "complete")] == ["Set model to opus", "a.txt", "hi"]


def test_a_person_who_says_no_denies_the_call_and_stops_the_agent() -> None:
    refusal = "The user doesn't want to proceed with this tool use. The tool use was rejected."
    no = {"toolDenialKind": "user-rejected", "permissionDecision": {"decision": "reject", "source": "user_reject"}}
    observations = lines_of(
        user(0, "go"),
        model(1, use("t"), reason="tool_use"),
        user(2, result("t", refusal, is_error=True), **no),
        user(3, [text("[Request interrupted by user for tool use]")]),
    )
    assert ends(observations, "hook") == {"s/t": ("denied", "permission_denied")}
    assert ends(observations) == {"s/u0": ("interrupted", "interrupt")}


def test_a_prompt_from_before_the_first_leaves_all_behind() -> None:
    again = {**user(2, "again"), "parentUuid": None}
    observations = lines_of(user(0, "first"), model(1, text("one"), reason="end_turn"), again)
    assert [event.correlation_id for event in of_kind(observations, "start", tags=("abandoned",))] == ["s/u0"]


# Whatever else


def test_what_is_no_line_and_what_is_not_known_says_nothing() -> None:
    reader = ClaudeCodeReader(TranscriptFile("/p/s.jsonl"))
    for content in (
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b"{}",
        b'{"type": "from the future", "uuid": "x"}',
    ):
        assert list(reader.read(content)) == []


_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=300) | st.just("a" * 300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_LINES = [json.loads(text_) for path in sorted(PROJECT.rglob("*.jsonl")) for text_ in path.read_text().splitlines()]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, item in items for place in _places(item, (*path, name)))]


@settings(max_examples=60)
@given(st.data())
@pytest.mark.slow
def test_no_field_of_an_odd_type_makes_it_fail(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(_LINES) - 12))
    reader = ClaudeCodeReader(TranscriptFile("/p/s.jsonl"))
    for original in _LINES[start : start + 12]:
        odd = json.loads(json.dumps(original))
        place = data.draw(st.sampled_from([path for path in _places(odd) if path]))
        inner = odd
        for name in place[:-1]:
            inner = inner[name]
        inner[place[-1]] = data.draw(_VALUES)
        reader.read(json.dumps(odd).encode())
    reader.close()


def test_what_is_typed_while_the_model_works_is_noted_and_tells_of_a_subagent_s_end() -> None:
    notice = (
        "<task-notification>\n<task-id>ab12</task-id>\n<tool-use-id>t</tool-use-id>\n<status>failed</status>\n"
        '<summary>Agent "dig" failed</summary>\n</task-notification>'
    )
    observations = lines_of(
        user(0, "go"),
        model(1, use("t", "Agent", prompt="dig")),
        line(2, "attachment", attachment={"type": "queued_command", "prompt": "and be quick"}),
        line(3, "attachment", attachment={"type": "queued_command", "prompt": notice}),
    )
    assert [(log.name, log.body, log.correlation_id) for log in of_kind(observations, "log")] == [
        ("queued_command", "and be quick", "s/u0"),
        ("queued_command", notice, "s/u0"),
    ]
    [spawned] = [event for event in of_kind(observations, "start") if event.agent_id]
    assert (spawned.correlation_id, spawned.spawned_by) == ("s/ab12", "s/t")
    [ended] = of_kind(observations, "complete")
    assert (ended.correlation_id, ended.status) == ("s/ab12", TraceStatus.ERROR)
