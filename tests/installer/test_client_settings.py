"""Our hooks in the settings of agent clients other than Claude Code: merged without a trace, and taken out without a rest."""

from __future__ import annotations

import copy
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.errors import InvalidInput
from loopgraph.installer.agent_settings import told_twice
from loopgraph.installer.client_settings import CLIENTS, Client, Wanted, check, install, installed, option, uninstall
from support.quick import first_quick

pytestmark = pytest.mark.slow

Json = dict[str, Any]

WANTED = Wanted("http://127.0.0.1:8053", ("/opt/my tools/loopgraph-hook",))
OTHER = Wanted("http://box.example:9000", ("loopgraph-hook",), "MY_TOKEN")

_commands = st.sampled_from(["lint", "bash 'x", "", "./hook.sh --client codex", "echo loopgraph-hook"])


def theirs(client: Client) -> st.SearchStrategy[Json]:
    """Settings that a client could have, with handlers that are not ours."""
    name = "bash" if client.name == "copilot" else "command"
    handler = st.fixed_dictionaries({"type": st.just("command"), name: _commands}, optional={"timeout": st.just(3)})
    group = st.fixed_dictionaries(
        {"hooks": st.lists(handler, min_size=1, max_size=2)}, optional={"matcher": st.just("*")}
    )
    entries = st.lists(group if client.grouped else handler, min_size=1, max_size=3)
    events = st.sampled_from([*client.events[:3], "aNewEvent"])
    more = {"hooks": st.dictionaries(events, entries, min_size=1), "telemetry": st.just({"enabled": True})}
    fixed = {"version": st.just(1), "theme": st.just("dark")} if client.version else {}
    return st.fixed_dictionaries(fixed, optional=more)


@pytest.mark.parametrize("client", first_quick(CLIENTS.values()), ids=lambda client: client.name)
@given(st.data())
def test_what_is_there_stays_and_comes_back(client: Client, data: st.DataObject) -> None:
    settings = data.draw(theirs(client))
    before = copy.deepcopy(settings)
    with_ours = install(client, check(client, settings), WANTED)
    assert settings == before, "the argument is not changed"
    assert set(installed(with_ours)) == set(client.events)
    assert all(len(commands) == 1 for commands in installed(with_ours).values())
    assert install(client, with_ours, WANTED) == with_ours
    moved = install(client, with_ours, OTHER)
    assert {option(command, "--url") for commands in installed(moved).values() for command in commands} == {OTHER.url}
    assert uninstall(client, moved) == uninstall(client, with_ours) == before
    assert uninstall(client, before) == before


@pytest.mark.parametrize("client", CLIENTS.values(), ids=lambda client: client.name)
def test_nothing_is_left_where_nothing_was(client: Client) -> None:
    assert uninstall(client, install(client, {}, WANTED)) == {}


def test_each_client_gets_handlers_of_its_own_kind() -> None:
    written = {name: install(client, {}, OTHER) for name, client in CLIENTS.items()}
    command = "loopgraph-hook --client {} --url http://box.example:9000 --token-env MY_TOKEN"
    assert written["codex"]["hooks"]["Stop"] == [
        {"hooks": [{"type": "command", "command": command.format("codex"), "timeout": 3}]}
    ]
    assert written["gemini"]["hooks"]["AfterAgent"] == [
        {"hooks": [{"name": "loopgraph", "type": "command", "command": command.format("gemini"), "timeout": 5000}]}
    ]
    assert written["cursor"] == {
        "version": 1,
        "hooks": {event: [{"command": command.format("cursor"), "timeout": 5}] for event in CLIENTS["cursor"].events},
    }
    [handler] = written["copilot"]["hooks"]["postToolUse"]
    assert handler == {"type": "command", "bash": handler["bash"], "timeoutSec": 5}
    assert shlex.split(handler["bash"])[:5] == ["loopgraph-hook", "--client", "copilot", "--event", "postToolUse"]
    assert written["copilot"]["version"] == 1


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_the_program_of_a_project_is_told_from_the_users_by_more_than_its_path(client: Client) -> None:
    """Which the shell finds on the PATH, and then starts alike."""
    user = installed(install(client, {}, Wanted("http://box:1", ("/opt/bin/loopgraph-hook",))))
    project = installed(install(client, {}, Wanted("http://box:1", ("loopgraph-hook",), level="project")))
    assert told_twice({"mine": user, "ours": project}) == []
    before = installed(install(client, {}, Wanted("http://box:1", ("loopgraph-hook",))))
    assert told_twice({"mine": user, "ours": before}) == ["ours"]
    assert told_twice({"mine": user, "also mine": user}) == [], "a client runs those that are alike once"


def test_a_second_one_of_ours_goes() -> None:
    client = CLIENTS["cursor"]
    twice = install(client, {}, WANTED)
    twice["hooks"]["stop"] *= 2
    assert install(client, twice, WANTED) == install(client, {}, WANTED)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"hooks": []}, "hooks"),
        ({"hooks": {"Stop": {}}}, "hooks.Stop"),
        ({"hooks": {"Stop": ["x"]}}, "hooks.Stop.0"),
        ({"hooks": {"Stop": [{"hooks": {}}]}}, "hooks.Stop.0"),
    ],
)
def test_settings_that_are_not_as_they_should_be_are_left_alone(settings: Json, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(CLIENTS["codex"], settings)
    assert refused.value.field == field


def test_what_stands_beside_the_events_is_left_alone() -> None:
    client, settings = CLIENTS["gemini"], {"hooks": {"enabled": True, "disabled": ["lint"]}}
    with_ours = install(client, check(client, settings), WANTED)
    assert (with_ours["hooks"]["enabled"], with_ours["hooks"]["disabled"]) == (True, ["lint"])
    assert uninstall(client, with_ours) == settings
