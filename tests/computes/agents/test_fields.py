"""Names that are too long: what is cut leaves no beginning of a secret."""

from __future__ import annotations

import pytest

from loopgraph.computes.agents.fields import LONGEST_NAME, shortened
from loopgraph.computes.otel.conventions import name_of
from loopgraph.computes.otel.json import read_spans
from loopgraph.computes.privacy.redaction import MARKER, Redactor
from support.secret_examples import FORMS

SINGLE = {name: form for name, form in FORMS.items() if not set(form) & set("\n /+:")}


@pytest.mark.parametrize("text", ["", "short", "x" * 255, "word " * 51])
def test_what_fits_stays(text: str) -> None:
    assert shortened(text, 255) == text


def test_a_word_is_not_cut_through_unless_it_is_a_long_one() -> None:
    assert shortened("one two three", 9) == "one two "
    assert shortened("one two three", 7) == "one two"
    assert shortened("x" * 300, 255) == "x" * 255


@pytest.mark.parametrize("form", SINGLE)
def test_wherever_the_cut_is_nothing_of_a_token_stays(form: str) -> None:
    secret = SINGLE[form]
    for before in range(LONGEST_NAME - len(secret) - 1, LONGEST_NAME + 1):
        for separator in (" ", "/", ":", "="):
            text = ("do " * LONGEST_NAME)[: max(0, before - 1)] + separator + secret + " more" * 60
            clean = Redactor().redact_text(shortened(text, LONGEST_NAME))
            assert secret[:8] not in clean, before
            assert len(clean.replace(MARKER, "")) <= LONGEST_NAME


def test_the_name_of_a_span_is_cut_so() -> None:
    token = FORMS["GitHub"]
    span = {"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "1", "name": "run " * 60 + f"with {token}"}
    [read] = read_spans({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]})
    name = name_of(read)
    assert name is not None
    assert name.startswith("run run")
    assert token[:8] not in Redactor().redact_text(name)
