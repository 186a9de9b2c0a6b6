"""What a prompt asks for is told from its words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from computes.learning.requests.prompts import pairs
from loopgraph.computes.learning.requests.actions import ACTIONS, AVOID, INTENTS, NEAR, differ
from loopgraph.computes.learning.requests.intents import READ, asked_for


@pytest.mark.parametrize(
    ("prompt", "action"),
    [
        # orders, plain and polite
        ("fix the login", "fix"),
        ("Could you please fix the login?", "fix"),
        ("I'd like you to rename the helper", "rename"),
        ("We need to delete the old rows", "delete"),
        ("Let's deploy to staging", "deploy"),
        ("make sure to log every failed payment", "log"),
        ("In the end, remove the flag", "delete"),
        ("The tests are slow. Run them in parallel.", "run"),
        # what a person needs to do is done by a verb that is not known: then nothing is told
        ("I need to cancel my flight", ""),
        ("we want to paginate the list", ""),
        ("I need some help with my plans", ""),
        ("we need a dark mode", "add"),
        ("users want to sort the table", "add"),
        ("I was hoping to change my flight", "change"),
        ("I need to make a few changes to my reservation", "change"),
        ("make a change to the release script", "change"),
        # a verb that is only mentioned
        ("the delete button is broken", "fix"),
        ("add a test for delete_user", "test"),
        ("explain what remove_all() does", "explain"),
        ('rename the button "Delete everything"', "rename"),
        ("build errors are swallowed, fix that", "fix"),
        ("`rm -rf build` fails on windows", "fix"),
        # what is not to be done
        ("don't delete the logs", AVOID),
        ("Do not touch the tests. Refactor the parser.", "refactor"),
        ("never rename public methods", AVOID),
        ("rename the module but don't move it", "rename"),
        # several words, and what stands apart
        ("get rid of jquery", "delete"),
        ("speed the build up", "optimize"),
        ("turn the flag off", "disable"),
        ("set up a pre-commit hook", "configure"),
        ("roll back the release", "revert"),
        # what is made tells
        ("add unit tests to the parser", "test"),
        ("write documentation for the api", "document"),
        ("add type hints", "type"),
        ("add a log viewer", "add"),
        ("run prettier on src", "format"),
        # questions
        ("why does it crash?", "explain"),
        ("where is the token stored?", "find"),
        ("which routes need a login?", "list"),
        ("is the certificate still valid?", "check"),
        ("how many users signed up?", "count"),
        # what is stated
        ("login times out", "fix"),
        ("the dashboard is too slow", "optimize"),
        ("users should be able to reset their password", "add"),
        ("the column should be renamed to total", "rename"),
        # nothing of that, and no English
        ("hello", ""),
        ("", ""),
        ("lösche den Cache nach dem Abmelden", ""),
        ("corrige el error de inicio de sesión", ""),
    ],
)
def test_the_action_of_a_prompt(prompt: str, action: str) -> None:
    assert asked_for(prompt).action == action


def test_the_intent_is_that_of_the_action() -> None:
    assert asked_for("fix it").intent == "debugging"
    assert asked_for("add tests").intent == "testing"
    assert asked_for("hello").intent == "general"
    assert set(ACTIONS.values()) <= INTENTS.keys()


def test_actions_that_are_near_do_not_differ_and_unknown_ones_neither() -> None:
    assert {action for pair in NEAR for action in pair} <= INTENTS.keys() | {"support", "build", "set"}
    assert not differ("deploy", "publish")
    assert not differ("fix", "")
    assert differ("fix", "delete")
    assert differ("enable", "disable")


def test_same_words_for_another_task_are_told_apart() -> None:
    """By the action alone: no vector can do it."""
    told = {part: [differ(*_actions(pair)) for pair in pairs("same_words", part)] for part in ("tuned", "held_out")}
    assert len(told["tuned"]) >= 60
    assert all(told["tuned"])
    assert sum(told["held_out"]) / len(told["held_out"]) >= HELD_OUT_APART


def test_paraphrases_are_not_told_apart() -> None:
    told = {part: [differ(*_actions(pair)) for pair in pairs("paraphrases", part)] for part in ("tuned", "held_out")}
    assert len(told["tuned"]) >= 60
    assert sum(told["tuned"]) <= 1
    assert sum(told["held_out"]) / len(told["held_out"]) <= HELD_OUT_TORN


HELD_OUT_APART = 0.80
HELD_OUT_TORN = 0.15


def _actions(pair: tuple[str, str]) -> tuple[str, str]:
    return asked_for(pair[0]).action, asked_for(pair[1]).action


@pytest.mark.lengthy
@given(st.text(max_size=3 * READ))
def test_any_text_has_a_known_action_or_none(text: str) -> None:
    asked = asked_for(text)
    assert asked.action == "" or asked.action in INTENTS


def test_a_long_prompt_is_read_at_both_ends() -> None:
    assert asked_for("x " * 100_000 + "\nfix the login").action == "fix"
