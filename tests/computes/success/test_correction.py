"""Whether the next prompt was a correction: what people write, and what it is taken for."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from loopgraph.computes.success.correction import correction
from loopgraph.contracts.traces.events import TraceStatus
from loopgraph.contracts.traces.success import CorrectionRule, Work

ANSWERED = datetime(2026, 11, 29, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WORK = Work(
    "skill", TraceStatus.SUCCESS, answered_at=ANSWERED, asked="Sort the open bug reports of this week by their cause"
)


def after(text: str | None, minutes: float = 1, **changes: object) -> Work:
    """The work, after which this was written."""
    return WORK._replace(next_prompt=text, next_at=ANSWERED + timedelta(minutes=minutes), **changes)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("No, only the ones in the parser.", "no"),
        ("no that's the wrong file", "no"),
        ("nope. look again", "nope"),
        ("That's wrong, the cache is not at fault.", "that's wrong"),
        ("That’s not what I asked for", "that's not what"),
        ("this is still broken", "this is still broken"),
        ("Wrong file, it is in src/", "wrong"),
        ("it doesn't work", "it doesn't work"),
        ("Still fails with the same traceback", "still fails"),
        ("the build still fails", "the build still fails"),
        ("Hmm, ok but the tests are still failing", "the tests are still failing"),
        ("same error:\nTypeError: x", "same error"),
        ("you forgot the second report", "you forgot"),
        ("You didn't run the tests", "you didn't"),
        ("I said sort, not delete", "i said"),
        ("please undo that", "undo that"),
        ("revert your last change", "revert your"),
        ("Try again, with the other list", "try again"),
        ("Stop changing that file", "stop changing that"),
        ("please do it again.", "do it again"),
        ("not what I meant", "not what i meant"),
        ("uhhh... that's the wrong test, no?", "that's the wrong"),
        ("ok, that did nothing:\n$ make", "that did nothing"),
    ],
)
def test_what_people_correct_with(text: str, told: str) -> None:
    found = correction(after(text), HOUR)
    assert (found.corrected, found.rule, found.evidence) == (True, CorrectionRule.PHRASE, told)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks! Now write the summary.",
        "yes",
        "continue",
        "ok, do it again for the other list",
        "/commit",
        "no problem, go on",
        "No tests cover this module yet, add some",
        "Wrong passwords should be counted; add that",
        "Revert commit 4f020f11 on the release branch",
        "Undo history is lost on reload, find out why",
        "Now fix the ones in the parser",
        "Why did you choose a list?",
        "What does the third one mean?",
        "I wanted to ask you about the cache, too",
        "Add a test for what happens when a user says: that's wrong",
        "Nothing else. Deploy it",
        "The stillborn branch can be deleted",
        "does it compile on Windows, too?",
    ],
)
def test_what_is_none(text: str) -> None:
    found = correction(after(text), HOUR)
    assert (found.corrected, found.rule) == (False, CorrectionRule.NO_SIGN)


def test_what_stands_further_on_says_nothing() -> None:
    assert correction(after("Look at this log:\n" + "x" * 300 + "\nno, that's wrong"), HOUR).corrected is False


def test_a_no_that_answers_a_question_is_none() -> None:
    assert correction(after("No, leave it as it is", asked_back=True), HOUR).corrected is False
    assert correction(after("That's wrong", asked_back=True), HOUR).corrected is True


def test_to_ask_for_the_same_again() -> None:
    again = correction(after("Please sort the open bug reports of this week by their cause!"), HOUR)
    assert (again.corrected, again.rule, again.evidence) == (True, CorrectionRule.REPEATED, "90% alike")
    for asked, following in [
        ("go on", "go on"),
        ("/fix 41", "/fix 42"),
        ("Fix bug 41 in the parser of expressions, please", "Fix bug 42 in the parser of expressions, please"),
        (None, "Sort the open bug reports of this week by their cause"),
    ]:
        assert correction(after(following, asked=asked), HOUR).corrected is False, following


def test_what_was_stopped_or_gone_back_from() -> None:
    stopped = correction(after("the other folder", status=TraceStatus.INTERRUPTED), HOUR)
    assert (stopped.corrected, stopped.rule) == (True, CorrectionRule.INTERRUPTED)
    assert correction(after(None, status=TraceStatus.INTERRUPTED), HOUR).corrected is True, "the text need not be kept"
    left = correction(WORK._replace(rewound=True), HOUR)
    assert (left.corrected, left.rule) == (True, CorrectionRule.REWOUND)
    assert not CorrectionRule.REWOUND.startswith("inferred")


def test_what_is_not_known() -> None:
    unknown = [
        (WORK, CorrectionRule.NO_PROMPT),
        (WORK._replace(status=TraceStatus.INTERRUPTED), CorrectionRule.NO_PROMPT),
        (after(None), CorrectionRule.NO_TEXT),
        (after(" \n"), CorrectionRule.NO_TEXT),
        (after("that's wrong", minutes=61), CorrectionRule.TOO_LATE),
        (after(None, minutes=61, status=TraceStatus.INTERRUPTED), CorrectionRule.TOO_LATE),
    ]
    for work, rule in unknown:
        found = correction(work, HOUR)
        assert (found.corrected, found.rule) == (None, rule)
    assert correction(after("that's wrong", minutes=59), HOUR).corrected is True
    assert correction(after("that's wrong", minutes=61), 2 * HOUR).corrected is True


@pytest.mark.parametrize(("rating", "corrected"), [(1, True), (2, True), (4, False), (5, False)])
def test_a_rating_outweighs_what_the_next_prompt_says(rating: int, corrected: bool) -> None:
    for work in (after("that's wrong"), after("Thanks!"), after("x", rewound=True), WORK):
        found = correction(work._replace(rating=rating), HOUR)
        assert (found.corrected, found.rule, found.evidence) == (corrected, CorrectionRule.RATED, f"{rating} of 5")


def test_the_middle_of_the_scale_tells_nothing() -> None:
    for work in (after("that's wrong"), after("Thanks!"), WORK):
        assert correction(work._replace(rating=3), HOUR) == correction(work, HOUR)


def test_phrases_of_ones_own() -> None:
    phrases = ("das ist falsch", "geht  nicht")
    assert correction(after("Nein, das ist FALSCH"), HOUR, phrases).evidence == "das ist falsch"
    assert correction(after("Es geht\nnicht"), HOUR, phrases).evidence == "geht nicht"
    assert correction(after("Das ist falschfarbig"), HOUR, phrases).corrected is False
    assert correction(after("That's wrong"), HOUR, phrases).corrected is True, "beside those that are built in"


@pytest.mark.parametrize(
    ("phrase", "prompt"),
    [
        ("c’est faux", "Non, c'est faux"),
        ("c'est faux", "C’est faux !"),
        ("错误", "这是错误的"),
        ("...", "go on..."),
        ("(no)", "x (no) y"),
    ],
)
def test_phrases_are_found_however_they_are_written(phrase: str, prompt: str) -> None:
    assert correction(after(prompt), HOUR, (phrase,)).rule is CorrectionRule.PHRASE


@pytest.mark.parametrize("text", ["ok " * 10_000, "no" * 10_000, "hm " * 60 + "x", "," * 10_000, "still " * 50 + "x"])
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    correction(after(text), HOUR, ("still x y",))
    assert time.process_time() - began < 0.5
