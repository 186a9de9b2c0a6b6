"""Our hooks in an agent's settings: merged without a trace of disturbance, and taken out again without a rest."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from loopgraph.errors import InvalidInput
from loopgraph.installer.agent_settings import (
    COMMAND_ONLY,
    EVENTS,
    Wanted,
    address_of,
    check,
    install,
    install_telemetry,
    installed,
    is_ours,
    obstacles,
    telemetry,
    told_twice,
    uninstall,
)

Json = dict[str, Any]
WANTED = Wanted("http://127.0.0.1:8053", ("/opt/my tools/loopgraph-hook",))

_scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
_theirs = st.fixed_dictionaries({"type": st.just("command"), "command": st.sampled_from(["lint", "bash 'x", ""])}) | (
    st.fixed_dictionaries(
        {"type": st.just("http"), "url": st.sampled_from(["http://a/", "http://127.0.0.1:8053/x?via=me"])}
    )
)
_groups = st.fixed_dictionaries({"hooks": st.lists(_theirs, max_size=3)}, optional={"matcher": st.text(max_size=5)})
_settings = st.fixed_dictionaries(
    {},
    optional={
        "model": _scalars,
        "hooks": st.dictionaries(
            st.sampled_from([*EVENTS[:4], "FileChanged", "NewEvent"]), st.lists(_groups, max_size=3)
        ),
        "env": st.dictionaries(st.sampled_from(["A", "OTEL_METRICS_EXPORTER"]), st.just("otlp")),
        "permissions": st.dictionaries(st.text(max_size=5), _scalars, max_size=2),
    },
)


def without_empty(settings: Json, otel: bool) -> Json:
    """The settings but for what was empty where ours go: that does not come back."""
    result = copy.deepcopy(settings)
    if hooks := result.get("hooks"):
        result["hooks"] = {event: groups for event, groups in hooks.items() if groups or event not in EVENTS}
    for name in ("hooks", "env") if otel else ("hooks",):
        if not result.get(name, True):
            del result[name]
    return result


@pytest.mark.lengthy
@settings_of_hypothesis(max_examples=60)
@given(_settings, st.booleans(), st.booleans())
def test_any_settings_come_back_as_they_were(settings: Json, durable: bool, otel: bool) -> None:
    before = json.dumps(settings)
    wanted = Wanted(WANTED.url, WANTED.shim, "TOKEN", durable)
    once = install(settings, wanted)
    if otel:
        once = install_telemetry(once, wanted.url)
    assert set(installed(once)) == set(EVENTS)
    assert install(once, wanted) == once, "a second time changes nothing"
    again = uninstall(once)
    assert json.dumps(again) == json.dumps(without_empty(settings, otel)), "order included"
    assert json.dumps(settings) == before, "the argument is left alone"


def test_each_event_has_the_handler_that_the_client_runs() -> None:
    hooks = install({}, WANTED)["hooks"]
    for event in EVENTS:
        [group] = hooks[event]
        [handler] = group["hooks"]
        if event in COMMAND_ONLY:
            assert handler["command"] == "'/opt/my tools/loopgraph-hook' --url http://127.0.0.1:8053"
        else:
            assert handler["url"] == "http://127.0.0.1:8053/api/hooks/claude-code?via=loopgraph-hooks"
            assert handler["timeout"] <= 5
    assert not {"WorktreeCreate", "WorktreeRemove"} & set(hooks), "a hook there takes the client's work over"
    durable = install({}, Wanted(WANTED.url, WANTED.shim, durable=True))["hooks"]
    assert {group["hooks"][0]["type"] for [group] in durable.values()} == {"command"}


@pytest.mark.parametrize("durable", [False, True])
def test_the_commands_of_a_project_differ_from_the_users_by_more_than_the_path(durable: bool) -> None:
    user = installed(install({}, Wanted(WANTED.url, WANTED.shim, durable=durable)))
    project = installed(install({}, Wanted(WANTED.url, ("loopgraph-hook",), durable=durable, level="project")))
    assert told_twice({"mine": user, "ours": project}) == []
    before = installed(install({}, Wanted(WANTED.url, ("loopgraph-hook",), durable=durable)))
    assert told_twice({"mine": user, "ours": before}) == ["ours"]


def test_a_token_is_named_and_never_written() -> None:
    hooks = install({}, Wanted("https://example.org", ("loopgraph-hook",), "MY_TOKEN"))["hooks"]
    assert hooks["Stop"][0]["hooks"][0]["headers"] == {"Authorization": "Bearer $MY_TOKEN"}
    assert hooks["Stop"][0]["hooks"][0]["allowedEnvVars"] == ["MY_TOKEN"]
    assert hooks["Setup"][0]["hooks"][0]["command"].endswith("--token-env MY_TOKEN")


def test_a_pattern_for_every_prompt_is_named_to_the_door() -> None:
    hooks = install({}, Wanted(WANTED.url, WANTED.shim, pattern="team/review&co"))["hooks"]
    assert hooks["Stop"][0]["hooks"][0]["url"].endswith("?via=loopgraph-hooks&pattern=team%2Freview%26co")
    assert hooks["Setup"][0]["hooks"][0]["command"].endswith("--pattern 'team/review&co'")
    assert set(installed({"hooks": hooks})) == set(EVENTS)


def test_ours_stay_ours_when_somebody_edits_them_and_are_brought_up_to_date_in_their_place() -> None:
    mine = {"type": "command", "command": "mine"}
    settings = install({"hooks": {"Stop": [{"matcher": "x", "hooks": [mine]}]}}, WANTED)
    edited = json.loads(
        json.dumps(settings).replace("127.0.0.1:8053", "box.example:9000").replace('"timeout": 2', '"timeout": 9')
    )
    edited["hooks"]["Stop"][0]["hooks"] += copy.deepcopy(edited["hooks"]["Stop"][1]["hooks"])  # and copies them
    edited["hooks"]["Setup"][0]["hooks"][0]["command"] = "/usr/bin/python3.12 -P -m loopgraph.clients.hook_shim"
    assert address_of(installed(edited)["SessionStart"][0]) == address_of(installed(edited)["Stop"][0])
    assert address_of(installed(edited)["Stop"][0]) == "http://box.example:9000"
    assert uninstall(edited) == {"hooks": {"Stop": [{"matcher": "x", "hooks": [mine]}]}}
    renewed = install(edited, WANTED)
    assert [len(group["hooks"]) for group in renewed["hooks"]["Stop"]] == [2, 0]
    assert installed(renewed)["Stop"] == ["http://127.0.0.1:8053/api/hooks/claude-code?via=loopgraph-hooks"]


@pytest.mark.parametrize(
    "handler",
    [
        {"type": "http", "url": "http://127.0.0.1:8053/api/hooks/claude-code"},  # written by hand
        {"type": "http", "url": "http://other/?via=loopgraph-hooks-2"},
        {"type": "command", "command": "echo loopgraph-hook"},
        {"type": "command", "command": "my-loopgraph-hook"},
        {"type": "command", "command": "vim -m loopgraph.clients.hook_shim"},
        {"type": "command", "command": "echo 'unclosed"},
        {"type": "command"},
        {"type": "prompt", "prompt": "loopgraph-hook"},
        "loopgraph-hook",
    ],
)
def test_others_are_not_ours(handler: object) -> None:
    assert not is_ours(handler)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ([], "settings"),
        ({"hooks": []}, "hooks"),
        ({"hooks": {"Stop": {}}}, "hooks.Stop"),
        ({"hooks": {"Stop": [{"hooks": [{}]}, "lint"]}}, "hooks.Stop.1"),
        ({"hooks": {"Stop": [{"hooks": "lint"}]}}, "hooks.Stop.0"),
        ({"env": ["A=1"]}, "env"),
    ],
)
def test_settings_of_another_shape_are_refused_by_place(settings: object, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check(settings)
    assert refusal.value.field == field


def test_telemetry_of_somebody_else_is_not_overwritten() -> None:
    theirs = {"env": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}}
    with pytest.raises(InvalidInput, match=r"^env\.OTEL_EXPORTER_OTLP_ENDPOINT: is 'http://collector:4318' already"):
        install_telemetry(theirs, "http://127.0.0.1:8053")
    ours = install_telemetry({}, "http://127.0.0.1:8053")
    moved = install_telemetry(ours, "http://127.0.0.1:9000")
    assert moved["env"].items() >= telemetry("http://127.0.0.1:9000").items(), "our own address can change"


def test_what_keeps_the_client_from_running_our_hooks_is_told() -> None:
    settings = {
        "disableAllHooks": True,
        "allowedHttpHookUrls": ["https://*.example.org/*"],
        "httpHookAllowedEnvVars": ["A"],
    }
    told = obstacles(settings, ["http://127.0.0.1:8053"], "B")
    assert [line.split(maxsplit=1)[0] for line in told] == [
        "disableAllHooks",
        "allowedHttpHookUrls",
        "httpHookAllowedEnvVars",
    ]
    assert obstacles({"allowedHttpHookUrls": ["http://127.0.0.1:*"]}, [WANTED.url]) == []
