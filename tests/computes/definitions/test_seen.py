"""What a model was given, with what was put into it taken out again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopgraph.computes.definitions.rendering import has_holes, may_be_of
from loopgraph.computes.definitions.seen import is_skill, origin_of, seen_called, seen_whole
from loopgraph.contracts.lineage.bodies import body_digest
from loopgraph.contracts.lineage.definitions import DefinitionOrigin

SESSION = "3a8f7b29-4832-4325-acfa-d09a79edc16f"
FOLDER = "/home/dev/proj/.claude/skills/triage"


def given_skill(body: str) -> str:
    return f"Base directory for this skill: {FOLDER}\n\n{body}"


def test_a_skill_without_the_words_of_the_client() -> None:
    seen = seen_called(given_skill("# Triage\n1. Restate.\n\n\nARGUMENTS: bug 42"), SESSION, "bug 42")
    assert (seen.text, seen.arguments, seen.path) == ("# Triage\n1. Restate.\n", "bug 42", FOLDER)
    assert seen.digests == (body_digest("# Triage\n1. Restate."),)
    assert seen.origin is DefinitionOrigin.PROJECT
    assert is_skill(given_skill("x"))
    assert not is_skill("Fix bug 42")


def test_arguments_that_are_not_known_are_those_that_the_client_wrote() -> None:
    seen = seen_called(given_skill("Body\n\n\nARGUMENTS: one\nand two"), SESSION)
    assert (seen.text.strip(), seen.arguments) == ("Body", "one\nand two")


def test_a_body_that_speaks_of_arguments_keeps_what_it_says() -> None:
    body = "Tell me:\n\nARGUMENTS: are what follows\n\nand more"
    seen = seen_called(given_skill(body), SESSION, "are what follows\n\nand more")
    assert seen_called(given_skill(body), SESSION, "x").text == body
    assert seen.text.strip() == "Tell me:", "where the client added just that, it is no part of the body"


def test_what_was_put_into_a_body_is_taken_out() -> None:
    text = given_skill(f"Plan (session {SESSION}) for ship it, see {FOLDER}/more.md\n")
    seen = seen_called(text, SESSION, "ship it")
    assert seen.text == "Plan (session ${CLAUDE_SESSION_ID}) for $ARGUMENTS, see ${CLAUDE_SKILL_DIR}/more.md\n"
    for body in (
        f"Plan (session {SESSION}) for ship it, see {FOLDER}/more.md",
        "Plan (session ${CLAUDE_SESSION_ID}) for ship it, see ${CLAUDE_SKILL_DIR}/more.md",
        "Plan (session ${CLAUDE_SESSION_ID}) for $ARGUMENTS, see ${CLAUDE_SKILL_DIR}/more.md",
    ):
        assert body_digest(body) in seen.digests, "whichever of them was a hole in the body"


def test_a_single_character_is_taken_out_only_where_it_stands_alone() -> None:
    assert (
        seen_called("Fix bug 7.\n1. Look.\n2. Mend 7a.", SESSION, "7").text
        == "Fix bug $ARGUMENTS.\n1. Look.\n2. Mend 7a."
    )
    assert seen_called("Fix bug 1.\n1. Look.", SESSION, "1").text == "Fix bug 1.\n1. Look.", "nobody knows which"


@pytest.mark.lengthy
@given(st.text(alphabet="ab $\n", max_size=30), st.text(alphabet="xyz ", min_size=1, max_size=8))
def test_what_a_body_became_is_found_by_its_digest(body: str, arguments: str) -> None:
    """Of every body whose own text does not happen to hold the arguments."""
    body, arguments = f"{body} for $ARGUMENTS.", arguments.strip() or "x"
    seen = seen_called(body.replace("$ARGUMENTS", arguments), SESSION, arguments)
    assert body_digest(body) in seen.digests


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        ("/home/dev/proj/.claude/skills/x", DefinitionOrigin.PROJECT),
        ("/home/dev/.claude/skills/x", DefinitionOrigin.USER),
        ("/root/.claude/agents/x.md", DefinitionOrigin.USER),
        ("C:\\Users\\dev\\.claude\\skills\\x", DefinitionOrigin.USER),
        ("/home/dev/.claude/plugins/cache/p/skills/x", DefinitionOrigin.PLUGIN),
    ],
)
def test_the_place_of_a_file_tells_whose_it_is(path: str, origin: DefinitionOrigin) -> None:
    assert origin_of(path) is origin


def test_a_whole_text_is_as_it_is() -> None:
    seen = seen_whole("You are strict.  \r\n")
    assert seen.digests == (body_digest("You are strict."),)


# Whether a text may be what a body became


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Fix $1 in $2 now", "Fix bug in main now"),
        ("Fix $0 in $1 now", "Fix bug in main now"),
        ("Fix $ARGUMENTS[0] in $ARGUMENTS[1] now", "Fix bug in main now"),
        ("Do: $ARGUMENTS\nThen rest.", "Do: bug main\nThen rest."),
        (
            "State of things: !`git status`\nGo on with it.",
            "State of things: On branch main\nnothing to commit\nGo on with it.",
        ),
        ("${CLAUDE_PLUGIN_ROOT}/x and the rest of it", "/opt/p/x and the rest of it"),
    ],
)
def test_a_text_may_be_of_a_body_with_holes(body: str, text: str) -> None:
    assert has_holes(body)
    assert may_be_of(body, text, "bug main", SESSION, FOLDER)
    assert not may_be_of(body, text + " but not", "bug main", SESSION, FOLDER)
    assert not may_be_of("Other " + body, text, "bug main", SESSION, FOLDER)


def test_a_body_that_is_nothing_but_a_command_is_of_no_text() -> None:
    assert not may_be_of("!`loopgraph pattern render triage`", "anything at all", None, SESSION, FOLDER)
    assert not may_be_of("# X\n!`run`", "# X\nanything", None, SESSION, FOLDER), "next to nothing of it is its own"


def test_words_in_quotes_are_one_argument() -> None:
    assert may_be_of("Fix $0, then $1!", "Fix the bug, then rest!", '"the bug" rest', SESSION, None)
    assert may_be_of("Fix $0 first of all", "Fix it's first of all", "it's", SESSION, None), (
        "a quotation mark that is left open"
    )
